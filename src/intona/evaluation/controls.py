"""Control experiments: the same pipeline where there is nothing to find, or too much.

Permuted labels must fall to chance: if they do not, something leaks. The majority class shows
what a model gets for free. The speaker probe tells how well the same recipe recognises *who*
speaks: the better, the more a random split flatters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from intona.corpora.folds import inner_folds
from intona.evaluation.facts import Control, outcome_table
from intona.evaluation.fold import FoldJob, FoldOutcome, declared, run_folds
from intona.evaluation.measure import headline, measure
from intona.evaluation.split import Fold
from intona.metrics import weighted_average_recall
from intona.models.task import Answers, Task


def run_controls(task: Task, folds: Sequence[Fold]) -> tuple[Control, ...]:
    """Run all controls on the folds of an evaluation.

    Args:
        task: what was evaluated; its table is what the folds' row numbers refer to.
        folds: the division.
    """
    found = [_permuted(task, folds), _constant(task, folds)]
    # A recipe that normalises by speaker is told who speaks: there is nothing to probe.
    speakers = task.table["speaker"]
    if speakers.notna().all() and speakers.nunique() > 1 and not declared(task.recipe):
        found.append(_speaker_probe(task))
    return tuple(found)


def _permuted(task: Task, folds: Sequence[Fold]) -> Control:
    generator = np.random.default_rng(0)

    def job(fold: Fold) -> FoldJob:
        plain = FoldJob.of(task, fold)
        train = plain.task.table
        shuffled = generator.permutation(train[task.target].to_numpy())
        table = train.assign(**{task.target: shuffled})
        return replace(plain, task=replace(plain.task, table=table))

    jobs = [job(fold) for fold in folds]
    outcomes = run_folds(jobs, on=task.on, progress=task.progress, text="permuted labels")
    words = "trained on shuffled labels; must be near chance"
    return _control("permuted labels", words, task, folds, outcomes)


def _constant(task: Task, folds: Sequence[Fold]) -> Control:
    outcomes = []
    for fold in folds:
        trained = task.table[task.target].iloc[fold.train]
        if task.numeric:
            row = np.array([trained.mean()])
        else:
            row = np.array([(trained == label).mean() for label in task.labels])
        answer = np.tile(row, (len(fold.test), 1))
        outcomes.append(FoldOutcome(task.labels, Answers.of(answer), {}, False))
    name = "mean value" if task.numeric else "majority class"
    words = "always the same answer, taken from the training part"
    return _control(name, words, task, folds, outcomes)


def _control(
    name: str, words: str, task: Task, folds: Sequence[Fold], outcomes: Sequence[FoldOutcome]
) -> Control:
    """Judge the outcomes as those of the evaluation are."""
    import pandas as pd

    target, labels = task.target, task.labels
    parts = [
        outcome_table(
            task.table.iloc[fold.test],
            target,
            labels,
            (outcome.labels, outcome.answers),
            fold=fold.name,
            model_seed=0,
        )
        for fold, outcome in zip(folds, outcomes, strict=True)
    ]
    metric = headline(task.numeric)
    found = measure(pd.concat(parts), target, labels)[metric]
    return Control(name, words, metric, found.value, found.low, found.high)


def _speaker_probe(task: Task) -> Control:
    table = task.table
    counts = table["speaker"].astype(str).value_counts()
    table = table[table["speaker"].astype(str).map(counts) >= 2]
    speakers = table["speaker"].astype(str)
    asked = replace(task, table=table, target="speaker")
    folds = [
        Fold(str(k), train, test) for k, (train, test) in enumerate(inner_folds(speakers, None, 2))
    ]
    jobs = [FoldJob.of(asked, fold) for fold in folds]
    outcomes = run_folds(jobs, on=task.on, progress=task.progress, text="speaker probe")
    truth: list[str] = []
    answers: list[str] = []
    for fold, outcome in zip(folds, outcomes, strict=True):
        truth += speakers.iloc[fold.test].tolist()
        answers += [outcome.labels[k] for k in outcome.answers.probabilities.argmax(axis=1)]
    words = (
        f"the same recipe asked who speaks; chance {100 / speakers.nunique():.1f} %: "
        "the better, the more a random split flatters"
    )
    value = weighted_average_recall(truth, answers)
    return Control("speaker probe", words, "weighted_average_recall", value)
