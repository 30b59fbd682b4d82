"""The short-time spectrum with librosa's framing: centred frames, zero padding, Hann window."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

N_FFT = 2048
HOP = 512
SHORT = 512  # samples of the frames of a picture

_BLOCK = 32  # frames transformed at a time: the block stays in the processor's cache


@lru_cache(maxsize=4)
def _window(size: int) -> NDArray[np.float64]:
    """Periodic Hann window."""
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)


def frames(signal: NDArray[np.float32], size: int = N_FFT, hop: int = HOP) -> NDArray[np.float32]:
    """Return the frames centred on every ``hop``-th sample, as a read-only view.

    Args:
        signal: samples, shape ``(n,)``.
        size: of a frame, in samples; even.
        hop: from one frame to the next, in samples.

    Returns:
        Shape ``(1 + n // hop, size)``; beyond its ends the signal is zero.
    """
    padded = np.zeros(signal.size + size, dtype=np.float32)
    padded[size // 2 : size // 2 + signal.size] = signal
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]


def magnitude(framed: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the magnitude spectrum of each frame, shape ``(frames, size // 2 + 1)``.

    As in librosa the transform is in double precision and its result is rounded once.

    Args:
        framed: what :func:`frames` gives, or some of its rows.
    """
    size = framed.shape[1]
    result = np.empty((len(framed), size // 2 + 1), dtype=np.float32)
    for start in range(0, len(framed), _BLOCK):
        windowed = framed[start : start + _BLOCK] * _window(size)
        spectrum = np.fft.rfft(windowed, axis=1)
        np.abs(spectrum.astype(np.complex64), out=result[start : start + _BLOCK])
    return result


def level(signal: NDArray[np.float32], centres: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the level of short Hann frames, for pictures.

    Args:
        signal: samples, shape ``(n,)``.
        centres: sample numbers, shape ``(frames,)``.

    Returns:
        In dB, shape ``(frames, SHORT // 2 + 1)``; beyond its ends the signal is zero.
    """
    padded = np.pad(signal, SHORT // 2)
    around = np.asarray(centres)[:, None] + np.arange(SHORT)
    spectrum = np.fft.rfft(padded[around] * np.hanning(SHORT), axis=1)
    return 20.0 * np.log10(np.abs(spectrum) + 1e-7)
