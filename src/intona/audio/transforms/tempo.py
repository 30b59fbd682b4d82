"""Tempo and pitch: playing faster, stretching, transposing, and another sample rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from intona.audio import core as audio

Samples = NDArray[np.float32]


def speed(samples: Samples, rate: int, rng: np.random.Generator, *, factor: float) -> Samples:
    """Play ``factor`` times as fast: shorter by that factor, and higher by it."""
    return audio.resample(samples, round(rate * factor), rate)


def via_rate(samples: Samples, rate: int, rng: np.random.Generator, *, target: int) -> Samples:
    """Resample to ``target`` Hz and back: what lies above half of it is gone."""
    there = audio.resample(samples, rate, target)
    back = audio.resample(there, target, rate)[: samples.size]
    return np.pad(back, (0, samples.size - back.size))


def pitch(samples: Samples, rate: int, rng: np.random.Generator, *, semitones: float) -> Samples:
    """Transpose voice and formants by ``semitones`` at the same tempo and length.

    The signal is stretched by the frequency ratio and then played faster by it.
    """
    ratio = 2.0 ** (semitones / 12)
    longer = stretch(samples, rate, rng, factor=1 / ratio)
    shifted = audio.resample(longer, round(rate * ratio), rate)[: samples.size]
    return np.pad(shifted, (0, samples.size - shifted.size))


def stretch(samples: Samples, rate: int, rng: np.random.Generator, *, factor: float) -> Samples:
    """Speak ``factor`` times as fast at the same pitch.

    Waveform-similarity overlap-add (WSOLA; Verhelst and Roelands, 1993): frames of 30 ms
    overlap by half; each is taken from within 10 ms of its nominal place, where it
    correlates best with the natural continuation of the one before.

    Returns:
        Shape ``(round(n / factor),)``.
    """
    frame = 2 * round(0.015 * rate)
    hop, reach = frame // 2, round(0.010 * rate)
    count = round(samples.size / factor)
    padded = np.pad(samples, (reach, frame + 2 * reach + hop))
    window = np.hanning(frame + 1)[:frame].astype(np.float32)
    out = np.zeros(count + 2 * frame, dtype=np.float32)
    place = reach
    for start in range(0, count + hop, hop):
        nominal = min(round(start * factor), samples.size)
        if start:
            wanted = padded[place + hop : place + hop + frame]
            region = padded[nominal : nominal + frame + 2 * reach]
            if wanted.size == frame and region.size == frame + 2 * reach:
                place = nominal + int(np.argmax(np.correlate(region, wanted, mode="valid")))
            else:
                place = nominal
        piece = padded[place : place + frame]
        out[start : start + piece.size] += window[: piece.size] * piece
    return out[hop : hop + count] if count > hop else out[:count]
