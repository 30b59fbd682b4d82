"""Normalisation by speaker: transductive, because it needs all recordings of whom it tests.

Each speaker's features are shifted and scaled to mean 0 and deviation 1 over that speaker's own
recordings, without labels. That takes the voice out, and with it the answer to a single recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import CorpusError, RecipeError
from intona.metrics.arrays import rows_of

if TYPE_CHECKING:
    import pandas as pd


def by_speaker(options: Mapping[str, Any]) -> bool:
    """Tell whether a recipe's training section asks for ``normalise = "speaker"``.

    Raises:
        RecipeError: it asks for something else.

    Examples:
        >>> by_speaker({"normalise": "speaker"}), by_speaker({})
        (True, False)
    """
    wanted = options.get("normalise")
    if wanted not in (None, "speaker"):
        raise RecipeError(f'normalise = {wanted!r} is not known: write normalise = "speaker"')
    return wanted == "speaker"


def normalise(features: NDArray[np.float32], speakers: pd.Series) -> NDArray[np.float32]:
    """Return each speaker's rows with mean 0 and deviation 1 in every column.

    Args:
        features: shape ``(rows, dimension)``.
        speakers: who speaks, one per row; a column that does not vary within a speaker becomes 0.

    Raises:
        CorpusError: a speaker is not known.
    """
    if speakers.isna().any():
        raise CorpusError("normalising by speaker needs to know who speaks in every recording")
    normalised = np.empty_like(features)
    for own in rows_of(speakers.astype(str).to_numpy(dtype=str)).values():
        rows = features[own].astype(np.float64)
        deviation = rows.std(axis=0)
        # Rounding alone makes a constant column vary a little.
        constant = deviation <= 1e-6 * np.abs(rows).max(axis=0)
        rows = (rows - rows.mean(axis=0)) / np.where(constant, 1.0, deviation)
        normalised[own] = np.where(constant, 0.0, rows)
    return normalised
