"""Sounds over the speech, made from nothing: music, coughs and sneezes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from intona.audio.transforms.filters import butterworth
from intona.audio.transforms.levels import mix, rms
from intona.audio.transforms.noise import coloured

Samples = NDArray[np.float32]

_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9), (4, 7, 11))


def music(samples: Samples, rate: int, rng: np.random.Generator, *, snr: float) -> Samples:
    """Add synthetic music (chords, bass, melody, drums) at ``snr`` dB."""
    return mix(samples, music_sound(samples.size, rate, rng), snr)


def cough(samples: Samples, rate: int, rng: np.random.Generator, *, snr: float) -> Samples:
    """Add one cough at a random place, its mean power ``snr`` dB below that of the speech."""
    return _place(samples, cough_sound(rate, rng), rng, snr)


def sneeze(samples: Samples, rate: int, rng: np.random.Generator, *, snr: float) -> Samples:
    """Add one sneeze at a random place, its mean power ``snr`` dB below that of the speech."""
    return _place(samples, sneeze_sound(rate, rng), rng, snr)


def music_sound(count: int, rate: int, rng: np.random.Generator) -> Samples:
    """Return ``count`` samples of music, at no particular level.

    A random key and tempo (80 to 140 beats a minute); on each bar a triad of one of six
    degrees, a bass note, a melody note on each beat, and drums (kick, snare, hi-hat).
    """
    beat = 60.0 / rng.uniform(80, 140)
    tonic = rng.uniform(110, 220)
    drums = bool(rng.integers(2))
    out = np.zeros(count, dtype=np.float64)
    chord = _CHORDS[0]
    for number in range(int(np.ceil(count / rate / beat)) + 1):
        start = number * beat
        if number % 4 == 0:
            chord = _CHORDS[int(rng.integers(len(_CHORDS)))]
            for step in chord:
                _add(out, rate, start, _note(tonic * 2 ** (step / 12), 4 * beat, rate, 0.5))
        _add(out, rate, start, _note(tonic / 2 * 2 ** (chord[0] / 12), beat, rate, 0.7))
        step = chord[int(rng.integers(3))] + 12
        _add(out, rate, start, _note(tonic * 2 ** (step / 12), beat, rate, 0.4))
        if drums:
            _add(out, rate, start, _drum(rate, rng, 0.12, 60.0 if number % 2 == 0 else None))
            _add(out, rate, start + beat / 2, 0.3 * _drum(rate, rng, 0.03, None))
    return out.astype(np.float32)


def cough_sound(rate: int, rng: np.random.Generator) -> Samples:
    """Return one cough of 0.3 to 0.5 s: a burst, a noisy middle, a voiced end."""
    count = round(rng.uniform(0.3, 0.5) * rate)
    time = np.arange(count) / rate
    top = min(4000.0, 0.45 * rate)
    air = butterworth(coloured(count, rng, 0.5), rate, "bandpass", (300.0, top), 2)
    burst = np.exp(-time / 0.03) + 0.5 * np.exp(-(((time - 0.15) / 0.08) ** 2))
    pitch = np.cumsum(rng.uniform(150, 300) * (1 - 0.5 * time / time[-1])) / rate
    voice = np.sign(np.sin(2 * np.pi * pitch)) * np.exp(-(((time - 0.8 * time[-1]) / 0.06) ** 2))
    voice = butterworth(voice.astype(np.float32), rate, "bandpass", (300.0, min(2500.0, top)), 2)
    rise = np.minimum(time / 0.005, 1.0)
    return (rise * burst * air + 0.3 * voice).astype(np.float32)


def sneeze_sound(rate: int, rng: np.random.Generator) -> Samples:
    """Return one sneeze of 0.5 to 0.8 s: an intake of breath, then a sharp hiss."""
    intake = round(rng.uniform(0.25, 0.4) * rate)
    blast = round(rng.uniform(0.25, 0.4) * rate)
    breath = 0.15 * np.linspace(0, 1, intake) ** 2
    hiss = np.exp(-np.arange(blast) / rate / 0.08)
    high = min(1500.0, 0.3 * rate)
    air = butterworth(coloured(intake + blast, rng, 0.3), rate, "highpass", high / 2, 2)
    sharp = butterworth(air, rate, "highpass", high, 1)
    return np.concatenate([breath * air[:intake], hiss * sharp[intake:]]).astype(np.float32)


def _place(samples: Samples, sound: Samples, rng: np.random.Generator, snr: float) -> Samples:
    sound = sound[: samples.size]
    level, own = rms(samples), rms(sound)
    if level == 0.0 or own == 0.0:
        return samples.copy()
    start = int(rng.integers(samples.size - sound.size + 1))
    out = samples.copy()
    out[start : start + sound.size] += level / own * 10.0 ** (-snr / 20.0) * sound
    return out


def _add(out: NDArray[np.float64], rate: int, start: float, sound: NDArray[np.float64]) -> None:
    first = round(start * rate)
    stop = min(first + sound.size, out.size)
    if first < stop:
        out[first:stop] += sound[: stop - first]


def _note(frequency: float, seconds: float, rate: int, decay: float) -> NDArray[np.float64]:
    """Six harmonics below half the rate, falling by 1/k, with an exponential decay."""
    time = np.arange(round(seconds * rate)) / rate
    tone = np.zeros(time.size)
    for k in range(1, 7):
        if k * frequency < 0.45 * rate:
            tone += np.sin(2 * np.pi * k * frequency * time) / k
    return tone * np.minimum(time / 0.01, 1.0) * np.exp(-time / decay)


def _drum(
    rate: int, rng: np.random.Generator, seconds: float, pitch: float | None
) -> NDArray[np.float64]:
    """A kick at ``pitch`` Hz, or noise for snare and hi-hat when it is ``None``."""
    time = np.arange(round(3 * seconds * rate)) / rate
    body = rng.standard_normal(time.size) if pitch is None else np.sin(2 * np.pi * pitch * time)
    return 1.5 * body * np.exp(-time / seconds)
