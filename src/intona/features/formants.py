"""Formants: the resonances of the vocal tract, by linear prediction (Burg's method).

As Praat does it: the signal is brought to twice the highest formant, its treble is raised
above 50 Hz, each Gaussian window of 50 ms gives ten prediction coefficients, and the angles of
their roots are the formant frequencies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from intona.audio import resample

CEILING = 5500  # Hz
_ORDER = 10
_WINDOW = 0.05  # seconds; the Gaussian's effective length is half of it
_EMPHASIS = 50.0  # Hz
_MARGIN = 50.0  # Hz, from 0 and from the ceiling

Doubles = NDArray[np.float64]


def formants(
    samples: NDArray[np.float32], rate: int, times: Doubles, count: int = 3
) -> tuple[Doubles, Doubles]:
    """Return frequencies and bandwidths of the lowest formants in Hz.

    Args:
        samples: mono, shape ``(n,)``.
        rate: sample rate in Hz, at least 11 kHz for all formants to be there.
        times: centres of the frames in seconds, shape ``(frames,)``.
        count: how many formants.

    Returns:
        Two arrays of shape ``(frames, count)``, NaN where there is no such formant.
    """
    target = 2 * CEILING
    signal = resample(samples, rate, target).astype(np.float64)
    signal[1:] -= np.exp(-2 * np.pi * _EMPHASIS / target) * signal[:-1]
    size = int(_WINDOW * target)
    padded = np.pad(signal, size)
    starts = np.rint(np.asarray(times) * target).astype(np.intp) + size - size // 2
    starts = np.clip(starts, 0, len(padded) - size)
    place = (np.arange(size) + 0.5) / size - 0.5
    window = (np.exp(-48.0 * place**2) - np.exp(-12.0)) / (1.0 - np.exp(-12.0))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[starts] * window
    if len(frames) == 0:
        return np.zeros((0, count)), np.zeros((0, count))
    roots = _roots(_burg(frames, _ORDER))
    hz = np.abs(np.angle(roots)) * target / (2 * np.pi)
    bandwidth = -np.log(np.maximum(np.abs(roots), 1e-12)) * target / np.pi
    good = (roots.imag > 0) & (hz > _MARGIN) & (hz < CEILING - _MARGIN)
    hz = np.where(good, hz, np.inf)
    ranks = np.argsort(hz, axis=1)[:, :count]
    hz = np.take_along_axis(hz, ranks, axis=1)
    bandwidth = np.take_along_axis(bandwidth, ranks, axis=1)
    missing = ~np.isfinite(hz)
    return np.where(missing, np.nan, hz), np.where(missing, np.nan, np.abs(bandwidth))


def _burg(frames: Doubles, order: int) -> Doubles:
    """Return prediction coefficients by Burg's method, all frames at once.

    Args:
        frames: shape ``(frames, samples)``.
        order: number of coefficients.

    Returns:
        Shape ``(frames, order)``: ``x[n]`` is predicted by ``sum_k a[k] x[n - 1 - k]``.
    """
    forward, backward = frames[:, 1:].copy(), frames[:, :-1].copy()
    coefficients = np.zeros((len(frames), order))
    for i in range(order):
        power = np.einsum("ft,ft->f", forward, forward) + np.einsum("ft,ft->f", backward, backward)
        cross = np.einsum("ft,ft->f", forward, backward)
        reflection = 2.0 * cross / np.maximum(power, 1e-30)
        previous = coefficients[:, :i].copy()
        coefficients[:, :i] = previous - reflection[:, None] * previous[:, ::-1]
        coefficients[:, i] = reflection
        if i + 1 < order:
            ahead = forward[:, 1:] - reflection[:, None] * backward[:, 1:]
            behind = backward[:, :-1] - reflection[:, None] * forward[:, :-1]
            forward, backward = ahead, behind
    return coefficients


def _roots(coefficients: Doubles) -> NDArray[np.complex128]:
    """Return the roots of ``z^p - a[0] z^(p-1) - ... - a[p-1]`` of each row."""
    frames, order = coefficients.shape
    companion = np.zeros((frames, order, order))
    companion[:, 0, :] = coefficients
    companion[:, np.arange(1, order), np.arange(order - 1)] = 1.0
    return np.linalg.eigvals(companion).astype(np.complex128)
