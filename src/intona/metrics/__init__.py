"""Metrics of classification, of probabilities, and of numbers; numpy only.

Conventions
    Truth and prediction are sequences of labels of equal length; ``labels`` fixes the order of
    classes and defaults to the sorted union. A class that never occurs in the truth has no
    recall (NaN) and does not enter the unweighted average recall, as in scikit-learn's
    ``balanced_accuracy_score``; nor does it enter macro F1, as in
    ``f1_score(..., labels=sorted(set(truth)))``. A class that is never predicted has precision 0. A
    prediction of ``None`` (no answer) is wrong and of no class. Probabilities have the
    shape ``(n, k)``, columns in the order of ``labels``, rows summing to 1.

Metrics
    of decisions: :func:`confusion_matrix`, :func:`recall_per_class`,
    :func:`precision_per_class`, :func:`f1_per_class`, :func:`unweighted_average_recall`,
    :func:`weighted_average_recall`, :func:`macro_f1`, :func:`weighted_f1`;
    of probabilities: :func:`expected_calibration_error`, :func:`brier_score`, :func:`log_loss`,
    :func:`area_under_roc`, :func:`risk_coverage`, :func:`area_under_risk_coverage`;
    of numbers: :func:`concordance_correlation`, :func:`pearson_correlation`,
    :func:`mean_absolute_error`.

Intervals are in :mod:`intona.metrics.bootstrap`.
"""

from __future__ import annotations

from intona.metrics.decisions import (
    FROM_COUNTS,
    PER_CLASS_FROM_COUNTS,
    confusion_matrix,
    f1_per_class,
    macro_f1,
    precision_per_class,
    recall_per_class,
    unweighted_average_recall,
    weighted_average_recall,
    weighted_f1,
)
from intona.metrics.numbers import (
    FROM_MOMENTS,
    concordance_correlation,
    mean_absolute_error,
    moments,
    pearson_correlation,
)
from intona.metrics.probabilities import (
    ConcordantPairs,
    area_under_risk_coverage,
    area_under_roc,
    brier_score,
    expected_calibration_error,
    log_loss,
    log_losses,
    risk_coverage,
    squared_errors,
)

__all__ = [
    "FROM_COUNTS",
    "FROM_MOMENTS",
    "PER_CLASS_FROM_COUNTS",
    "ConcordantPairs",
    "area_under_risk_coverage",
    "area_under_roc",
    "brier_score",
    "concordance_correlation",
    "confusion_matrix",
    "expected_calibration_error",
    "f1_per_class",
    "log_loss",
    "log_losses",
    "macro_f1",
    "mean_absolute_error",
    "moments",
    "pearson_correlation",
    "precision_per_class",
    "recall_per_class",
    "risk_coverage",
    "squared_errors",
    "unweighted_average_recall",
    "weighted_average_recall",
    "weighted_f1",
]
