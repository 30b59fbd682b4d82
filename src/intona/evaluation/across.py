"""Protocols across corpora: what is trained on some is tested on another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from intona.errors import CorpusError
from intona.evaluation.split import Fold, Split

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CrossCorpus:
    """Train on one corpus, test on another."""

    train: str
    test: str
    leaky: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """As written on the command line."""
        return f"cross:{self.train}->{self.test}"

    @property
    def words(self) -> str:
        """The protocol in one sentence."""
        return (
            f"Across corpora: trained on {self.train}, tested on {self.test}, other speakers, "
            "other recordings."
        )

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Return the one fold; see :meth:`intona.evaluation.split.Split.folds`."""
        corpora = table["corpus"].astype(str).to_numpy()
        for name in (self.train, self.test):
            if name not in corpora:
                raise CorpusError(
                    f"{self.name}: no corpus {name!r} among those given "
                    f"({', '.join(sorted(set(corpora)))})"
                )
        train = np.flatnonzero(corpora == self.train)
        test = np.flatnonzero(corpora == self.test)
        if table[target].dtype.kind not in "fiu":
            _same_labels(self, table[target].iloc[train], table[target].iloc[test])
        return [Fold(self.test, train, test)]


@dataclass(frozen=True)
class LeaveOneCorpusOut:
    """Train on all corpora but one, test on that one, each in turn.

    Answers are over the labels that both sides know. Singing is held out with its corpus and not
    tested.

    Attributes:
        test_only: corpora that are tested and never trained on.
    """

    test_only: tuple[str, ...] = field(default=())
    leaky: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """As written on the command line."""
        return "corpora"

    @property
    def words(self) -> str:
        """The protocol in one sentence."""
        never = f"; {', '.join(self.test_only)} never trained on" if self.test_only else ""
        return (
            "Leave one corpus out: trained on all the others, tested on the one, over the labels "
            f"both know{never}."
        )

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Return one fold per corpus; see :meth:`intona.evaluation.split.Split.folds`."""
        corpora = table["corpus"].astype(str).to_numpy()
        names = sorted(set(corpora))
        unknown = [name for name in self.test_only if name not in names]
        if unknown:
            raise CorpusError(
                f"--test-only: no corpus {', '.join(unknown)} among those given "
                f"({', '.join(names)})"
            )
        trained = ~np.isin(corpora, self.test_only)
        if len(set(corpora[trained])) < 2:
            raise CorpusError(
                "the protocol corpora needs at least two corpora to train on: name more folders"
            )
        song = np.zeros(len(table), dtype=bool)
        if "vocal_channel" in table.columns:
            song = (table["vocal_channel"] == "song").to_numpy()
        found = []
        for name in names:
            own = corpora == name
            if (own & ~song).any():
                found.append(
                    Fold(name, np.flatnonzero(trained & ~own), np.flatnonzero(own & ~song))
                )
        return found


def _same_labels(split: Split, train: pd.Series, test: pd.Series) -> None:
    from intona.labels import order

    one, other = set(train), set(test)
    if one != other:
        raise CorpusError(
            f"{split.name}: the two corpora have not the same labels "
            f"(only one has {', '.join(order(one ^ other))}): "
            f"keep those they share with --emotions {','.join(order(one & other))}"
        )


def shared_labels(
    model: Collection[str], corpus: Collection[str], becomes: Mapping[str, str | None]
) -> tuple[str, ...]:
    """Return the labels that a model and a corpus both know, in vocabulary order.

    Raises:
        CorpusError: fewer than two.
    """
    from intona.labels import order

    both = {becomes[label] for label in model} & {becomes[label] for label in corpus}
    found = order(label for label in both if label is not None)
    if len(found) < 2:
        raise CorpusError(
            f"the corpus has {', '.join(order(corpus))} and the others {', '.join(order(model))}: "
            "they share fewer than two labels"
        )
    return found
