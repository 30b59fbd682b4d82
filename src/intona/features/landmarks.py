"""Landmarks: fingerprints of short stretches, which survive codecs, gain, cutting and splicing.

A landmark is 1.28 s of a recording around a peak of its smoothed loudness, so that it is found
again in whatever else surrounds it. The loudness of 16 mel bands between 250 and 3400 Hz, in a
range of 30 dB below the stretch's loudest, is taken to its modulation spectrum by cosine
transforms along time (5 to 15 Hz) and frequency; the signs of the 208 coefficients are what is
kept of it (:mod:`intona.models.heard`), after Haitsma and Kalker, "A highly robust audio
fingerprinting system", ISMIR 2002. Slower modulations are left out: they are those of the
sentence, which other speakers share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import resample
from intona.features import mel

DIGEST = 3  # numbers of 16 bits
COEFFICIENTS = 26 * 8

RATE = 8000  # Hz: what the worst telephone leaves
WINDOW = 512  # samples
HOP = 80  # samples: 10 ms
BANDS = 16
SPAN = 128  # frames of a landmark
LEAST = 75  # frames of it that the recording must fill; shorter ones are known by digest alone
MODULATIONS = range(13, 39)  # half turns in a span
RIPPLES = range(8)  # half turns over the bands
RANGE = 3.0  # decades of power
FLAT = 0.1  # root mean square, in decades, of what has nothing to be known by
SMOOTH = 40  # frames
SHIFTS = (-2, -1, 0, 1, 2)  # frames around a peak, which a codec may move
FAINT, LOUD = 0.1, 0.6  # of the loudest peak: those looked at, those kept
EVERY = 500  # frames of a recording for which one landmark is kept

Doubles = NDArray[np.float64]


class Landmarks:
    """Landmarks as a front end, so that they are cached and computed like any other.

    A call returns rows, not one vector: ``(landmarks, 4 + 208)``. Columns: the digest of the
    decoded sound, in three numbers of 16 bits, the same in every row; whether the landmark is one
    that a model file keeps; the coefficients, of length 1, or zeros where there is nothing to know
    the sound by.
    """

    name = "landmarks"
    version = 1
    rate: int | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """There are none."""
        return {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """``digest_0`` to ``digest_2``, ``kept``, then coefficients."""
        return (
            *(f"digest_{k}" for k in range(DIGEST)),
            "kept",
            *(f"coefficient_{k}" for k in range(COEFFICIENTS)),
        )

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the landmarks, shape ``(landmarks, 212)``; at least one.

        Args:
            samples: mono, shape ``(n,)``.
            rate: sample rate in Hz.
        """
        power = self._power(resample(np.asarray(samples, dtype=np.float32), rate, RATE))
        loudness = _smoothed(power)
        kept = _kept(loudness)
        peaks = np.union1d(_peaks(loudness, FAINT), kept)
        frames = np.add.outer(peaks, SHIFTS).ravel()
        is_kept = np.isin(frames, kept) & np.tile(np.equal(SHIFTS, 0), len(peaks))
        values, fine = self._coefficients(power, frames)
        rows = np.column_stack([is_kept, values])[fine]
        if not rows[:, 0].any():  # or nothing of it would be kept, not even its digest
            rows = np.concatenate([rows, [[1.0, *[0.0] * COEFFICIENTS]]])
        marks = np.tile(digest(samples, rate), (len(rows), 1))
        return np.concatenate([marks, rows], axis=1).astype(np.float32)

    def _power(self, signal: NDArray[np.float32]) -> Doubles:
        """Return the power of each band over time, ``(frames, 16)``."""
        padded = np.pad(signal, (WINDOW // 2, WINDOW // 2 + HOP))
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
        found: Doubles = np.abs(np.fft.rfft(frames * self._window, axis=1)) ** 2 @ self._filters
        return found

    def _coefficients(
        self, power: Doubles, centres: NDArray[np.intp]
    ) -> tuple[Doubles, NDArray[np.bool_]]:
        """Return what is around each frame, of length 1, and where there is something."""
        half = SPAN // 2
        around = np.add.outer(centres + half, np.arange(-half, half))
        inside = (around >= half) & (around < half + len(power))
        patches = np.pad(power, ((half, 2 * half), (0, 0)))[np.clip(around, 0, None)]
        top = patches.max(axis=(1, 2), keepdims=True)
        patches = np.log10(np.clip(patches / np.maximum(top, 1e-30), 10.0**-RANGE, 1.0)) + RANGE
        weights = inside[..., np.newaxis] * self._taper
        mean = (patches * weights).sum(axis=1, keepdims=True)
        patches -= mean / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        patches *= weights
        flat = np.sqrt(np.mean(patches**2, axis=(1, 2))) < FLAT
        values = (self._along_time @ patches @ self._along_bands).reshape(len(centres), -1)
        values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
        return values, ~flat & (inside.sum(axis=1) >= LEAST) & (top[:, 0, 0] > 0.0)

    @cached_property
    def _window(self) -> Doubles:
        return np.hanning(WINDOW).astype(np.float64)

    @cached_property
    def _filters(self) -> Doubles:
        """Triangles, evenly spaced on the mel scale, shape ``(bins, bands)``."""
        edges = mel.evenly(250.0, 3400.0, BANDS + 2)
        return mel.triangles(edges, np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)).T

    @cached_property
    def _taper(self) -> Doubles:
        """From 0 to 1 and back over a quarter on either side, shape ``(128, 1)``."""
        frames = np.arange(SPAN)
        edge = np.minimum(frames + 1, SPAN - frames) / (SPAN / 4)
        return np.minimum(1.0, edge)[:, np.newaxis]

    @cached_property
    def _along_time(self) -> Doubles:
        """Cosines, weighted so that all coefficients of speech are alike, ``(26, 128)``."""
        return np.stack([number**1.3 * _cosine(number, SPAN) for number in MODULATIONS])

    @cached_property
    def _along_bands(self) -> Doubles:
        return np.stack([(number + 0.4) ** 0.6 * _cosine(number, BANDS) for number in RIPPLES]).T


def digest(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return the digest of decoded sound: SHA-256 of its samples in 16 bits, the first 48 bits.

    The same in every container that loses nothing.

    Args:
        samples: mono in [-1, 1], shape ``(n,)``.
        rate: sample rate in Hz.

    Returns:
        Shape ``(3,)``, whole numbers below 65536.
    """
    whole = np.clip(np.round(np.asarray(samples, dtype=np.float64) * 32768.0), -32768, 32767)
    content = f"{rate}|".encode() + whole.astype("<i2").tobytes()
    head = hashlib.sha256(content).digest()[: 2 * DIGEST]
    return np.frombuffer(head, dtype="<u2").astype(np.float32)


def _cosine(turns: int, size: int) -> Doubles:
    return np.cos(np.pi * turns * (np.arange(size) + 0.5) / size)


def _smoothed(power: Doubles) -> Doubles:
    """Return the loudness over time, smoothed over 0.4 s, ``(frames,)``."""
    kernel = np.hanning(SMOOTH + 2)[1:-1]
    loudness = np.pad((power**0.25).sum(axis=1), (SMOOTH, SMOOTH))
    return np.convolve(loudness, kernel / kernel.sum(), "same")[SMOOTH:-SMOOTH]


def _peaks(loudness: Doubles, share: float) -> NDArray[np.intp]:
    """Return the frames of local maxima of at least a share of the highest; at least one."""
    inner = loudness[1:-1]
    found = np.flatnonzero((inner >= loudness[:-2]) & (inner > loudness[2:])) + 1
    found = found[loudness[found] >= share * loudness.max()]
    return found if len(found) else np.array([loudness.argmax()])


def _kept(loudness: Doubles) -> list[int]:
    """Return one frame for every five seconds: a peak near the middle of the sound there."""
    count = max(1, round(len(loudness) / EVERY))
    found, begin = [], 0
    for part in np.array_split(loudness, count):
        peaks = _peaks(part, LOUD)
        middle = (part * np.arange(len(part))).sum() / max(part.sum(), 1e-12)
        found.append(begin + int(peaks[np.abs(peaks - middle).argmin()]))
        begin += len(part)
    return found
