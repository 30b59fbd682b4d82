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

from intona.metrics.arrays import blocks, rows_of
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
        share = np.asarray(weights, dtype=np.float64) / weights.sum()
        rows = np.flatnonzero(share)
        # In blocks, because numbers of double precision would take twice the features' memory.
        parts = [rows[part] for part in blocks(len(rows), features.shape[1])]
        centre = np.zeros(features.shape[1])
        for part in parts:
            centre += share[part] @ features[part]
        variance = np.zeros_like(centre)
        for part in parts:
            variance += share[part] @ (features[part] - centre) ** 2
        return cls(centre.astype(np.float32), (np.sqrt(variance) + 1e-6).astype(np.float32))

    def embedding(self, features: Floats, out: Floats | None = None) -> Floats:
        """Return features standardised plainly: the ``embedding`` of a model file.

        Args:
            features: shape ``(n, d)``.
            out: where to put it, which may be the features themselves.
        """
        found = np.subtract(features, self.centre, out=out)
        found /= self.scale
        return found


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
    pools = rows_of(groups)
    for group, own in rows_of(groups[origin]).items():
        pool, rows = pools[group], rng.permutation(own)
        for part in np.array_split(rows, max(1, len(rows) // together)):
            size = int(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
            chosen = rng.permutation(pool)[: max(size, 2)]
            found[part] = judged_by(embedding[part], Statistics.of(embedding[chosen]))
    return found
