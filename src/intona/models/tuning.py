"""Fine-tuning an encoder's last layer, from the solution that a linear head found.

The network starts as the frozen layer with the softmax regression on top. What is kept is half
the start and half a running average of the tuned weights: two networks between which the weights
can be averaged behave about like the average of their answers (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models", arXiv:2109.01903), at the cost of one. After every epoch all of
it is stored, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from intona.models.checkpoint import restore, store
from intona.models.linear_head import LinearHead
from intona.models.whisper import Layer, pool

__all__ = ["Examples", "TunedLayer", "TuningOptions", "tune"]

Floats = NDArray[np.float32]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class TuningOptions:
    """How the last layer is fine-tuned.

    Attributes:
        epochs: passes.
        rate: learning rate of layer and head, after warming up and before the cosine's end.
        batch: utterances per step.
        dropout: share of the pooled features hidden from the head.
        smoothing: share of the target spread over the labels the corpus has.
        average: decay of the running average of the weights, per step.
        warm_up: steps until the full learning rate.
        share: of the tuned weights in what is kept; the rest are the start's.
        shorten: largest share of an utterance that is cut away.
        hide: longest stretch of frames replaced by their mean; two of them.
        longest: frames at most.
    """

    epochs: int = 6
    rate: float = 4e-4
    batch: int = 16
    dropout: float = 0.3
    smoothing: float = 0.05
    average: float = 0.99
    warm_up: int = 60
    share: float = 0.5
    shorten: float = 0.3
    hide: int = 15
    longest: int = 200


@dataclass(frozen=True)
class Examples:
    """What is learned from.

    Attributes:
        frames: output of the layer below, each ``(time, width)``.
        below: pooled features of the layers below, not standardised, ``(n, d)``.
        truth: share of each class, ``(n, classes)``.
        possible: which classes an utterance could have had ``(n, classes)``.
        weights: how much each counts ``(n,)``; an epoch draws as many as they sum up to.
    """

    frames: Sequence[NDArray[np.float16]]
    below: Floats
    truth: NDArray[np.float64]
    possible: NDArray[np.bool_]
    weights: Floats


class TunedLayer(nn.Module):
    """A layer, pooling over time, and a linear head on all pooled features."""

    def __init__(self, layer: Layer, head: LinearHead, dropout: float = 0.0) -> None:
        super().__init__()
        self.layer = copy.deepcopy(layer)
        self.output = nn.Linear(*head.weights.shape)
        with torch.no_grad():
            self.output.weight.copy_(torch.from_numpy(np.ascontiguousarray(head.weights.T)))
            self.output.bias.copy_(torch.from_numpy(head.bias))
        self.register_buffer("centre", torch.from_numpy(head.centre))
        self.register_buffer("scale", torch.from_numpy(head.scale))
        self.dropout = dropout

    def forward(self, frames: Tensor, lengths: Tensor, below: Tensor) -> Tensor:
        """Return scores ``(batch, classes)`` of padded frames ``(batch, time, width)``."""
        steps = torch.arange(frames.shape[1], device=frames.device)
        real = (steps[None] < lengths[:, None]).float()
        hidden = self.layer(frames, ((real - 1.0) * 1e9)[:, None, None])
        weights = (real / real.sum(1, keepdim=True))[..., None]
        pooled = torch.cat([below, pool([hidden], weights, (1,))], 1)
        standard = (pooled - self.get_buffer("centre")) / self.get_buffer("scale")
        return self.output(nn.functional.dropout(standard, self.dropout, self.training))

    def head(self) -> LinearHead:
        """Return the head as arrays."""
        parts = [self.get_buffer(name) for name in ("centre", "scale")]
        parts += [self.output.weight.T, self.output.bias]
        return LinearHead(*(part.detach().cpu().numpy().copy() for part in parts))

    def scores(
        self, frames: Sequence[NDArray[np.float16]], below: Floats, batch: int = 32
    ) -> NDArray[np.float64]:
        """Return scores ``(n, classes)`` of whole utterances."""
        self.eval()
        found = np.empty((len(frames), len(self.output.bias)))
        order = np.argsort([len(each) for each in frames], kind="stable")
        with torch.inference_mode():
            for first in range(0, len(order), batch):
                rows = order[first : first + batch]
                found[rows] = self(*_padded([frames[row] for row in rows], below[rows])).numpy()
        return found


def tune(
    layer: Layer,
    start: LinearHead,
    examples: Examples,
    options: TuningOptions,
    folder: Path,
    *,
    C: float,
    seed: int = 0,
    progress: Progress | None = None,
) -> TunedLayer:
    """Return the layer and head, halfway (``share``) between the start and the tuned ones.

    The same examples, ``C`` and options find the finished network again in ``folder``.

    Args:
        layer: the encoder's last; not changed.
        start: the head to begin with, on the features below and those of the layer.
        examples: what is learned from.
        options: how.
        folder: where checkpoints live.
        C: with which the start was fitted on the examples.
        seed: of everything random.
        progress: called as ``progress(step, steps, text)``.
    """
    name = _digest(layer, examples, options, C, seed)
    finished, unfinished = folder / f"{name}.safetensors", folder / f"{name}.part.safetensors"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = TunedLayer(layer, start, options.dropout).to(device)
    kept = TunedLayer(layer, start)
    if finished.is_file():
        restore(finished, {"network": kept})
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), betas=(0.9, 0.98), weight_decay=0.0)
    draws = round(float(examples.weights.sum()))
    per_epoch = math.ceil(draws / options.batch)
    state = {"network": network, "average": average}
    first = restore(unfinished, state, optimiser) if unfinished.is_file() else 0
    for epoch in range(first, options.epochs):
        rng = np.random.default_rng([seed, epoch])
        torch.manual_seed(1000 * seed + epoch)
        network.train()
        for k, rows in enumerate(_batches(examples, draws, options, rng)):
            step = epoch * per_epoch + k
            optimiser.param_groups[0]["lr"] = options.rate * _factor(
                step, options.epochs * per_epoch, options.warm_up
            )
            _step(network, optimiser, examples, rows, options, rng, device)
            keep = min(options.average, (1 + step) / (10 + step))
            _move(average, network, 1.0 - keep)
            if progress is not None:
                progress(step + 1, options.epochs * per_epoch, "fine-tuning")
        store(unfinished, state, optimiser, epoch + 1)
    _move(kept, average.cpu(), options.share)
    store(finished, {"network": kept})
    unfinished.unlink(missing_ok=True)
    return kept


def _factor(step: int, steps: int, warm_up: int) -> float:
    """Return the share of the learning rate: linear up, then half a cosine down."""
    return min(1.0, (step + 1) / warm_up) * (0.5 + 0.5 * math.cos(math.pi * step / steps))


def _step(
    network: TunedLayer,
    optimiser: torch.optim.Optimizer,
    examples: Examples,
    rows: NDArray[np.intp],
    options: TuningOptions,
    rng: np.random.Generator,
    device: str,
) -> None:
    heard = [_shortened(examples.frames[row], options, rng) for row in rows]
    inputs = [part.to(device) for part in _padded(heard, examples.below[rows])]
    possible = torch.from_numpy(examples.possible[rows])
    spread = possible / possible.sum(1, keepdim=True)
    truth = torch.from_numpy(examples.truth[rows]).float()
    goal = (truth * (1.0 - options.smoothing) + options.smoothing * spread).to(device)
    scores = network(*inputs).masked_fill(~possible.to(device), -1e4)
    loss = -(goal * scores.log_softmax(1)).sum(1).mean()
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()


def _move(network: nn.Module, towards: nn.Module, share: float) -> None:
    with torch.no_grad():
        for own, other in zip(network.parameters(), towards.parameters(), strict=True):
            own.lerp_(other, share)


def _padded(frames: Sequence[NDArray[np.float16]], below: Floats) -> tuple[Tensor, Tensor, Tensor]:
    lengths = torch.tensor([len(each) for each in frames])
    tensors = [torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in frames]
    return nn.utils.rnn.pad_sequence(tensors, batch_first=True), lengths, torch.from_numpy(below)


def _shortened(
    frames: NDArray[np.float16], options: TuningOptions, rng: np.random.Generator
) -> NDArray[np.float16]:
    """Return a random part of an utterance with two stretches hidden."""
    size = int(len(frames) * (1.0 - options.shorten * rng.random()))
    size = max(1, min(size, options.longest))
    first = int(rng.integers(len(frames) - size + 1))
    part = frames[first : first + size].copy()
    middle = part.astype(np.float32).mean(axis=0)
    for _ in range(2):
        wide = int(rng.integers(max(1, min(options.hide, size // 6)) + 1))
        first = int(rng.integers(size - wide + 1))
        part[first : first + wide] = middle
    return part


def _batches(
    examples: Examples, draws: int, options: TuningOptions, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Return batches of utterances of about equal length, drawn by their weights."""
    chance = examples.weights.astype(np.float64)
    rows = rng.choice(len(chance), draws, replace=False, p=chance / chance.sum())
    lengths = np.array([len(examples.frames[row]) for row in rows])
    rows = rows[np.argsort(lengths + 25.0 * rng.standard_normal(draws))]
    parts = [rows[k : k + options.batch] for k in range(0, draws, options.batch)]
    return [parts[k] for k in rng.permutation(len(parts))]


def _digest(layer: Layer, examples: Examples, options: TuningOptions, C: float, seed: int) -> str:
    # Not of the start: its last bits depend on the number of threads that fitted it.
    digest = hashlib.sha256(json.dumps([asdict(options), C, seed], sort_keys=True).encode())
    arrays = [value.numpy() for value in layer.state_dict().values()]
    arrays += [examples.below, examples.truth, examples.possible, examples.weights]
    for array in [*arrays, *examples.frames]:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:24]
