"""What metrics and models share: quotients, groups of rows, blocks of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BLOCK = 250_000  # values held at once: as much as stays in the cache


def divide(above: ArrayLike, below: ArrayLike, empty: float) -> Floats:
    """Return ``above / below``, and ``empty`` where ``below`` is not positive."""
    top, bottom = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return np.divide(top, bottom, out=np.full(np.shape(top), empty), where=bottom > 0)


def mean_known(values: Floats, axis: int = -1) -> Floats:
    """Return the mean of what is there (not NaN) along an axis, NaN where nothing is."""
    there = ~np.isnan(values)
    return divide(np.where(there, values, 0.0).sum(axis=axis), there.sum(axis=axis), np.nan)


def rows_of(names: ArrayLike) -> dict[Any, NDArray[np.intp]]:
    """Return the rows of each name, ascending; the names are sorted.

    One pass, however many names there are.

    Examples:
        >>> {name: rows.tolist() for name, rows in rows_of(["b", "a", "b"]).items()}
        {'a': [1], 'b': [0, 2]}
    """
    found, numbers = np.unique(names, return_inverse=True)
    order = np.argsort(numbers, kind="stable")
    edges = np.cumsum(np.bincount(numbers))[:-1]
    return dict(zip(found.tolist(), np.split(order, edges), strict=True)) if len(found) else {}


def blocks(rows: int, width: int) -> list[slice]:
    """Divide rows of so many values into blocks of about :data:`BLOCK` values.

    Examples:
        >>> blocks(5, BLOCK // 2)
        [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    size = max(1, BLOCK // max(1, width))
    return [slice(first, first + size) for first in range(0, rows, size)]
