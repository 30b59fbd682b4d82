"""Whisper's encoder in torch, small and readable: any number of layers, any length, no padding.

Weights have the names of Hugging Face's ``WhisperEncoder``. Positions are the sinusoids they
were made from (Radford et al. 2022, arXiv:2212.04356), computed for the length at hand.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from intona.errors import ModelError
from intona.models.encoders.weights import parts_of

BANDS = 80
HEAD_WIDTH = 64


class Layer(nn.Module):
    """One pre-norm transformer layer."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.self_attn = nn.ModuleDict(
            {
                "q_proj": nn.Linear(width, width),
                "k_proj": nn.Linear(width, width, bias=False),
                "v_proj": nn.Linear(width, width),
                "out_proj": nn.Linear(width, width),
            }
        )
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        """Map ``(batch, time, width)`` to the same; ``bias`` is added to the attention scores."""
        batch, time, width = hidden.shape
        normal = self.self_attn_layer_norm(hidden)
        query, key, value = (
            self.self_attn[name](normal).view(batch, time, self.heads, -1).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        mixed = mixed.transpose(1, 2).reshape(batch, time, width)
        hidden = hidden + self.self_attn["out_proj"](mixed)
        inner = functional.gelu(self.fc1(self.final_layer_norm(hidden)))
        return hidden + self.fc2(inner)


class WhisperEncoder(nn.Module):
    """The first layers of a Whisper encoder.

    Args:
        layers: how many.
        width: of the hidden states.
        inner: of the feed-forward parts.
        bands: of the log-mel spectrogram: 80, or 128 of large-v3 and its kin.
    """

    def __init__(
        self, layers: int, width: int = 384, inner: int = 1536, bands: int = BANDS
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(bands, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(Layer(width, inner) for _ in range(layers))
        rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
        self.register_buffer("rates", rates, persistent=False)

    def forward(self, mel: Tensor, frames: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the output of every layer and the pooling weights.

        Args:
            mel: log-mel ``(batch, bands, longest)``, zero beyond each row's length.
            frames: each row's length, ``(batch,)``.

        Returns:
            Hidden states ``(batch, time, width)`` per layer, and weights ``(batch, time, 1)``
            that sum to 1 over each row's own time.
        """
        real = (torch.arange(mel.shape[2], device=mel.device)[None] < frames[:, None]).float()
        hidden = functional.gelu(self.conv1(mel)) * real[:, None]
        hidden = functional.gelu(self.conv2(hidden)).transpose(1, 2)
        steps = torch.arange(hidden.shape[1], device=mel.device)
        angle = steps[:, None] * self.get_buffer("rates")
        hidden = hidden + torch.cat([angle.sin(), angle.cos()], 1)
        real = real[:, ::2]
        bias = ((real - 1.0) * 1e9)[:, None, None]
        outputs = []
        for layer in self.layers:
            hidden = layer(hidden, bias)
            outputs.append(hidden)
        return outputs, (real / real.sum(1, keepdim=True))[..., None]


def pool(outputs: list[Tensor], weights: Tensor, layers: tuple[int, ...]) -> Tensor:
    """Return mean and standard deviation over time of the named layers, ``(batch, d)``.

    Layers count from 1; the order is mean 1, deviation 1, mean 2, ...
    """
    parts = []
    for number in layers:
        hidden = outputs[number - 1]
        mean = (hidden * weights).sum(1)
        variance = ((hidden - mean[:, None]) ** 2 * weights).sum(1)
        parts += [mean, (variance + 1e-7).sqrt()]
    return torch.cat(parts, 1)


def load_whisper(path: str | Path, layers: int) -> WhisperEncoder:
    """Load the first layers of a Whisper encoder from a safetensors file.

    Both an encoder alone and a whole Whisper model (names with ``model.encoder.``) are read.

    Raises:
        ModelError: unreadable, not Whisper, or fewer layers than asked for.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    stored: dict[str, Tensor] = {}
    try:
        for part in parts_of(Path(path)):
            stored |= load_file(str(part))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"cannot read the encoder weights {path}: {error}") from None
    weights = {
        key.removeprefix("model.").removeprefix("encoder."): value.float()
        for key, value in stored.items()
        if "decoder." not in key
    }
    try:
        inner, width = weights["layers.0.fc1.weight"].shape
        encoder = WhisperEncoder(layers, width, inner, weights["conv1.weight"].shape[1])
        encoder.load_state_dict({key: weights[key] for key in encoder.state_dict()})
    except (KeyError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{path} does not hold the first {layers} layers of a Whisper encoder: {error}"
        ) from None
    return encoder


def weights_of(encoder: WhisperEncoder) -> dict[str, NDArray[np.float32]]:
    """Return the weights as numpy arrays by name."""
    return {key: value.detach().cpu().numpy() for key, value in encoder.state_dict().items()}
