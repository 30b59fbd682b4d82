"""Softmax regression with weights, and with a mask where a corpus lacks a label.

An EmoDB actor was never asked to sound calm, so nothing about "calm" is learned from EmoDB: each
utterance is told apart only among the labels its corpus has. Plain scipy: the recipe ``head``
needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.metrics.arrays import blocks

Floats = NDArray[np.floating]


def log_softmax(scores: Floats) -> Floats:
    """Return ``log(exp(s) / sum(exp(s)))`` along the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax_regression(
    features: Floats,
    targets: NDArray[Any],
    classes: int,
    *,
    C: float = 0.003,
    weights: Floats | None = None,
    possible: NDArray[np.bool_] | None = None,
    iterations: int = 200,
    tolerance: float = 1e-9,
) -> tuple[Floats, Floats]:
    """Minimise ``sum(weight * cross entropy) + |W|^2 / (2 C)``, the intercept unpenalised.

    Args:
        features: standardised, shape ``(n, d)``.
        targets: class numbers, shape ``(n,)``, or shares of the classes, ``(n, classes)``.
        classes: how many there are.
        C: inverse strength of the penalty, as in scikit-learn.
        weights: one per utterance, shape ``(n,)``; 1 each by default.
        possible: which classes an utterance could have had, shape ``(n, classes)``.
        iterations: of L-BFGS at most.
        tolerance: least relative improvement of an iteration.

    Returns:
        Weights ``(d, classes)`` and intercept ``(classes,)``, float32.

    Examples:
        >>> W, b = softmax_regression(np.array([[-1.0], [1.0]]), np.array([0, 1]), 2, C=1.0)
        >>> bool(W[0, 1] > W[0, 0])
        True
    """
    from scipy.optimize import minimize

    values = np.ascontiguousarray(features, dtype=np.float32)
    if values.shape[1] > len(values):
        triangle, back = _in_the_span(values)
        weights_there, bias = softmax_regression(
            triangle,
            targets,
            classes,
            C=C,
            weights=weights,
            possible=possible,
            iterations=iterations,
            tolerance=tolerance,
        )
        return back(weights_there), bias
    count, width = values.shape
    weight = np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    total = weight.sum()
    truth = np.eye(classes)[targets] if targets.ndim == 1 else np.asarray(targets, np.float64)
    closed = None if possible is None else np.where(possible, 0.0, -1e4)

    # Columns of very different size make a long narrow valley. The minimum is sought in coordinates
    # in which all are about equally steep (Jacobi preconditioning): the same minimum, sooner.
    moments = np.einsum("i,ij,ij->j", weight.astype(np.float32), values, values)
    steep = np.append(moments, total) * (classes - 1) / classes**2
    steep[:-1] += 1.0 / C
    unit = 1.0 / np.sqrt(steep)[:, None]
    unit /= unit.mean()

    parts = blocks(count, width)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        matrix = flat.reshape(width + 1, classes) * unit
        slopes, offsets = matrix[:-1].astype(np.float32), matrix[-1]
        gradient = np.zeros_like(matrix)
        gradient[:-1] = matrix[:-1] / (C * total)
        value = float((matrix[:-1] ** 2).sum()) / (2 * C * total)
        for part in parts:
            scores = values[part] @ slopes + offsets
            if closed is not None:
                scores = scores + closed[part]
            logs = log_softmax(scores)
            own = weight[part, None] / total
            slope = ((np.exp(logs) - truth[part]) * own).astype(np.float32)
            gradient[:-1] += values[part].T @ slope
            gradient[-1] += slope.sum(axis=0)
            value -= float((own * truth[part] * logs).sum())
        return value, (gradient * unit).ravel()

    start = np.zeros((width + 1) * classes)
    options = {"maxiter": iterations, "ftol": tolerance, "gtol": 1e3 * tolerance}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    matrix = (found.x.reshape(width + 1, classes) * unit).astype(np.float32)
    return matrix[:-1], matrix[-1]


def _in_the_span(values: NDArray[np.float32]) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Return rows in coordinates of their own span, and the way back for weights.

    A penalty on the squared length leaves the solution in the span of the rows (the representer
    theorem). With ``X X' = L L'`` (Cholesky) the rows of ``L`` have the inner products of the
    rows of ``X``; weights ``w`` on ``L`` and ``X' inv(L') w`` on ``X`` give the same scores and
    have the same length.

    Args:
        values: rows ``X``, shape ``(n, d)`` with ``d > n``.

    Returns:
        ``L``, shape ``(n, n)``, and a function from weights ``(n, k)`` to weights ``(d, k)``.
    """
    from scipy.linalg import cholesky, solve_triangular

    products = (values @ values.T).astype(np.float64)
    # Equal or centred rows make the products singular; so little does not show.
    products[np.diag_indices(len(products))] += 1e-6 * np.trace(products) / len(products)
    triangle = cholesky(products, lower=True, overwrite_a=True, check_finite=False)

    def back(weights: Floats) -> Floats:
        shares = solve_triangular(triangle, weights, lower=True, trans="T", check_finite=False)
        return values.T @ shares.astype(np.float32)

    return triangle, back
