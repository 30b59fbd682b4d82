"""Filters: Butterworth high and low pass, and spectral tilt."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from intona.audio.transforms.levels import keep_level

Samples = NDArray[np.float32]


def butterworth(
    samples: Samples,
    rate: int,
    kind: Literal["lowpass", "highpass", "bandpass"],
    cutoff: float | tuple[float, float],
    order: int,
) -> Samples:
    """Filter causally with a Butterworth filter.

    Args:
        samples: shape ``(n,)``.
        rate: sample rate in Hz.
        kind: ``"lowpass"``, ``"highpass"`` or ``"bandpass"``.
        cutoff: frequency (or two) in Hz, where the gain is -3 dB; below half the rate.
        order: order of the filter.
    """
    from scipy.signal import butter, sosfilt

    sections = butter(order, cutoff, btype=kind, fs=rate, output="sos")
    return sosfilt(sections, samples.astype(np.float64)).astype(np.float32)


def high_pass(
    samples: Samples, rate: int, rng: np.random.Generator, *, cutoff: float, order: int = 1
) -> Samples:
    """Butterworth high-pass; silence if everything lies below ``cutoff`` Hz."""
    if cutoff >= rate / 2:
        return np.zeros_like(samples)
    return butterworth(samples, rate, "highpass", cutoff, order)


def low_pass(
    samples: Samples, rate: int, rng: np.random.Generator, *, cutoff: float, order: int = 1
) -> Samples:
    """Butterworth low-pass; unchanged if everything lies below ``cutoff`` Hz."""
    if cutoff >= rate / 2:
        return samples.copy()
    return butterworth(samples, rate, "lowpass", cutoff, order)


def spectral_tilt(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    db: float,
    start: float = 0.0,
    end: float = 8000.0,
) -> Samples:
    """Tilt the spectrum linearly in dB over frequency, keeping the level if nothing clips.

    The gain runs from ``-db / 2`` at ``start`` to ``+db / 2`` at ``end`` and is constant
    outside; the filter has zero phase.

    Args:
        samples: shape ``(n,)``.
        rate: sample rate in Hz.
        rng: not used.
        db: gain at ``end`` minus gain at ``start``, in dB; negative dulls.
        start: frequency in Hz where the slope begins.
        end: frequency in Hz where it stops.
    """
    from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

    size = next_fast_len(2 * samples.size, real=True)
    frequency = rfftfreq(size, 1 / rate)
    slope = np.interp(frequency, [start, end], [-db / 2, db / 2])
    spectrum = rfft(samples.astype(np.float64), size) * 10.0 ** (slope / 20.0)
    return keep_level(irfft(spectrum, size)[: samples.size], samples)
