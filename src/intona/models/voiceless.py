"""Sounds without a voice, from which a model learns to have no opinion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from intona.audio.transforms.noise import ENVIRONMENTS, coloured, environment_noise
from intona.audio.transforms.sounds import music_sound
from intona.features.logmel import RATE

KINDS = ("coloured", "tones", "music", "environment", "sweep", "melody")


def sounds_without_voice(count: int, seed: int = 0) -> Iterator[NDArray[np.float32]]:
    """Yield synthetic noises, tones, music and environments of 1 to 4 s at 16 kHz.

    Examples:
        >>> [len(sound) >= 16000 for sound in sounds_without_voice(2)]
        [True, True]
    """
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        size = int(rng.uniform(1.0, 4.0) * RATE)
        yield _sound(KINDS[number % len(KINDS)], size, rng)


def _sound(kind: str, size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    time = np.arange(size) / RATE
    sound: NDArray[np.floating]
    if kind == "coloured":
        sound = coloured(size, rng, float(rng.uniform(-0.5, 2.5))).astype(np.float64)
        if rng.random() < 0.4:  # coming and going, as traffic and waves do
            rate = rng.uniform(0.3, 8.0)
            sound = sound * (1.0 + np.sin(2 * np.pi * (rate * time + rng.random())))
    elif kind == "tones":
        pitches = 40.0 * 2.0 ** rng.uniform(0.0, 6.5, int(rng.integers(1, 5)))
        phases = 2 * np.pi * (pitches[:, None] * time + rng.random((len(pitches), 1)))
        sound = np.sin(phases).sum(axis=0)
    elif kind == "music":
        sound = music_sound(size, RATE, rng)
    elif kind == "environment":
        sound = environment_noise(size, RATE, rng, str(rng.choice(sorted(ENVIRONMENTS))))
    elif kind == "sweep":
        low, high = np.sort(50.0 * 2.0 ** rng.uniform(0.0, 7.0, 2))
        sound = np.sin(2 * np.pi * (low * time + (high - low) * time**2 / (2 * time[-1])))
    else:
        step = int(rng.uniform(0.1, 0.5) * RATE)
        notes = 110.0 * 2.0 ** (rng.integers(0, 36, size // step + 1) / 12.0)
        phase = 2 * np.pi * np.cumsum(np.repeat(notes, step)[:size]) / RATE
        partials = np.arange(1, int(rng.integers(2, 8)))[:, None]
        sound = (np.sin(partials * phase) / partials).sum(axis=0)
    peak = float(np.abs(sound).max())
    return np.asarray(0.5 * sound / max(peak, 1e-9), dtype=np.float32)
