"""How speakers differ in a model's answers, and what to do about one of them.

A model that has never heard a voice is biased towards some emotions on it. The bias of a
speaker is estimated as the mean of the model's scores over some of the speaker's speech, minus
the mean over many speakers, shrunk by how much such means tell (empirical Bayes, one factor for
all classes), and taken off. For a linear head this is the same as shifting the speaker's mean in
the embedding. The scores are those of a head made for it (:mod:`intona.models.voices`) where the
model has one, else its log-probabilities. The population's statistics come from held-out
speakers of the training part and travel in the model file as ``speakers``.

A place is a language, room, microphone or way of speaking that the model was not trained on, and a
model is biased there as well. How its mean scores differ from those of other places nobody knows
from one training corpus; without anything better, all emotions are taken to be equally likely
there, and the whole mean is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.errors import UsageError

__all__ = [
    "KINDS",
    "LEAST_SPEAKERS",
    "PLACE",
    "centred",
    "centred_log",
    "place_statistics",
    "shift",
    "speaker_statistics",
    "spread_of_means",
    "statistics",
]

PLACE = "place"
KINDS: tuple[str, ...] = ("neutral", "mixed", PLACE)
PLACE_WITHIN = 4.0  # variance of an utterance's scores, as a multiple of that between places
LEAST_SPEAKERS = 4
SMALLEST = 1e-6  # probability before the logarithm

Doubles = NDArray[np.float64]


def centred(scores: ArrayLike) -> Doubles:
    """Return scores minus their mean, row by row.

    Examples:
        >>> centred([[1.0, 3.0]]).tolist()
        [[-1.0, 1.0]]
    """
    values = np.asarray(scores, dtype=np.float64)
    return values - values.mean(axis=-1, keepdims=True)


def centred_log(probabilities: ArrayLike) -> Doubles:
    """Return log-probabilities minus their mean, row by row.

    Examples:
        >>> centred_log([[0.5, 0.5]]).tolist()
        [[0.0, 0.0]]
    """
    return centred(np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST)))


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


def spread_of_means(parts: Sequence[Doubles], share: float) -> dict[str, Any]:
    """Describe how speakers' mean scores differ, for a head trained to have a share taken off.

    Args:
        parts: per speaker the centred scores a profile could be made from, ``(n, classes)``.
        share: of the difference between speakers' means, in (0, 1], that :func:`shift` is to
            take off when it knows as many utterances as there are here.

    Returns:
        What :func:`shift` needs, JSON-able.
    """
    found = _spread(parts)
    observed = found["between"] + found["within"] * float(np.mean([1.0 / len(p) for p in parts]))
    return {**found, "covariance": round(share * observed, 6)}


def _describe(parts: Sequence[Doubles], bias: Doubles) -> dict[str, Any]:
    means = np.stack([part.mean(axis=0) for part in parts])
    found = _spread(parts)
    products = (means - means.mean(axis=0)) * (bias - bias.mean(axis=0))
    covariance = max(float(products.sum()) / (len(parts) - 1), 0.0)
    return {**found, "covariance": round(min(covariance, found["between"]), 6)}


def _spread(parts: Sequence[Doubles]) -> dict[str, Any]:
    means = np.stack([part.mean(axis=0) for part in parts])
    within = float(np.mean([part.var(axis=0, ddof=1).sum() for part in parts if len(part) > 1]))
    share = float(np.mean([1.0 / len(part) for part in parts]))
    spread = means - means.mean(axis=0)
    # The means themselves are uncertain: take that part of their variance off.
    between = max(float(np.square(spread).sum()) / (len(parts) - 1) - within * share, 0.0)
    return {
        "mean": [round(float(value), 6) for value in means.mean(axis=0)],
        "between": round(between, 6),
        "within": round(within, 6),
        "speakers": len(parts),
    }


def place_statistics(classes: int) -> dict[str, Any]:
    """Return what :func:`shift` needs for a place that is unlike the training material.

    Examples:
        >>> shift(place_statistics(2), [1.0, -1.0], 36).round(2).tolist()
        [-0.9, 0.9]
    """
    return {"mean": [0.0] * classes, "between": 1.0, "within": PLACE_WITHIN, "covariance": 1.0}


def shift(statistics: Mapping[str, Any], mean: ArrayLike, count: int) -> Doubles:
    """Return what to add to a speaker's scores, shape ``(classes,)``.

    Args:
        statistics: the population's, of the same kind of speech.
        mean: of the speaker's centred scores, shape ``(classes,)``.
        count: utterances behind it.
    """
    spread = statistics["between"] + statistics["within"] / max(count, 1)
    factor = min(statistics["covariance"] / spread, 1.0) if spread > 0 else 0.0
    return -factor * (np.asarray(mean, dtype=np.float64) - np.asarray(statistics["mean"]))


def statistics(metadata: Mapping[str, Any], speech: str) -> Mapping[str, Any]:
    """Return how speakers differ in a model's scores of one kind of speech.

    Where they are those of a head made for enrolled speakers, ``output`` is its name in the
    graph and ``threshold`` the confidence below which its answers are ``unsure``.

    Args:
        metadata: the model's.
        speech: one of :data:`KINDS`.

    Raises:
        UsageError: the model was trained without that.
    """
    if speech == PLACE:
        return place_statistics(len(metadata["labels"]))
    known = metadata.get("speakers") or {}
    if speech not in known:
        raise UsageError(
            f"the model does not say how speakers differ in {speech} speech, so it cannot "
            "adapt to one: train it on at least four speakers with calibration folds"
        )
    found: Mapping[str, Any] = known[speech]
    return found
