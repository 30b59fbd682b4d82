"""Correctness: do the predictions follow the truth?

Metrics and thresholds are those of audEERING's ser-tests. Its condition of eight utterances
per class and speaker is applied class by class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from intona.audit.outcome import (
    Bound,
    Outcome,
    measure,
    precision,
    recall,
    share,
    uap,
    uar,
)
from intona.audit.predictions import Predictions
from intona.metrics import FROM_MOMENTS, moments
from intona.metrics.arrays import divide
from intona.metrics.clustered import cluster_sums, of_sums

Floats = NDArray[np.float64]

LEAST_PER_CLASS = 8
LEAST_PER_SPEAKER = 10
BINS = 10

RANGES: dict[str, tuple[float, float]] = {
    "low": (0.0, 0.45),
    "neutral": (0.3, 0.6),
    "high": (0.55, 1.0),
}
"""Where a number should lie, both ends included."""

EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "arousal": {
        "low": ("bored", "sad"),
        "neutral": ("neutral",),
        "high": ("angry", "fearful", "surprised"),
    },
    "dominance": {
        "low": ("fearful", "sad"),
        "neutral": ("happy", "neutral", "surprised"),
        "high": ("angry",),
    },
    "valence": {
        "low": ("angry", "disgust", "fearful", "sad"),
        "neutral": ("bored", "neutral"),
        "high": ("happy",),
    },
}
"""The range in which each emotion is expected, per dimension."""


def correctness(predictions: Predictions, case: str) -> Iterator[Outcome]:
    """Yield the outcomes of all correctness tests that the truth allows.

    Args:
        predictions: of a model.
        case: what the utterances are, for example the corpus's name.
    """
    known = predictions.known()
    if predictions.model.numeric:
        if np.any(known.answered() & ~np.isnan(known.true_numbers())):
            yield from _regression(known, case)
        yield from _consistency(predictions, case)
    elif np.any(known.true_classes() >= 0):
        yield from _classification(known, case)


def _classification(predictions: Predictions, case: str) -> Iterator[Outcome]:
    counts = predictions.confusion()
    speakers, n = len(counts), len(predictions)
    labels = predictions.model.labels

    def one(test: str, metric: str, of: Callable[[Floats], Floats], limit: float, bound: Bound,
            count: int = n) -> Outcome:  # fmt: skip
        key = ("correctness", test, case, metric)
        return measure(key, of_sums(counts, of), speakers, limit, bound, count)

    yield one("classification", "unweighted average recall", uar, 0.5, "above")
    yield one("classification", "unweighted average precision", uap, 0.5, "above")
    for k, label in enumerate(labels):
        there = int(counts[:, k].sum())
        if there:
            yield one("classification", f"recall of {label}", _at(recall, k), 0.5, "above", there)
            yield one(
                "classification", f"precision of {label}", _at(precision, k), 0.5, "above", there
            )
    for k, label in enumerate(labels):
        gap = _at(_count_gap, k)
        yield one("distribution", f"difference in share of {label}", gap, 0.15, "below")
    yield from _speakers_classes(predictions, counts, case)


def _at(function: Callable[[Floats], Floats], k: int) -> Callable[[Floats], Floats]:
    return lambda counts: function(counts)[..., k]


def _count_gap(counts: Floats) -> Floats:
    """Return how far the predicted share of each class is from the true one."""
    true, predicted = counts.sum(axis=-1), counts.sum(axis=-2)[..., :-1]
    return np.abs(divide(predicted - true, true.sum(axis=-1, keepdims=True), np.nan))


def _speakers_classes(predictions: Predictions, counts: Floats, case: str) -> Iterator[Outcome]:
    """Compare each speaker's share of each class; speakers need eight utterances of it."""
    total = counts.sum(axis=(1, 2))[:, None]
    true, predicted = counts.sum(axis=2) / total, counts.sum(axis=1)[:, :-1] / total
    for k, label in enumerate(predictions.model.labels):
        enough = np.flatnonzero(counts[:, k].sum(axis=1) >= LEAST_PER_CLASS)
        yield from _per_speaker(
            true[enough, k], predicted[enough, k], case, f"share of {label}", len(predictions)
        )


def _per_speaker(
    truth: Floats, prediction: Floats, case: str, what: str, count: int
) -> Iterator[Outcome]:
    speakers = len(truth)
    if speakers >= 2:
        errors = np.abs(truth - prediction)
        yield measure(
            ("correctness", "speaker-average", case, f"mean absolute error of {what}"),
            lambda weights: weights @ errors / weights.sum(axis=1),
            speakers,
            0.1,
            "below",
            count,
        )
    # Three different true values are the least that can be ranked at all.
    if len(np.unique(np.round(truth, 9))) >= 3:
        yield measure(
            ("correctness", "speaker-ranking", case, f"Spearman's rho of {what}"),
            lambda weights: np.array([_spearman(truth, prediction, row) for row in weights]),
            speakers,
            0.7,
            "above",
            count,
        )


def _spearman(x: Floats, y: Floats, weights: Floats) -> float:
    from scipy.stats import rankdata

    drawn = np.repeat(np.arange(x.size), weights.astype(int))
    ranks = rankdata(x[drawn]), rankdata(y[drawn])
    if any(np.ptp(rank) == 0 for rank in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def _regression(predictions: Predictions, case: str) -> Iterator[Outcome]:
    truth, prediction = predictions.true_numbers(), predictions.numbers()
    speakers = predictions.dataset.speakers
    number, target = len(predictions.dataset.names), predictions.model.labels[0]
    sums = cluster_sums(moments(truth, prediction), speakers)
    limits: tuple[tuple[str, str, float, Bound], ...] = (
        ("concordance_correlation", "concordance correlation", 0.5, "above"),
        ("pearson_correlation", "Pearson correlation", 0.5, "above"),
        ("mean_absolute_error", "mean absolute error", 0.1, "below"),
    )
    for name, words, limit, bound in limits:
        yield measure(
            ("correctness", "regression", case, f"{words} of {target}"),
            of_sums(sums, FROM_MOMENTS[name]),
            number,
            limit,
            bound,
            len(predictions),
        )
    yield measure(
        ("correctness", "distribution", case, f"Jensen-Shannon distance of {target}"),
        _distance(truth, prediction, speakers, number),
        number,
        0.2,
        "below",
        len(predictions),
    )
    sizes = np.bincount(speakers, minlength=number)
    enough = sizes >= LEAST_PER_SPEAKER
    means = [
        np.bincount(speakers, values, minlength=number)[enough] / sizes[enough]
        for values in (truth, prediction)
    ]
    yield from _per_speaker(means[0], means[1], case, f"mean {target}", len(predictions))


def _distance(
    truth: Floats, prediction: Floats, speakers: NDArray[np.intp], number: int
) -> Callable[[Floats], Floats]:
    """Return the Jensen-Shannon distance (base 2) of two histograms of ten bins."""
    parts = np.zeros((2, number, BINS))
    for side, values in enumerate((truth, prediction)):
        bins = np.clip((values * BINS).astype(int), 0, BINS - 1)
        np.add.at(parts[side], (speakers, bins), 1.0)

    def entropy(p: Floats) -> Floats:
        return -np.sum(np.where(p > 0, p * np.log2(np.where(p > 0, p, 1.0)), 0.0), axis=-1)

    def distance(weights: Floats) -> Floats:
        p, q = (weights @ part for part in parts)
        p, q = (x / x.sum(axis=-1, keepdims=True) for x in (p, q))
        divergence = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
        return np.sqrt(np.maximum(divergence, 0.0))

    return distance


def _consistency(predictions: Predictions, case: str) -> Iterator[Outcome]:
    target = predictions.model.labels[0]
    emotions, prediction = predictions.dataset.column("emotion"), predictions.numbers()
    for level, wanted in EXPECTED.get(target, {}).items():
        rows = np.array([emotion in wanted for emotion in emotions], dtype=bool)
        if not rows.any():
            continue
        low, high = RANGES[level]
        inside = (prediction[rows] >= low) & (prediction[rows] <= high)
        yield share(
            inside,
            predictions.dataset.speakers[rows],
            ("correctness", "consistency", case, f"{target} in the {level} range"),
            0.75,
            ", ".join(wanted),
        )
