"""The division of a training part for choosing: layer, parameters, temperature, when to stop."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd


def inner_folds(
    targets: ArrayLike, speakers: ArrayLike | None, folds: int, *, seed: int = 0
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Divide a training part for choosing (layer, parameters, temperature, when to stop).

    Args:
        targets: labels or numbers, shape ``(n,)``; labels are balanced over the folds.
        speakers: one per utterance, kept whole; ``None`` where none are known, and then
            utterances are divided. Labels with fewer utterances than folds are not in every one.
        folds: how many, at least 2 and at most as many as there are speakers.
        seed: of the division.

    Returns:
        Pairs of row numbers (train, held out).

    Examples:
        >>> parts = inner_folds(["a", "b"] * 4, [1, 1, 2, 2, 3, 3, 4, 4], 2)
        >>> sorted(len(held_out) for _, held_out in parts)
        [4, 4]
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    values = np.asarray(targets)
    loose = values.dtype.kind == "f" or max(Counter(values.tolist()).values()) < folds
    options = {"n_splits": folds, "shuffle": True, "random_state": seed}
    with warnings.catch_warnings():
        # That a label is rarer than folds are is no news here.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        if speakers is None:
            splitter = (KFold if loose else StratifiedKFold)(**options)
            return list(splitter.split(values, values))
        splitter = (GroupKFold if loose else StratifiedGroupKFold)(**options)
        return list(splitter.split(values, values, np.asarray(speakers)))


@dataclass(frozen=True)
class InnerFolds:
    """How a training part is divided for choosing.

    Attributes:
        parts: pairs of row numbers (train, held out).
        words: for people, for example ``4 inner folds of held-out speakers``.
        speakers: whether speakers are kept whole.
    """

    parts: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
    words: str
    speakers: bool

    @classmethod
    def of(cls, targets: NDArray[Any], speakers: pd.Series, folds: int) -> InnerFolds | None:
        """Divide by speakers where they are known; ``None`` where too little is there.

        Args:
            targets: class numbers, or numbers (float).
            speakers: of every row, missing where unknown.
            folds: how many at most.
        """
        grouped = bool(speakers.notna().all()) and speakers.nunique() >= 2
        if grouped:
            most = int(speakers.nunique())
        elif targets.dtype.kind == "f":
            most = len(targets)
        else:
            most = int(np.bincount(targets).min())
        folds = min(folds, most)
        if folds < 2:
            return None
        parts = inner_folds(targets, speakers.to_numpy() if grouped else None, folds)
        kind = "held-out speakers" if grouped else "held-out utterances: no speakers known"
        return cls(parts, f"{folds} inner folds of {kind}", grouped)
