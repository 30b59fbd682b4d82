"""Jitter and shimmer: how much one glottal period differs from the next.

Glottal pulses are found as Praat's cross-correlation method does: from the strongest sample of
a voiced stretch outwards, each next pulse is where the waveform of one period resembles the
last one's most. Jitter (local) is the mean absolute difference between consecutive periods
divided by the mean period; shimmer (local) is the same of the amplitudes: the root mean square
of the period around each pulse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intona.features.pitch import STEP, PitchTrack

_LONGEST_RATIO = 1.3  # between consecutive periods; beyond, a pulse was missed
_AMPLITUDE_RATIO = 1.6
_SEARCH = (0.8, 1.25)  # of the expected period
_RESEMBLANCE = 0.3  # cross-correlation below which a stretch of pulses ends
_LEAST_PERIODS = 5

Doubles = NDArray[np.float64]


class Perturbation(NamedTuple):
    """Cycle-to-cycle variation, as shares (0.01 is 1 %); NaN with too few periods."""

    jitter: float
    shimmer: float


def perturbation(samples: NDArray[np.float32], rate: int, track: PitchTrack) -> Perturbation:
    """Return jitter (local) and shimmer (local) of the voiced stretches.

    Args:
        samples: mono, shape ``(n,)``.
        rate: sample rate in Hz.
        track: its pitch.
    """
    energy = _energy(samples)
    steps: list[Doubles] = []
    periods: list[Doubles] = []
    amplitude_steps: list[Doubles] = []
    amplitudes: list[Doubles] = []
    for stretch in pulses(samples, rate, track):
        period = np.diff(stretch)
        if period.size < 2:
            continue
        ratio = np.maximum(period[1:], period[:-1]) / np.minimum(period[1:], period[:-1])
        steps.append(np.abs(np.diff(period))[ratio < _LONGEST_RATIO])
        periods.append(period)
        half = np.interp(np.arange(len(stretch)), np.arange(len(period)) + 0.5, period) / 2.0
        begin = np.clip(np.rint(stretch - half).astype(np.intp), 0, len(samples))
        end = np.clip(np.rint(stretch + half).astype(np.intp), 0, len(samples))
        power = (energy[end] - energy[begin]) / np.maximum(end - begin, 1)
        loud = np.sqrt(np.maximum(power, 0.0))
        larger = np.maximum(loud[1:], loud[:-1])
        close = larger < _AMPLITUDE_RATIO * np.minimum(loud[1:], loud[:-1])
        amplitude_steps.append(np.abs(np.diff(loud))[close])
        amplitudes.append(loud)
    if sum(map(len, periods)) < _LEAST_PERIODS:
        return Perturbation(float("nan"), float("nan"))
    return Perturbation(_relative(steps, periods), _relative(amplitude_steps, amplitudes))


def _relative(steps: list[Doubles], values: list[Doubles]) -> float:
    change = np.concatenate(steps)
    mean = float(np.concatenate(values).mean())
    return float(change.mean()) / mean if change.size and mean > 0 else float("nan")


def _energy(samples: NDArray[np.float32]) -> Doubles:
    """Return the energy up to each sample, shape ``(n + 1,)``."""
    return np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])


def pulses(samples: NDArray[np.float32], rate: int, track: PitchTrack) -> list[Doubles]:
    """Return the glottal pulses of each voiced stretch, in samples (fractional), ascending.

    Args:
        samples: mono, shape ``(n,)``.
        rate: sample rate in Hz.
        track: its pitch.
    """
    voiced = np.concatenate([[False], track.voiced, [False]])
    starts = np.flatnonzero(voiced[1:] & ~voiced[:-1])
    ends = np.flatnonzero(~voiced[1:] & voiced[:-1])
    energy = _energy(samples)
    found = []
    for start, end in zip(starts, ends, strict=True):
        if end - start < 3:
            continue
        left = int((track.times[start] - STEP / 2) * rate)
        right = min(int((track.times[end - 1] + STEP / 2) * rate), len(samples))
        period = rate / np.interp(
            np.arange(left, right) / rate, track.times[start:end], track.hz[start:end]
        )
        middle = (right - left) // 2
        half = int(period[middle] / 2) + 1
        around = samples[max(left + middle - half, 0) : left + middle + half]
        seed = max(left + middle - half, 0) + int(np.abs(around).argmax())
        before = _follow(samples, energy, float(seed), left, period, -1)
        after = _follow(samples, energy, float(seed), left, period, 1)
        found.append(np.array([*reversed(before), float(seed), *after]))
    return found


def _follow(
    samples: NDArray[np.float32],
    energy: Doubles,
    seed: float,
    left: int,
    period: Doubles,
    way: int,
) -> list[float]:
    """Step from pulse to pulse, to the right (``way`` 1) or left (-1) until the stretch ends."""
    right = left + len(period)
    found: list[float] = []
    position = seed
    while left <= position < right:
        expected = float(period[int(position) - left])
        size = int(expected)
        low, high = int(_SEARCH[0] * expected), int(_SEARCH[1] * expected) + 1
        begin = round(position) - size // 2
        first = begin + low if way > 0 else begin - high
        last = first + (high - low) + size
        if min(begin, first) < 0 or max(begin + size, last) > len(samples):
            break
        own = samples[begin : begin + size]
        product = np.correlate(samples[first:last], own)
        sizes = energy[first + size : last + 1] - energy[first : last + 1 - size]
        resemblance = product / np.sqrt(sizes * (energy[begin + size] - energy[begin]) + 1e-20)
        best = int(resemblance.argmax())
        if resemblance[best] < _RESEMBLANCE:
            break
        shift = 0.0
        if 0 < best < len(resemblance) - 1:
            before, top, after = resemblance[best - 1 : best + 2]
            curve = before - 2.0 * top + after
            shift = float(0.5 * (before - after) / curve) if curve < 0 else 0.0
        position += first + best + shift - begin
        if not left <= position < right:
            break
        found.append(position)
    return found
