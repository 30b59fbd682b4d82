"""Metrics of out-of-fold predictions with bootstrap intervals, overall and by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from intona import metrics
from intona.metrics.arrays import divide
from intona.metrics.bootstrap import Interval, Statistic, intervals
from intona.metrics.clustered import (
    cluster_numbers,
    confusion_per_cluster,
    of_decisions,
    of_numbers,
    of_probabilities,
)

if TYPE_CHECKING:
    import pandas as pd

HEADLINE = "unweighted_average_recall"
NUMERIC_HEADLINE = "concordance_correlation"

_SHORT = {
    "unweighted_average_recall": "UAR",
    "weighted_average_recall": "WAR",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "expected_calibration_error": "ECE",
    "brier_score": "Brier score",
    "log_loss": "log-loss",
    "area_under_roc": "AUROC",
    "area_under_risk_coverage": "AURC",
    "concordance_correlation": "CCC",
    "pearson_correlation": "PCC",
    "mean_absolute_error": "MAE",
}


def short_name(metric: str) -> str:
    """Return how papers abbreviate a metric.

    Examples:
        >>> short_name("unweighted_average_recall")
        'UAR'
    """
    return _SHORT.get(metric, metric)


def headline(numeric: bool) -> str:
    """Return the metric an evaluation is judged by."""
    return NUMERIC_HEADLINE if numeric else HEADLINE


def clusters(predictions: pd.DataFrame) -> list[str]:
    """Return what is resampled: the speaker of each row, its file where none is known."""
    files = predictions.index.get_level_values("file")
    speakers = predictions["speaker"]
    return [
        str(file) if empty else str(speaker)
        for file, speaker, empty in zip(files, speakers, speakers.isna(), strict=True)
    ]


def measure(
    predictions: pd.DataFrame, target: str, labels: Sequence[str], *, resamples: int = 2000
) -> dict[str, Interval]:
    """Return every metric with its intervals by speaker bootstrap.

    Args:
        predictions: with the columns ``truth``, ``speaker``, the target's and the labels'.
        target: the column predicted.
        labels: class names; a numeric target has its own name as the only one.
        resamples: of the bootstrap.
    """
    numbers, names = cluster_numbers(clusters(predictions))
    if labels == (target,):
        statistics = of_numbers(predictions["truth"], predictions[target], numbers)
    else:
        truth, answers = predictions["truth"].tolist(), decisions(predictions, target)
        statistics = of_decisions(truth, answers, labels, numbers)
        probabilities = predictions[list(labels)].to_numpy(np.float64)
        statistics |= of_probabilities(truth, probabilities, labels, numbers, answers)
    return intervals(statistics, len(names), resamples=resamples)


def decisions(predictions: pd.DataFrame, target: str) -> list[str | None]:
    """Return the label decided on per row, ``None`` where the model heard no speech."""
    there = predictions[target].notna()
    return [
        label if given else None for label, given in zip(predictions[target], there, strict=True)
    ]


def confusion(predictions: pd.DataFrame, target: str, labels: Sequence[str]) -> list[list[int]]:
    """Return confusion counts, rows = truth; a last column where there are rows unanswered."""
    truth, answers = predictions["truth"].tolist(), decisions(predictions, target)
    return metrics.confusion_matrix(truth, answers, labels).tolist()


def per_class(
    predictions: pd.DataFrame, target: str, labels: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return per class: recall with its interval, precision, F1 and number of utterances."""
    truth, answers = predictions["truth"].tolist(), decisions(predictions, target)
    numbers, names = cluster_numbers(clusters(predictions))
    counts = confusion_per_cluster(truth, answers, labels, numbers)

    def recall_of(k: int) -> Statistic:
        hits, total = counts[:, k, k], counts[:, k].sum(axis=1)
        # A class that no drawn speaker has leaves its recall undefined in that resample.
        return lambda weights: divide(weights @ hits, weights @ total, np.nan)

    recalls = intervals({label: recall_of(k) for k, label in enumerate(labels)}, len(names))
    precision = metrics.precision_per_class(truth, answers, labels)
    f1 = metrics.f1_per_class(truth, answers, labels)
    return {
        label: {
            "recall": recalls[label].value,
            "low": recalls[label].low,
            "high": recalls[label].high,
            "precision": precision[label],
            "f1": f1[label],
            "utterances": int(counts[:, k].sum()),
        }
        for k, label in enumerate(labels)
    }


def breakdown(
    predictions: pd.DataFrame, column: str, target: str, labels: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the headline metric, and the accuracy, for each value of a column."""
    parts = {}
    for name, part in predictions.groupby(column, sort=True, observed=True):
        if labels == (target,):
            value = metrics.concordance_correlation(part["truth"], part[target])
            parts[str(name)] = {"utterances": len(part), NUMERIC_HEADLINE: value}
        else:
            counts = np.array(confusion(part, target, labels))
            parts[str(name)] = {
                "utterances": len(part),
                HEADLINE: float(metrics.FROM_COUNTS[HEADLINE](counts)),
                "weighted_average_recall": float(
                    metrics.FROM_COUNTS["weighted_average_recall"](counts)
                ),
            }
    return parts
