"""Split: a division of a corpus into training and test folds, and what every protocol offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Fold:
    """One division of a table.

    Attributes:
        name: for people and for ``evaluation.json``.
        train: row numbers of the training part.
        test: row numbers of the test part.
    """

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]


class Split(Protocol):
    """What every protocol offers.

    Attributes:
        leaky: why a number made this way says nothing about new speakers; empty when it does.
    """

    leaky: ClassVar[str]

    @property
    def name(self) -> str:
        """As written on the command line."""
        ...

    @property
    def words(self) -> str:
        """The protocol in one sentence."""
        ...

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Divide a table of utterances.

        Args:
            table: indexed by ``(file, start, end)``, with ``speaker``, ``corpus`` and the target.
            target: column to balance by where the protocol balances.
            seed: of the division where it is random.

        Raises:
            CorpusError: the table does not allow the protocol.
        """
        ...
