"""Metrics of decisions; the conventions are in :mod:`intona.metrics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.metrics.arrays import Floats, divide, mean_known

Labels = Sequence[str] | None
Decisions = Sequence[str | None]
"""One label per utterance; ``None`` for no answer, which is wrong and of no class."""


def confusion_matrix(
    truth: Sequence[str], prediction: Decisions, labels: Labels = None
) -> NDArray[np.int64]:
    """Return counts, shape ``(k, k)``: row = truth, column = prediction.

    Where there are utterances without an answer (``None``) a last column counts them.

    Raises:
        ValueError: different lengths, no data, or a label that ``labels`` lacks.

    Examples:
        >>> confusion_matrix(["a", "a", "b"], ["a", "b", "b"]).tolist()
        [[1, 1], [0, 1]]
        >>> confusion_matrix(["a", "a", "b"], ["a", None, "b"]).tolist()
        [[1, 0, 1], [0, 1, 0]]
    """
    rows, columns = list(truth), list(prediction)
    if len(rows) != len(columns):
        raise ValueError(f"{len(rows)} true labels but {len(columns)} predictions")
    if not rows:
        raise ValueError("no utterances to measure")
    classes = _classes(rows, columns, labels)
    number = {label: k for k, label in enumerate(classes)}
    given = [label for label in columns if label is not None]
    unknown = sorted({str(label) for label in (*rows, *given) if label not in number})
    if unknown:
        raise ValueError(f"labels {', '.join(unknown)} are not among {', '.join(classes)}")
    counts = np.zeros((len(classes), len(classes) + (len(given) < len(columns))), np.int64)
    places = [len(classes) if label is None else number[label] for label in columns]
    np.add.at(counts, ([number[label] for label in rows], places), 1)
    return counts


def recall_per_class(
    truth: Sequence[str], prediction: Decisions, labels: Labels = None
) -> dict[str, float]:
    """Return ``TP / (TP + FN)`` per class, in [0, 1]; NaN for a class without utterances.

    Examples:
        >>> recall_per_class(["a", "a", "b"], ["a", "b", "b"])
        {'a': 0.5, 'b': 1.0}
    """
    return _per_class(_recall, truth, prediction, labels)


def precision_per_class(
    truth: Sequence[str], prediction: Decisions, labels: Labels = None
) -> dict[str, float]:
    """Return ``TP / (TP + FP)`` per class, in [0, 1]; 0 for a class never predicted.

    Examples:
        >>> precision_per_class(["a", "a", "b"], ["a", "b", "b"])
        {'a': 1.0, 'b': 0.5}
    """
    return _per_class(_precision, truth, prediction, labels)


def f1_per_class(
    truth: Sequence[str], prediction: Decisions, labels: Labels = None
) -> dict[str, float]:
    """Return ``2 TP / (2 TP + FP + FN)`` per class, in [0, 1]; NaN for a class that never occurs.

    Examples:
        >>> {k: round(v, 3) for k, v in f1_per_class(["a", "a", "b"], ["a", "b", "b"]).items()}
        {'a': 0.667, 'b': 0.667}
    """
    return _per_class(_f1, truth, prediction, labels)


def unweighted_average_recall(
    truth: Sequence[str], prediction: Decisions, labels: Labels = None
) -> float:
    """Return UAR, the mean of the recalls of the classes that occur, in [0, 1].

    The usual score of speech emotion recognition since the Interspeech 2009 Emotion
    Challenge (Schuller et al. 2009); blind guessing gives 1 / classes.

    Examples:
        >>> unweighted_average_recall(["a", "a", "b"], ["a", "b", "b"])
        0.75
    """
    return float(_uar(confusion_matrix(truth, prediction, labels)))


def weighted_average_recall(
    truth: Sequence[str], prediction: Decisions, labels: Labels = None
) -> float:
    """Return WAR, the share of right answers (accuracy), in [0, 1].

    Examples:
        >>> round(weighted_average_recall(["a", "a", "b"], ["a", "b", "b"]), 3)
        0.667
    """
    return float(_war(confusion_matrix(truth, prediction, labels)))


def macro_f1(truth: Sequence[str], prediction: Decisions, labels: Labels = None) -> float:
    """Return the mean F1 of the classes that occur in the truth, in [0, 1].

    Examples:
        >>> round(macro_f1(["a", "a", "b"], ["a", "b", "b"]), 3)
        0.667
    """
    return float(_macro_f1(confusion_matrix(truth, prediction, labels)))


def weighted_f1(truth: Sequence[str], prediction: Decisions, labels: Labels = None) -> float:
    """Return the mean F1 weighted by how often each class occurs in the truth, in [0, 1].

    Examples:
        >>> round(weighted_f1(["a", "a", "b"], ["a", "b", "b"]), 3)
        0.667
    """
    return float(_weighted_f1(confusion_matrix(truth, prediction, labels)))


def _per_class(
    function: Callable[[ArrayLike], Floats],
    truth: Sequence[str],
    prediction: Decisions,
    labels: Labels,
) -> dict[str, float]:
    classes = _classes(truth, prediction, labels)
    values = function(confusion_matrix(truth, prediction, classes))
    return dict(zip(classes, map(float, values), strict=True))


def _classes(truth: Sequence[str], prediction: Decisions, labels: Labels) -> tuple[str, ...]:
    if labels is not None:
        return tuple(labels)
    return tuple(sorted({*truth, *(label for label in prediction if label is not None)}))


def _parts(counts: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return hits, true counts and predicted counts per class of confusion counts."""
    values = np.asarray(counts, dtype=np.float64)
    predicted = values.sum(axis=-2)[..., : values.shape[-2]]
    return np.diagonal(values, axis1=-2, axis2=-1), values.sum(axis=-1), predicted


def _recall(counts: ArrayLike) -> Floats:
    hits, true, _ = _parts(counts)
    return divide(hits, true, np.nan)


def _precision(counts: ArrayLike) -> Floats:
    hits, _, predicted = _parts(counts)
    return divide(hits, predicted, 0.0)


def _f1(counts: ArrayLike) -> Floats:
    hits, true, predicted = _parts(counts)
    return divide(2 * hits, true + predicted, np.nan)


def _uar(counts: ArrayLike) -> Floats:
    return mean_known(_recall(counts))


def _war(counts: ArrayLike) -> Floats:
    hits, true, _ = _parts(counts)
    return divide(hits.sum(axis=-1), true.sum(axis=-1), np.nan)


def _macro_f1(counts: ArrayLike) -> Floats:
    _, true, _ = _parts(counts)
    return mean_known(np.where(true > 0, _f1(counts), np.nan))


def _weighted_f1(counts: ArrayLike) -> Floats:
    _, true, _ = _parts(counts)
    weighted = np.where(true > 0, _f1(counts) * true, 0.0).sum(axis=-1)
    return divide(weighted, true.sum(axis=-1), np.nan)


FROM_COUNTS: Mapping[str, Callable[[ArrayLike], Floats]] = {
    "unweighted_average_recall": _uar,
    "weighted_average_recall": _war,
    "macro_f1": _macro_f1,
    "weighted_f1": _weighted_f1,
}
"""Metrics as functions of confusion counts ``(..., k, k)``, which add up over speakers.

A last column beyond the classes counts utterances without an answer, ``(..., k, k + 1)``.
"""

PER_CLASS_FROM_COUNTS: Mapping[str, Callable[[ArrayLike], Floats]] = {
    "recall": _recall,
    "precision": _precision,
    "f1": _f1,
}
"""The same per class, shape ``(..., k)``; conventions as in :mod:`intona.metrics`."""
