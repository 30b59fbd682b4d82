"""Views: training embeddings standardised as they will be in use, plainly or by a profile.

A head that is to be right on a plain embedding and on one judged against what surrounds it has to
see both. Every utterance is therefore seen standardised by all training material, by random sets of
its own corpus (as a place's profile would) and by random sets of its own speaker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.models.adaptation import Statistics

Floats = NDArray[np.float32]
Rows = NDArray[np.integer]

# Per kind of set its smallest and largest size (drawn log-uniformly), and for about how many rows
# the same set is used.
SETS: Mapping[str, tuple[int, int, int]] = {"corpus": (4, 100, 40), "speaker": (4, 60, 30)}


@dataclass(frozen=True, eq=False)
class Standard:
    """The training material's mean and deviation.

    Attributes:
        centre: shape ``(d,)``.
        scale: shape ``(d,)``.
    """

    centre: Floats
    scale: Floats

    @classmethod
    def of(cls, features: Floats, weights: NDArray[np.floating]) -> Standard:
        """Return mean and deviation of features ``(n, d)``, rows weighing ``(n,)``."""
        share = (weights / weights.sum())[:, None]
        centre = (features * share).sum(axis=0)
        variance = ((features - centre) ** 2 * share).sum(axis=0)
        return cls(centre.astype(np.float32), (np.sqrt(variance) + 1e-6).astype(np.float32))

    def embedding(self, features: Floats) -> Floats:
        """Return features standardised plainly: the ``embedding`` of a model file."""
        return (features - self.centre) / self.scale


def judged_by(embedding: Floats, statistics: Any) -> Floats:
    """Return embeddings standardised by statistics (of :mod:`intona.models.adaptation`)."""
    centre, scale = statistics.standardisation()
    return ((embedding - centre) / scale).astype(np.float32)


def judged_by_sets(
    embedding: Floats,
    origin: Rows,
    groups: NDArray[Any],
    kind: str,
    rng: np.random.Generator,
) -> Floats:
    """Return embeddings standardised by random sets of their own group.

    Args:
        embedding: of utterances, then of changed copies, ``(m, d)``.
        origin: the utterance of each row, ``(m,)``.
        groups: corpus or speaker of each utterance, ``(n,)``; sets are drawn of utterances alone.
        kind: ``corpus`` or ``speaker``, see :data:`SETS`.
        rng: the source of chance.
    """
    smallest, largest, together = SETS[kind]
    found = np.empty_like(embedding)
    for group in np.unique(groups):
        pool = np.flatnonzero(groups == group)
        rows = rng.permutation(np.flatnonzero(groups[origin] == group))
        for part in np.array_split(rows, max(1, len(rows) // together)):
            size = int(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
            chosen = rng.permutation(pool)[: max(size, 2)]
            found[part] = judged_by(embedding[part], Statistics.of(embedding[chosen]))
    return found
