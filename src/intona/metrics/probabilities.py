"""Metrics of probabilities; the conventions are in :mod:`intona.metrics`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.metrics.arrays import Floats, divide


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> float:
    """Return ECE: the mean gap between confidence and share of right answers, in [0, 1].

    Bins hold equal numbers of utterances (Nguyen & O'Connor 2015, arXiv:1508.05154), so that
    none is empty: ``sum_b n_b / n * |mean confidence_b - mean correct_b|``. Ties are split in
    the order given.

    Args:
        confidence: probability of the answer given, shape ``(n,)``.
        correct: whether it was right, shape ``(n,)``.
        bins: how many bins.

    Examples:
        >>> round(expected_calibration_error([0.9, 0.9, 0.6, 0.6], [1, 1, 1, 0], bins=2), 3)
        0.1
    """
    values, right = ranked(confidence, correct)
    once = np.ones((1, len(values)))
    return float(ranked_calibration_error(values[::-1], right[::-1], once, bins)[0])


def brier_score(truth: Sequence[str], probabilities: ArrayLike, labels: Sequence[str]) -> float:
    """Return the mean over utterances of ``sum_k (p_k - [truth = k])^2``, in [0, 2].

    The original definition of Brier (1950) for several classes.

    Examples:
        >>> round(brier_score(["a"], [[0.8, 0.2]], ["a", "b"]), 3)
        0.08
    """
    return float(squared_errors(truth, probabilities, labels).mean())


def log_loss(truth: Sequence[str], probabilities: ArrayLike, labels: Sequence[str]) -> float:
    """Return the mean of ``-ln p(truth)`` in nats; probabilities are kept above 1e-15.

    Examples:
        >>> round(log_loss(["a"], [[0.8, 0.2]], ["a", "b"]), 3)
        0.223
    """
    return float(log_losses(truth, probabilities, labels).mean())


def area_under_roc(truth: Sequence[str], probabilities: ArrayLike, labels: Sequence[str]) -> float:
    """Return the mean one-vs-rest area under the ROC curve, in [0, 1]; chance is 0.5.

    Each area is the probability that an utterance of the class gets a higher score than one
    of the rest, ties counting half (Hanley & McNeil 1982). Classes without utterances, or
    without a rest, are left out; NaN when none is left.

    Examples:
        >>> area_under_roc(["a", "b"], [[0.8, 0.2], [0.3, 0.7]], ["a", "b"])
        1.0
    """
    values = _probabilities(truth, probabilities, labels)
    one = np.zeros(len(values), dtype=np.intp)
    areas = []
    for k, label in enumerate(labels):
        positive = np.array([name == label for name in truth])
        if positive.any() and not positive.all():
            (pairs,) = ConcordantPairs(values[:, k], positive, one)(np.ones((1, 1)))
            areas.append(pairs / (positive.sum() * (~positive).sum()))
    return float(np.mean(areas)) if areas else float("nan")


def risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Floats]:
    """Return coverage and risk when answering the most confident utterances first.

    Args:
        confidence: shape ``(n,)``, larger is surer.
        correct: shape ``(n,)``.

    Returns:
        Coverage (share answered, rising to 1) and risk (share of errors among them), one
        point per distinct confidence.

    Examples:
        >>> coverage, risk = risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0])
        >>> coverage.tolist(), risk.tolist()
        ([0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.0, 0.25])
    """
    values, right = ranked(confidence, correct)
    return _risk_coverage(values, right)


def area_under_risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return AURC, the mean risk over all coverages, in [0, 1]; lower is better.

    Geifman & El-Yaniv (2017, arXiv:1705.08500). Utterances of equal confidence are answered
    together.

    Examples:
        >>> area_under_risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0])
        0.0625
    """
    values, right = ranked(confidence, correct)
    return float(ranked_area_under_risk_coverage(values, right, np.ones((1, len(values))))[0])


def squared_errors(truth: Sequence[str], probabilities: ArrayLike, labels: Sequence[str]) -> Floats:
    """Return the Brier score of each utterance, shape ``(n,)``."""
    values = _probabilities(truth, probabilities, labels)
    wanted = np.array([[name == label for label in labels] for name in truth], dtype=np.float64)
    return ((values - wanted) ** 2).sum(axis=1)


def log_losses(truth: Sequence[str], probabilities: ArrayLike, labels: Sequence[str]) -> Floats:
    """Return the log-loss of each utterance in nats, shape ``(n,)``."""
    values = _probabilities(truth, probabilities, labels)
    number = {label: k for k, label in enumerate(labels)}
    chosen = values[np.arange(len(values)), [number[name] for name in truth]]
    return -np.log(np.maximum(chosen, 1e-15))


class ConcordantPairs:
    """Count pairs in which a positive utterance scores above a negative one, ties half.

    Ranked once, counted for any weights of the speakers, in time linear in the utterances.

    Args:
        scores: shape ``(n,)``.
        positive: shape ``(n,)``, boolean.
        clusters: cluster number (speaker) of each utterance, 0..c-1.

    Examples:
        >>> pairs = ConcordantPairs([0.9, 0.4, 0.4], [True, False, True], np.array([0, 0, 1]))
        >>> pairs(np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
        [1.5, 4.0]
    """

    def __init__(self, scores: ArrayLike, positive: ArrayLike, clusters: NDArray[np.intp]) -> None:
        values = np.asarray(scores, dtype=np.float64)
        chosen = np.asarray(positive, dtype=bool)
        order = np.argsort(values[~chosen], kind="stable")
        ranked_below = values[~chosen][order]
        self._below = clusters[~chosen][order]
        self._above = clusters[chosen]
        self._beaten = np.searchsorted(ranked_below, values[chosen], "left")
        self._reached = np.searchsorted(ranked_below, values[chosen], "right")

    def __call__(self, weights: Floats) -> Floats:
        """Return the count, shape ``(rows,)``, for weights of shape ``(rows, c)``."""
        below = np.zeros((len(weights), len(self._below) + 1))
        np.cumsum(weights[:, self._below], axis=1, out=below[:, 1:])
        twice = below[:, self._beaten] + below[:, self._reached]
        return np.asarray(np.einsum("ra,ra->r", weights[:, self._above], twice) / 2)


def _probabilities(truth: Sequence[str], probabilities: ArrayLike, labels: Sequence[str]) -> Floats:
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != (len(truth), len(labels)):
        raise ValueError(
            f"probabilities have shape {values.shape}, not ({len(truth)}, {len(labels)})"
        )
    if not len(values):
        raise ValueError("no utterances to measure")
    if set(truth) - set(labels):
        raise ValueError(f"labels {', '.join(sorted(set(truth) - set(labels)))} have no column")
    return values


def ranked(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Floats]:
    """Return confidence and correctness, surest first."""
    values = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    if values.shape != right.shape or values.ndim != 1 or not len(values):
        raise ValueError("confidence and correct must be two lists of one length, not empty")
    order = np.argsort(-values, kind="stable")
    return values[order], right[order]


def ranked_calibration_error(values: Floats, right: Floats, weights: Floats, bins: int) -> Floats:
    """Return the calibration error of :func:`ranked` values, each counted ``weights`` times.

    Args:
        values: confidence, shape ``(n,)``.
        right: shape ``(n,)``.
        weights: shape ``(rows, n)``.
        bins: of equal weight.

    Returns:
        Shape ``(rows,)``.
    """
    until = np.cumsum(weights, axis=1)
    gaps = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights * (values - right), axis=1, out=gaps[:, 1:])
    # An utterance belongs to the bin that its middle lies in; the middles ascend.
    middle = (until - weights / 2) / until[:, -1:]
    edges = np.arange(1, bins) / bins
    ends = np.stack([np.searchsorted(row, edges, "left") for row in middle])
    ends = np.pad(ends, ((0, 0), (1, 1)), constant_values=((0, 0), (0, weights.shape[1])))
    within = np.diff(np.take_along_axis(gaps, ends, axis=1), axis=1)
    return np.asarray(np.abs(within).sum(axis=1) / until[:, -1])


def _risk_coverage(values: Floats, right: Floats) -> tuple[Floats, Floats]:
    last = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    answered = last + 1.0
    return answered / len(values), np.cumsum(1.0 - right)[last] / answered


def ranked_area_under_risk_coverage(values: Floats, right: Floats, weights: Floats) -> Floats:
    """Return AURC of :func:`ranked` values, each counted ``weights`` times.

    Args:
        values: confidence, shape ``(n,)``.
        right: shape ``(n,)``.
        weights: shape ``(rows, n)``.

    Returns:
        Shape ``(rows,)``.
    """
    last = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    answered = np.cumsum(weights, axis=1)[:, last]
    wrong = np.cumsum(weights * (1.0 - right), axis=1)[:, last]
    steps = np.diff(answered, axis=1, prepend=0.0) / answered[:, -1:]
    return np.asarray((steps * divide(wrong, answered, 0.0)).sum(axis=1))
