"""Changed copies of a clip on the way to its log-mel: other voices, rooms and levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intona.audio import resample
from intona.features.logmel import BANDS, RATE, log_mel

__all__ = ["Augmentation", "augmented_mel"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """How far a clip is changed.

    Attributes:
        speed: standard deviation of the relative change of speed, and with it of pitch.
        warp: standard deviation of the relative change of formants (vocal tract length).
        level: standard deviation of the change of level in dB.
        hide: longest stretch of time replaced by the mean, in frames of 10 ms.
        hide_bands: most mel bands replaced by the mean.
        longest: longest clip in seconds; of a longer one a random part is taken.
    """

    speed: float = 0.04
    warp: float = 0.04
    level: float = 4.0
    hide: int = 25
    hide_bands: int = 10
    longest: float = 4.0


def augmented_mel(samples: Floats, options: Augmentation, rng: np.random.Generator) -> Floats:
    """Return the log-mel of a randomly changed copy, shape ``(80, frames)``.

    Args:
        samples: at 16 kHz, shape ``(n,)``.
        options: how far.
        rng: source of chance.

    Examples:
        >>> noise = np.random.default_rng(0).standard_normal(16000).astype(np.float32)
        >>> augmented_mel(noise, Augmentation(speed=0.0), np.random.default_rng(0)).shape
        (80, 100)
    """
    speed = float(np.clip(1.0 + options.speed * rng.standard_normal(), 0.8, 1.25))
    changed = resample(samples, RATE, round(RATE / speed)) if options.speed else samples
    most = int(options.longest * RATE)
    if len(changed) > most:
        first = int(rng.integers(len(changed) - most))
        changed = changed[first : first + most]
    gain = 10.0 ** (options.level * rng.standard_normal() / 20.0)
    # Two decimals: few enough different filter banks to keep them all.
    warp = round(float(np.clip(1.0 + options.warp * rng.standard_normal(), 0.8, 1.2)), 2)
    mel = log_mel(np.asarray(changed * gain, dtype=np.float32), warp=warp)
    frames, middle = mel.shape[1], mel.mean()
    wide = int(rng.integers(max(1, min(options.hide, frames // 6)) + 1))
    first = int(rng.integers(frames - wide + 1))
    mel[:, first : first + wide] = middle
    high = int(rng.integers(options.hide_bands + 1))
    low = int(rng.integers(BANDS - high + 1))
    mel[low : low + high] = middle
    return mel
