"""How far a recording is out of tune, as librosa's ``estimate_tuning`` decides it.

Spectral peaks vote for their deviation from the nearest semitone and the histogram's maximum
wins, so the outcome can hang on the last digit of a magnitude, above all in frames of digital
silence. Peaks whose vote the rounding of a single-precision spectrum could change are found,
and only their frames are transformed again in double precision.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intona.features.spectrum import BINS, N_FFT, magnitude

__all__ = ["tuning"]

_RANGE = (150.0, 4000.0)  # Hz, where peaks are looked for
_PEAK = np.float32(0.1)  # a peak counts when above this share of its frame's maximum
_EDGES = np.linspace(-0.5, 0.5, 101)  # semitones
_ROUNDING = np.float32(5e-7)  # error of a single-precision magnitude, share of the maximum
_ROUNDING_SEMITONES = 1e-5  # one unit in the last place of a residual
_NEAR_MIDDLE = 1e-4  # heights within this share of the median may end on either side of it

Floats = NDArray[np.float32]


class _Peaks(NamedTuple):
    """Spectral peaks, one entry each."""

    frame: NDArray[np.intp]
    height: Floats
    residual: Floats  # semitones from the nearest semitone of A440, in [-0.5, 0.5)
    real: NDArray[np.bool_]  # whether it is a peak at all in this spectrum
    unsure: NDArray[np.bool_]  # whether that could be due to rounding
    misplaced: NDArray[np.bool_]  # whether rounding could have moved its vote


def tuning(spectrum: Floats, framed: Floats, rate: int) -> float:
    """Return the deviation from A440 in semitones, in [-0.5, 0.5), in steps of 0.01.

    Args:
        spectrum: single-precision magnitudes of ``framed``, shape ``(frames, BINS)``.
        framed: the frames themselves, shape ``(frames, N_FFT)``.
        rate: sample rate in Hz.

    Returns:
        The winning deviation; 0.0 when there is no peak at all.
    """
    hz = np.arange(BINS) * (rate / N_FFT)
    inside = np.flatnonzero((hz >= _RANGE[0]) & (hz < min(_RANGE[1], rate / 2.0)))
    if inside.size == 0:
        return 0.0
    bins = slice(max(int(inside[0]), 1), min(int(inside[-1]) + 1, BINS - 1))
    peaks = _peaks(spectrum, bins, rate)
    if peaks.frame.size == 0:
        return 0.0
    middle = np.median(peaks.height)
    doubtful = peaks.unsure | (np.abs(peaks.height - middle) < _NEAR_MIDDLE * middle)
    doubtful |= peaks.misplaced & (peaks.height > middle)
    again = np.zeros(len(spectrum), dtype=bool)
    again[peaks.frame[doubtful]] = True
    exact = _peaks(magnitude(framed[again], exact=True), bins, rate)
    sure = peaks.real & ~again[peaks.frame]
    height = np.concatenate([peaks.height[sure], exact.height[exact.real]])
    residual = np.concatenate([peaks.residual[sure], exact.residual[exact.real]])
    if height.size == 0:
        return 0.0
    votes = np.histogram(residual[height >= np.median(height)], _EDGES)[0]
    return float(_EDGES[np.argmax(votes)])


def _peaks(spectrum: Floats, bins: slice, rate: int) -> _Peaks:
    """Place each local maximum by a parabola through three bins, with librosa's roundings."""
    largest = spectrum.max(axis=1, keepdims=True)
    error = _ROUNDING * largest
    around = np.ascontiguousarray(spectrum[:, bins.start - 1 : bins.stop + 1])
    possible = np.zeros(around.shape, dtype=bool)
    inner = around[:, 1:-1]
    raised = inner + error
    np.greater(raised, around[:, :-2], out=possible[:, 1:-1])
    possible[:, 1:-1] &= raised > around[:, 2:]
    possible[:, 1:-1] &= raised > _PEAK * largest
    where = np.flatnonzero(possible)
    frame, column = np.divmod(where, around.shape[1])
    flat = around.ravel()
    before, peak, after = flat[where - 1], flat[where], flat[where + 1]
    error, floor = error[frame, 0], _PEAK * largest[frame, 0]
    unsure = np.minimum(peak - np.maximum(before, after), peak - floor) < 2.0 * error
    real = (peak > before) & (peak >= after) & (peak > floor)

    slope = (after - before) / np.float32(2.0)
    curve = (after + before).astype(np.float64) - 2.0 * peak
    steep = np.abs(slope) >= np.abs(curve)
    curve[steep] = 1.0
    shift = (-slope / curve).astype(np.float32)
    shift[steep] = 0.0
    height = peak + np.float32(0.5) * slope * shift
    bin_number = column + (bins.start - 1)
    pitch = ((bin_number + shift) * float(rate) / N_FFT).astype(np.float32)
    residual = np.mod(np.float32(12.0) * np.log2(pitch / np.float32(27.5)), np.float32(1.0))
    residual[residual >= 0.5] -= np.float32(1.0)

    uncertainty = 12.0 / np.log(2.0) * 3.0 * error / np.abs(curve) / bin_number
    position = 100.0 * residual.astype(np.float64)
    from_edge = np.abs(position - np.rint(position)) / 100.0
    misplaced = from_edge < uncertainty + _ROUNDING_SEMITONES
    misplaced |= np.abs(np.abs(slope) - np.abs(curve)) < 4.0 * error
    return _Peaks(frame, height, residual, real, unsure, misplaced)
