"""Softmax regression with weights, and with a mask where a corpus lacks a label.

An EmoDB actor was never asked to sound calm, so nothing about "calm" is learned from EmoDB: each
utterance is told apart only among the labels its corpus has. Plain scipy: the recipe ``head``
needs no torch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.models.span import in_the_span

__all__ = ["log_softmax", "softmax_regression"]

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
        triangle, back = in_the_span(values)
        weights_there, bias = softmax_regression(
            triangle,
            targets,
            classes,
            C=C,
            weights=weights,
            possible=possible,
            iterations=iterations,
        )
        return back(weights_there), bias
    count, width = values.shape
    weight = np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    total = weight.sum()
    truth = np.eye(classes)[targets] if targets.ndim == 1 else np.asarray(targets, np.float64)
    closed = None if possible is None else np.where(possible, 0.0, -1e4)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        matrix = flat.reshape(width + 1, classes)
        scores = values @ matrix[:-1].astype(np.float32) + matrix[-1]
        if closed is not None:
            scores = scores + closed
        logs = log_softmax(scores)
        slope = ((np.exp(logs) - truth) * weight[:, None] / total).astype(np.float32)
        gradient = np.empty_like(matrix)
        gradient[:-1] = values.T @ slope + matrix[:-1] / (C * total)
        gradient[-1] = slope.sum(axis=0)
        value = -float((weight * (truth * logs).sum(axis=1)).sum() / total)
        value += float((matrix[:-1] ** 2).sum()) / (2 * C * total)
        return value, gradient.ravel()

    start = np.zeros((width + 1) * classes)
    options = {"maxiter": iterations, "ftol": 1e-9, "gtol": 1e-6}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    matrix = found.x.reshape(width + 1, classes).astype(np.float32)
    return matrix[:-1], matrix[-1]
