"""What a test of the audit says: a value, its interval, a threshold, passed or not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.metrics.arrays import divide
from intona.metrics.bootstrap import interval

__all__ = ["Bound", "Outcome", "measure", "precision", "recall", "share", "uap", "uar"]

Floats = NDArray[np.float64]
Bound = Literal["above", "below"]

RESAMPLES = 1000


@dataclass(frozen=True)
class Outcome:
    """One test of one model.

    Attributes:
        family: ``"correctness"``, ``"fairness"``, ``"robustness"`` or ``"everyday"``.
        test: the group of tests, for example ``"background-noise"``.
        case: what was done or compared, for example ``"babble 20 dB"``.
        metric: what was measured, in words.
        value: the measurement; NaN when it is undefined.
        low: lower end of its 95 % interval over resampled speakers; NaN with one speaker.
        high: upper end.
        threshold: what it is held against.
        bound: whether the value must lie ``"above"`` or ``"below"`` the threshold.
        count: how many utterances it rests on.
        note: a remark, for example which class was worst.
    """

    family: str
    test: str
    case: str
    metric: str
    value: float
    low: float
    high: float
    threshold: float
    bound: Bound
    count: int
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the value is on the right side of the threshold; an undefined one is not."""
        if math.isnan(self.value):
            return False
        return self.value > self.threshold if self.bound == "above" else self.value < self.threshold

    @property
    def clear(self) -> bool:
        """Whether the whole interval is on the same side of the threshold as the value."""
        return not self.low <= self.threshold <= self.high

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the test across models."""
        return self.family, self.test, self.case, self.metric

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy with ``passed``; NaN becomes ``None``."""
        fields = {**asdict(self), "passed": self.passed, "clear": self.clear}
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in fields.items()
        }


def measure(
    key: tuple[str, str, str, str],
    statistic: Callable[[Floats], Floats],
    speakers: int,
    threshold: float,
    bound: Bound,
    count: int,
    *,
    seed: int = 0,
    note: str = "",
) -> Outcome:
    """Return the outcome of a statistic of speaker weights, with its bootstrap interval.

    Args:
        key: family, test, case and metric.
        statistic: from weights ``(resamples, speakers)`` to values ``(resamples,)``.
        speakers: how many speakers there are.
        threshold: what the value is held against.
        bound: which side is right.
        count: utterances.
        seed: of the bootstrap.
        note: a remark.
    """
    found = interval(statistic, speakers, resamples=RESAMPLES, seed=seed)
    return Outcome(*key, found.value, found.low, found.high, threshold, bound, count, note)


def of_sums(metric: Callable[[Floats], Floats], sums: Floats) -> Callable[[Floats], Floats]:
    """Return the statistic of speaker weights that is ``metric`` of the weighted sums.

    Args:
        metric: from sums ``(resamples, ...)`` to values ``(resamples,)``.
        sums: one summand per speaker, shape ``(speakers, ...)``.
    """
    return lambda weights: metric(np.asarray(np.tensordot(weights, sums, axes=1), np.float64))


def share(
    hits: NDArray[np.bool_],
    speakers: NDArray[np.intp],
    key: tuple[str, str, str, str],
    threshold: float,
    note: str = "",
) -> Outcome:
    """Return the outcome of a share of utterances that must lie above a threshold.

    Args:
        hits: whether each utterance counts, shape ``(n,)``.
        speakers: the number of each utterance's speaker.
        key: family, test, case and metric.
        threshold: the least share.
        note: a remark.
    """
    _, numbers = np.unique(speakers, return_inverse=True)
    sums, sizes = np.bincount(numbers, hits.astype(float)), np.bincount(numbers)
    return measure(
        key,
        lambda weights: weights @ sums / (weights @ sizes),
        len(sizes),
        threshold,
        "above",
        len(hits),
        note=note,
    )


def recall(counts: ArrayLike) -> Floats:
    """Return recall per class of confusion counts ``(..., k, k)``; NaN where a class is absent."""
    values = np.asarray(counts, dtype=np.float64)
    return divide(np.diagonal(values, axis1=-2, axis2=-1), values.sum(axis=-1), np.nan)


def precision(counts: ArrayLike) -> Floats:
    """Return precision per class of confusion counts; 0 for a class never predicted.

    It is NaN for a class that does not occur in the truth.
    """
    values = np.asarray(counts, dtype=np.float64)
    found = divide(np.diagonal(values, axis1=-2, axis2=-1), values.sum(axis=-2), 0.0)
    return np.where(values.sum(axis=-1) > 0, found, np.nan)


def uar(counts: ArrayLike) -> Floats:
    """Return the unweighted average recall of the classes that occur."""
    return _mean(recall(counts))


def uap(counts: ArrayLike) -> Floats:
    """Return the unweighted average precision of the classes that occur."""
    return _mean(precision(counts))


def _mean(values: Floats) -> Floats:
    there = ~np.isnan(values)
    return divide(np.where(there, values, 0.0).sum(axis=-1), there.sum(axis=-1), np.nan)
