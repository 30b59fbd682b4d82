"""Cross-validation fold: train on its training part, test on the rest without its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from intona import parallel
from intona.audio.seal import sealed
from intona.errors import IntonaError, UsageError
from intona.evaluation.split import Fold
from intona.models.normalisation import by_speaker
from intona.models.recipes import Recipe
from intona.models.task import Adapting, Answers, Fitted, Surrounding, Task
from intona.models.train import fit
from intona.parallel import HERE, Engine, Progress

if TYPE_CHECKING:
    import pandas as pd

# Probabilities of one utterance may differ by rounding between batches, not by more.
ROUNDING = 1e-3


@dataclass(frozen=True)
class FoldJob:
    """What a fold needs; it travels to another process.

    Attributes:
        task: what to train, on the training part.
        test: the test part's index, without any column: no label, and no speaker but for a
            recipe that declares itself transductive; see :func:`shown`.
        name: of the fold.
        surroundings: which rows of the test part are also judged against which, by name.
    """

    task: Task
    test: pd.DataFrame
    name: str
    surroundings: Mapping[str, Sequence[Surrounding]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        task: Task,
        fold: Fold,
        *,
        seed: int = 0,
        surroundings: Mapping[str, Sequence[Surrounding]] | None = None,
    ) -> Self:
        """Cut a fold out of a task; it is trained where it is, without parallel work of its own."""
        train, test = task.table.iloc[fold.train], task.table.iloc[fold.test]
        inside = replace(task, table=train, seed=seed, on=HERE, progress=None)
        return cls(inside, shown(task.recipe, test), fold.name, surroundings or {})


@dataclass(frozen=True)
class FoldOutcome:
    """What came of a fold.

    Attributes:
        labels: columns of the probabilities.
        answers: to every row of the test part.
        details: temperature, threshold and so on, chosen inside the training part.
        transductive: an utterance's answer changed with what else was tested, so the model
            uses statistics of the test part, which its recipe does not declare.
        adapted: likewise, where rows were judged against others, by name.
    """

    labels: tuple[str, ...]
    answers: Answers
    details: dict[str, Any]
    transductive: bool
    adapted: Mapping[str, Answers] = field(default_factory=dict)


def declared(recipe: Recipe) -> bool:
    """Tell whether a recipe says that it normalises by speaker, test speakers included."""
    return by_speaker(recipe.training)


def shown(recipe: Recipe, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what a recipe may know of the rows it is tested on."""
    return rows[["speaker"]] if declared(recipe) else rows[[]]


def run_fold(job: FoldJob) -> FoldOutcome:
    """Train and test one fold.

    Raises:
        LeakError: the recipe reached for a test recording while training.
        IntonaError: see :func:`intona.models.train.fit`.
    """

    def files(part: pd.DataFrame) -> set[str]:
        return set(part.index.get_level_values("file"))

    # A file with stretches on both sides is a leak of its own kind, found and judged before.
    with sealed(files(job.test) - files(job.task.table)):
        fitted = fit(job.task)
        details = dict(fitted.details)
    answers = _answers(fitted, job.test)
    probabilities = answers.probabilities
    same = True
    if len(job.test) > 1 and not declared(job.task.recipe):
        middle = len(job.test) // 2
        alone = fitted.probabilities(job.test.iloc[middle : middle + 1])
        same = np.allclose(alone[0], probabilities[middle], rtol=ROUNDING, atol=ROUNDING)
    adapted = {
        name: _answers(fitted, job.test, around) for name, around in job.surroundings.items()
    }
    return FoldOutcome(tuple(fitted.labels), answers, details, not same, adapted)


def _answers(
    fitted: Fitted, test: pd.DataFrame, surroundings: Sequence[Surrounding] = ()
) -> Answers:
    """Return what a model says of a test part.

    Raises:
        UsageError: it is to be adapted, and cannot be.
    """
    if isinstance(fitted, Adapting):
        return fitted.answers(test, surroundings)
    if surroundings:
        raise UsageError(
            f"recipe {fitted.recipe.name} cannot be adapted: only linear models on the embedding "
            "of an encoder can, such as those of the recipes default and small"
        )
    probabilities = np.asarray(fitted.probabilities(test), dtype=np.float64)
    return Answers.of(probabilities, float(fitted.details.get("threshold", 0.0)))


def run_folds(
    jobs: Sequence[FoldJob], *, on: Engine = HERE, progress: Progress | None = None, text: str
) -> list[FoldOutcome]:
    """Run folds; outcomes are in order.

    Raises:
        IntonaError: a fold kills its worker.
    """
    outcomes = []
    for job, outcome in zip(
        jobs,
        parallel.map(run_fold, jobs, on=on, chunk=1, progress=progress, text=text),
        strict=True,
    ):
        if isinstance(outcome, parallel.Lost):
            raise IntonaError(
                f"fold {job.name}: {outcome.reason}; is memory short? Use fewer workers"
            )
        outcomes.append(outcome)
    return outcomes
