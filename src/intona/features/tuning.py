"""How far a recording is out of tune, as librosa's ``estimate_tuning`` decides it.

Spectral peaks vote for their deviation from the nearest semitone and the histogram's maximum
wins, so the outcome can hang on the last digit of a magnitude, above all in frames of digital
silence: the spectrum must be the one that double precision gives, and roundings are librosa's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_RANGE = (150.0, 4000.0)  # Hz, where peaks are looked for
_PEAK = np.float32(0.1)  # a peak counts when above this share of its frame's maximum
_EDGES = np.linspace(-0.5, 0.5, 101)  # semitones


def tuning(spectrum: NDArray[np.float32], rate: int) -> float:
    """Return the deviation from A440 in semitones, in [-0.5, 0.5), in steps of 0.01.

    Args:
        spectrum: magnitudes, shape ``(frames, bins)``, from 0 to half the rate.
        rate: sample rate in Hz.

    Returns:
        The winning deviation; 0.0 when there is no peak at all.
    """
    bins = spectrum.shape[1]
    size = 2 * (bins - 1)  # samples of a frame
    hz = np.arange(bins) * (rate / size)
    inside = np.flatnonzero((hz >= _RANGE[0]) & (hz < min(_RANGE[1], rate / 2.0)))
    if inside.size == 0:
        return 0.0
    first, last = max(int(inside[0]), 1), min(int(inside[-1]), bins - 2)
    around = spectrum[:, first - 1 : last + 2]
    found = (around[:, 1:-1] > around[:, :-2]) & (around[:, 1:-1] >= around[:, 2:])
    found &= around[:, 1:-1] > _PEAK * spectrum.max(axis=1, keepdims=True)
    frame, column = np.nonzero(found)
    if frame.size == 0:
        return 0.0
    before, peak, after = (around[frame, column + k] for k in range(3))
    # Each peak is placed by a parabola through three bins.
    slope = (after - before) / np.float32(2.0)
    curve = (after + before).astype(np.float64) - 2.0 * peak
    steep = np.abs(slope) >= np.abs(curve)
    shift = np.where(steep, 0.0, -slope / np.where(steep, 1.0, curve)).astype(np.float32)
    height = peak + np.float32(0.5) * slope * shift
    pitch = ((column + first + shift) * float(rate) / size).astype(np.float32)
    residual = np.mod(np.float32(12.0) * np.log2(pitch / np.float32(27.5)), np.float32(1.0))
    residual[residual >= 0.5] -= np.float32(1.0)
    votes = np.histogram(residual[height >= np.median(height)], _EDGES)[0]
    return float(_EDGES[np.argmax(votes)])
