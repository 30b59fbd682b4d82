"""From recipe and utterances to a trained, calibrated model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from intona.errors import CorpusError, RecipeError, UsageError
from intona.models.recipes import Recipe

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from intona.corpora.base import Corpus
    from intona.models.voices import VoiceHead

__all__ = [
    "Enrollable",
    "Fitted",
    "Progress",
    "fit",
    "is_numeric",
    "provenance",
    "train",
    "training_options",
]

Progress = Callable[[int, int, str], None]

# Model kinds that are not a scikit-learn head on one front end, and who fits them.
_TRAINERS: dict[str, str] = {
    "linear": "intona.models.linear_model:fit",
}


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


def fit(
    recipe: Recipe,
    table: pd.DataFrame,
    *,
    target: str = "emotion",
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Fitted:
    """Train a recipe on a table of utterances, all of it training material.

    Everything chosen (temperature, threshold, early stopping) is chosen on inner
    speaker-disjoint folds of this table; no other utterance is ever seen.

    Args:
        recipe: what to make.
        table: indexed by ``(file, start, end)`` with ``speaker`` and the target column.
        target: ``"emotion"``, or a numeric column for regression.
        seed: of everything random.
        workers: processes for feature extraction.
        progress: called as ``progress(done, total, text)``.

    Raises:
        CorpusError: no such target, missing values in it, or fewer than two classes.
        RecipeError: the recipe does not fit the task.
        AudioError: a recording cannot be used.
    """
    if target not in table.columns:
        raise CorpusError(
            f"no column {target!r} to learn; the corpus has {', '.join(map(str, table.columns))}"
        )
    if table[target].isna().any():
        raise CorpusError(f"{int(table[target].isna().sum())} utterances have no {target}")
    if not is_numeric(table[target]) and table[target].nunique() < 2:
        raise CorpusError(f"only one {target} is left: training needs at least two")
    home = _TRAINERS.get(recipe.model["kind"], "intona.models.feature_model:fit")
    module, _, name = home.partition(":")
    trainer = getattr(import_module(module), name)
    return trainer(recipe, table, target=target, seed=seed, workers=workers, progress=progress)


def is_numeric(values: pd.Series) -> bool:
    """Tell whether a column is a numeric target (regression) rather than classes."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(values) and not is_bool_dtype(values)


def provenance(table: pd.DataFrame) -> dict[str, Any]:
    """Return what an artefact must say of its training material, per corpus."""
    corpora: dict[str, Any] = {}
    for name, part in table.groupby(table["corpus"].fillna("unknown")):
        corpora[str(name)] = {
            "utterances": len(part),
            "speakers": sorted(map(str, part["speaker"].dropna().unique())),
            "languages": sorted(map(str, part["language"].dropna().unique())),
        }
    return corpora


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


def train(
    recipe: Recipe,
    corpus: Corpus,
    out: str | Path,
    *,
    target: str = "emotion",
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> str:
    """Fit a recipe on a whole corpus, write the artefact, and return what was made in words.

    Args:
        recipe: what to make.
        corpus: the training material; utterances without the target are left out.
        out: the ``.onnx`` file to write.
        target: ``"emotion"`` or a numeric column.
        seed: of everything random.
        workers: processes for feature extraction.
        progress: called as ``progress(done, total, text)``.

    Raises:
        IntonaError: see :func:`fit`; also when ``out`` cannot be written.
    """
    import os

    from intona._version import __version__

    folder = Path(out).resolve().parent
    # Said before the work, not after it.
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"cannot write {out}: {folder} is not a writable folder")
    if target not in corpus.table.columns:
        raise CorpusError(
            f"no column {target!r} to learn; the corpus has "
            f"{', '.join(map(str, corpus.table.columns))}"
        )
    table = corpus.table[corpus.table[target].notna()]
    fitted = fit(recipe, table, target=target, seed=seed, workers=workers, progress=progress)
    sources = provenance(table)
    path = fitted.export(
        out,
        metadata={
            "version": __version__,
            "name": recipe.name,
            "seed": seed,
            "corpora": sources,
            "licence": corpus.licence,
        },
    )
    speakers = int(table["speaker"].nunique())
    size = path.stat().st_size
    return (
        f"{path}: recipe {recipe.name}, {len(table)} utterances of {speakers} speakers, "
        f"{len(fitted.labels)} labels ({', '.join(fitted.labels)}), {size / 1e6:.2f} MB"
    )
