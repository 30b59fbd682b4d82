"""Metrics of probabilities; the conventions are in :mod:`intona.metrics`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.metrics.arrays import Floats


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
    return ranked_calibration_error(values[::-1], right[::-1], np.ones(len(values)), bins)


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
            pairs = concordant_pairs(values[:, k], positive, one)[0, 0]
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
    return _risk_coverage(values, right, np.ones(len(values)))


def area_under_risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return AURC, the mean risk over all coverages, in [0, 1]; lower is better.

    Geifman & El-Yaniv (2017, arXiv:1705.08500). Utterances of equal confidence are answered
    together.

    Examples:
        >>> area_under_risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0])
        0.0625
    """
    values, right = ranked(confidence, correct)
    return ranked_area_under_risk_coverage(values, right, np.ones(len(values)))


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


def concordant_pairs(scores: ArrayLike, positive: ArrayLike, clusters: NDArray[np.intp]) -> Floats:
    """Count pairs in which a positive utterance scores above a negative one, ties half.

    Args:
        scores: shape ``(n,)``.
        positive: shape ``(n,)``, boolean.
        clusters: cluster number (speaker) of each utterance, 0..c-1.

    Returns:
        Counts ``(c, c)``: positives of the row's cluster, negatives of the column's.
    """
    values = np.asarray(scores, dtype=np.float64)
    is_positive = np.asarray(positive, dtype=bool)
    _, tie = np.unique(values, return_inverse=True)
    shape = (int(tie.max()) + 1, int(clusters.max()) + 1)
    positives, negatives = np.zeros(shape), np.zeros(shape)
    np.add.at(positives, (tie[is_positive], clusters[is_positive]), 1)
    np.add.at(negatives, (tie[~is_positive], clusters[~is_positive]), 1)
    below = np.cumsum(negatives, axis=0) - negatives / 2
    return positives.T @ below


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


def ranked_calibration_error(values: Floats, right: Floats, weights: Floats, bins: int) -> float:
    """Return the calibration error of :func:`ranked` values, each counted ``weights`` times."""
    middle = (np.cumsum(weights) - weights / 2) / weights.sum()
    chosen = np.minimum((middle * bins).astype(np.intp), bins - 1)
    gaps = np.bincount(chosen, weights * (values - right), minlength=bins)
    return float(np.abs(gaps).sum() / weights.sum())


def _risk_coverage(values: Floats, right: Floats, weights: Floats) -> tuple[Floats, Floats]:
    last = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    answered = np.cumsum(weights)[last]
    wrong = np.cumsum(weights * (1.0 - right))[last]
    some = answered > 0
    return answered[some] / weights.sum(), wrong[some] / answered[some]


def ranked_area_under_risk_coverage(values: Floats, right: Floats, weights: Floats) -> float:
    """Return AURC of :func:`ranked` values, each counted ``weights`` times."""
    coverage, risk = _risk_coverage(values, right, weights)
    return float(np.sum(np.diff(coverage, prepend=0.0) * risk))
