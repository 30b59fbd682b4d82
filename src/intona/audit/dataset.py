"""The dataset of an audit: utterances, their truth and their speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from intona.corpora.speakers import speaker_names
from intona.errors import CorpusError
from intona.metrics.clustered import cluster_numbers
from intona.tables import Utterance, utterances


@dataclass(frozen=True)
class Dataset:
    """Utterances to audit on.

    Attributes:
        table: indexed by ``(file, start, end)``, at least ``emotion``, ``speaker`` and
            ``corpus``.
        utterances: the rows of the index.
        speakers: one number per row; every row without a speaker is one of its own.
        names: the speakers' names, by number.
    """

    table: pd.DataFrame
    utterances: tuple[Utterance, ...]
    speakers: NDArray[np.intp]
    names: tuple[str, ...]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Dataset:
        """Take over a corpus table.

        Raises:
            CorpusError: when the table is empty.
        """
        if table.empty:
            raise CorpusError("there is no utterance to audit on")
        named = speaker_names(table)
        numbers, names = cluster_numbers(named)
        wanted = tuple(utterances(table.index))  # type: ignore[arg-type]
        return cls(table, wanted, numbers, tuple(map(str, names)))

    def __len__(self) -> int:
        return len(self.table)

    def take(self, rows: NDArray[np.intp]) -> Dataset:
        """Return the dataset of some rows, speakers numbered anew."""
        return Dataset.of(self.table.iloc[rows])

    def column(self, name: str) -> NDArray[np.object_]:
        """Return a column, ``None`` where nothing is known or the column does not exist."""
        if name not in self.table:
            return np.full(len(self), None, dtype=object)
        values = self.table[name].astype(object)
        return values.where(values.notna(), None).to_numpy(dtype=object)

    def sample(self, count: int, seed: int) -> NDArray[np.intp]:
        """Return up to ``count`` rows, spread evenly over corpora, emotions and speakers.

        Rows are shuffled, then dealt out in turn: first over the corpora, within each over
        its emotions, within each of them over its speakers.
        """
        order = np.random.default_rng(seed).permutation(len(self))
        keys = [self.column("corpus"), self.column("emotion"), self.speakers]
        rows = _deal(list(order), [[str(value) for value in key] for key in keys])
        return np.sort(np.array(rows[:count], dtype=np.intp))


def _deal(rows: list[int], keys: Sequence[Sequence[str]]) -> list[int]:
    """Return the rows so that every beginning is even over the first key, then the next."""
    if not keys:
        return rows
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(keys[0][row], []).append(row)
    piles = [_deal(pile, keys[1:]) for pile in groups.values()]
    longest = max(map(len, piles))
    return [pile[turn] for turn in range(longest) for pile in piles if turn < len(pile)]
