"""Standardisation and softmax regression: what turns pooled features into scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intona.models.regression import softmax_regression

__all__ = ["VOICELESS", "LinearHead"]

Floats = NDArray[np.float32]

VOICELESS = 0.5  # of an utterance: what a sound without a voice counts


@dataclass(frozen=True)
class LinearHead:
    """Standardisation and softmax regression.

    Attributes:
        centre: mean of the training features, ``(d,)``.
        scale: their standard deviation, ``(d,)``.
        weights: on standardised features, ``(d, classes)``.
        bias: ``(classes,)``.
    """

    centre: Floats
    scale: Floats
    weights: Floats
    bias: Floats

    @classmethod
    def fit(
        cls,
        features: Floats,
        targets: NDArray[np.int64],
        possible: NDArray[np.bool_],
        weights: Floats,
        C: float,
        rows: NDArray[np.integer],
        nothing: Floats | None = None,
    ) -> LinearHead:
        """Fit on some rows; see :func:`intona.models.regression.softmax_regression`.

        ``nothing`` holds features ``(m, d)`` of sounds without a voice: for them all labels are
        to be equally likely, and each counts half an utterance.
        """
        values, weight = features[rows], weights[rows]
        share = (weight / weight.sum())[:, None]
        centre = (values * share).sum(axis=0).astype(np.float32)
        variance = ((values - centre) ** 2 * share).sum(axis=0)
        scale = (np.sqrt(variance) + 1e-6).astype(np.float32)
        classes = possible.shape[1]
        truth, possible = np.eye(classes)[targets[rows]], possible[rows]
        if nothing is not None:
            every = np.ones((len(nothing), classes), dtype=bool)
            values, possible = np.concatenate([values, nothing]), np.concatenate([possible, every])
            truth = np.concatenate([truth, every / classes])
            weight = np.concatenate([weight, np.full(len(nothing), VOICELESS)])
        matrix, bias = softmax_regression(
            (values - centre) / scale, truth, classes, C=C, weights=weight, possible=possible
        )
        return cls(centre, scale, matrix, bias)

    def scores(self, features: Floats) -> NDArray[np.float64]:
        """Return scores ``(n, classes)``."""
        standard = (features - self.centre) / self.scale
        return np.asarray(standard @ self.weights + self.bias, dtype=np.float64)
