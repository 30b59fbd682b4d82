"""Principal directions of embeddings: where the training material varies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

ROWS = 3000  # drawn at most; the leading directions need no more
FEW = 8  # where so many times as many are there, the wanted directions are found one by one


def drawn(
    rows: int, *, weights: NDArray[np.floating] | None = None, seed: int = 0
) -> NDArray[np.intp]:
    """Return which rows directions are found from: :data:`ROWS` of them, ascending, or all.

    Args:
        rows: how many there are.
        weights: how likely each is drawn; all alike where not given.
        seed: of the draw.
    """
    if rows <= ROWS:
        return np.arange(rows)
    share = None if weights is None else weights / weights.sum()
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(rows, ROWS, replace=False, p=share))


def principal_directions(
    values: Floats, count: int, *, weights: NDArray[np.floating] | None = None, seed: int = 0
) -> Floats:
    """Return the leading directions of the second moments, shape ``(d, count)``, orthonormal.

    Args:
        values: standardised, shape ``(n, d)``.
        count: how many; fewer where there are fewer rows or columns.
        weights: how likely each row is drawn, where there are more than are needed.
        seed: of the draw.

    Examples:
        >>> line = np.outer([1.0, -2.0, 3.0], [0.6, 0.8]).astype(np.float32)
        >>> np.abs(principal_directions(line, 1)).round(2).tolist()
        [[0.6000000238418579], [0.800000011920929]]
    """
    if len(values) > ROWS:
        values = values[drawn(len(values), weights=weights, seed=seed)]
    rows, columns = values.shape
    wide = rows <= columns
    moments = values @ values.T if wide else values.T @ values
    found, vectors = _leading(moments, count)
    kept = found > 1e-6 * max(float(found[-1]), 1e-12)
    found, vectors = found[kept][::-1], vectors[:, kept][:, ::-1]
    if wide:
        vectors = values.T @ vectors / np.sqrt(found)
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _leading(moments: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the largest eigenvalues, ascending, and their vectors ``(size, count)``."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import ArpackError, eigsh

    size = len(moments)
    if FEW * count <= size:
        # Not a constant start: rows that are centred do not reach it.
        start = np.random.default_rng(0).normal(size=size).astype(moments.dtype)
        try:
            found, vectors = eigsh(moments, count, which="LA", v0=start)
            order = np.argsort(found)
            return found[order], vectors[:, order]
        except ArpackError:  # such as for moments that are all zero
            pass
    found, vectors = eigh(moments, subset_by_index=[max(0, size - count), size - 1])
    return found, vectors


def residual(embeddings: Floats, directions: Floats) -> NDArray[np.float64]:
    """Return the mean square per dimension that the directions leave of embeddings, ``(n,)``.

    Args:
        embeddings: standardised, shape ``(n, d)``.
        directions: orthonormal, shape ``(d, k)``.
    """
    whole = np.square(embeddings, dtype=np.float64).sum(axis=1)
    inside = np.square(embeddings @ directions, dtype=np.float64).sum(axis=1)
    return np.asarray((whole - inside) / embeddings.shape[1])
