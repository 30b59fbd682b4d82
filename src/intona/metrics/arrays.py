"""What the metrics share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Floats", "divide"]

Floats = NDArray[np.float64]


def divide(above: ArrayLike, below: ArrayLike, empty: float) -> Floats:
    """Return ``above / below``, and ``empty`` where ``below`` is not positive."""
    top, bottom = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return np.divide(top, bottom, out=np.full(np.shape(top), empty), where=bottom > 0)
