"""What the metrics share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def divide(above: ArrayLike, below: ArrayLike, empty: float) -> Floats:
    """Return ``above / below``, and ``empty`` where ``below`` is not positive."""
    top, bottom = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return np.divide(top, bottom, out=np.full(np.shape(top), empty), where=bottom > 0)


def mean_known(values: Floats, axis: int = -1) -> Floats:
    """Return the mean of what is there (not NaN) along an axis, NaN where nothing is."""
    there = ~np.isnan(values)
    return divide(np.where(there, values, 0.0).sum(axis=axis), there.sum(axis=axis), np.nan)
