"""Results of several corpora: for each of them, and as the mean over corpora.

In one heap the largest corpus decides. For each corpus that was tested the recall and calibration
over the labels it has, how many answers were ``ok`` and how many of these were wrong, and how well
arousal and valence tell high from low; of numbers, how well they agree. Intervals of a corpus are
over its speakers, those of the mean over corpora.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.evaluation.measure import clusters, decisions
from intona.metrics.arrays import divide
from intona.metrics.bootstrap import Interval, Statistic, intervals
from intona.metrics.clustered import (
    cluster_numbers,
    of_decisions,
    of_numbers,
    of_probabilities,
)
from intona.models.committee import DIMENSIONS

if TYPE_CHECKING:
    import pandas as pd

# What is measured, and what tables call it.
MEASURES: Mapping[str, str] = {
    "unweighted_average_recall": "UAR",
    "weighted_average_recall": "WAR",
    "macro_f1": "macro F1",
    "expected_calibration_error": "ECE",
    "coverage": "ok",
    "error_when_ok": "wrong when ok",
    "arousal_area_under_roc": "arousal AUC",
    "valence_area_under_roc": "valence AUC",
}
NUMERIC_MEASURES: Mapping[str, str] = {
    "concordance_correlation": "CCC",
    "pearson_correlation": "PCC",
    "mean_absolute_error": "MAE",
}
IN_PERCENT = frozenset(MEASURES) - {
    "expected_calibration_error",
    "arousal_area_under_roc",
    "valence_area_under_roc",
}
# What a terminal and a page have no room for.
FOR_PAPERS = frozenset({"weighted_average_recall", "macro_f1"})
MEAN = "mean over corpora"


def rows_by_corpus(
    predictions: pd.DataFrame, target: str, labels: Sequence[str]
) -> dict[str, dict[str, Any]] | None:
    """Return the results as ``evaluation.json`` has them; ``None`` of fewer than two corpora.

    Of each corpus ``utterances``, ``speakers``, ``chance`` (the recall of who does not listen, over
    the labels the corpus has; not of numbers) and the measures of :func:`by_corpus`.
    """
    if predictions["corpus"].nunique() < 2:
        return None
    measured = as_rows(by_corpus(predictions, target, list(labels)))
    for name, part in predictions.groupby("corpus", sort=True, observed=True):
        facts: dict[str, Any] = {
            "utterances": len(part.index.unique()),
            "speakers": int(part["speaker"].nunique()),
        }
        if list(labels) != [target]:
            facts["chance"] = 1 / part["truth"].nunique()
        measured[str(name)] = {**facts, **measured[str(name)]}
    return measured


def by_corpus(
    predictions: pd.DataFrame, target: str, labels: list[str], *, resamples: int = 1000
) -> dict[str, dict[str, Interval]]:
    """Return the measures of each corpus, and last their mean over corpora.

    Args:
        predictions: with ``corpus``, ``truth``, ``speaker``, ``status``, ``arousal``, ``valence``,
            the target's column and one probability per label; a label that a corpus was not asked
            for is NaN. Of numbers ``corpus``, ``truth``, ``speaker`` and the target's.
        target: the column predicted.
        labels: all label columns.
        resamples: of the bootstrap.
    """
    found = {
        str(name): _of_one(part, target, labels, resamples)
        for name, part in predictions.groupby("corpus", sort=True, observed=True)
    }
    names = next(iter(found.values()))
    values = {name: [one[name].value for one in found.values()] for name in names}
    means: dict[str, Statistic] = {name: _mean(np.array(column)) for name, column in values.items()}
    return {**found, MEAN: intervals(means, len(found), resamples=resamples)}


def _of_one(
    part: pd.DataFrame, target: str, labels: list[str], resamples: int
) -> dict[str, Interval]:
    numbers, names = cluster_numbers(clusters(part))
    if labels == [target]:
        agreement = of_numbers(part["truth"], part[target], numbers)
        return intervals(agreement, len(names), resamples=resamples)
    asked = [label for label in labels if part[label].notna().any()]
    truth, answers = part["truth"].tolist(), decisions(part, target)
    decided = of_decisions(truth, answers, asked, numbers)
    values = part[asked].to_numpy(np.float64)
    probabilities = of_probabilities(truth, values, asked, numbers, answers)
    fine = (part["status"] == "ok").to_numpy()
    wrong = fine & (part["truth"] != part[target]).to_numpy()
    statistics: dict[str, Statistic] = {
        **{name: decided[name] for name in decided if name in MEASURES},
        "expected_calibration_error": probabilities["expected_calibration_error"],
        "coverage": _ratio(fine, np.ones(len(part), bool), numbers),
        "error_when_ok": _ratio(wrong, fine, numbers),
        **{f"{name}_area_under_roc": _dimension(part, name, numbers) for name in DIMENSIONS},
    }
    return intervals(statistics, len(names), resamples=resamples)


def _ratio(
    some: NDArray[np.bool_], all_: NDArray[np.bool_], numbers: NDArray[np.intp]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return a share as a function of how often each speaker counts."""
    above, below = (np.bincount(numbers, each.astype(float)) for each in (some, all_))
    return lambda weights: divide(weights @ above, weights @ below, np.nan)


def _dimension(part: pd.DataFrame, name: str, numbers: NDArray[np.intp]) -> Statistic:
    """Return the area under the ROC curve of a dimension, over emotions at either end of it."""
    high, low = (part["truth"].isin(words).to_numpy() for words in DIMENSIONS[name])
    known = name in part.columns and part[name].notna().any()
    if not (known and high.any() and low.any()):
        return lambda weights: np.full(len(weights), np.nan)
    rows = np.flatnonzero(high | low)
    values = part[name].to_numpy(np.float64)[rows]
    truth = np.where(high[rows], "high", "low").tolist()
    both = np.stack([1.0 - values, values], axis=1)
    own, names = cluster_numbers(numbers[rows].tolist())
    area = of_probabilities(truth, both, ("low", "high"), own)["area_under_roc"]
    places = np.array(names, dtype=np.intp)
    return lambda weights: area(weights[:, places])


def _mean(values: NDArray[np.float64]) -> Statistic:
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    return lambda weights: divide(weights @ filled, weights @ known.astype(float), np.nan)


def as_rows(found: Mapping[str, Mapping[str, Interval]]) -> dict[str, dict[str, Any]]:
    """Return the results as ``evaluation.json`` has them."""
    return {
        corpus: {
            name: {"value": one.value, "low": one.low, "high": one.high}
            for name, one in measures.items()
        }
        for corpus, measures in found.items()
    }
