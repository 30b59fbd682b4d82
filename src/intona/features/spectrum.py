"""The short-time spectrum with librosa's framing: centred frames, zero padding, Hann window."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "HOP", "N_FFT", "frames", "magnitude"]

N_FFT = 2048
HOP = 512
BINS = N_FFT // 2 + 1

_BLOCK = 32  # frames transformed at a time: the block stays in the processor's cache


@lru_cache(maxsize=2)
def _window(dtype: str) -> NDArray[Any]:
    """Periodic Hann window."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(N_FFT) / N_FFT)
    return window.astype(dtype)


def frames(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the frames centred on every ``HOP``-th sample, as a read-only view.

    Args:
        signal: samples, shape ``(n,)``.

    Returns:
        Shape ``(1 + n // HOP, N_FFT)``; beyond its ends the signal is zero.
    """
    padded = np.zeros(signal.size + N_FFT, dtype=np.float32)
    padded[N_FFT // 2 : N_FFT // 2 + signal.size] = signal
    return np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]


def magnitude(framed: NDArray[np.float32], *, exact: bool = False) -> NDArray[np.float32]:
    """Return the magnitude spectrum of each frame, shape ``(frames, BINS)``.

    Args:
        framed: what :func:`frames` gives, or some of its rows.
        exact: transform in double precision and round the result once, which is what librosa
            does and costs about twice the time.
    """
    from scipy import fft

    window = _window("float64" if exact else "float32")
    result = np.empty((len(framed), BINS), dtype=np.float32)
    for start in range(0, len(framed), _BLOCK):
        windowed = framed[start : start + _BLOCK] * window
        spectrum = fft.rfft(windowed, axis=1, overwrite_x=True, workers=1)
        np.abs(spectrum.astype(np.complex64, copy=False), out=result[start : start + _BLOCK])
    return result
