"""A protocol: which utterances are trained on, and which are tested."""

import numpy as np
import pandas as pd

from intona.errors import UsageError
from intona.evaluation.split import Fold


class Halves:
    """Half of the speakers is trained on, the other half tested, and the other way round.

    Args:
        value: what stands after the colon; ``halves`` takes nothing.
    """

    leaky = ""  # else why a number made this way says nothing about new speakers
    name = "halves"
    words = "Two halves of the speakers, each tested by a model of the other."

    def __init__(self, value: str) -> None:
        if value:
            raise UsageError(f"the protocol halves takes nothing after it, got {value!r}")

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Return both folds."""
        speakers = table["speaker"].astype(str).to_numpy()
        names = np.random.default_rng(seed).permutation(np.unique(speakers))
        first = np.isin(speakers, names[: len(names) // 2])
        rows = [np.flatnonzero(first), np.flatnonzero(~first)]
        return [Fold("1", rows[0], rows[1]), Fold("2", rows[1], rows[0])]
