"""Adaptation: embeddings judged against what surrounds them, by mean and deviation.

A voice, a room or a language shifts every embedding, and what it adds is common to all that is
said there. The mean and deviation of the embedding over some unlabelled, varied speech of the
place (or of the speaker) take it off: the embedding is standardised by them in place of the
training material's. Few utterances tell little, so both are shrunk towards the training material's
(Bayesian shrinkage with a fixed number of pseudo-utterances; what the numbers are worth is in
``docs/enrolment.md``).

All embeddings here are those of a model file's output ``embedding``, which is standardised by the
training material: mean 0, deviation 1.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.errors import UsageError

MEAN_WEIGHT = 2.0  # utterances that the training material's mean counts
DEVIATION_WEIGHT = 20.0  # and its deviation, whose estimate needs more
NEUTRAL_WEIGHT = 8.0  # utterances that the training material's mean counts against neutral speech
SMALLEST = 0.05  # deviation; a set of equal recordings has none

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Count, mean and deviation of embeddings over unlabelled speech.

    Attributes:
        count: utterances.
        mean: of the embeddings, shape ``(d,)``.
        deviation: their standard deviation, shape ``(d,)``; 1 where ``count`` is 1.

    Examples:
        >>> found = Statistics.of([[1.0, 0.0], [3.0, 0.0]])
        >>> found.count, found.mean.tolist()
        (2, [2.0, 0.0])
        >>> centre, scale = found.standardisation()
        >>> centre.tolist()  # half way to the training material's, which is 0
        [1.0, 0.0]
    """

    count: int
    mean: Doubles
    deviation: Doubles

    @classmethod
    def of(cls, embeddings: ArrayLike) -> Statistics:
        """Return the statistics of embeddings, shape ``(n, d)``, ``n`` at least 1."""
        running = Running()
        running.add(embeddings)
        return running.statistics()

    def standardisation(self) -> tuple[Doubles, Doubles]:
        """Return centre and scale, each ``(d,)``, shrunk towards the training material's."""
        count = self.count
        centre = count * self.mean / (count + MEAN_WEIGHT)
        logs = np.log(np.maximum(self.deviation, SMALLEST))
        return centre, np.exp(count * logs / (count + DEVIATION_WEIGHT))


@dataclass(frozen=True, eq=False)
class NeutralStatistics:
    """Statistics of a speaker's neutral speech alone.

    Neutral speech shows where a voice lies, but not how it varies; and mixed speech lies elsewhere
    by much the same difference for all speakers.

    Attributes:
        neutral: statistics of the neutral speech.
        difference: of the mean over mixed speech from that over neutral speech, as usual among
            training speakers, shape ``(d,)``.
    """

    neutral: Statistics
    difference: Doubles

    @property
    def count(self) -> int:
        """Utterances."""
        return self.neutral.count

    def standardisation(self) -> tuple[Doubles, Doubles]:
        """Return centre and scale, each ``(d,)``; the scale is the training material's."""
        count = self.count
        centre = count * (self.neutral.mean + self.difference) / (count + NEUTRAL_WEIGHT)
        return centre, np.ones_like(centre)


def standardisation(
    to: Any, metadata: Mapping[str, Any], speech: str | None = None
) -> tuple[Doubles, Doubles]:
    """Return centre and scale, each ``(d,)``, of what a model is adapted to.

    Args:
        to: the statistics of speech, or a profile, which has them.
        metadata: of the model.
        speech: kind of speech it is, ``"neutral"`` or ``"mixed"``: neutral speech lies elsewhere
            than varied speech; ``None`` for what the profile says.

    Raises:
        UsageError: a damaged profile.
    """
    statistics: Statistics = getattr(to, "statistics", to)
    if len(statistics.mean) != int(metadata["embedding"]):
        raise UsageError("the profile is damaged: it has another size than the model's")
    difference = metadata["adaptation"].get("difference")
    neutral = (speech or getattr(to, "speech", "mixed")) == "neutral"
    if neutral and difference is not None:
        return NeutralStatistics(statistics, decoded(difference)).standardisation()
    return statistics.standardisation()


class Running:
    """Sums over embeddings that come one after the other, in constant memory.

    Attributes:
        count: utterances so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sum: Doubles = np.zeros(1)
        self._squares: Doubles = np.zeros(1)

    def add(self, embeddings: ArrayLike) -> None:
        """Count embeddings in, shape ``(n, d)``."""
        values = np.asarray(embeddings, dtype=np.float64)
        self.count += len(values)
        self._sum = self._sum + values.sum(axis=0)
        self._squares = self._squares + (values**2).sum(axis=0)

    def statistics(self) -> Statistics:
        """Return the statistics of what has been counted, which is at least one."""
        mean = self._sum / self.count
        variance = np.maximum(self._squares / self.count - mean**2, 0.0)
        deviation = np.sqrt(variance) if self.count > 1 else np.ones_like(mean)
        return Statistics(self.count, mean, deviation)


def encoded(values: ArrayLike) -> str:
    """Return numbers as base64 of little-endian half floats: thousands of them in a few KB.

    Examples:
        >>> decoded(encoded([0.5, -1.0])).tolist()
        [0.5, -1.0]
    """
    return base64.b64encode(np.asarray(values).astype("<f2").tobytes()).decode()


def decoded(text: object) -> Doubles:
    """Return the numbers of :func:`encoded`.

    Raises:
        ValueError: not such a text.
    """
    return np.frombuffer(base64.b64decode(str(text), validate=True), "<f2").astype(np.float64)
