"""Pretrained speech encoders as front ends: hidden states, pooled over time.

Whisper's encoder is read from a local safetensors file or the hub and run without padding to
30 s; wav2vec2, HuBERT, WavLM and data2vec are run by transformers, from a local folder or by
hub name. Needs the extra ``[torch]``; names on the hub and other encoders need ``[hub]``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio.given import one_channel
from intona.errors import AudioError, ModelError, UsageError, reason_of
from intona.extras import require
from intona.features.logmel import DYNAMIC_RANGE, RATE, WINDOW, level, log_mel, trim
from intona.features.transformer import Transformer

Floats = NDArray[np.float32]

# From (time, width) to (width,).
POOLINGS: Mapping[str, Callable[[Floats], Floats]] = {
    "mean": lambda frames: frames.mean(axis=0),
    "std": lambda frames: np.sqrt(frames.var(axis=0) + np.float32(1e-7)),
    "min": lambda frames: frames.min(axis=0),
    "max": lambda frames: frames.max(axis=0),
    "median": lambda frames: np.median(frames, axis=0).astype(np.float32),
}


NEEDS = "the encoder front end"
WEIGHTS = ("torch", "safetensors")


class Encoder(Transformer):
    """Hidden states of a pretrained encoder, pooled over the time of one utterance.

    Args:
        model: a Whisper encoder's ``.safetensors`` file, a folder in Hugging Face's format, or
            a hub name; empty means the environment variable ``INTONA_ENCODER``, else
            ``openai/whisper-tiny.en``. The variable may also name a folder of encoders, see
            :func:`intona.models.encoders.weights.locate`.
        layers: whose outputs are used, counted from 1.
        pooling: of ``mean``, ``std``, ``min``, ``max`` and ``median``, each over time.
        trim: cut silence off both ends first (below 2 % of the peak, 0.1 s kept).
        level: scale each (trimmed) signal to the same root mean square, so that the distance to
            the microphone is not heard.
        dynamic_range: dB below the loudest value at which Whisper's spectrogram is cut off, 20 to
            80; less than its own 80 hides the noise of the room. Other encoders have none.
        weights: the first 16 hexadecimal digits of the SHA-256 of the weight file; where
            given, other weights are refused.

    Raises:
        UsageError: an impossible model, layer, pooling or dynamic range.
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
        dynamic_range: float = DYNAMIC_RANGE,
        weights: str = "",
    ) -> None:
        if not isinstance(model, str) or not isinstance(weights, str):
            raise UsageError("encoder model and weights are texts")
        if not layers or any(not isinstance(k, int) or k < 1 for k in layers):
            raise UsageError(f"encoder layers count from 1, got {list(layers)}")
        unknown = [kind for kind in pooling if kind not in POOLINGS]
        if unknown or not pooling:
            raise UsageError(f"encoder pooling is any of {', '.join(POOLINGS)}, got {pooling}")
        if not 20.0 <= dynamic_range <= 80.0:
            raise UsageError(f"encoder dynamic_range is 20 to 80 dB, got {dynamic_range}")
        self.model = model
        self.layers = tuple(layers)
        self.pooling = tuple(pooling)
        self.trim = bool(trim)
        self.level = bool(level)
        self.dynamic_range = float(dynamic_range)
        self._expected = weights

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the keyword arguments of the constructor, as they were given."""
        return {
            "model": self.model,
            "layers": list(self.layers),
            "pooling": list(self.pooling),
            "trim": self.trim,
            "level": self.level,
            "dynamic_range": self.dynamic_range,
            "weights": self._expected,
        }

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON-able keyword arguments; ``weights`` says which weights are really used."""
        return {**self.get_params(), "weights": self._digest}

    @property
    def recorded(self) -> Mapping[str, Any]:
        """The same for a model file: a hub name and the digest of the weights, and no path."""
        from intona.models.encoders.weights import recorded

        return {**self.parameters, "model": recorded(self.model)}

    @property
    def whisper(self) -> bool:
        """Whether it is Whisper's encoder, of which there is a graph."""
        from intona.models.encoders.weights import is_whisper

        return is_whisper(self._file)

    @property
    def weight_count(self) -> int:
        """How many numbers the network holds, up to the last layer used."""
        return int(self._network.weight_count)

    @property
    def bands(self) -> int:
        """Mel bands that a Whisper encoder looks at."""
        return int(self._network.bands)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """``layer1_mean_0`` and so on: layer by layer, pooling by pooling."""
        return tuple(
            f"layer{layer}_{kind}_{k}"
            for layer in self.layers
            for kind in self.pooling
            for k in range(self.width)
        )

    @property
    def transformer(self) -> Any:
        """The network of transformers, of an encoder that is not Whisper's."""
        return self._network.model

    @property
    def normalises(self) -> bool:
        """Whether such an encoder hears each signal at mean 0 and variance 1."""
        return bool(self._network.normalise)

    @property
    def width(self) -> int:
        """Numbers per hidden state."""
        return int(self._network.width)

    def __call__(self, samples: Floats, rate: int) -> Floats:
        """Return the pooled hidden states, shape ``(len(names),)``.

        Args:
            samples: mono float32 in [-1, 1], shape ``(n,)``, at least 0.05 s.
            rate: must be 16000.

        Raises:
            AudioError: another rate, or too short.
        """
        outputs = self.hidden(samples, rate)
        pooled = [POOLINGS[kind](outputs[k - 1]) for k in self.layers for kind in self.pooling]
        return np.concatenate(pooled).astype(np.float32)

    def hidden(self, samples: Floats, rate: int) -> list[Floats]:
        """Return the output of every layer up to the last used, each ``(time, width)``.

        Args:
            samples: mono float32 in [-1, 1], shape ``(n,)``, at least 0.05 s.
            rate: must be 16000.

        Raises:
            AudioError: another rate, or too short.
        """
        if rate != RATE:
            raise AudioError(f"the encoder front end needs {RATE} Hz, got {rate} Hz")
        samples = one_channel(samples)
        if len(samples) < 2 * WINDOW:
            raise AudioError(
                f"the encoder front end needs at least 0.05 s, got {len(samples)} samples"
            )
        signal = trim(samples) if self.trim else samples
        return self._network.hidden(level(signal) if self.level else signal)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: a worker process loads its own."""
        kept = ("model", "layers", "pooling", "trim", "level", "dynamic_range", "_expected")
        return {key: self.__dict__[key] for key in kept}

    @cached_property
    def _file(self) -> Path:
        from intona.models.encoders.weights import HUB_NAME, is_whisper, locate, wants_hub

        if wants_hub(self.model):  # what it will be is not known before it is fetched
            whisper = "whisper" in (self.model or HUB_NAME).lower()
            require(NEEDS, *WEIGHTS, "huggingface_hub", *(() if whisper else ("transformers",)))
        file = locate(self.model)
        require(NEEDS, *WEIGHTS, *(() if is_whisper(file) else ("transformers",)))
        return file

    @cached_property
    def _digest(self) -> str:
        from intona.features.cache import content_hash
        from intona.models.encoders.weights import parts_of

        digests = [content_hash(part) for part in parts_of(self._file)]
        whole = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
        digest = whole[:16]
        if self._expected and self._expected != digest:
            raise ModelError(f"{self._file} holds other weights ({digest}) than {self._expected}")
        return digest

    @cached_property
    def _network(self) -> Any:
        self._digest  # noqa: B018  refuses other weights before they are loaded
        if self.whisper:
            return _Whisper(self._file, max(self.layers), self.dynamic_range)
        return _Transformer(self._file.parent, max(self.layers))


class _Whisper:
    """Our own Whisper encoder."""

    def __init__(self, path: Path, layers: int, dynamic_range: float) -> None:
        self._dynamic_range = dynamic_range
        from intona.models.encoders.whisper import load_whisper

        self._encoder = load_whisper(path, layers).eval()
        self.width, self.bands = self._encoder.conv1.out_channels, self._encoder.conv1.in_channels
        self.weight_count = sum(each.numel() for each in self._encoder.parameters())

    def hidden(self, signal: Floats) -> list[Floats]:
        import torch

        mel = torch.from_numpy(log_mel(signal, self._dynamic_range, self.bands))[None]
        with torch.inference_mode():
            outputs, _ = self._encoder(mel, torch.tensor([mel.shape[2]]))
        return [output[0].numpy() for output in outputs]


class _Transformer:
    """wav2vec2, HuBERT, WavLM, data2vec and their like through transformers."""

    def __init__(self, folder: Path, layers: int) -> None:
        import transformers

        bar = transformers.utils.logging
        shown = bar.is_progress_bar_enabled()
        bar.disable_progress_bar()
        try:
            self.model = transformers.AutoModel.from_pretrained(
                folder, use_safetensors=True, local_files_only=True
            ).eval()
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot load an encoder from {folder}: {reason_of(error)}") from None
        finally:
            if shown:
                bar.enable_progress_bar()
        config = self.model.config
        self.width = config.hidden_size
        # Layers after the last one used are computed, and not kept in a graph.
        above = list(getattr(getattr(self.model, "encoder", None), "layers", ()))[layers:]
        unused = sum(each.numel() for layer in above for each in layer.parameters())
        self.weight_count = sum(each.numel() for each in self.model.parameters()) - unused
        if layers > config.num_hidden_layers:
            raise UsageError(f"{folder} has {config.num_hidden_layers} layers, not {layers}")
        try:
            settings = transformers.AutoFeatureExtractor.from_pretrained(folder)
            self.normalise = bool(getattr(settings, "do_normalize", True))
        except (OSError, ValueError):
            self.normalise = True

    def hidden(self, signal: Floats) -> list[Floats]:
        import torch

        if self.normalise:
            signal = (signal - signal.mean()) / np.sqrt(signal.var() + 1e-7)
        with torch.inference_mode():
            result = self.model(torch.from_numpy(signal)[None], output_hidden_states=True)
        # The first is the input of the first layer.
        return [output[0].float().numpy() for output in result.hidden_states[1:]]
