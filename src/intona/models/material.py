"""What a linear model learns from: utterances, changed copies of them, sounds without a voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from intona.features import FrontEnd
from intona.features.cache import FeatureCache
from intona.features.extract import extract
from intona.features.logmel import RATE
from intona.models.augmented import augmented
from intona.models.options import LinearTraining
from intona.models.targets import Known
from intona.models.task import Task
from intona.models.voiceless import sounds_without_voice

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Material:
    """Features of utterances and their copies.

    Attributes:
        features: pooled, ``(m, d)``: the utterances in the order of the table, then the copies.
        origin: the utterance of each row, ``(m,)``.
        known: of each row; an utterance and its copies share its weight, and where the recipe
            balances, the emotions of a corpus share the corpus's.
        share: of an utterance's weight, what each row has, ``(m,)``; 1 without copies.
        nothing: features of sounds without a voice, ``(k, d)``.
    """

    features: Floats
    origin: NDArray[np.integer]
    known: Known
    share: Floats
    nothing: Floats | None = None

    def without_copies(self) -> Material:
        """Return the utterances alone, each at its full weight."""
        count = int(self.origin.max()) + 1
        known = self.known.at(np.arange(count))
        known = replace(known, weights=known.weights / self.share[:count])
        return replace(
            self,
            features=self.features[:count],
            origin=self.origin[:count],
            known=known,
            share=np.ones(count, dtype=np.float32),
        )

    def rows(self, utterances: NDArray[np.integer]) -> NDArray[np.integer]:
        """Return the rows of these utterances and their copies."""
        return np.flatnonzero(np.isin(self.origin, utterances))


def gather(front: FrontEnd, task: Task, known: Known, options: LinearTraining) -> Material:
    """Compute all features a recipe's training options ask for.

    Copies are made of the main corpus alone.

    Raises:
        RecipeError: an unknown transform.
        AudioError: a recording cannot be used.
    """
    main, table = known.main(), task.table
    part = table.iloc[main]
    copies = options.copies
    clean = 1.0 / (copies + 1) if options.clean_share is None else options.clean_share
    sounds = list(sounds_without_voice(options.sounds_without_voice, task.seed))
    heard = augmented(front, options.augmentation, copies=copies, seed=task.seed)

    features = [extract(table, front, on=task.on, progress=task.progress)]
    features += [extract(part, each, on=task.on, progress=task.progress) for each in heard]
    origin = np.concatenate([np.arange(len(table)), *([main] * copies)])
    shared = (known.balanced() if options.balanced else known).at(origin)
    share = np.ones(len(origin), dtype=np.float32)
    if copies:
        share[main], share[len(table) :] = clean, (1.0 - clean) / copies
    shared = replace(shared, weights=shared.weights * share)
    nothing = np.stack(_cached(front, sounds)) if sounds else None
    rows = np.concatenate(features) if len(features) > 1 else features[0]
    return Material(rows, origin, shared, share, nothing)


def _cached(front: FrontEnd, sounds: Sequence[Floats]) -> list[Floats]:
    """Return the features of sounds, which are the same for every fold."""
    cache = FeatureCache(front)
    found = []
    for sound in sounds:
        path = cache.path_of(sound, RATE)
        values = cache.get(path)
        if values is None:
            values = np.asarray(front(sound, RATE), dtype=np.float32)
            cache.put(path, values)
        found.append(values)
    return found
