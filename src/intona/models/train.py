"""Training: from a recipe and utterances to a trained, calibrated model and its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona import registry
from intona.errors import CorpusError, RecipeError, UsageError
from intona.labels import refuse_target
from intona.models.estimators import is_outside, is_trainer, target_of
from intona.models.heard import Heard
from intona.models.lineage import behind
from intona.models.metadata import label_fault
from intona.models.permission import Permission
from intona.models.recipes import Recipe
from intona.models.task import Fitted, Task, Trainer
from intona.parallel import HERE, Engine, Progress

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus


def fit(task: Task) -> Fitted:
    """Train a recipe on a table of utterances, all of it training material.

    Everything chosen (temperature, threshold, early stopping) is chosen on inner
    speaker-disjoint folds of this table; no other utterance is ever seen.

    Raises:
        CorpusError: no such target, missing values in it, fewer than two classes, or one whose
            name cannot be a label (:func:`intona.models.metadata.label_fault`).
        RecipeError: the recipe does not fit the task.
        AudioError: a recording cannot be used.
    """
    table, target = task.table, task.target
    _require(target, table)
    if table[target].isna().any():
        raise CorpusError(f"{int(table[target].isna().sum())} utterances have no {target}")
    if not task.numeric and table[target].nunique() < 2:
        raise CorpusError(f"only one {target} is left: training needs at least two")
    for label in (target, *task.labels):
        fault = label_fault(label)
        if fault is not None:
            raise CorpusError(f"the {target} {label!r} cannot be a label, {fault}: rename it")
    missing = [label for label in task.beside if label not in task.labels]
    if missing:
        raise CorpusError(f"no utterance is {missing[0]}: nothing is to be learned beside the rest")
    if task.beside and task.recipe.model["kind"] != "linear":
        raise RecipeError(
            f"recipe {task.recipe.name} answers with all it learns: only recipes of linear heads, "
            "such as default, learn labels beside"
        )
    if task.beside and len(task.labels) - len(task.beside) < 2:
        raise CorpusError(f"fewer than two {target}s would be answered: training needs two")
    return _trainer(task.recipe.model["kind"])(task)


def _trainer(kind: str) -> Trainer:
    """Return what trains a kind of model; an estimator from outside is a feature model's head."""
    target = target_of(kind)
    if is_outside(kind) and not is_trainer(target):
        target = registry.find("models", "logistic")  # which takes any estimator as its head
    trainer: Trainer = target
    return trainer


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


def train(
    recipe: Recipe,
    corpus: Corpus,
    out: str | Path,
    *,
    target: str = "emotion",
    licence: str | None = None,
    beside: Sequence[str] = (),
    seed: int = 0,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> str:
    """Fit a recipe on a whole corpus, write the artefact, and return what was made in words.

    Args:
        recipe: what to make.
        corpus: the training material; utterances without the target are left out.
        out: the ``.onnx`` file to write.
        target: ``"emotion"`` or a numeric column.
        licence: of data of one's own; ``"commercial"`` also refuses corpora and encoders that do
            not allow that. See :meth:`intona.models.permission.Permission.reckoned`.
        beside: labels that are learned and never answered: what sounds like one of them is then not
            taken for evidence of another.
        seed: of everything random.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Raises:
        IntonaError: see :func:`fit`; also when ``out`` cannot be written, or the licence does not
            fit.
    """
    import os

    from intona._version import __version__

    folder = Path(out).resolve().parent
    # Said before the work, not after it.
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"cannot write {out}: {folder} is not a writable folder")
    refuse_target(target)
    _require(target, corpus.table)
    table = corpus.table[corpus.table[target].notna()]
    task = Task(
        recipe, table, target, seed, on, progress, export=True, beside=tuple(dict.fromkeys(beside))
    )
    made_from = provenance(table)
    permission = Permission.reckoned(
        made_from, task.front_end(), licence=licence, stated=corpus.licence
    )
    fitted = fit(task)
    path = fitted.export(
        out,
        metadata={
            "version": __version__,
            "name": recipe.name,
            "seed": seed,
            "corpora": made_from,
            "heard": _heard(task),
            "licence": permission.licence,
            "terms": permission.to_dict(),
        },
    )
    speakers = int(table["speaker"].nunique())
    size = path.stat().st_size
    return (
        f"{path}: recipe {recipe.name}, {len(table)} utterances of {speakers} speakers, "
        f"{len(fitted.labels)} labels ({', '.join(fitted.labels)}), {size / 1e6:.2f} MB"
    )


def _heard(task: Task) -> dict[str, Any]:
    """Return what the file remembers of its training material, what it stands on included."""
    heard = Heard.of(task.table, on=task.on, progress=task.progress)
    for training in behind(task.front_end()):
        heard = heard.joined(training.heard)
    return heard.to_dict()


def _require(target: str, table: pd.DataFrame) -> None:
    if target not in table.columns:
        raise CorpusError(
            f"no column {target!r} to learn; the corpus has {', '.join(map(str, table.columns))}"
        )
