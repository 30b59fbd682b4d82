"""Levels: root mean square, peak, and mixing at a signal-to-noise ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def rms(samples: Samples) -> float:
    """Return the root mean square of the samples; 0 for an empty signal.

    Examples:
        >>> round(rms(np.array([3.0, -3.0], dtype=np.float32)), 6)
        3.0
    """
    if samples.size == 0:
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def peak(samples: Samples) -> float:
    """Return the largest absolute sample; 0 for an empty signal."""
    return float(np.max(np.abs(samples))) if samples.size else 0.0


def snr(clean: Samples, changed: Samples) -> float:
    """Return the ratio in dB of the power of ``clean`` to that of ``changed - clean``.

    Examples:
        >>> signal = np.ones(4, dtype=np.float32)
        >>> round(snr(signal, signal * np.float32(1.1)))
        20
    """
    noise = changed.astype(np.float64) - clean.astype(np.float64)
    power = float(np.mean(np.square(noise)))
    if power == 0.0:
        return float("inf")
    return 10.0 * float(np.log10(np.mean(np.square(clean, dtype=np.float64)) / power))


def mix(samples: Samples, noise: Samples, ratio: float) -> Samples:
    """Add ``noise``, scaled so that it lies ``ratio`` dB below ``samples``.

    Both powers are means over the whole signal. A silent signal or noise is left alone.

    Args:
        samples: the signal, shape ``(n,)``.
        noise: the noise, shape ``(n,)``, at any level.
        ratio: signal-to-noise ratio in dB.
    """
    level, noise_level = rms(samples), rms(noise)
    if level == 0.0 or noise_level == 0.0:
        return samples.copy()
    gain = level / noise_level * 10.0 ** (-ratio / 20.0)
    return (samples + gain * noise).astype(np.float32)


def keep_level(changed: Samples, samples: Samples) -> Samples:
    """Scale ``changed`` to the level of ``samples``, less where its peak would pass full scale.

    A signal whose own peak is above 1 already may keep that peak.
    """
    level = rms(changed)
    if level == 0.0:
        return changed.astype(np.float32)
    gain = rms(samples) / level
    limit = max(1.0, peak(samples)) / peak(changed)
    return (min(gain, limit) * changed).astype(np.float32)
