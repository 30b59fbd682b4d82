"""Pretrained speech encoders as front ends: hidden states, pooled over time.

Whisper's encoder is read from a local safetensors file or the hub and run without padding to
30 s; wav2vec2, HuBERT, WavLM and data2vec are run by transformers, from a local folder or by
hub name. Needs the extra ``[torch]``; names on the hub and other encoders need ``[hub]``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import AudioError, ModelError, RecipeError, UsageError
from intona.features.logmel import RATE, WINDOW, level, log_mel, trim

__all__ = ["POOLINGS", "PRIOR", "Encoder", "means_by_class", "read_classes"]

Floats = NDArray[np.float32]

PRIOR = 3.0  # frames of the overall mean that are added to every sound class

# From (time, width) to (width,).
POOLINGS: Mapping[str, Callable[[Floats], Floats]] = {
    "mean": lambda frames: frames.mean(axis=0),
    "std": lambda frames: np.sqrt(frames.var(axis=0) + np.float32(1e-7)),
    "min": lambda frames: frames.min(axis=0),
    "max": lambda frames: frames.max(axis=0),
    "median": lambda frames: np.median(frames, axis=0).astype(np.float32),
}


class Encoder:
    """Hidden states of a pretrained encoder, pooled over the time of one utterance.

    Args:
        model: a Whisper encoder's ``.safetensors`` file, a folder in Hugging Face's format, or
            a hub name; empty means the environment variable ``INTONA_ENCODER``, else
            ``openai/whisper-tiny.en``.
        layers: whose outputs are used, counted from 1.
        pooling: of ``mean``, ``std``, ``min``, ``max`` and ``median``, each over time.
        trim: cut silence off both ends first (below 2 % of the peak, 0.1 s kept).
        level: scale each (trimmed) signal to the same root mean square, so that the distance to
            the microphone is not heard.
        classes: an ``.npy`` file of sound classes ``(K, width)``; empty for none. Each frame
            belongs to the class nearest to the last used layer, and the mean of every used
            layer within every class is appended, so that a vowel is compared with vowels. A
            class with few frames is drawn to the overall mean, by :data:`PRIOR` frames.
        weights: the first 16 hexadecimal digits of the SHA-256 of the weight file; where
            given, other weights are refused.

    Raises:
        UsageError: an impossible layer or pooling.
        RecipeError: torch or transformers is missing.
        ModelError: the weights cannot be read or are others than asked for.
    """

    name = "encoder"
    version = 1
    rate: int | None = RATE

    def __init__(
        self,
        model: str = "",
        layers: Sequence[int] = (1, 2, 3),
        pooling: Sequence[str] = ("mean", "std"),
        trim: bool = True,
        level: bool = True,
        classes: str = "",
        weights: str = "",
    ) -> None:
        if not layers or any(not isinstance(k, int) or k < 1 for k in layers):
            raise UsageError(f"encoder layers count from 1, got {list(layers)}")
        unknown = [kind for kind in pooling if kind not in POOLINGS]
        if unknown or not pooling:
            raise UsageError(f"encoder pooling is any of {', '.join(POOLINGS)}, got {pooling}")
        self.model = model
        self.layers = tuple(layers)
        self.pooling = tuple(pooling)
        self.trim = bool(trim)
        self.level = bool(level)
        self.classes = classes
        self._expected = weights

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON-able keyword arguments; ``weights`` says which weights are really used."""
        return {
            "model": self.model,
            "layers": list(self.layers),
            "pooling": list(self.pooling),
            "trim": self.trim,
            "level": self.level,
            "classes": self.classes,
            "weights": self._digest,
        }

    @cached_property
    def names(self) -> tuple[str, ...]:
        """``layer1_mean_0`` and so on: layer by layer, pooling by pooling."""
        width = self._network.width
        whole = [
            f"layer{layer}_{kind}_{k}"
            for layer in self.layers
            for kind in self.pooling
            for k in range(width)
        ]
        within = [
            f"class{number}_layer{layer}_{k}"
            for number in range(len(self._centroids))
            for layer in self.layers
            for k in range(width)
        ]
        return (*whole, *within)

    def __call__(self, samples: Floats, rate: int) -> Floats:
        """Return the pooled hidden states, shape ``(len(names),)``.

        Args:
            samples: mono float32 in [-1, 1], shape ``(n,)``, at least 0.05 s.
            rate: must be 16000.

        Raises:
            AudioError: another rate, or too short.
        """
        if rate != RATE:
            raise AudioError(f"the encoder front end needs {RATE} Hz, got {rate} Hz")
        if len(samples) < 2 * WINDOW:
            raise AudioError(
                f"the encoder front end needs at least 0.05 s, got {len(samples)} samples"
            )
        signal = trim(samples) if self.trim else samples
        if self.level:
            signal = level(signal)
        outputs = self._network.hidden(signal)
        pooled = [POOLINGS[kind](outputs[k - 1]) for k in self.layers for kind in self.pooling]
        if len(self._centroids):
            used = [outputs[k - 1] for k in self.layers]
            pooled.append(means_by_class(used, outputs[max(self.layers) - 1], self._centroids))
        return np.concatenate(pooled).astype(np.float32)

    def frames(self, samples: Floats) -> Floats:
        """Return the output of the last used layer at 16 kHz, shape ``(time, width)``."""
        signal = trim(samples) if self.trim else samples
        return self._network.hidden(level(signal) if self.level else signal)[max(self.layers) - 1]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: a worker process loads its own."""
        kept = ("model", "layers", "pooling", "trim", "level", "classes", "_expected")
        return {key: self.__dict__[key] for key in kept}

    @cached_property
    def _centroids(self) -> Floats:
        if not self.classes:
            return np.zeros((0, 1), dtype=np.float32)
        return read_classes(self.classes)

    @cached_property
    def _file(self) -> Path:
        from intona.features.weights import locate

        return locate(self.model)

    @cached_property
    def _digest(self) -> str:
        from intona.features.cache import content_hash

        digest = content_hash(self._file)[:16]
        if self._expected and self._expected != digest:
            raise ModelError(f"{self._file} holds other weights ({digest}) than {self._expected}")
        return digest

    @cached_property
    def _network(self) -> Any:
        self._digest  # noqa: B018  refuses other weights before they are loaded
        from intona.features.weights import is_whisper

        if is_whisper(self._file):
            return _Whisper(self._file, max(self.layers))
        return _Transformer(self._file.parent, max(self.layers))


def read_classes(path: str | Path) -> Floats:
    """Return the sound classes in a file, shape ``(K, width)``.

    Raises:
        ModelError: unreadable, or something else.
    """
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"cannot read the sound classes {path}: {error}") from None
    if not isinstance(values, np.ndarray) or values.ndim != 2 or not np.isfinite(values).all():
        raise ModelError(f"{path} does not hold sound classes")
    return values.astype(np.float32)


def means_by_class(outputs: Sequence[Floats], sorter: Floats, classes: Floats) -> Floats:
    """Return the mean of each layer within each sound class, shape ``(K * layers * width,)``.

    Args:
        outputs: hidden states ``(time, width)`` of each layer.
        sorter: those by which frames are sorted into classes.
        classes: ``(K, width)``; the nearest by Euclidean distance wins.
    """
    nearest = (sorter @ classes.T - 0.5 * (classes**2).sum(axis=1)).argmax(axis=1)
    member = np.eye(len(classes), dtype=np.float32)[nearest]
    count = member.sum(axis=0)[:, None]
    frames = np.concatenate(outputs, axis=1)
    means = (member.T @ frames + PRIOR * frames.mean(axis=0)) / (count + PRIOR)
    return np.asarray(means, dtype=np.float32).ravel()


class _Whisper:
    """Our own Whisper encoder."""

    def __init__(self, path: Path, layers: int) -> None:
        self._encoder = _torch("intona.models.whisper").load_whisper(path, layers).eval()
        self.width = self._encoder.conv1.out_channels

    def hidden(self, signal: Floats) -> list[Floats]:
        import torch

        mel = torch.from_numpy(log_mel(signal))[None]
        with torch.inference_mode():
            outputs, _ = self._encoder(mel, torch.tensor([mel.shape[2]]))
        return [output[0].numpy() for output in outputs]


class _Transformer:
    """wav2vec2, HuBERT, WavLM, data2vec and their like through transformers."""

    def __init__(self, folder: Path, layers: int) -> None:
        transformers = _torch("transformers")
        try:
            self._model = transformers.AutoModel.from_pretrained(
                folder, use_safetensors=True, local_files_only=True
            ).eval()
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot load an encoder from {folder}: {error}") from None
        config = self._model.config
        self.width = config.hidden_size
        if layers > config.num_hidden_layers:
            raise UsageError(f"{folder} has {config.num_hidden_layers} layers, not {layers}")
        try:
            settings = transformers.AutoFeatureExtractor.from_pretrained(folder)
            self._normalise = bool(getattr(settings, "do_normalize", True))
        except (OSError, ValueError):
            self._normalise = True

    def hidden(self, signal: Floats) -> list[Floats]:
        import torch

        if self._normalise:
            signal = (signal - signal.mean()) / np.sqrt(signal.var() + 1e-7)
        with torch.inference_mode():
            result = self._model(torch.from_numpy(signal)[None], output_hidden_states=True)
        # The first is the input of the first layer.
        return [output[0].float().numpy() for output in result.hidden_states[1:]]


def _torch(module: str) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        extra = "hub" if error.name == "transformers" else "torch"
        raise RecipeError(
            f"the encoder front end needs {error.name}: pip install 'intona[{extra}]'"
        ) from None
