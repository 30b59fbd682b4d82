"""Silero VAD, a voice activity network, evaluated in numpy.

The network gives the probability of speech in each chunk of 512 samples at 16 kHz (32 ms). Only
its last layer has a memory, so all the others are computed for many chunks at once: more than ten
times as fast as one chunk at a time. The layers, for each chunk (reflected by 64 samples at both
ends): a short-time Fourier magnitude (4 frames, 129 bins), four convolutions with rectifiers, an
LSTM cell of 128 units, and a logistic output.

The weights are ``assets/silero.npz``, Silero VAD 6.2 for 16 kHz: plain arrays under the names they
have in Silero's own files, convolutions and Fourier basis rounded to half precision.
``scripts/silero_weights.py`` makes the file from the published package. It is complete: an ONNX
graph of the network, for a browser for example, can be written from it (padding, five convolutions,
one LSTM node, one product; tried with opset 17: the same probabilities to 1e-5). PyTorch, and so
the file, orders the gates input, forget, new, output; ONNX input, output, forget, new. On one core
numpy is as fast as onnxruntime for one recording and faster for many side by side.

Silero VAD: Silero Team, MIT licence (``assets/SILERO_LICENSE``),
https://github.com/snakers4/silero-vad.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from intona.errors import ModelError
from intona.threads import one_blas_thread

RATE = 16_000
CHUNK = 512

_CONTEXT = 64
_STRIDES = (1, 2, 2, 1)
_HIDDEN = 128
# Chunks computed at once: enough for the matrix products, little memory.
_BATCH = 256

Array = NDArray[np.float32]


class Silero:
    """The network and its memory of one recording.

    Examples:
        >>> silero = Silero()
        >>> bool(silero(np.zeros((3, CHUNK), np.float32)).max() < 0.1)
        True
    """

    def __init__(self) -> None:
        self._weights = _load()
        self._memory = np.zeros((2, 1, _HIDDEN), np.float32)

    def __call__(self, chunks: Array) -> Array:
        """Return the probability of speech of each chunk, in order.

        Args:
            chunks: what follows the chunks of the last call, shape ``(n, 512)``, at 16 kHz.

        Returns:
            Shape ``(n,)``, in [0, 1].
        """
        parts = []
        with one_blas_thread():
            for first in range(0, len(chunks), _BATCH):
                gates = _gates(chunks[first : first + _BATCH], self._weights)
                parts.append(_recall(gates[:, None], self._memory, self._weights)[:, 0])
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def each(recordings: Sequence[Array]) -> list[Array]:
    """Return what :class:`Silero` says of several whole recordings, heard side by side.

    Args:
        recordings: the chunks of each, shape ``(n, 512)``, at 16 kHz.

    Returns:
        Per recording, shape ``(n,)``; as one by one, but for rounding (1e-6).

    Examples:
        >>> each([np.zeros((2, CHUNK), np.float32), np.zeros((0, CHUNK), np.float32)])[1]
        array([], dtype=float32)
    """
    weights = _load()
    lengths = [len(chunks) for chunks in recordings]
    gates = np.zeros((max(lengths, default=0), len(lengths), 4 * _HIDDEN), np.float32)
    order = np.argsort(lengths, kind="stable")[::-1]
    # The longest come first: those that go on are always the first columns.
    going = [sum(length > step for length in lengths) for step in range(len(gates))]
    with one_blas_thread():
        for column, number in enumerate(order):
            for first in range(0, lengths[number], _BATCH):
                part = recordings[number][first : first + _BATCH]
                gates[first : first + len(part), column] = _gates(part, weights)
        scores = _recall(gates, np.zeros((2, len(lengths), _HIDDEN), np.float32), weights, going)
    found = [np.zeros(0, np.float32)] * len(lengths)
    for column, number in enumerate(order):
        found[number] = scores[: lengths[number], column]
    return found


def _gates(chunks: Array, weights: dict[str, Array]) -> Array:
    """Return what the memory is told of each chunk, shape ``(n, 512)``: all but the last layer."""
    padded = np.pad(chunks, ((0, 0), (_CONTEXT, _CONTEXT)), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 256, axis=1)[:, ::128]
    spectrum = _times(frames, weights["basis"])
    half = spectrum.shape[-1] // 2
    layer = np.sqrt(spectrum[..., :half] ** 2 + spectrum[..., half:] ** 2)
    for number, stride in enumerate(_STRIDES):
        layer = _convolve(layer, weights[f"conv{number}"], weights[f"bias{number}"], stride)
    return layer[:, 0] @ weights["input"] + weights["bias"]


def _recall(
    gates: Array, memory: Array, weights: dict[str, Array], going: Sequence[int] | None = None
) -> Array:
    """Return the probabilities ``(steps, recordings)``; ``memory`` is brought up to date.

    Args:
        gates: shape ``(steps, recordings, 512)``.
        memory: twice the hidden state, and the cell state, shape ``(2, recordings, 128)``.
        weights: of the network.
        going: how many recordings, the first ones, have each step; all without it.
    """
    recurrent = weights["recurrent"]
    outputs = np.zeros((*gates.shape[:2], _HIDDEN), np.float32)
    hidden, cell = memory
    first = 0
    for count, alike in groupby(going if going is not None else [gates.shape[1]] * len(gates)):
        # A logistic is a scaled tanh, (1 + tanh(x / 2)) / 2, so one call serves the four gates. The
        # weights hold the halves, which leaves twice the hidden state here, and few small steps.
        last = first + len(list(alike))
        active = np.empty((count, 4 * _HIDDEN), np.float32)
        doors = active[:, : 3 * _HIDDEN]
        enter, forget, leave, new = np.split(active, 4, axis=1)
        twice, kept, squashed = hidden[:count], cell[:count], np.empty_like(new)
        for step in range(first, last):
            np.matmul(twice, recurrent, out=active)
            active += gates[step, :count]
            np.tanh(active, out=active)
            doors += 1.0
            kept *= forget
            enter *= new
            kept += enter
            kept *= 0.5
            np.tanh(kept, out=squashed)
            twice = np.multiply(leave, squashed, out=outputs[step, :count])
        hidden[:count] = twice
        first = last
    score = np.maximum(outputs, 0) @ weights["output"] + weights["offset"]
    return np.asarray(0.5 * np.tanh(0.5 * score) + 0.5, np.float32)


def _convolve(signal: Array, weight: Array, bias: Array, stride: int) -> Array:
    """Convolve ``(n, time, channels)`` with a kernel of 3, padding 1; rectify."""
    count, time, channels = signal.shape
    padded = np.zeros((count, time + 2, channels), np.float32)
    padded[:, 1:-1] = signal
    taps = np.stack([padded[:, k : k + time : stride] for k in range(3)], axis=2)
    return np.maximum(_times(taps.reshape(count, -1, 3 * channels), weight) + bias, 0)


def _times(stack: Array, matrix: Array) -> Array:
    """Multiply matrices ``(n, time, k)`` in one product, where numpy would make n small ones."""
    count, time, width = stack.shape
    return (stack.reshape(count * time, width) @ matrix).reshape(count, time, -1)


@lru_cache(maxsize=1)
def _load() -> dict[str, Array]:
    """Return the weights, arranged for products from the left."""
    try:
        with (
            (files("intona") / "assets" / "silero.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            return _arrange({name: stored[name].astype(np.float32) for name in stored.files})
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error, zipfile.BadZipFile):
        raise ModelError(
            "the weights of the voice activity network are missing or damaged: "
            "install intona again (pip install --force-reinstall . in a clone)"
        ) from None


def _arrange(tensors: dict[str, Array]) -> dict[str, Array]:
    """Transpose for products from the left; order the gates input, forget, output, new.

    Halves are in the weights: see :func:`_recall`.
    """
    gates = np.concatenate([np.arange(256), np.arange(384, 512), np.arange(256, 384)])
    rnn = {key: tensors[f"decoder.rnn.{key}"][gates] for key in ("weight_ih", "weight_hh")}
    bias = tensors["decoder.rnn.bias_ih"] + tensors["decoder.rnn.bias_hh"]
    scale = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], np.float32), _HIDDEN)
    weights = {
        "basis": tensors["stft.forward_basis_buffer"][:, 0].T,
        "input": rnn["weight_ih"].T * scale,
        "recurrent": 0.5 * rnn["weight_hh"].T * scale,
        "bias": bias[gates] * scale,
        "output": 0.5 * tensors["decoder.decoder.2.weight"].reshape(-1),
        "offset": tensors["decoder.decoder.2.bias"],
    }
    for number in range(len(_STRIDES)):
        kernel = tensors[f"encoder.{number}.reparam_conv.weight"]  # (out, in, 3)
        weights[f"conv{number}"] = kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0])
        weights[f"bias{number}"] = tensors[f"encoder.{number}.reparam_conv.bias"]
    return {name: np.ascontiguousarray(value) for name, value in weights.items()}
