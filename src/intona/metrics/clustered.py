"""The metrics as functions of how often each speaker counts, for :mod:`intona.metrics.bootstrap`.

What adds up over utterances (confusion counts, Brier, log-loss, moments) is summed per speaker
once. The areas under the ROC and risk-coverage curves and the calibration error go through the
ranking again with each resample's weights. All grow linearly with the number of utterances.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.metrics.arrays import Floats, blocks, divide, mean_known
from intona.metrics.decisions import FROM_COUNTS, Decisions
from intona.metrics.numbers import FROM_MOMENTS, moments
from intona.metrics.probabilities import (
    ConcordantPairs,
    log_losses,
    ranked,
    ranked_area_under_risk_coverage,
    ranked_calibration_error,
    squared_errors,
)

ClusterStatistic = Callable[[Floats], Floats]
"""From speaker weights ``(resamples, speakers)`` to values ``(resamples,)``."""

BINS = 15


def cluster_numbers(names: Sequence[Hashable]) -> tuple[NDArray[np.intp], list[Hashable]]:
    """Return each utterance's cluster number and the clusters in order of appearance.

    Examples:
        >>> numbers, names = cluster_numbers(["b", "a", "b"])
        >>> numbers.tolist(), names
        ([0, 1, 0], ['b', 'a'])
    """
    order = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], dtype=np.intp), list(order)


def confusion_per_cluster(
    truth: Sequence[str],
    prediction: Decisions,
    labels: Sequence[str],
    clusters: NDArray[np.intp],
) -> Floats:
    """Return confusion counts per cluster, shape ``(clusters, k, k + 1)``, row = truth.

    The last column counts utterances without an answer, whose prediction is ``None``.
    """
    number: dict[str | None, int] = {label: k for k, label in enumerate((*labels, None))}
    counts = np.zeros((int(clusters.max()) + 1, len(labels), len(labels) + 1))
    rows = np.array([number[name] for name in truth], dtype=np.intp)
    columns = np.array([number[name] for name in prediction], dtype=np.intp)
    np.add.at(counts, (clusters, rows, columns), 1)
    return counts


def of_decisions(
    truth: Sequence[str],
    prediction: Decisions,
    labels: Sequence[str],
    clusters: NDArray[np.intp],
) -> dict[str, ClusterStatistic]:
    """Return UAR, WAR, macro and weighted F1; see :data:`intona.metrics.FROM_COUNTS`."""
    counts = confusion_per_cluster(truth, prediction, labels, clusters)
    return {name: of_sums(counts, metric) for name, metric in FROM_COUNTS.items()}


def of_probabilities(
    truth: Sequence[str],
    probabilities: ArrayLike,
    labels: Sequence[str],
    clusters: NDArray[np.intp],
    prediction: Decisions | None = None,
) -> dict[str, ClusterStatistic]:
    """Return calibration error, Brier score, log-loss, area under ROC and AURC.

    The decisions are the likeliest labels where ``prediction`` does not give them.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    decided = prediction or [labels[k] for k in values.argmax(axis=1)]
    right = np.array([one == name for one, name in zip(decided, truth, strict=True)])
    confidence = values.max(axis=1)
    return {
        "expected_calibration_error": _of_ranking(
            confidence, right, clusters, lambda a, b, w: ranked_calibration_error(a, b, w, BINS)
        ),
        "brier_score": _of_mean(squared_errors(truth, values, labels), clusters),
        "log_loss": _of_mean(log_losses(truth, values, labels), clusters),
        "area_under_roc": _of_pairs(truth, values, labels, clusters),
        "area_under_risk_coverage": _of_ranking(
            confidence, right, clusters, ranked_area_under_risk_coverage
        ),
    }


def of_numbers(
    truth: ArrayLike, prediction: ArrayLike, clusters: NDArray[np.intp]
) -> dict[str, ClusterStatistic]:
    """Return CCC, PCC and MAE; see :data:`intona.metrics.FROM_MOMENTS`."""
    sums = cluster_sums(moments(truth, prediction), clusters)
    return {name: of_sums(sums, metric) for name, metric in FROM_MOMENTS.items()}


def cluster_sums(values: Floats, clusters: NDArray[np.intp]) -> Floats:
    """Return the sum of the rows of each cluster, shape ``(clusters, ...)``."""
    sums = np.zeros((int(clusters.max()) + 1, *values.shape[1:]))
    np.add.at(sums, clusters, values)
    return sums


def of_sums(sums: Floats, metric: Callable[[Any], Floats]) -> ClusterStatistic:
    """Return the statistic that is a metric of weighted sums over clusters.

    Args:
        sums: one summand per cluster, shape ``(clusters, ...)``.
        metric: from sums ``(resamples, ...)`` to values ``(resamples,)``.
    """
    return lambda weights: metric(np.tensordot(weights, sums, axes=1))


def _of_mean(values: Floats, clusters: NDArray[np.intp]) -> ClusterStatistic:
    sums = cluster_sums(np.stack([values, np.ones_like(values)], axis=1), clusters)
    return of_sums(sums, lambda total: total[..., 0] / total[..., 1])


def _of_pairs(
    truth: Sequence[str], values: Floats, labels: Sequence[str], clusters: NDArray[np.intp]
) -> ClusterStatistic:
    names = np.asarray(truth, dtype=object)
    size = int(clusters.max()) + 1
    pairs, positives, negatives = [], [], []
    for k, label in enumerate(labels):
        positive = names == label
        pairs.append(ConcordantPairs(values[:, k], positive, clusters))
        positives.append(np.bincount(clusters[positive], minlength=size))
        negatives.append(np.bincount(clusters[~positive], minlength=size))

    def statistic(weights: Floats) -> Floats:
        areas = [
            divide(won(weights), (weights @ above) * (weights @ below), np.nan)
            for won, above, below in zip(pairs, positives, negatives, strict=True)
        ]
        return mean_known(np.stack(areas), axis=0)

    return _in_blocks(statistic, len(values))


def _of_ranking(
    confidence: Floats,
    right: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    metric: Callable[[Floats, Floats, Floats], Floats],
) -> ClusterStatistic:
    values, correct = ranked(confidence, right)
    owner = clusters[np.argsort(-confidence, kind="stable")]
    return _in_blocks(lambda weights: metric(values, correct, weights[:, owner]), len(values))


def _in_blocks(statistic: ClusterStatistic, utterances: int) -> ClusterStatistic:
    """Bound the memory of a statistic that weighs every utterance in every resample."""
    return lambda weights: np.concatenate(
        [statistic(weights[rows]) for rows in blocks(len(weights), utterances)]
    )
