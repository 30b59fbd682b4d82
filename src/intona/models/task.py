"""Training task: what trainers are given, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from intona.errors import RecipeError
from intona.models.recipes import Recipe

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Progress = Callable[[int, int, str], None]


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
        thresholds: least confidence of an answer that is ``ok``, ``(n,)``.
    """

    probabilities: NDArray[np.float64]
    familiarity: NDArray[np.float64]
    arousal: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    def put(self, rows: NDArray[np.integer], other: Answers) -> None:
        """Replace some rows, in place."""
        self.probabilities[rows] = other.probabilities
        self.familiarity[rows] = other.familiarity
        self.arousal[rows] = other.arousal
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


def is_numeric(values: pd.Series) -> bool:
    """Tell whether a column is a numeric target (regression) rather than classes."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(values) and not is_bool_dtype(values)


def training_options(recipe: Recipe, allowed: Sequence[str]) -> Mapping[str, Any]:
    """Return the recipe's training section after refusing options nobody reads.

    Raises:
        RecipeError: an unknown option.
    """
    unknown = sorted(set(recipe.training) - set(allowed))
    if unknown:
        raise RecipeError(
            f"recipe {recipe.name}: unknown training options {', '.join(unknown)}; "
            f"known are {', '.join(sorted(allowed))}"
        )
    return recipe.training
