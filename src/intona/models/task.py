"""Training task: what trainers are given, and what they give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from intona.features import FrontEnd, of_recipe
from intona.labels import order
from intona.models.recipes import Recipe
from intona.parallel import HERE, Engine, Progress

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Task:
    """What is to be learned, from what, by what and where.

    Attributes:
        recipe: what to make.
        table: the utterances, indexed by ``(file, start, end)``, with ``speaker``, ``corpus`` and
            the target column. For a trainer all of it is training material.
        target: ``"emotion"``, or a numeric column for regression.
        seed: of everything random.
        on: where work is done: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.
        export: whether a model file is to be written: what cannot be is refused before the work.
        beside: labels that are learned and never answered; of linear heads alone.
    """

    recipe: Recipe
    table: pd.DataFrame
    target: str = "emotion"
    seed: int = 0
    on: Engine = HERE
    progress: Progress | None = None
    export: bool = False
    beside: tuple[str, ...] = ()

    @cached_property
    def numeric(self) -> bool:
        """Whether the target is a number (regression) and not a class."""
        return is_numeric(self.table[self.target])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The class names in the order of a model's columns; for numbers ``(target,)``."""
        return (self.target,) if self.numeric else order(self.table[self.target])

    def targets(self) -> NDArray[Any]:
        """Return the class number of each utterance ``(n,)``, int64; numbers as float64."""
        values = self.table[self.target]
        if self.numeric:
            return values.to_numpy(dtype=np.float64)
        number = {label: k for k, label in enumerate(self.labels)}
        return values.map(number).to_numpy(dtype=np.int64)

    def front_end(self) -> FrontEnd:
        """Return a new front end as the recipe names it, with all layers that may be chosen.

        Raises:
            RecipeError: no such front end, or not with these parameters.
        """
        return of_recipe(self.recipe.widest())


class Fitted(Protocol):
    """A trained model, still in Python: what evaluation uses and export writes.

    Attributes:
        labels: class names in the order of the probability columns; for a numeric target
            one name, the target's.
        recipe: what it was made from.
        details: JSON-able facts for the artefact: temperature, threshold, calibration.
    """

    labels: tuple[str, ...]
    recipe: Recipe
    details: Mapping[str, Any]

    def probabilities(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(rows, labels)``; numbers ``(rows, 1)``."""
        ...

    def export(self, path: str | Path, *, metadata: Mapping[str, Any]) -> Path:
        """Write the one-file artefact (see :mod:`intona.models.artefact`)."""
        ...


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of utterances.

    Attributes:
        probabilities: calibrated, ``(n, labels)``; numbers ``(n, 1)``.
        familiarity: in [0, 1], ``(n,)``; NaN where the model does not say.
        arousal: in [0, 1], ``(n,)``; NaN where the model does not say.
        valence: likewise.
        thresholds: least confidence of an answer that is ``ok``, ``(n,)``.
    """

    probabilities: NDArray[np.float64]
    familiarity: NDArray[np.float64]
    arousal: NDArray[np.float64]
    valence: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    @classmethod
    def of(cls, probabilities: NDArray[np.float64], threshold: float = 0.0) -> Answers:
        """Return answers of a model that says nothing beside its probabilities."""
        unknown = np.full(len(probabilities), np.nan)
        limits = np.full(len(probabilities), threshold)
        return cls(probabilities, unknown, unknown.copy(), unknown.copy(), limits)

    def put(self, rows: NDArray[np.integer], other: Answers) -> None:
        """Replace some rows, in place."""
        self.probabilities[rows] = other.probabilities
        self.familiarity[rows] = other.familiarity
        self.arousal[rows] = other.arousal
        self.valence[rows] = other.valence
        self.thresholds[rows] = other.thresholds


@dataclass(frozen=True, eq=False)
class Surrounding:
    """Utterances that are judged against others.

    Attributes:
        rows: of the table, those that are judged.
        reference: of the table, those that the statistics are made of.
        speech: kind of the reference: ``neutral``, ``mixed`` or ``place``.
    """

    rows: NDArray[np.integer]
    reference: NDArray[np.integer]
    speech: str = "mixed"


@runtime_checkable
class Adapting(Protocol):
    """A trained model that can be adapted to what surrounds an utterance."""

    def answers(self, table: pd.DataFrame, surroundings: Sequence[Surrounding] = ()) -> Answers:
        """Return what the model says of utterances, adapted where it is told to what."""
        ...


class Trainer(Protocol):
    """What the registry's ``models`` hold: a function from a task to a trained model."""

    def __call__(self, task: Task) -> Fitted:
        """Train on the whole table of the task."""
        ...


def is_numeric(values: pd.Series) -> bool:
    """Tell whether a column is a numeric target (regression) rather than classes."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(values) and not is_bool_dtype(values)
