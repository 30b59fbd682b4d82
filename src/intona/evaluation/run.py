"""Cross-validation: train and test a recipe fold by fold, check for leaks, put on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from intona.errors import CorpusError, UsageError
from intona.evaluation.across import LeaveOneCorpusOut, shared_labels
from intona.evaluation.by_corpus import rows_by_corpus
from intona.evaluation.contamination import contamination
from intona.evaluation.controls import run_controls
from intona.evaluation.enrolment import Enrolment, enrolled
from intona.evaluation.facts import Facts, FoldFacts, outcome_table
from intona.evaluation.fold import FoldJob, FoldOutcome, declared, run_folds
from intona.evaluation.leaks import Finding, LeakReport, inspect, require_clean
from intona.evaluation.result import Evaluation
from intona.evaluation.split import Fold, Split
from intona.labels import EMOTIONS, label_map, merge_columns, order, refuse_target
from intona.models.lineage import behind
from intona.models.recipes import Recipe
from intona.models.task import Answers, Surrounding, Task
from intona.models.train import provenance
from intona.parallel import HERE, Engine, Progress

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus

# Added to the protocol's name, so that no table shows such a number among others unseen.
NORMALISED = "+normalise:speaker"

TRANSDUCTIVE = Finding(
    "transductive",
    True,
    "the model's answer for an utterance depends on which other test utterances it is given: "
    "it uses statistics of the test part",
    1,
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What may be asked of an evaluation.

    Attributes:
        target: ``"emotion"`` or a numeric column.
        seed: of the division into folds.
        model_seeds: the whole evaluation is repeated for each; the metrics are of all
            repetitions together.
        extra: further training material, never tested; speakers under test are dropped from it.
        controls: also run the controls; see :mod:`intona.evaluation.controls`.
        enrolments: what every utterance is judged against, each an evaluation of its own.
        emotions: labels that answers are restricted to, of the protocol ``corpora``; the models
            learn all labels.
        merge: old label to new label, in answers and truth of the protocol ``corpora``.
        allow_leaks: compute a leaky result, and stamp it, instead of refusing.
        command: how this evaluation was started, for the report.
    """

    target: str = "emotion"
    seed: int = 0
    model_seeds: Sequence[int] = (0,)
    extra: Corpus | None = None
    controls: bool = False
    enrolments: Sequence[Enrolment] = ()
    emotions: Sequence[str] | None = None
    merge: Mapping[str, str] | None = None
    allow_leaks: bool = False
    command: str = ""


def evaluate(
    recipe: Recipe,
    corpus: Corpus,
    split: Split,
    options: Options | None = None,
    *,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a recipe honestly, or refuse; with an enrolment, the adapted answers.

    Args:
        recipe: what is trained, anew for every fold, on the fold's training part alone.
        corpus: what is tested.
        split: the protocol; see :func:`intona.evaluation.protocols.parse`.
        options: what else is asked.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Raises:
        LeakError: training and test share what they must not.
        CorpusError: the corpus does not allow the protocol or lacks the target.
        IntonaError: see :func:`intona.models.train.fit`.
    """
    found = evaluate_each(recipe, corpus, split, options, on=on, progress=progress)
    return found[-1]


def evaluate_each(
    recipe: Recipe,
    corpus: Corpus,
    split: Split,
    options: Options | None = None,
    *,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> list[Evaluation]:
    """Return the evaluation without enrolment, then with each of the options' enrolments.

    See :func:`evaluate`. The models are trained once.
    """
    options = options or Options()
    table, tested = _combine(corpus, options.extra, options.target)
    task = Task(recipe, table, options.target, on=on, progress=progress)
    folds = split.folds(table.iloc[:tested], target=options.target, seed=options.seed)
    folds = _with_extra(folds, table, tested)
    shared = _shared_map(task, folds, options) if isinstance(split, LeaveOneCorpusOut) else None
    allow = options.allow_leaks or bool(split.leaky)
    report = _leaks(task, tested, folds, allow)
    outcomes = _outcomes(task, folds, options)
    if any(outcome.transductive for outcome in outcomes):
        report = report.with_findings([TRANSDUCTIVE])
        require_clean(report, allow=allow)
    facts = _facts(corpus, split, options, task, tested, folds, outcomes, report)
    if options.controls:
        facts = replace(facts, controls=run_controls(task, folds))
    tables = _Tables(task, folds, options, shared)
    plain = tables.evaluation(facts, outcomes, [outcome.answers for outcome in outcomes])
    found = [plain]
    for one in options.enrolments:
        adapted = tables.evaluation(facts, outcomes, [each.adapted[one.name] for each in outcomes])
        found.append(enrolled(plain, adapted, one, seed=options.seed))
    return found


def parse_seeds(text: str) -> list[int]:
    """Read seeds as written on the command line.

    Raises:
        UsageError: not numbers.

    Examples:
        >>> parse_seeds("0-3,7")
        [0, 1, 2, 3, 7]
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UsageError(f"cannot read the seeds {text!r}: write them as 0-7 or 0,1,2")
        seeds += range(int(first), int(last if dash else first) + 1)
    if not seeds:
        raise UsageError(f"there is no seed in {text!r}: the first must not be above the last")
    return list(dict.fromkeys(seeds))


def _combine(corpus: Corpus, extra: Corpus | None, target: str) -> tuple[pd.DataFrame, int]:
    """Return one table, rows under test first, and how many those are."""
    import pandas as pd

    refuse_target(target)
    parts = []
    for one in (corpus, extra):
        if one is None:
            continue
        if target not in one.table.columns:
            raise CorpusError(
                f"{one.name} has no column {target!r} to predict; it has "
                f"{', '.join(map(str, one.table.columns))}"
            )
        rows = one.table[one.table[target].notna()]
        if rows.empty:
            raise CorpusError(f"no utterance of {one.name} has a value of {target!r}")
        parts.append(rows)
    if len(parts) == 1:
        return parts[0], len(parts[0])
    if parts[1]["speaker"].isna().any():
        raise CorpusError(
            "extra training material needs speakers, so that those under test can be dropped"
        )
    new = parts[1][~parts[1].index.isin(parts[0].index)]
    return pd.concat([parts[0], new]), len(parts[0])


def _with_extra(folds: Sequence[Fold], table: pd.DataFrame, tested: int) -> list[Fold]:
    """Add the extra rows to every training part, less those of the speakers under test."""
    if tested == len(table):
        return list(folds)
    speakers = table["speaker"].to_numpy(dtype=object)
    rows = np.arange(tested, len(table))

    def enlarged(fold: Fold) -> Fold:
        held_out = set(speakers[fold.test])
        fine = [row for row in rows if speakers[row] not in held_out]
        return Fold(fold.name, np.concatenate([fold.train, fine]).astype(np.intp), fold.test)

    return [enlarged(fold) for fold in folds]


def _leaks(task: Task, tested: int, folds: Sequence[Fold], allow: bool) -> LeakReport:
    """Compare both sides of every fold, and the test part with what the front end was made from.

    Raises:
        LeakError: a leak was found and not allowed.
    """
    report = inspect(task.table, folds, on=task.on, progress=task.progress)
    known = _front_end_contamination(task, task.table.iloc[:tested])
    report = report.with_findings([*known, *_missing_corpora(task)])
    own = any(finding.leak for finding in known)
    require_clean(report, allow=allow, remedy=UNTRAINED if own else "")
    return report


# What to do where the recipe's front end is a model that knows the corpus.
UNTRAINED = "a --recipe that stands on no trained model (classic, classic-svm, light) makes it so; "


def _front_end_contamination(task: Task, tested: pd.DataFrame) -> list[Finding]:
    """Compare the test part with what the recipe's front end was trained on, where it says."""
    return [
        finding
        for training in behind(task.front_end())
        for finding in contamination(tested, training, on=task.on, progress=task.progress)
    ]


def _missing_corpora(task: Task) -> list[Finding]:
    """Say which corpora the recipe gives a weight and does not get."""
    from intona.models.targets import groups_of

    weights = task.recipe.training.get("weights", {})
    absent = sorted(set(weights) - set(groups_of(task.table)))
    if not absent:
        return []
    text = (
        f"recipe {task.recipe.name} is made to learn from {', '.join(absent)} too: "
        "name their folders with --extra"
    )
    return [Finding("material", False, text, len(absent), tuple(absent))]


def _outcomes(task: Task, folds: Sequence[Fold], options: Options) -> list[FoldOutcome]:
    """Train and test every fold, seed by seed; all features are computed once before."""
    from intona.features.extract import extract

    extract(task.table, task.front_end(), on=task.on, progress=task.progress)
    if options.enrolments and task.numeric:
        raise UsageError("enrolment adapts the recognition of emotions, not of numbers")

    def around(fold: Fold) -> dict[str, list[Surrounding]]:
        rows = task.table.iloc[fold.test]
        return {
            one.name: one.surroundings(rows, task.target, options.seed)
            for one in options.enrolments
        }

    jobs = [
        FoldJob.of(task, fold, seed=seed, surroundings=around(fold))
        for seed in options.model_seeds
        for fold in folds
    ]
    return run_folds(jobs, on=task.on, progress=task.progress, text="folds")


@dataclass(frozen=True)
class _Tables:
    """Makes evaluations of the outcomes of folds, which come seed by seed.

    Attributes:
        task: what was learned.
        folds: of every seed.
        options: see :class:`Options`.
        shared: what each label becomes, where answers are over the labels that model and corpus
            both know.
    """

    task: Task
    folds: Sequence[Fold]
    options: Options
    shared: Mapping[str, str | None] | None

    def evaluation(
        self, facts: Facts, outcomes: Sequence[FoldOutcome], answers: Sequence[Answers]
    ) -> Evaluation:
        """Return the evaluation of some answers of the outcomes."""
        import pandas as pd

        target = self.task.target
        tests = [(seed, fold) for seed in self.options.model_seeds for fold in self.folds]
        parts = []
        for (seed, fold), outcome, found in zip(tests, outcomes, answers, strict=True):
            rows = self.task.table.iloc[fold.test]
            pair: tuple[Sequence[str], Answers] = (outcome.labels, found)
            priors = outcome.details.get("priors")
            labels = self.task.labels
            if self.shared is not None:
                rows, pair = _inside(rows, target, pair, self.shared, priors)
                labels = tuple(pair[0])
            part = outcome_table(rows, target, labels, pair, fold=fold.name, model_seed=seed)
            parts.append(part)
        predictions = pd.concat(parts).sort_index(kind="stable")
        labels = self.task.labels
        if self.shared is not None:
            labels = order(name for part in parts for name in part.columns if name in EMOTIONS)
        facts = replace(facts, by_corpus=rows_by_corpus(predictions, target, labels))
        if self.shared is not None:
            predictions[list(labels)] = predictions[list(labels)].fillna(0.0)
        return Evaluation(target, labels, predictions, facts)


def _shared_map(
    task: Task, folds: Sequence[Fold], options: Options
) -> dict[str, str | None] | None:
    """Return what each label of all corpora becomes; ``None`` for numbers.

    Raises:
        UsageError: ``emotions`` and ``merge`` do not fit the corpora.
        CorpusError: a corpus shares fewer than two labels with the others; said before the work.
    """
    if task.numeric:
        return None
    becomes = label_map(task.labels, options.emotions, options.merge, owner="the corpora")
    labels = task.table[task.target]
    for fold in folds:
        shared_labels(set(labels.iloc[fold.train]), set(labels.iloc[fold.test]), becomes)
    return becomes


def _inside(
    rows: pd.DataFrame,
    target: str,
    found: tuple[Sequence[str], Answers],
    becomes: Mapping[str, str | None],
    priors: Sequence[float] | None,
) -> tuple[pd.DataFrame, tuple[Sequence[str], Answers]]:
    """Return rows and answers over the labels that both sides know, merged as asked."""
    own, answers = found
    both = shared_labels(own, set(rows[target]), becomes)
    truth = rows[target].map(becomes)
    kept = truth.isin(both).to_numpy()
    columns = [label if (label := becomes[name]) in both else None for name in own]
    values, _ = merge_columns(answers.probabilities[kept], columns, priors)
    inside = Answers(
        values,
        answers.familiarity[kept],
        answers.arousal[kept],
        answers.valence[kept],
        answers.thresholds[kept],
    )
    return rows[kept].assign(**{target: truth[kept]}), (both, inside)


def _facts(
    corpus: Corpus,
    split: Split,
    options: Options,
    task: Task,
    tested: int,
    folds: Sequence[Fold],
    outcomes: Sequence[FoldOutcome],
    report: LeakReport,
) -> Facts:
    """Put on record what was evaluated and how; with several seeds, what the first chose."""
    recipe, table = task.recipe, task.table
    first = zip(folds, outcomes[: len(folds)], strict=True)
    facts = Facts.of(
        corpus,
        table.iloc[:tested],
        task.target,
        protocol=(split.name + (NORMALISED if declared(recipe) else ""), split.words),
        recipe=recipe.to_dict(),
        folds=[
            FoldFacts.of(one.name, table.iloc[one.test], outcome.details, table.iloc[one.train])
            for one, outcome in first
        ],
        leaks=report,
        leaky=split.leaky,
        command=options.command,
    )
    return replace(
        facts,
        transductive=declared(recipe),
        extra_training=None if options.extra is None else provenance(table.iloc[tested:]),
        seed=options.seed,
        model_seeds=tuple(options.model_seeds),
    )
