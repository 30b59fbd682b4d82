"""How speakers differ in a model's answers, and what to do about one of them.

A model that has never heard a voice is biased towards some emotions on it. The bias of a
speaker is estimated as the mean of the model's log-probabilities over some of the speaker's
speech, minus the mean over many speakers, shrunk by how much such means tell (empirical Bayes,
one factor for all classes), and taken off. For a softmax regression this is the same as
shifting the speaker's mean in the embedding. The population's statistics come from held-out
speakers of the training part and travel in the model file as ``speakers``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["KINDS", "centred_log", "shift", "speaker_statistics"]

KINDS: tuple[str, ...] = ("neutral", "mixed")
LEAST_SPEAKERS = 4
SMALLEST = 1e-6  # probability before the logarithm

Doubles = NDArray[np.float64]


def centred_log(probabilities: ArrayLike) -> Doubles:
    """Return log-probabilities minus their mean, row by row.

    Examples:
        >>> centred_log([[0.5, 0.5]]).tolist()
        [[0.0, 0.0]]
    """
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST))
    return logs - logs.mean(axis=-1, keepdims=True)


def speaker_statistics(
    probabilities: ArrayLike, truth: ArrayLike, speakers: ArrayLike, labels: Sequence[str]
) -> dict[str, Any] | None:
    """Describe how speakers differ, from answers on held-out speakers.

    Args:
        probabilities: of held-out utterances, shape ``(n, classes)``.
        truth: their class numbers, shape ``(n,)``.
        speakers: who speaks, shape ``(n,)``.
        labels: names of the classes.

    Returns:
        JSON-able: per kind of speech (``"mixed"`` and, where the model knows it,
        ``"neutral"``) the population's ``mean`` per class and three numbers, summed over the
        classes: the variance ``between`` speakers' means, the variance ``within`` a speaker,
        and the ``covariance`` of the means with the bias to be taken off. ``None`` with fewer
        than four speakers.
    """
    values, classes, names = centred_log(probabilities), np.asarray(truth), np.asarray(speakers)
    found: dict[str, Any] = {}
    people = np.unique(names)
    if len(people) < LEAST_SPEAKERS:
        return None
    by_class = {
        name: _class_means(values[names == name], classes[names == name]) for name in people
    }
    bias = np.stack([by_class[name] for name in people])
    found["mixed"] = _describe([values[names == name] for name in people], bias)
    if "neutral" in labels:
        neutral = classes == list(labels).index("neutral")
        known = [i for i, name in enumerate(people) if (neutral & (names == name)).sum() >= 2]
        if len(known) >= LEAST_SPEAKERS:
            parts = [values[neutral & (names == people[i])] for i in known]
            found["neutral"] = _describe(parts, bias[known])
    return found


def _class_means(values: Doubles, classes: NDArray[Any]) -> Doubles:
    """Return the mean over the classes of the classes' means: every emotion weighs the same."""
    return np.mean([values[classes == one].mean(axis=0) for one in np.unique(classes)], axis=0)


def _describe(parts: Sequence[Doubles], bias: Doubles) -> dict[str, Any]:
    means = np.stack([part.mean(axis=0) for part in parts])
    within = float(np.mean([part.var(axis=0, ddof=1).sum() for part in parts if len(part) > 1]))
    share = float(np.mean([1.0 / len(part) for part in parts]))
    spread = means - means.mean(axis=0)
    freedom = len(parts) - 1
    # The means themselves are uncertain: take that part of their variance off.
    between = max(float(np.square(spread).sum()) / freedom - within * share, 0.0)
    covariance = max(float((spread * (bias - bias.mean(axis=0))).sum()) / freedom, 0.0)
    return {
        "mean": [round(float(value), 6) for value in means.mean(axis=0)],
        "between": round(between, 6),
        "within": round(within, 6),
        "covariance": round(min(covariance, between), 6),
        "speakers": len(parts),
    }


def shift(statistics: Mapping[str, Any], mean: ArrayLike, count: int) -> Doubles:
    """Return what to add to a speaker's log-probabilities, shape ``(classes,)``.

    Args:
        statistics: the population's, of the same kind of speech.
        mean: of the speaker's :func:`centred_log` values, shape ``(classes,)``.
        count: utterances behind it.
    """
    spread = statistics["between"] + statistics["within"] / max(count, 1)
    factor = statistics["covariance"] / spread if spread > 0 else 0.0
    return -factor * (np.asarray(mean, dtype=np.float64) - np.asarray(statistics["mean"]))
