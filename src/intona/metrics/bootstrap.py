"""Confidence intervals by resampling speakers.

Utterances of one speaker are not independent, so whole speakers are drawn with replacement
(cluster bootstrap: Field & Welsh 2007; for speech corpora see Ferrer & Riera 2024,
"confidence intervals for evaluation in machine learning"). A statistic is a function of how
often each speaker is drawn; see :mod:`intona.metrics.clustered`, where most metrics are made
from sums per speaker, so that thousands of resamples cost one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From speaker weights ``(resamples, speakers)`` to values ``(resamples,)``."""

# Resampling raises them, whatever is true: fewer different utterances look worse calibrated.
BIASED = frozenset({"expected_calibration_error"})
GROUPS = 1000  # left out in turn for the acceleration, at most
HELD = 2_000_000  # weights of speakers held at once


@dataclass(frozen=True)
class Interval:
    """A value and where it lies.

    Attributes:
        value: on all speakers, each once.
        low: lower end of the percentile interval; NaN with fewer than two speakers.
        high: upper end of the percentile interval.
        bca_low: lower end of the bias-corrected and accelerated interval.
        bca_high: upper end of it.
        level: confidence level of both, in (0, 1).
    """

    value: float
    low: float
    high: float
    bca_low: float
    bca_high: float
    level: float = 0.95


def draws(clusters: int, resamples: int, seed: int) -> Floats:
    """Return how often each cluster is drawn in each resample, shape ``(resamples, clusters)``.

    Examples:
        >>> draws(3, 2, seed=0).sum(axis=1).tolist()
        [3.0, 3.0]
    """
    return _draw(clusters, resamples, np.random.default_rng(seed))


def _draw(clusters: int, resamples: int, generator: np.random.Generator) -> Floats:
    share = np.full(clusters, 1.0 / clusters)
    return generator.multinomial(clusters, share, size=resamples).astype(np.float64)


def interval(
    statistic: Statistic,
    clusters: int,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return a statistic's value with its percentile and BCa intervals.

    Args:
        statistic: see :data:`Statistic`.
        clusters: number of speakers.
        resamples: how many times speakers are drawn.
        level: confidence level, in (0, 1).
        seed: of the drawing.

    Examples:
        >>> sums = np.arange(10.0)
        >>> mean = interval(lambda weights: weights @ sums / weights.sum(axis=1), 10)
        >>> mean.value, mean.low < 4.5 < mean.high
        (4.5, True)
    """
    options = {"resamples": resamples, "level": level, "seed": seed}
    return intervals({"": statistic}, clusters, **options)[""]  # type: ignore[arg-type]


def intervals(
    statistics: Mapping[str, Statistic],
    clusters: int,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the interval of each statistic, all from the same draws; see :func:`interval`.

    Of metrics in :data:`BIASED` the resamples are moved by the bootstrap's estimate of the bias, so
    that their mean is the value (Efron & Tibshirani 1993, "An introduction to the bootstrap",
    chapter 10); below 0 they are 0.

    BCa: Efron (1987), "Better bootstrap confidence intervals", JASA 82; the acceleration
    comes from leaving each speaker out once, or, of more than :data:`GROUPS`, each of so many
    groups of speakers (the grouped jackknife; Efron & Tibshirani 1993, chapter 11).
    """
    once = np.ones((1, clusters))
    if clusters < 2:
        nothing = float("nan")
        return {
            name: Interval(float(statistic(once)[0]), nothing, nothing, nothing, nothing, level)
            for name, statistic in statistics.items()
        }
    samples = _of_parts(statistics, _drawn(clusters, resamples, seed))
    without = _of_parts(statistics, _left_out(clusters))
    found = {}
    for name, statistic in statistics.items():
        value = float(statistic(once)[0])
        sample = samples[name]
        if name in BIASED:
            sample = np.maximum(sample - (np.nanmean(sample) - value), 0.0)
        low, high = _percentiles(sample, (1 - level) / 2, (1 + level) / 2)
        bca_low, bca_high = _bca(value, sample, without[name], level)
        found[name] = Interval(value, low, high, bca_low, bca_high, level)
    return found


def _of_parts(statistics: Mapping[str, Statistic], parts: Iterable[Floats]) -> dict[str, Floats]:
    """Return each statistic of weights that come a few rows at a time."""
    values: dict[str, list[Floats]] = {name: [] for name in statistics}
    for weights in parts:
        for name, statistic in statistics.items():
            values[name].append(statistic(weights))
    return {name: np.concatenate(found) for name, found in values.items()}


def _drawn(clusters: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield :func:`draws` a few rows at a time."""
    generator = np.random.default_rng(seed)
    rows = max(1, HELD // clusters)
    for first in range(0, resamples, rows):
        yield _draw(clusters, min(rows, resamples - first), generator)


def _left_out(clusters: int) -> Iterator[Floats]:
    """Yield the weights without each cluster, or group of clusters, a few rows at a time."""
    groups = min(clusters, GROUPS)
    group = np.arange(clusters) * groups // clusters
    rows = max(1, HELD // clusters)
    for first in range(0, groups, rows):
        number = np.arange(first, min(first + rows, groups))
        yield (group[None, :] != number[:, None]).astype(np.float64)


def _percentiles(sample: Floats, low: float, high: float) -> tuple[float, float]:
    there = sample[~np.isnan(sample)]
    if not len(there):
        return float("nan"), float("nan")
    ends = np.quantile(there, (low, high))
    return float(ends[0]), float(ends[1])


def _bca(value: float, sample: Floats, left_out: Floats, level: float) -> tuple[float, float]:
    """Return the BCa interval (Efron 1987, equations 2.3 and 6.6)."""
    there = sample[~np.isnan(sample)]
    below = float(np.mean(there < value) + np.mean(there == value) / 2) if len(there) else 0.0
    # Every resample on one side, or all equal: the correction is undefined.
    if not 0.0 < below < 1.0:
        return _percentiles(sample, (1 - level) / 2, (1 + level) / 2)
    normal = NormalDist()
    bias = normal.inv_cdf(below)
    gap = np.nanmean(left_out) - left_out[~np.isnan(left_out)]
    spread = float(np.sum(gap**2)) ** 1.5
    acceleration = float(np.sum(gap**3)) / (6 * spread) if spread > 0 else 0.0
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + normal.inv_cdf(tail)
        ends.append(normal.cdf(bias + shifted / (1 - acceleration * shifted)))
    return _percentiles(sample, ends[0], ends[1])
