"""What a linear model learns from: utterances, changed copies of them, sounds without a voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import RecipeError
from intona.features.augmented import augmented
from intona.features.embedding import Embedding
from intona.features.encoder import Encoder
from intona.features.extract import Progress, extract
from intona.features.frames import Frames, sequences
from intona.features.logmel import RATE
from intona.models.known import Known
from intona.models.linear_head import LinearHead
from intona.models.nothing import sounds_without_voice

if TYPE_CHECKING:
    import pandas as pd

    from intona.models.tuning import TunedLayer

__all__ = ["Material", "Solution", "gather"]

Floats = NDArray[np.float32]
Sequences = list[NDArray[np.float16]]


@dataclass(frozen=True)
class Material:
    """Features of utterances and their copies.

    Attributes:
        features: pooled, ``(m, d)``: the utterances in the order of the table, then the copies.
        origin: the utterance of each row, ``(m,)``.
        known: of each row; an utterance and its copies share its weight.
        nothing: features of sounds without a voice, ``(k, d)``.
        frames: the last layer's input of each row; empty where nothing is fine-tuned.
        nothing_frames: the same of the sounds without a voice.
    """

    features: Floats
    origin: NDArray[np.integer]
    known: Known
    nothing: Floats | None = None
    frames: Sequence[NDArray[np.float16]] = ()
    nothing_frames: Sequence[NDArray[np.float16]] = ()

    def rows(self, utterances: NDArray[np.integer]) -> NDArray[np.integer]:
        """Return the rows of these utterances and their copies."""
        return np.flatnonzero(np.isin(self.origin, utterances))


@dataclass(frozen=True)
class Solution:
    """A head, and the tuned layer below it where there is one."""

    head: LinearHead
    layer: TunedLayer | None = None

    def scores(self, material: Material, rows: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return scores ``(len(rows), classes)`` of some rows of the material."""
        if self.layer is None:
            return self.head.scores(material.features[rows])
        from intona.models.last_layer import below

        frames = [material.frames[row] for row in rows]
        return self.layer.scores(frames, below(material.features[rows], frames))

    def encoder(self, front: Encoder) -> Encoder:
        """Return the front end with the tuned layer in it."""
        if self.layer is None:
            return front
        from intona.models.last_layer import with_layer

        return with_layer(front, self.layer)


def gather(
    front: Encoder | Embedding,
    table: pd.DataFrame,
    known: Known,
    options: Mapping[str, Any],
    seed: int,
    workers: int,
    progress: Progress | None,
) -> Material:
    """Compute all features a recipe's training options ask for.

    Copies are made of the main corpus alone. Babble is made of speakers that it does not have,
    where there are some, so that the copies are the same whichever of its speakers are held out.

    Raises:
        RecipeError: an unknown transform, or fine-tuning without an encoder.
        AudioError: a recording cannot be used.
    """
    main = known.main()
    part, speakers = table.iloc[main], table["speaker"]
    others = table[~speakers.isin(speakers.iloc[main].unique())]
    steps, copies = options.get("augmentation", ()), int(options.get("augmented_copies", 1))
    copies = copies if steps else 0
    sounds = list(sounds_without_voice(int(options.get("sounds_without_voice", 0)), seed))
    origin = np.concatenate([np.arange(len(table)), *([main] * copies)])

    def heard(plain: Any) -> list[Any]:
        voices = others if len(others) else part
        return list(augmented(plain, steps, voices, copies=copies, seed=seed))

    features = [extract(table, front, workers=workers, progress=progress)]
    features += [extract(part, each, workers=workers, progress=progress) for each in heard(front)]
    shared = known.at(origin)
    shared = replace(shared, weights=shared.weights / np.bincount(origin)[origin].astype("f4"))
    nothing = np.stack([front(sound, RATE) for sound in sounds]) if sounds else None
    plain = Material(np.concatenate(features), origin, shared, nothing)
    if "tuning" not in options:
        return plain
    if not isinstance(front, Encoder) or front.pooling != ("mean", "std"):
        raise RecipeError("training.tuning needs the front end encoder, pooling mean and std")
    if len(front.layers) < 2 or sorted(front.layers) != list(front.layers):
        raise RecipeError("training.tuning needs two layers or more, in ascending order")
    frames = Frames(front, max(front.layers) - 1)
    found: Sequences = sequences(table, frames, workers=workers, progress=progress)
    for each in heard(frames):
        found += sequences(part, each, workers=workers, progress=progress)
    silent = [frames(sound, RATE).astype(np.float16) for sound in sounds]
    return replace(plain, frames=found, nothing_frames=silent)
