"""Encoders other than Whisper's as an ONNX graph, traced by torch: wav2vec2, HuBERT, WavLM ...

The graph takes one signal at a time: many of these encoders answer otherwise to a signal that is
padded beside longer ones. What it gives is compared with the encoder's own answers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from intona.errors import ModelError, RecipeError
from intona.features.logmel import RATE, level
from intona.models.encoders.graph import OPSET
from intona.models.runtime import onnxruntime
from intona.models.vetting import require_harmless

if TYPE_CHECKING:
    from intona.models.encoders.encoder import Encoder

NEAR = 1e-4  # between the pooled numbers of graph and encoder, or of the largest of them
SECONDS = (0.1, 0.7, 2.3)  # of the signals on which both are compared


def traced(front: Encoder) -> bytes:
    """Return the graph ``signal (1, n) -> pooled (1, d)`` of a front end's encoder.

    Args:
        front: pooled by mean and std; what it does before (trimming, levelling) is not in the
            graph, what its feature extractor does is.

    Raises:
        RecipeError: torch cannot write its graph, or one that answers as it does.
    """
    import torch

    pooled = _pooled(front)
    try:
        with (
            TemporaryDirectory() as folder,
            warnings.catch_warnings(),
            torch.no_grad(),
        ):
            written = Path(folder) / "encoder.onnx"
            warnings.simplefilter("ignore")
            torch.onnx.export(
                pooled,
                (torch.from_numpy(_signal(1.0)),),
                written,
                input_names=["signal"],
                output_names=["pooled"],
                dynamic_axes={"signal": {1: "n"}},
                opset_version=OPSET,
                dynamo=False,
            )
            content = written.read_bytes()
        require_harmless(content, front.recorded["model"])
        away = _difference(content, pooled, SECONDS)
    except ModelError as error:
        raise RecipeError(str(error)) from None
    except Exception as error:  # torch, transformers and onnxruntime raise what they like
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise RecipeError(
            f"the encoder {front.recorded['model']} cannot be written as a graph ({reason})"
        ) from None
    if away > NEAR:
        raise RecipeError(
            f"the encoder {front.recorded['model']} would answer differently as a graph "
            f"(by {away:.2g})"
        )
    return content


def _pooled(front: Encoder) -> Any:
    """Return a torch module from a signal to what the front end makes of it."""
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = front.transformer

        def forward(self, signal: torch.Tensor) -> torch.Tensor:
            if front.normalises:
                centred = signal - signal.mean(dim=1, keepdim=True)
                power = (centred * centred).mean(dim=1, keepdim=True)
                signal = centred / torch.sqrt(power + 1e-7)
            hidden = self.encoder(signal, output_hidden_states=True).hidden_states
            parts = []
            for number in front.layers:
                mean = hidden[number].mean(dim=1, keepdim=True)
                variance = ((hidden[number] - mean) ** 2).mean(dim=1)
                parts += [mean[:, 0], torch.sqrt(variance + 1e-7)]
            return torch.cat(parts, dim=1)

    return Pooled().eval()


def _difference(content: bytes, pooled: Any, seconds: Sequence[float]) -> float:
    """Return how far the graph's answers are from those of the module."""
    import torch

    session = onnxruntime().InferenceSession(content, providers=["CPUExecutionProvider"])
    away = 0.0
    for length in seconds:
        signal = _signal(length)
        (found,) = session.run(None, {"signal": signal})
        with torch.no_grad():
            expected = pooled(torch.from_numpy(signal)).numpy()
        scale = max(1.0, float(np.abs(expected).max()))
        away = max(away, float(np.abs(found - expected).max()) / scale)
    return away


def _signal(seconds: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    noise = np.random.default_rng(0).normal(size=int(seconds * RATE)).astype(np.float32)
    return level(noise)[None]
