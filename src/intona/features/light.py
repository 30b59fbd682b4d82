"""A handcrafted description of an utterance for small models without pretrained weights.

Four groups of features, all from one pass of our own analysis: the measures of the front end
``prosody``; functionals and the course over time of eight prosodic contours; the modulation
spectrum of sixteen mel bands; and the course of sixteen cepstral coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.features.mel import evenly, triangles
from intona.features.prosody import MEASURES, RATE, Analysis, analyse, summarise
from intona.features.transformer import Transformer

CONTOURS = (
    "f0_semitones",
    "intensity_db",
    "alpha_ratio_db",
    "hammarberg_db",
    "slope_0_500",
    "slope_500_1500",
    "log_centroid",
    "flux",
)
FUNCTIONALS = (
    "mean",
    "std",
    "skewness",
    "root_kurtosis",
    "p5",
    "p25",
    "p50",
    "p75",
    "p95",
    "range",
    "slope",
    "curvature",
)
PARTS = 8  # of the utterance, for the course of the contours
MELS = 64
MODULATION_BANDS = 16
MODULATION_FRAMES = 256  # at most, 2.56 s
MODULATION_EDGES = (1, 2, 4, 6, 9, 13, 19, 28, 41, 60, 90)  # bins of 100 / 256 Hz
CEPSTRA = 16
CEPSTRUM_PARTS = 16
MARGIN = 8  # frames kept before and after the sound

_LOWEST_HZ = 50.0
_FLOOR = 1e-8

Doubles = NDArray[np.float64]


class Light(Transformer):
    """Prosody, contours, modulation and cepstra: one vector of 835 features.

    The utterance is cut to where there is sound and then divided into equal parts, so that
    the course over time does not depend on the tempo. Made for single utterances of some
    seconds. What cannot be measured is 0.

    Examples:
        >>> front_end = Light()
        >>> len(front_end.names)
        835
        >>> bool(np.isfinite(front_end(np.zeros(8000, np.float32), 16_000)).all())
        True
    """

    name = "light"
    version = 1
    rate: int | None = RATE

    @property
    def parameters(self) -> Mapping[str, Any]:
        """None: there is nothing to choose."""
        return {}

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the four groups."""
        return _names()

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the features, shape ``(len(names),)``.

        Args:
            samples: mono samples in [-1, 1], shape ``(n,)``.
            rate: sample rate in Hz; resampled to 16 kHz where it differs.

        Raises:
            AudioError: when the samples are empty, not one channel, or not finite.
        """
        found = analyse(samples, rate)
        measures = summarise(found)
        sounding = np.flatnonzero(found.active)
        if sounding.size == 0:
            return np.zeros(len(self.names), dtype=np.float32)
        inside = slice(int(sounding[0]), int(sounding[-1]) + 1)
        wide = slice(max(inside.start - MARGIN, 0), inside.stop + MARGIN)
        mel = _log_mel(found, wide)
        values = np.concatenate(
            [
                np.array([measures[name] for name in MEASURES]),
                _contours(found, inside),
                _modulation(mel),
                _course(_cepstra(mel), CEPSTRUM_PARTS).ravel(),
            ]
        )
        return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)


@lru_cache(maxsize=1)
def _names() -> tuple[str, ...]:
    contours = [f"voiced_{c}_{f}" for f in FUNCTIONALS for c in CONTOURS]
    steps = [f"voiced_{c}_delta_{f}" for f in FUNCTIONALS for c in CONTOURS]
    course = [f"{c}_part{i}" for i in range(PARTS) for c in (*CONTOURS, "voiced", "strength")]
    relative = [f"{c}_relative_part{i}" for i in range(PARTS) for c in CONTOURS]
    rows, columns = np.triu_indices(len(CONTOURS), 1)
    pairs = [f"correlation_{CONTOURS[i]}_{CONTOURS[j]}" for i, j in zip(rows, columns, strict=True)]
    modulation = [
        f"modulation{i}_band{b}"
        for i in range(len(MODULATION_EDGES) - 1)
        for b in range(MODULATION_BANDS)
    ]
    cepstra = [f"cepstrum{c}_part{i}" for i in range(CEPSTRUM_PARTS) for c in range(CEPSTRA)]
    groups = (MEASURES, contours, steps, course, relative, pairs, modulation, cepstra)
    return tuple(name for group in groups for name in group)


def _contours(found: Analysis, inside: slice) -> Doubles:
    """Return functionals, course and correlations of the prosodic contours."""
    frames, voiced = found.frames, found.voiced[inside]
    if voiced.sum() < 3:
        voiced = found.active[inside]
    hz = found.track.hz[inside]
    known = np.flatnonzero(found.voiced[inside])
    semitones = np.zeros(len(hz))
    if known.size:
        semitones = np.interp(np.arange(len(hz)), known, 12.0 * np.log2(hz[known] / 100.0))
    columns = (
        semitones,
        frames.intensity[inside],
        frames.alpha_ratio[inside],
        frames.hammarberg[inside],
        frames.slope_low[inside],
        frames.slope_mid[inside],
        np.log(frames.centroid[inside]),
        frames.flux[inside],
    )
    table = np.stack(columns, axis=1)
    spoken = table[voiced]
    extra = np.stack([hz > 0, found.track.strength[inside]], axis=1)
    centred = spoken - spoken.mean(axis=0)
    scale = np.sqrt(np.square(centred).mean(axis=0)) + 1e-9
    correlation = (centred / scale).T @ (centred / scale) / len(centred)
    return np.concatenate(
        [
            _functionals(spoken).ravel(),
            _functionals(_delta(table)[voiced]).ravel(),
            _course(np.concatenate([table, extra], axis=1), PARTS).ravel(),
            _course(table - spoken.mean(axis=0), PARTS).ravel(),
            correlation[np.triu_indices(len(CONTOURS), 1)],
        ]
    )


def _functionals(table: Doubles) -> Doubles:
    """Return :data:`FUNCTIONALS` of each column, shape ``(12, columns)``."""
    mean, std = table.mean(axis=0), table.std(axis=0) + 1e-6
    normal = (table - mean) / std
    percentiles = np.percentile(table, [5, 25, 50, 75, 95], axis=0)
    time = np.linspace(-1.0, 1.0, len(table))[:, None]
    power = max(float(np.square(time).mean()), 1e-9)
    rows = [
        mean,
        std,
        (normal**3).mean(axis=0),
        np.sqrt((normal**4).mean(axis=0)),
        *percentiles,
        percentiles[4] - percentiles[0],
        (table * time).mean(axis=0) / power,
        (normal * (np.square(time) - power)).mean(axis=0),
    ]
    return np.stack(rows)


def _delta(table: Doubles) -> Doubles:
    """Return the regression slope of each column over five frames, per frame."""
    padded = np.pad(table, ((2, 2), (0, 0)), mode="edge")
    return (2.0 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10.0


def _course(table: Doubles, parts: int) -> Doubles:
    """Return the mean of each column in equal parts of the time, ``(parts, columns)``."""
    places = np.linspace(0.0, len(table) - 1e-3, 8 * parts).astype(np.intp)
    return table[places].reshape(parts, 8, -1).mean(axis=1)


@lru_cache(maxsize=1)
def _mel_filters() -> NDArray[np.float32]:
    """Return triangular filters from 50 Hz to 8 kHz, equally wide in mel, ``(257, 64)``."""
    edges = evenly(_LOWEST_HZ, RATE / 2.0, MELS + 2)
    return triangles(edges, np.linspace(0.0, RATE / 2.0, 257)).T.astype(np.float32)


def _log_mel(found: Analysis, inside: slice) -> Doubles:
    power = np.exp(found.frames.levels[inside] * np.float32(np.log(10.0) / 10.0))
    return np.log(power @ _mel_filters() + np.float32(_FLOOR)).astype(np.float64)


def _cepstra(mel: Doubles) -> Doubles:
    return mel @ _cosines()


@lru_cache(maxsize=1)
def _cosines() -> Doubles:
    """Return the first columns of the orthonormal DCT-II, ``(MELS, CEPSTRA)``."""
    angles = np.pi / MELS * np.outer(np.arange(MELS) + 0.5, np.arange(CEPSTRA))
    scale = np.where(np.arange(CEPSTRA) == 0, 1.0, np.sqrt(2.0)) / np.sqrt(MELS)
    return np.cos(angles) * scale


def _modulation(mel: Doubles) -> Doubles:
    """Return the log power of each band's fluctuation, by its frequency in octave-like steps."""
    bands = mel.reshape(len(mel), MODULATION_BANDS, -1).mean(axis=2)
    bands = (bands - bands.mean(axis=0))[:MODULATION_FRAMES]
    power = np.square(np.abs(np.fft.rfft(bands, MODULATION_FRAMES, axis=0))) / len(bands)
    pairs = pairwise(MODULATION_EDGES)
    return np.log(np.stack([power[a:b].mean(axis=0) for a, b in pairs]) + 1e-3).ravel()
