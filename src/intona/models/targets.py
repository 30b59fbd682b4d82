"""What is known of the training utterances of several corpora."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


def groups_of(table: pd.DataFrame) -> NDArray[Any]:
    """Return the corpus of each utterance ``(n,)``; singing is a corpus of its own."""
    groups = table["corpus"].fillna("unknown").astype(str).to_numpy(dtype=object)
    if "vocal_channel" in table.columns:
        song = (table["vocal_channel"] == "song").to_numpy()
        groups = np.where(song, groups + "-song", groups)
    return groups


@dataclass(frozen=True)
class Known:
    """What is known of the training utterances.

    Attributes:
        targets: class numbers ``(n,)``.
        possible: which classes an utterance could have had ``(n, classes)``: those its corpus
            has at all.
        weights: of each utterance ``(n,)``.
        groups: corpus of each utterance ``(n,)``, see :func:`groups_of`.
    """

    targets: NDArray[np.int64]
    possible: NDArray[np.bool_]
    weights: NDArray[np.float32]
    groups: NDArray[Any]

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        target: str,
        labels: tuple[str, ...],
        weights: Mapping[str, float],
    ) -> Known:
        """Read it off the table; ``weights`` are per corpus, 1 where not named."""
        number = {label: k for k, label in enumerate(labels)}
        targets = np.asarray(table[target].map(number), dtype=np.int64)
        groups = groups_of(table)
        possible = np.zeros((len(targets), len(labels)), dtype=bool)
        for group in set(groups):
            members = groups == group
            possible[np.ix_(members, np.unique(targets[members]))] = True
        weight = np.array([weights.get(group, 1.0) for group in groups], dtype=np.float32)
        return cls(targets, possible, weight, groups)

    def main(self) -> NDArray[np.integer]:
        """Return the rows of the main corpus: the one with the largest weight."""
        return np.flatnonzero(self.weights == self.weights.max())

    def balanced(self) -> Known:
        """Return the same with weights that make the emotions of each corpus count alike.

        The weight of a corpus as a whole stays.
        """
        factor = np.ones(len(self.targets), dtype=np.float32)
        for group in set(self.groups):
            members = np.flatnonzero(self.groups == group)
            classes, place, counts = np.unique(
                self.targets[members], return_inverse=True, return_counts=True
            )
            factor[members] = len(members) / len(classes) / counts[place]
        return replace(self, weights=self.weights * factor)

    def thinned(self, most: Mapping[str, int], seed: int) -> NDArray[np.integer]:
        """Return rows with at most so many of each corpus, drawn by chance."""
        rng = np.random.default_rng(seed)
        kept = np.ones(len(self.targets), dtype=bool)
        for group, limit in sorted(most.items()):
            kept[rng.permutation(np.flatnonzero(self.groups == group))[limit:]] = False
        return np.flatnonzero(kept)

    def at(self, rows: NDArray[np.integer]) -> Known:
        """Return some of the rows."""
        return Known(self.targets[rows], self.possible[rows], self.weights[rows], self.groups[rows])
