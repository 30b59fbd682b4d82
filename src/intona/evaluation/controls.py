"""Controls: what the same pipeline gives when there is nothing to find, or too much.

Permuted labels must fall to chance: if they do not, something leaks. The majority class shows
what a model gets for free. The speaker probe tells how well the same recipe recognises *who*
speaks: the better, the more a random split flatters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from intona.corpora.folds import inner_folds
from intona.evaluation.fold import FoldJob, FoldOutcome, declared, run_folds, shown
from intona.evaluation.measure import headline, measure
from intona.evaluation.protocols import Fold
from intona.metrics import weighted_average_recall
from intona.models.recipes import Recipe
from intona.parallel import HERE, Engine

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["run_controls"]

Progress = Callable[[int, int, str], None]


def run_controls(
    recipe: Recipe,
    table: pd.DataFrame,
    folds: Sequence[Fold],
    target: str,
    labels: tuple[str, ...],
    *,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Run all controls on the folds of an evaluation.

    Returns:
        One dict per control: ``name``, ``words``, ``metric``, ``value``, ``low``, ``high``.
    """
    found = [
        _permuted(recipe, table, folds, target, labels, on, progress),
        _constant(table, folds, target, labels),
    ]
    # A recipe that normalises by speaker is told who speaks: there is nothing to probe.
    known = table["speaker"].notna().all() and table["speaker"].nunique() > 1
    if known and not declared(recipe):
        found.append(_speaker_probe(recipe, table, on, progress))
    return found


def _permuted(
    recipe: Recipe,
    table: pd.DataFrame,
    folds: Sequence[Fold],
    target: str,
    labels: tuple[str, ...],
    on: Engine,
    progress: Progress | None,
) -> dict[str, Any]:
    generator = np.random.default_rng(0)

    def job(fold: Fold) -> FoldJob:
        train = table.iloc[fold.train]
        shuffled = train.assign(**{target: generator.permutation(train[target].to_numpy())})
        return FoldJob(recipe, shuffled, shown(recipe, table.iloc[fold.test]), target, 0, fold.name)

    outcomes = run_folds(
        [job(fold) for fold in folds], on=on, progress=progress, text="permuted labels"
    )
    words = "trained on shuffled labels; must be near chance"
    return _row("permuted labels", words, table, folds, outcomes, target, labels)


def _constant(
    table: pd.DataFrame, folds: Sequence[Fold], target: str, labels: tuple[str, ...]
) -> dict[str, Any]:
    outcomes = []
    for fold in folds:
        trained = table[target].iloc[fold.train]
        if labels == (target,):
            row = np.array([trained.mean()])
        else:
            row = np.array([(trained == label).mean() for label in labels])
        answer = np.tile(row, (len(fold.test), 1))
        outcomes.append(FoldOutcome(labels, answer, {}, False))
    name = "mean value" if labels == (target,) else "majority class"
    words = "always the same answer, taken from the training part"
    return _row(name, words, table, folds, outcomes, target, labels)


def _row(
    name: str,
    words: str,
    table: pd.DataFrame,
    folds: Sequence[Fold],
    outcomes: Sequence[FoldOutcome],
    target: str,
    labels: tuple[str, ...],
) -> dict[str, Any]:
    import pandas as pd

    from intona.evaluation.run import prediction_table

    predictions = pd.concat(
        [
            prediction_table(
                table.iloc[fold.test], target, labels, outcome, fold=fold.name, model_seed=0
            )
            for fold, outcome in zip(folds, outcomes, strict=True)
        ]
    )
    metric = headline(labels == (target,))
    value = measure(predictions, target, labels)[metric]
    return {
        "name": name,
        "words": words,
        "metric": metric,
        "value": value.value,
        "low": value.low,
        "high": value.high,
    }


def _speaker_probe(
    recipe: Recipe, table: pd.DataFrame, on: Engine, progress: Progress | None
) -> dict[str, Any]:
    speakers = table["speaker"].astype(str)
    rare = int(speakers.value_counts().min())
    if rare < 2:
        table = table[speakers.map(speakers.value_counts()) >= 2]
        speakers = table["speaker"].astype(str)
    parts = inner_folds(speakers, None, 2)
    jobs = [
        FoldJob(recipe, table.iloc[train], table.iloc[test][[]], "speaker", 0, str(k))
        for k, (train, test) in enumerate(parts)
    ]
    outcomes = run_folds(jobs, on=on, progress=progress, text="speaker probe")
    truth: list[str] = []
    answers: list[str] = []
    for (_, test), outcome in zip(parts, outcomes, strict=True):
        truth += speakers.iloc[test].tolist()
        answers += [outcome.labels[k] for k in outcome.probabilities.argmax(axis=1)]
    chance = 100 / speakers.nunique()
    return {
        "name": "speaker probe",
        "words": f"the same recipe asked who speaks; chance {chance:.1f} %: "
        "the better, the more a random split flatters",
        "metric": "weighted_average_recall",
        "value": weighted_average_recall(truth, answers),
        "low": float("nan"),
        "high": float("nan"),
    }
