"""Intensity and spectral balance over time, frame by frame.

The spectral measures are those of the Geneva minimalistic parameter set (Eyben et al. 2016,
doi:10.1109/TAFFC.2015.2457417), computed by our own code on the power spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from intona.features.pitch import STEP

WINDOW = 0.025  # seconds
FLOOR_DB = -100.0  # re full scale; anything softer is called this

_N_FFT = 512

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contours:
    """What is measured every 10 ms; each array has the shape ``(frames,)``.

    Attributes:
        times: centres of the frames in seconds.
        intensity: mean power in dB re full scale (a full-scale sine is at -3 dB).
        alpha_ratio: level of 50 to 1000 Hz minus level of 1 to 5 kHz, in dB.
        hammarberg: highest peak of 0 to 2 kHz minus highest of 2 to 5 kHz, in dB.
        slope_low: slope of the spectrum from 0 to 500 Hz, in dB per kHz.
        slope_mid: slope of the spectrum from 500 to 1500 Hz, in dB per kHz.
        centroid: centre of gravity of the amplitude spectrum in Hz.
        flux: change of the normalised spectrum from the frame before, in [0, 2].
        levels: power spectrum in dB, shape ``(frames, 257)``, ``spacing`` Hz from bin to bin.
        spacing: in Hz.
    """

    times: Doubles
    intensity: Doubles
    alpha_ratio: Doubles
    hammarberg: Doubles
    slope_low: Doubles
    slope_mid: Doubles
    centroid: Doubles
    flux: Doubles
    levels: NDArray[np.float32]
    spacing: float

    @property
    def active(self) -> NDArray[np.bool_]:
        """Where there is sound: within 25 dB of the loud frames (their 99th percentile)."""
        if self.intensity.size == 0:
            return np.zeros(0, dtype=bool)
        loud = float(np.percentile(self.intensity, 99))
        return (self.intensity > loud - 25.0) & (self.intensity > FLOOR_DB + 10.0)

    def level_at(self, frames: NDArray[np.intp], hz: Doubles) -> Doubles:
        """Return the highest level in dB within a fifth of ``hz`` around it (NaN stays NaN)."""
        known = np.isfinite(hz)
        centre = np.rint(np.where(known, hz, 0.0) / self.spacing).astype(np.intp)
        reach = max(int(0.2 * np.nanmedian(hz) / self.spacing), 1) if known.any() else 1
        offsets = np.arange(-reach, reach + 1)
        bins = np.clip(centre[:, None] + offsets, 0, self.levels.shape[1] - 1)
        return np.where(known, self.levels[frames[:, None], bins].max(axis=1), np.nan)


@lru_cache(maxsize=4)
def _slope_weights(rate: int, low: float, high: float) -> tuple[slice, NDArray[np.float32]]:
    """Return bins and weights whose product with dB levels is the regression slope."""
    hz = np.arange(_N_FFT // 2 + 1) * rate / _N_FFT
    inside = np.flatnonzero((hz >= low) & (hz <= high))
    x = hz[inside] / 1000.0
    x = x - x.mean()
    return slice(inside[0], inside[-1] + 1), (x / (x @ x)).astype(np.float32)


def contours(samples: NDArray[np.float32], rate: int, times: Doubles) -> Contours:
    """Measure intensity and spectral balance at given times.

    Args:
        samples: mono, shape ``(n,)``.
        rate: sample rate in Hz, at least 10 kHz for the spectral measures.
        times: centres of the frames in seconds, in steps of 10 ms.
    """
    size = int(WINDOW * rate)
    padded = np.zeros(len(samples) + 2 * size, dtype=np.float32)
    padded[size : size + len(samples)] = samples
    starts = np.rint(np.asarray(times) * rate).astype(np.intp) + size - size // 2
    starts = np.clip(starts, 0, len(padded) - size)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[starts]
    window = np.float32(0.5) - np.float32(0.5) * np.cos(
        np.float32(2 * np.pi / size) * (np.arange(size, dtype=np.float32) + np.float32(0.5))
    )
    frames = frames * window
    mean_power = np.einsum("ft,ft->f", frames, frames) / float(window @ window)
    intensity = 10.0 * np.log10(np.maximum(mean_power, 10 ** (FLOOR_DB / 10))).astype(np.float64)
    spectrum = np.fft.rfft(frames, _N_FFT, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    np.maximum(power, np.float32(1e-12), out=power)
    levels = np.float32(10.0) * np.log10(power)
    spacing = rate / _N_FFT

    def band(low: float, high: float) -> slice:
        return slice(int(np.ceil(low / spacing)), int(high / spacing) + 1)

    def decibels(values: NDArray[np.float32]) -> Doubles:
        return np.asarray(10.0 * np.log10(values.astype(np.float64)))

    alpha = decibels(power[:, band(50, 1000)].sum(axis=1))
    alpha -= decibels(power[:, band(1000, 5000)].sum(axis=1))
    hammarberg = levels[:, band(0, 2000)].max(axis=1) - levels[:, band(2000, 5000)].max(axis=1)
    slopes = []
    for low, high in ((0.0, 500.0), (500.0, 1500.0)):
        bins, weights = _slope_weights(rate, low, high)
        slopes.append((levels[:, bins] @ weights).astype(np.float64))
    amplitude = np.sqrt(power)
    total = amplitude.sum(axis=1)
    centroid = amplitude @ (np.arange(power.shape[1], dtype=np.float32) * np.float32(spacing))
    shape = amplitude / total[:, None]
    flux = np.zeros(len(times))
    if len(times) > 1:
        flux[1:] = np.abs(np.diff(shape, axis=0)).sum(axis=1)
    return Contours(
        times=np.asarray(times),
        intensity=intensity,
        alpha_ratio=alpha,
        hammarberg=hammarberg.astype(np.float64),
        slope_low=slopes[0],
        slope_mid=slopes[1],
        centroid=(centroid / total).astype(np.float64),
        flux=flux,
        levels=levels,
        spacing=spacing,
    )


def frame_times(count: int, rate: int) -> Doubles:
    """Return the centres of the frames of a signal of ``count`` samples, ``STEP`` apart.

    Examples:
        >>> frame_times(1600, 16_000)
        array([0.005, 0.015, 0.025, 0.035, 0.045, 0.055, 0.065, 0.075, 0.085, 0.095])
    """
    return STEP * (np.arange(max(int(count / rate / STEP), 1), dtype=np.float64) + 0.5)
