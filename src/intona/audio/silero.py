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
# Chunks computed at once: those of a block of 10 s, and little memory.
_BATCH = 313

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
    ended = np.searchsorted(np.sort(lengths), np.arange(len(gates)), side="right")
    going = (len(lengths) - ended).tolist()
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
    mirrored = [chunks[:, _CONTEXT:0:-1], chunks, chunks[:, -2 : -_CONTEXT - 2 : -1]]
    padded = np.concatenate(mirrored, axis=1)  # of 640 samples: 4 frames of 256, every 128
    # Cosines are even and sines odd about a frame's middle: half of the products do.
    onward = padded[:, 1:513].reshape(-1, 4, 128)
    backward = padded[:, 128:].reshape(-1, 4, 128)[..., ::-1]
    real = _times(onward + backward, weights["cosines"])
    layer = _times(onward - backward, weights["sines"])
    layer *= layer
    real *= real
    layer += real
    np.sqrt(layer, out=layer)
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
    outputs = np.zeros((*gates.shape[:2], _HIDDEN), np.float32)
    hidden, cell = memory
    one, half = np.ones(3 * _HIDDEN, np.float32), np.full(_HIDDEN, 0.5, np.float32)
    first = 0
    for count, alike in groupby(going if going is not None else [gates.shape[1]] * len(gates)):
        # A logistic is a scaled tanh, (1 + tanh(x / 2)) / 2, so one call serves the four gates. The
        # weights hold the halves, which leaves twice the hidden state here, and few small steps.
        last = first + len(list(alike))
        told = np.empty((count, 4 * _HIDDEN), np.float32)
        work = np.empty((count, 5 * _HIDDEN), np.float32)  # the cell, then new and the three doors
        kept, active, leave = work[:, :_HIDDEN], work[:, _HIDDEN:], work[:, 4 * _HIDDEN :]
        doors, values = active[:, _HIDDEN:], work[:, : 2 * _HIDDEN]
        parts = np.empty((count, 2 * _HIDDEN), np.float32)
        squashed = np.empty((count, _HIDDEN), np.float32)
        twice, kept[:] = hidden[:count], cell[:count]
        for gate, output in zip(
            gates[first:last, :count], outputs[first:last, :count], strict=True
        ):
            np.dot(twice, weights["recurrent"], out=told)
            np.add(told, gate, out=active)
            np.tanh(active, out=active)
            np.add(doors, one, out=doors)
            np.multiply(values, doors[:, : 2 * _HIDDEN], out=parts)
            np.add(parts[:, :_HIDDEN], parts[:, _HIDDEN:], out=kept)
            np.multiply(kept, half, out=kept)
            np.tanh(kept, out=squashed)
            twice = np.multiply(leave, squashed, out=output)
        hidden[:count], cell[:count] = twice, kept
        first = last
    score = np.maximum(outputs, 0) @ weights["output"] + weights["offset"]
    return np.asarray(0.5 * np.tanh(0.5 * score) + 0.5, np.float32)


def _convolve(signal: Array, kernel: Array, bias: Array, stride: int) -> Array:
    """Convolve ``(n, time, channels)`` with a kernel of 3, padding 1; rectify.

    A place in time is one product with as much of the kernel as lies inside: there are few.
    """
    count, time, _ = signal.shape
    found = np.empty((count, -(-time // stride), kernel.shape[-1]), np.float32)
    for place in range(found.shape[1]):
        before = place * stride - 1
        heard = signal[:, max(0, before) : before + 3]
        inside = kernel[max(0, -before) : time - before].reshape(-1, kernel.shape[-1])
        np.matmul(heard.reshape(count, -1), inside, out=found[:, place])
    found += bias
    return np.maximum(found, 0, out=found)


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
    """Transpose for products from the left; order the gates new, forget, input, output.

    Halves are in the weights: see :func:`_recall`.
    """
    gates = np.concatenate([np.arange(k, k + _HIDDEN) for k in (256, 128, 0, 384)])
    rnn = {key: tensors[f"decoder.rnn.{key}"][gates] for key in ("weight_ih", "weight_hh")}
    bias = tensors["decoder.rnn.bias_ih"] + tensors["decoder.rnn.bias_hh"]
    scale = np.repeat(np.array([1.0, 0.5, 0.5, 0.5], np.float32), _HIDDEN)
    waves = tensors["stft.forward_basis_buffer"][:, 0, 1:129].T.copy()  # the first has no weight
    waves[-1] /= 2  # the middle is its own mirror image
    weights = {
        "cosines": waves[:, :129],
        "sines": waves[:, 129:],
        "input": rnn["weight_ih"].T * scale,
        "recurrent": 0.5 * rnn["weight_hh"].T * scale,
        "bias": bias[gates] * scale,
        "output": 0.5 * tensors["decoder.decoder.2.weight"].reshape(-1),
        "offset": tensors["decoder.decoder.2.bias"],
    }
    for number in range(len(_STRIDES)):
        kernel = tensors[f"encoder.{number}.reparam_conv.weight"]  # (out, in, 3)
        weights[f"conv{number}"] = kernel.transpose(2, 1, 0)
        weights[f"bias{number}"] = tensors[f"encoder.{number}.reparam_conv.bias"]
    return {name: np.ascontiguousarray(value) for name, value in weights.items()}
