"""Metrics of numeric targets; the conventions are in :mod:`intona.metrics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from intona.metrics.arrays import Floats, divide


def concordance_correlation(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return CCC (Lin 1989), in [-1, 1]: correlation that also punishes wrong scale and mean.

    ``2 cov / (var_truth + var_prediction + (mean_truth - mean_prediction)^2)`` with
    population (1/n) moments; NaN when both are constant and equal.

    Examples:
        >>> round(concordance_correlation([0, 1, 2, 3, 4], [0, 1, 1, 2, 2]), 3)
        0.625
    """
    return float(FROM_MOMENTS["concordance_correlation"](moments(truth, prediction).sum(axis=0)))


def pearson_correlation(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return Pearson's correlation coefficient, in [-1, 1]; NaN when one side is constant.

    Examples:
        >>> round(pearson_correlation([0, 1, 2], [0, 2, 4]), 3)
        1.0
    """
    return float(FROM_MOMENTS["pearson_correlation"](moments(truth, prediction).sum(axis=0)))


def mean_absolute_error(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return the mean absolute difference, in the unit of the target.

    Examples:
        >>> mean_absolute_error([0, 1], [0, 3])
        1.0
    """
    return float(FROM_MOMENTS["mean_absolute_error"](moments(truth, prediction).sum(axis=0)))


def moments(truth: ArrayLike, prediction: ArrayLike) -> Floats:
    """Return ``1, x, y, x^2, y^2, xy, d, |d|`` per utterance, shape ``(n, 8)``.

    ``d`` is truth minus prediction; ``x`` and ``y`` are both, each less its own mean, which
    changes no metric and keeps precision.

    Raises:
        ValueError: different lengths, no data, or values that are not finite.
    """
    x = np.asarray(truth, dtype=np.float64)
    y = np.asarray(prediction, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"truth has shape {x.shape}, prediction {y.shape}")
    if not len(x):
        raise ValueError("no utterances to measure")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("values must be finite")
    d = x - y
    x, y = x - x.mean(), y - y.mean()
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y, d, np.abs(d)], axis=1)


def _ccc(sums: Floats) -> Floats:
    n, x, y, xx, yy, xy, d, _ = np.moveaxis(sums, -1, 0)
    covariance = xy / n - x * y / n**2
    spread = xx / n - (x / n) ** 2 + yy / n - (y / n) ** 2 + (d / n) ** 2
    return divide(2 * covariance, spread, np.nan)


def _pcc(sums: Floats) -> Floats:
    n, x, y, xx, yy, xy, _, _ = np.moveaxis(sums, -1, 0)
    product = (xx / n - (x / n) ** 2) * (yy / n - (y / n) ** 2)
    return divide(xy / n - x * y / n**2, np.sqrt(np.maximum(product, 0.0)), np.nan)


def _mae(sums: Floats) -> Floats:
    return sums[..., 7] / sums[..., 0]


FROM_MOMENTS: Mapping[str, Callable[[Floats], Floats]] = {
    "concordance_correlation": _ccc,
    "pearson_correlation": _pcc,
    "mean_absolute_error": _mae,
}
"""Metrics as functions of summed :func:`moments` ``(..., 8)``, which add up over speakers."""
