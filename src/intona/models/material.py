"""What a linear model learns from: utterances, changed copies of them, sounds without a voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import RecipeError
from intona.features.base import FrontEnd
from intona.features.extract import Progress, extract
from intona.features.logmel import RATE
from intona.models.augmented import augmented
from intona.models.targets import Known
from intona.models.voiceless import sounds_without_voice
from intona.parallel import Engine

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Material", "gather"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Material:
    """Features of utterances and their copies.

    Attributes:
        features: pooled, ``(m, d)``: the utterances in the order of the table, then the copies.
        origin: the utterance of each row, ``(m,)``.
        known: of each row; an utterance and its copies share its weight, and where the recipe
            balances, the emotions of a corpus share the corpus's.
        nothing: features of sounds without a voice, ``(k, d)``.
    """

    features: Floats
    origin: NDArray[np.integer]
    known: Known
    nothing: Floats | None = None

    def rows(self, utterances: NDArray[np.integer]) -> NDArray[np.integer]:
        """Return the rows of these utterances and their copies."""
        return np.flatnonzero(np.isin(self.origin, utterances))


def gather(
    front: FrontEnd,
    table: pd.DataFrame,
    known: Known,
    options: Mapping[str, Any],
    seed: int,
    on: Engine,
    progress: Progress | None,
) -> Material:
    """Compute all features a recipe's training options ask for.

    Copies are made of the main corpus alone. Babble is made of speakers that it does not have,
    where there are some, so that the copies are the same whichever of its speakers are held out.

    Raises:
        RecipeError: an unknown transform, or a share that is none.
        AudioError: a recording cannot be used.
    """
    main = known.main()
    part, speakers = table.iloc[main], table["speaker"]
    others = table[~speakers.isin(speakers.iloc[main].unique())]
    steps, copies = options.get("augmentation", ()), int(options.get("augmented_copies", 1))
    copies = copies if steps else 0
    clean = float(options.get("clean_share", 1.0 / (copies + 1)))
    if not 0.0 < clean <= 1.0:
        raise RecipeError(f"training.clean_share is above 0 and at most 1, got {clean}")
    sounds = list(sounds_without_voice(int(options.get("sounds_without_voice", 0)), seed))
    voices = others if len(others) else part
    heard = augmented(front, steps, voices, copies=copies, seed=seed) if copies else ()

    features = [extract(table, front, on=on, progress=progress)]
    features += [extract(part, each, on=on, progress=progress) for each in heard]
    origin = np.concatenate([np.arange(len(table)), *([main] * copies)])
    shared = (known.balanced() if options.get("balanced", False) else known).at(origin)
    share = np.ones(len(origin), dtype=np.float32)
    if copies:
        share[main], share[len(table) :] = clean, (1.0 - clean) / copies
    shared = replace(shared, weights=shared.weights * share)
    nothing = np.stack([front(sound, RATE) for sound in sounds]) if sounds else None
    return Material(np.concatenate(features), origin, shared, nothing)
