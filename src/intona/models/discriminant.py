"""Linear discriminants with a shrunk covariance, weighted.

A regression uses whatever tells the training utterances apart, also what only this corpus has. A
discriminant divides by how much utterances of one emotion differ among themselves (voices, words,
rooms), so it takes little from directions in which they differ anyway. It is worse on speakers of
the corpora it knows and better on corpora that it has never met.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.metrics.arrays import rows_of

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


def shrunk_discriminant(
    features: Floats,
    targets: NDArray[Any],
    classes: int,
    groups: NDArray[Any],
    weights: NDArray[np.floating],
    *,
    shrinkage: float,
    nothing: tuple[Floats, float] | None = None,
) -> tuple[Doubles, Doubles]:
    """Return the linear discriminant of classes that are equally likely beforehand.

    Scores are ``x @ W + b`` with ``W = S^-1 m`` and ``b = -m S^-1 m / 2`` (Fisher 1936; Hastie,
    Tibshirani and Friedman 2009, section 4.3), ``m`` the mean of a class and ``S`` the covariance
    around the mean of each class in each group, shrunk towards a multiple of the identity
    (Friedman 1989, "Regularized discriminant analysis").

    Args:
        features: shape ``(n, d)``.
        targets: class numbers, shape ``(n,)``.
        classes: how many there are.
        groups: what shifts features whatever the class, ``(n,)``: its means are taken off.
        weights: one per row, shape ``(n,)``.
        shrinkage: share of the multiple of the identity, in (0, 1].
        nothing: rows that are of no class, ``(m, d)``, and the weight of each: how far they lie
            from the middle of the classes widens the covariance, so that scores say little of them.

    Returns:
        Weights ``(d, classes)`` and offset ``(classes,)``; 0 for a class that no row has.

    Examples:
        >>> W, b = shrunk_discriminant(
        ...     np.array([[-1.0], [-3.0], [1.0], [3.0]], np.float32), np.array([0, 0, 1, 1]), 2,
        ...     np.zeros(4), np.ones(4), shrinkage=0.5)
        >>> W.round(6).tolist(), b.tolist()
        ([[-2.0, 2.0]], [-2.0, -2.0])
    """
    width = features.shape[1]
    weight = np.asarray(weights, dtype=np.float32)
    means, heavy = np.zeros((classes, width)), np.zeros(classes)
    scatter = np.zeros((width, width))
    for own in rows_of(groups).values():
        for rows in (own[part] for part in rows_of(targets[own]).values()):
            share, number = weight[rows], targets[rows[0]]
            total = float(share.sum())
            if total <= 0.0:
                continue
            mean = share @ features[rows] / total
            around = (features[rows] - mean) * np.sqrt(share)[:, None]
            scatter += around.T @ around
            means[number] += total * mean
            heavy[number] += total
    met = heavy > 0.0
    means[met] /= heavy[met, None]
    if nothing is not None:
        away = nothing[0] - means[met].mean(axis=0, dtype=np.float32)
        scatter += nothing[1] * (away.T @ away)
    scatter /= heavy.sum()
    flat = max(float(np.trace(scatter)) / width, 1e-12)
    covariance = (1.0 - shrinkage) * scatter + shrinkage * flat * np.eye(width)
    found = np.linalg.solve(covariance, means.T)
    return found, -0.5 * (means.T * found).sum(axis=0)
