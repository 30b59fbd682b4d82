"""Fine-tuning the encoder on some corpora, from the solution that a linear head found.

The network starts as the frozen encoder with the softmax regression on top and moves away from
it slowly: a small learning rate, smaller the deeper the layer, and a running average of the
weights, which is what is kept. After every epoch all of it is stored, so that an interrupted
run goes on where it was.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from intona.features.logmel import level
from intona.files import atomic
from intona.models.augment import Augmentation, augmented_mel
from intona.models.whisper import WhisperEncoder, pool

__all__ = ["AdaptOptions", "Material", "Start", "adapt"]

Floats = NDArray[np.float32]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class AdaptOptions:
    """How the encoder is fine-tuned.

    Attributes:
        epochs: passes.
        per_epoch: utterances drawn per pass from each corpus, at most.
        rate: learning rate of the last layer.
        decay: factor on it for each layer further down.
        head_rate: learning rate of the linear head.
        batch: utterances per step.
        smoothing: share of the target spread over the labels the corpus has.
        average: decay of the running average of the weights, per step.
        warm_up: steps until the full learning rate.
        augmentation: how clips are changed.
    """

    epochs: int = 4
    per_epoch: int = 2000
    rate: float = 5e-5
    decay: float = 0.7
    head_rate: float = 5e-5
    batch: int = 16
    smoothing: float = 0.05
    average: float = 0.99
    warm_up: int = 60
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Material:
    """What is learned from.

    Attributes:
        clips: trimmed signals at 16 kHz, 16-bit integers.
        targets: class numbers ``(n,)``.
        possible: which classes an utterance could have had ``(n, classes)``.
        corpora: the corpus of each utterance ``(n,)``.
    """

    clips: Sequence[NDArray[np.int16]]
    targets: NDArray[np.int64]
    possible: NDArray[np.bool_]
    corpora: NDArray[Any]


@dataclass(frozen=True)
class Start:
    """The linear head the network begins with, on standardised pooled features."""

    layers: tuple[int, ...]
    centre: Floats
    scale: Floats
    weights: Floats
    bias: Floats


class Network(nn.Module):
    """Encoder, pooling, linear head."""

    def __init__(self, encoder: WhisperEncoder, start: Start) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooled = start.layers
        self.head = nn.Linear(*start.weights.shape)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(start.weights.T))
            self.head.bias.copy_(torch.from_numpy(start.bias))
        self.register_buffer("centre", torch.from_numpy(start.centre))
        self.register_buffer("scale", torch.from_numpy(start.scale))

    def forward(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Return scores ``(batch, classes)``."""
        outputs, weights = self.encoder(mel, frames)
        pooled = pool(outputs, weights, self.pooled)
        standard = (pooled - self.get_buffer("centre")) / self.get_buffer("scale")
        return self.head(nn.functional.dropout(standard, 0.1, self.training))


def adapt(
    encoder: WhisperEncoder,
    material: Material,
    start: Start,
    options: AdaptOptions,
    folder: Path,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Fine-tune an encoder and return the safetensors file of its averaged weights.

    The same material, start and options find the finished file again in ``folder``.

    Args:
        encoder: what to start from; it is changed.
        material: the utterances.
        start: the head to begin with.
        options: how.
        folder: where checkpoints live.
        seed: of everything random.
        progress: called as ``progress(step, steps, text)``.
    """
    name = _digest(encoder, material, options, seed)
    finished, unfinished = folder / f"{name}.safetensors", folder / f"{name}.part.safetensors"
    if finished.is_file():
        return finished
    folder.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = Network(encoder, start).to(device)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(_groups(network, options), betas=(0.9, 0.98), weight_decay=0.0)
    size = sum(len(rows) for rows in _draw(material, options, np.random.default_rng(0)))
    steps = options.epochs * size
    first = 0
    if unfinished.is_file():
        first = _restore(unfinished, network, average, optimiser)
    lengths = np.array([len(clip) for clip in material.clips])
    for epoch in range(first, options.epochs):
        rng = np.random.default_rng([seed, epoch])
        torch.manual_seed(1000 * seed + epoch)
        network.train()
        for k, rows in enumerate(_batches(_draw(material, options, rng), lengths, options, rng)):
            step = epoch * size // options.batch + k
            share = min(1.0, step * options.batch / steps)
            factor = min(1.0, (step + 1) / options.warm_up) * (
                0.5 + 0.5 * math.cos(math.pi * share)
            )
            for group in optimiser.param_groups:
                group["lr"] = group["base"] * factor
            _step(network, optimiser, material, rows, options, rng, device)
            keep = min(options.average, (1 + step) / (10 + step))
            with torch.no_grad():
                for slow, fast in zip(average.parameters(), network.parameters(), strict=True):
                    slow.lerp_(fast, 1.0 - keep)
            if progress is not None:
                progress(epoch * size + min(size, (k + 1) * options.batch), steps, "fine-tuning")
        _store(unfinished, network, average, optimiser, epoch + 1)
    weights = {key: value.contiguous() for key, value in average.encoder.state_dict().items()}
    with atomic(finished) as temporary:
        save_file(weights, temporary)
    unfinished.unlink(missing_ok=True)
    return finished


def _step(
    network: Network,
    optimiser: torch.optim.Optimizer,
    material: Material,
    rows: NDArray[np.intp],
    options: AdaptOptions,
    rng: np.random.Generator,
    device: str,
) -> None:
    mels = [
        augmented_mel(level(material.clips[row].astype(np.float32)), options.augmentation, rng)
        for row in rows
    ]
    frames = torch.tensor([mel.shape[1] for mel in mels], device=device)
    batch = torch.zeros(len(mels), mels[0].shape[0], int(frames.max()))
    for row, mel in zip(batch, mels, strict=True):
        row[:, : mel.shape[1]] = torch.from_numpy(mel)
    possible = torch.from_numpy(material.possible[rows]).to(device)
    truth = nn.functional.one_hot(torch.from_numpy(material.targets[rows]), possible.shape[1])
    spread = possible / possible.sum(1, keepdim=True)
    goal = truth.to(device) * (1.0 - options.smoothing) + options.smoothing * spread
    scores = network(batch.to(device), frames).masked_fill(~possible, -1e4)
    loss = -(goal * scores.log_softmax(1)).sum(1).mean()
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()


def _groups(network: Network, options: AdaptOptions) -> list[dict[str, Any]]:
    """Return the parameters with their learning rates, slower further down."""
    groups = [{"params": list(network.head.parameters()), "base": options.head_rate}]
    depth = len(network.encoder.layers)
    for name, parameter in network.encoder.named_parameters():
        level = int(name.split(".")[1]) + 1 if name.startswith("layers.") else 0
        rate = options.rate * options.decay ** (depth - level)
        groups.append({"params": [parameter], "base": rate})
    return [{**group, "lr": group["base"]} for group in groups]


def _draw(
    material: Material, options: AdaptOptions, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Return the rows of one epoch, at most ``per_epoch`` of each corpus."""
    rows = []
    for corpus in np.unique(material.corpora):
        members = np.flatnonzero(material.corpora == corpus)
        rows.append(rng.permutation(members)[: options.per_epoch])
    return rows


def _batches(
    drawn: list[NDArray[np.intp]],
    lengths: NDArray[np.int64],
    options: AdaptOptions,
    rng: np.random.Generator,
) -> list[NDArray[np.intp]]:
    """Return batches of clips of about equal length, in random order."""
    rows = np.concatenate(drawn)
    rows = rows[np.argsort(lengths[rows] + 8000.0 * rng.standard_normal(len(rows)))]
    parts = [rows[k : k + options.batch] for k in range(0, len(rows), options.batch)]
    return [parts[k] for k in rng.permutation(len(parts))]


def _digest(encoder: WhisperEncoder, material: Material, options: AdaptOptions, seed: int) -> str:
    digest = hashlib.sha256(json.dumps([asdict(options), seed], sort_keys=True).encode())
    for value in encoder.state_dict().values():
        digest.update(value.numpy().tobytes())
    for clip in material.clips:
        digest.update(clip.tobytes())
    for array in (material.targets, material.possible):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:24]


def _store(
    path: Path,
    network: Network,
    average: Network,
    optimiser: torch.optim.Optimizer,
    epochs: int,
) -> None:
    tensors = {"epochs": torch.tensor(epochs)}
    tensors |= {f"network.{key}": value for key, value in network.state_dict().items()}
    tensors |= {f"average.{key}": value for key, value in average.state_dict().items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{key}": value for key, value in state.items()}
    with atomic(path) as temporary:
        save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)


def _restore(
    path: Path, network: Network, average: Network, optimiser: torch.optim.Optimizer
) -> int:
    """Load what :func:`_store` wrote and return how many epochs are done."""
    tensors = load_file(path)

    def part(prefix: str) -> dict[str, Tensor]:
        return {
            key.removeprefix(prefix): value
            for key, value in tensors.items()
            if key.startswith(prefix)
        }

    network.load_state_dict(part("network."))
    average.load_state_dict(part("average."))
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in part("optimiser.").items():
        number, _, what = key.partition(".")
        state.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return int(tensors["epochs"])
