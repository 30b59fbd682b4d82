"""Training task: what trainers are given, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from intona.errors import RecipeError
from intona.models.recipes import Recipe

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from intona.models.voices import VoiceHead

__all__ = ["Enrollable", "Fitted", "Progress", "is_numeric", "training_options"]

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


@runtime_checkable
class Enrollable(Protocol):
    """A trained model with heads of their own for enrolled speakers."""

    @property
    def voices(self) -> Mapping[str, VoiceHead]:
        """The heads by kind of speech; trained when first asked for."""
        ...

    def voice_scores(self, table: pd.DataFrame) -> Mapping[str, NDArray[np.float64]]:
        """Return their centred scores by kind of speech, each ``(rows, labels)``."""
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
