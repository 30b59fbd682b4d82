"""Edits: gain, offset, clipping, cropping, padding, length, word length, channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def gain(samples: Samples, rate: int, rng: np.random.Generator, *, db: float) -> Samples:
    """Multiply by ``10 ** (db / 20)``; nothing is clipped."""
    return (samples * 10.0 ** (db / 20.0)).astype(np.float32)


def dc_offset(
    samples: Samples, rate: int, rng: np.random.Generator, *, offset: float = 0.05
) -> Samples:
    """Add a constant, in units of full scale, as a cheap sound card does."""
    return (samples + offset).astype(np.float32)


def clip(samples: Samples, rate: int, rng: np.random.Generator, *, share: float) -> Samples:
    """Clip the ``share`` (0 to 1) of the samples with the largest absolute value.

    The limit is the absolute value of the first sample that is not clipped; the level is
    not restored afterwards.
    """
    count = round(share * samples.size)
    if count == 0:
        return samples.copy()
    magnitude = np.abs(samples)
    limit = np.partition(magnitude, samples.size - count - 1)[samples.size - count - 1]
    return np.clip(samples, -limit, limit)


def append_zeros(samples: Samples, rate: int, rng: np.random.Generator, *, count: int) -> Samples:
    """Append ``count`` samples of digital silence."""
    return np.concatenate([samples, np.zeros(count, dtype=np.float32)])


def prepend_zeros(samples: Samples, rate: int, rng: np.random.Generator, *, count: int) -> Samples:
    """Prepend ``count`` samples of digital silence."""
    return np.concatenate([np.zeros(count, dtype=np.float32), samples])


def crop_start(samples: Samples, rate: int, rng: np.random.Generator, *, count: int) -> Samples:
    """Remove the first ``count`` samples; at least one sample is kept."""
    return samples[min(count, samples.size - 1) :].copy()


def crop_end(samples: Samples, rate: int, rng: np.random.Generator, *, count: int) -> Samples:
    """Remove the last ``count`` samples; at least one sample is kept."""
    return samples[: max(samples.size - count, 1)].copy()


def pad(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    before: float = 0.0,
    after: float = 0.0,
) -> Samples:
    """Put ``before`` and ``after`` seconds of digital silence around the signal."""
    return np.pad(samples, (round(before * rate), round(after * rate)))


def fit_length(samples: Samples, rate: int, rng: np.random.Generator, *, seconds: float) -> Samples:
    """Return ``seconds``: the loudest stretch of a longer signal, or a shorter one repeated."""
    count = round(seconds * rate)
    if samples.size <= count:
        return np.resize(samples, count)
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    start = int(np.argmax(energy[count:] - energy[:-count]))
    return samples[start : start + count].copy()


def quantise(samples: Samples, rate: int, rng: np.random.Generator, *, bits: int = 16) -> Samples:
    """Round to integers of ``bits`` bits and back, clipping at full scale."""
    top = 2 ** (bits - 1)
    steps = np.clip(np.round(samples.astype(np.float64) * top), -top, top - 1)
    return (steps / top).astype(np.float32)


def stereo(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    delay: float = 0.0003,
    db: float = -6.0,
) -> Samples:
    """Record with two microphones and average the channels, as reading a stereo file does.

    The right channel hears the voice ``delay`` seconds later (rounded to a sample) and
    ``db`` louder or softer.
    """
    late = min(round(delay * rate), samples.size)
    right = np.concatenate([np.zeros(late, dtype=np.float32), samples[: samples.size - late]])
    return (0.5 * (samples + 10.0 ** (db / 20.0) * right)).astype(np.float32)
