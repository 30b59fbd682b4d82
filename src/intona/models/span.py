"""Training rows in coordinates of their own span: the same problem with fewer columns.

A penalty on the squared length of the weights leaves the solution in the span of the training
rows (the representer theorem), and a kernel of inner products or distances does not see more
than it either. Where there are more columns than rows, ``n`` coordinates say it all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from sklearn.preprocessing import StandardScaler

__all__ = ["TrainingRows", "in_the_span"]

Floats = NDArray[np.floating]


def in_the_span(values: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Return the rows in coordinates of their own span, and the way back.

    With ``X X' = L L'`` (Cholesky), the rows of ``L`` have the inner products of the rows of
    ``X``; weights ``w`` on ``L`` and ``X' inv(L') w`` on ``X`` give the same scores and have the
    same length.

    Args:
        values: rows ``X``, shape ``(n, d)`` with ``d > n``.

    Returns:
        ``L``, shape ``(n, n)``, and a function from weights ``(n, k)`` to weights ``(d, k)``.

    Examples:
        >>> rows = np.array([[3.0, 0.0, 4.0], [0.0, 2.0, 0.0]])
        >>> there, back = in_the_span(rows)
        >>> weights = np.array([[1.0], [2.0]])
        >>> np.allclose(there @ weights, rows @ back(weights))
        True
    """
    from scipy.linalg import cholesky, solve_triangular

    products = (values @ values.T).astype(np.float64)
    # Equal or centred rows make the products singular; so little does not show.
    least = 1e-6 if values.dtype == np.float32 else 1e-11
    products[np.diag_indices(len(products))] += least * np.trace(products) / len(products)
    triangle = cholesky(products, lower=True, overwrite_a=True, check_finite=False)

    def back(weights: Floats) -> Floats:
        shares = solve_triangular(triangle, weights, lower=True, trans="T", check_finite=False)
        return values.T @ shares.astype(values.dtype)

    return triangle, back


class TrainingRows:
    """Features to fit heads on; what several heads need of them is computed once.

    Args:
        features: shape ``(n, d)``.
    """

    def __init__(self, features: ArrayLike) -> None:
        self.plain = np.asarray(features)

    @cached_property
    def scaler(self) -> StandardScaler:
        """Fitted on these rows."""
        from sklearn.preprocessing import StandardScaler

        return StandardScaler().fit(self.plain)

    @cached_property
    def standardised(self) -> Floats:
        """Every column with mean 0 and deviation 1."""
        return self.scaler.transform(self.plain)

    @cached_property
    def wide(self) -> bool:
        """Whether there are more columns than rows."""
        return self.plain.shape[1] > self.plain.shape[0]

    def span(self, standardise: bool) -> tuple[Floats, Callable[[Floats], Floats]]:
        """Return the rows in their span and the way back, see :func:`in_the_span`."""
        return self._standardised_span if standardise else self._plain_span

    @cached_property
    def _standardised_span(self) -> Any:
        return in_the_span(np.asarray(self.standardised, dtype=np.float64))

    @cached_property
    def _plain_span(self) -> Any:
        return in_the_span(np.asarray(self.plain, dtype=np.float64))
