"""The outcome of a test: a value, its interval, a threshold, passed or not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.metrics import FROM_COUNTS, PER_CLASS_FROM_COUNTS
from intona.metrics.arrays import mean_known
from intona.metrics.bootstrap import interval

Floats = NDArray[np.float64]
Bound = Literal["above", "below"]

RESAMPLES = 1000

recall = PER_CLASS_FROM_COUNTS["recall"]
uar = FROM_COUNTS["unweighted_average_recall"]


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


def precision(counts: ArrayLike) -> Floats:
    """Return precision per class of confusion counts; NaN for a class absent from the truth."""
    values = np.asarray(counts, dtype=np.float64)
    return np.where(values.sum(axis=-1) > 0, PER_CLASS_FROM_COUNTS["precision"](values), np.nan)


def uap(counts: ArrayLike) -> Floats:
    """Return the unweighted average precision of the classes that occur."""
    return mean_known(precision(counts))
