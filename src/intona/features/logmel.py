"""Whisper's log-mel spectrogram in numpy, without padding to 30 s.

Definition (Radford et al. 2022, arXiv:2212.04356, and OpenAI's reference code): 16 kHz, periodic
Hann window of 400 samples every 160, reflected at the ends, power spectrum, 80 Slaney mel
filters, ``log10`` floored at 1e-10 and at 8 (80 dB) below the loudest value, then ``(x + 4) / 4``.
A smaller dynamic range hides how quiet the room was.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from intona.features.mel import slaney, unit_area

RATE = 16_000
WINDOW = 400
HOP = 160
BANDS = 80

# Silence at the ends: quieter than this share of the peak; this much of it is kept.
QUIET = 0.02
KEEP = 0.1  # seconds

# Root mean square that signals are brought to.
LEVEL = 0.05

# Decibels below the loudest band and frame at which Whisper cuts its spectrogram off.
DYNAMIC_RANGE = 80.0

Floats = NDArray[np.float32]


@lru_cache(maxsize=2)
def filterbank(bands: int = BANDS) -> Floats:
    """Return the triangular mel filters over 201 bins, 0 to 8 kHz, area-normalised.

    Args:
        bands: 80; 128 of Whisper-large-v3 and its kin.

    Returns:
        Shape ``(bands, 201)``.

    Examples:
        >>> filterbank().shape
        (80, 201)
    """
    hz = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)
    return unit_area(slaney(RATE / 2, bands + 2), hz).astype(np.float32)


def log_mel(samples: Floats, dynamic_range: float = DYNAMIC_RANGE, bands: int = BANDS) -> Floats:
    """Return Whisper's log-mel spectrogram of a signal at 16 kHz.

    Args:
        samples: mono float32 in [-1, 1], shape ``(n,)``, at least 201 samples.
        dynamic_range: what is quieter than the loudest value by more dB is raised to there.
        bands: mel bands.

    Returns:
        Shape ``(bands, n // 160)``.

    Examples:
        >>> log_mel(np.sin(np.arange(16000, dtype=np.float32))).shape
        (80, 100)
    """
    padded = np.pad(np.asarray(samples, dtype=np.float32), WINDOW // 2, mode="reflect")
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(samples) // HOP]
    spectrum = np.fft.rfft(frames * window, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    energy = np.log10(np.maximum(filterbank(bands) @ power.T, 1e-10))
    floor = energy.max() - dynamic_range / 10.0
    return ((np.maximum(energy, floor) + 4.0) / 4.0).astype(np.float32)


def trim(samples: Floats) -> Floats:
    """Return the signal without the silence at its ends.

    Silence at the ends is what stays below 2 % of the peak; 0.1 s of it is kept.

    Args:
        samples: at 16 kHz, shape ``(n,)``.

    Examples:
        >>> trim(np.r_[np.zeros(8000), np.ones(1600), np.zeros(8000)].astype(np.float32)).size
        4800
    """
    size = np.abs(samples)
    loud = np.flatnonzero(size > QUIET * size.max())
    if not loud.size:
        return samples
    keep = int(KEEP * RATE)
    return samples[max(0, int(loud[0]) - keep) : int(loud[-1]) + 1 + keep]


def level(samples: Floats) -> Floats:
    """Return the signal scaled to a root mean square of 0.05; silence is left alone.

    Examples:
        >>> float(level(np.ones(8, dtype=np.float32))[0])
        0.05000000074505806
    """
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    factor = LEVEL / np.sqrt(power) if power > 0.0 else 1.0
    return (samples * np.float32(factor)).astype(np.float32)
