"""The run of an audit: models, a dataset and tests in; outcomes, ranking and examples out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intona.audit.abstention import abstention
from intona.audit.conditions import CONDITIONS, Condition
from intona.audit.correctness import correctness
from intona.audit.dataset import Dataset
from intona.audit.fairness import fairness, sentiment
from intona.audit.groups import Grouping, groupings
from intona.audit.model import AuditedModel
from intona.audit.outcome import Outcome
from intona.audit.predictions import Predictions
from intona.audit.robustness import parallel, robustness, same
from intona.audit.suite import ModelRun, Suite
from intona.errors import UsageError
from intona.parallel import HERE, Engine, Progress
from intona.threads import one_thread

Floats = NDArray[np.float64]

TESTS: dict[str, tuple[str, ...]] = {
    "correctness": (
        "classification",
        "regression",
        "distribution",
        "consistency",
        "speaker-average",
        "speaker-ranking",
    ),
    "fairness": ("sex", "pitch", "language", "accent", "sentence", "sentiment"),
    "robustness": (
        *dict.fromkeys(c.test for c in CONDITIONS if c.family == "robustness"),
        "recording-condition",
    ),
    "everyday": (
        *dict.fromkeys(c.test for c in CONDITIONS if c.family == "everyday"),
        "abstention",
    ),
}
"""The tests of each family, by name."""

EXAMPLES = 2
MONOTONY_SHARE = 0.7
MONOTONY_SPREAD = 0.03


@dataclass(frozen=True)
class AuditOptions:
    """How an audit is run.

    Attributes:
        tests: names of families or tests (see :data:`TESTS`); none runs all.
        clips: how many utterances the changed sounds are tried on, spread evenly over
            corpora, emotions and speakers; correctness and fairness use all utterances.
        noises: a folder of recorded noises, added to the tests.
        rooms: a folder of recorded impulse responses, added to the tests.
        seed: of everything random.
        on: where: here, in local processes, on Ray.
    """

    tests: tuple[str, ...] = ()
    clips: int = 120
    noises: Path | None = None
    rooms: Path | None = None
    seed: int = 0
    on: Engine = HERE


@dataclass(frozen=True)
class ChangedPrediction:
    """A recording whose prediction changed with the sound.

    Attributes:
        model: the model.
        condition: what was done.
        row: the utterance, a row of the suite's dataset.
        before: the prediction for the recording, or for the condition's reference.
        after: the prediction for the changed one.
    """

    model: AuditedModel
    condition: Condition
    row: int
    before: Floats
    after: Floats


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes:
        suite: what the models were run on.
        models: the models audited, then the random reference.
        outcomes: per model, in the same order.
        skipped: a sentence per test that could not be run.
        warnings: a sentence per model whose robustness means little, and on what was asked for
            and could not be tested.
        changes: examples of changed predictions, none of the random reference.
        options: how it was run.
    """

    suite: Suite
    models: tuple[AuditedModel, ...]
    outcomes: tuple[tuple[Outcome, ...], ...]
    skipped: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[ChangedPrediction, ...]
    options: AuditOptions

    def ranking(self) -> list[tuple[str, int, int]]:
        """Return name, tests passed and tests run of each model, best share first."""
        rows = [
            (model.name, sum(outcome.passed for outcome in outcomes), len(outcomes))
            for model, outcomes in zip(self.models, self.outcomes, strict=True)
        ]
        return sorted(rows, key=lambda row: -row[1] / max(row[2], 1))


def choose(tests: Sequence[str]) -> frozenset[str]:
    """Return the single tests meant by names of families and tests; all when none is given.

    Raises:
        UsageError: for an unknown name.

    Examples:
        >>> sorted(choose(["fairness", "phone"]))
        ['accent', 'language', 'phone', 'pitch', 'sentence', 'sentiment', 'sex']
    """
    every = [name for names in TESTS.values() for name in names]
    chosen: set[str] = set()
    for name in tests or TESTS:
        if name not in TESTS and name not in every:
            raise UsageError(
                f"no test {name!r}: there are the families {', '.join(TESTS)} and the tests "
                f"{', '.join(every)}"
            )
        chosen.update(TESTS.get(name, (name,)))
    return frozenset(chosen)


def run(
    models: Sequence[AuditedModel],
    dataset: Dataset,
    options: AuditOptions | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Audit models on a corpus, beside a model that guesses.

    Args:
        models: all must predict the same thing.
        dataset: the utterances.
        options: how.
        progress: called as ``progress(done, total, text)``.

    Raises:
        UsageError: no model, an unknown test, or models that cannot be compared.
        AudioError: a recording cannot be read.
    """
    options = options or AuditOptions()
    _require_comparable(models)
    chosen, unasked = _possible_tests(models, choose(options.tests))
    suite = _suite(dataset, chosen, options)
    runs, pitches = suite.run(models, on=options.on, progress=progress)
    divisions, undivided = groupings(suite.dataset, pitches if suite.pitch else None)
    everyone = (*models, models[0].random())
    outcomes = []
    with one_thread():
        for model, found in zip(everyone, (*runs, suite.guess(everyone[-1])), strict=True):
            every = _outcomes(model, found, suite, divisions, chosen)
            outcomes.append(tuple(outcome for outcome in every if outcome.test in chosen))
    skipped = [text for text in undivided if text.split(":")[0].split("/")[1] in chosen]
    skipped += _missing(chosen, outcomes[0], divisions)
    warnings = [*unasked]
    changes: list[ChangedPrediction] = []
    for model, found in zip(models, runs, strict=True):
        warnings += _monotony(Predictions(model, suite.dataset, found.original))
        changes += _changes(model, found, suite)
    return AuditResult(
        suite,
        everyone,
        tuple(outcomes),
        tuple(skipped),
        tuple(warnings),
        tuple(changes),
        options,
    )


def _possible_tests(
    models: Sequence[AuditedModel], chosen: frozenset[str]
) -> tuple[frozenset[str], list[str]]:
    """Return the tests that all models can be given, and a sentence where some cannot.

    Raises:
        UsageError: there is none.
    """
    tables = [model.name for model in models if model.table is not None]
    changed = chosen - {*TESTS["correctness"], *TESTS["fairness"], "recording-condition"}
    if not tables or not changed:
        return chosen, []
    text = (
        f"{', '.join(sorted(changed))}: {', '.join(tables)} holds answers to the recordings as "
        "they are, and these change them"
    )
    if changed == chosen:
        raise UsageError(f"{text}: choose from --tests correctness,fairness,recording-condition")
    return chosen - changed, [text]


def _suite(dataset: Dataset, chosen: Collection[str], options: AuditOptions) -> Suite:
    """Return what the chosen tests need to be run on, and no more."""
    conditions = tuple(c for c in CONDITIONS if c.test in chosen and _possible(c, options))
    sampled = dataset.sample(options.clips if conditions else 0, options.seed)
    if not {*TESTS["correctness"], *TESTS["fairness"], "recording-condition"} & {*chosen}:
        rows = sampled if len(sampled) else dataset.sample(1, options.seed)
        dataset, sampled = dataset.take(rows), np.arange(len(sampled), dtype=np.intp)
    return Suite(
        dataset,
        sampled,
        conditions,
        options.noises,
        options.rooms,
        options.seed,
        pitch="pitch" in chosen,
    )


def _possible(condition: Condition, options: AuditOptions) -> bool:
    folders = {"noises": options.noises, "rooms": options.rooms}
    return condition.source not in folders or folders[condition.source] is not None


def _require_comparable(models: Sequence[AuditedModel]) -> None:
    if not models:
        raise UsageError("there is no model to audit")
    first = models[0]
    for other in models[1:]:
        if (other.numeric, set(other.labels)) != (first.numeric, set(first.labels)):
            raise UsageError(
                f"{first.name} predicts {', '.join(first.labels)} and {other.name} predicts "
                f"{', '.join(other.labels)}: bring them together with --emotions or --merge, "
                "or audit them apart"
            )
    names = [model.name for model in models]
    if len(set(names)) < len(names):
        raise UsageError(f"two models have the same name: {', '.join(names)}")


def _outcomes(
    model: AuditedModel,
    found: ModelRun,
    suite: Suite,
    divisions: Sequence[Grouping],
    chosen: Collection[str],
) -> Iterator[Outcome]:
    """Yield the outcomes of all tests that the predictions allow."""
    predictions = Predictions(model, suite.dataset, found.original)
    corpora = suite.dataset.column("corpus")
    for name in dict.fromkeys(corpora):
        rows = np.flatnonzero(corpora == name)
        yield from correctness(predictions.take(rows), str(name or "corpus"))
    for grouping in divisions:
        yield from fairness(predictions, grouping, suite.seed)
    yield from sentiment(predictions, suite.seed)
    if suite.conditions and len(suite.sampled):
        sampled = predictions.take(suite.sampled)
        yield from robustness(sampled, found.changed, found.reference)
    yield from parallel(predictions)
    if "abstention" in chosen:
        yield from abstention(model, suite.seed)


def _missing(
    chosen: frozenset[str], outcomes: Sequence[Outcome], divisions: Sequence[Grouping]
) -> Iterator[str]:
    """Yield a sentence per chosen test that has no outcome and no sentence yet."""
    reasons = {
        "regression": "for models of numbers only",
        "consistency": "for models of arousal, dominance or valence only",
        "classification": "for models of emotions only, on a corpus that has theirs",
        "distribution": "needs the truth",
        "speaker-average": "needs two speakers with eight utterances of an emotion "
        "(ten, for numbers)",
        "speaker-ranking": "needs three speakers whose true shares differ",
        "sentiment": "needs the columns language (two at least) and sentiment",
        "recording-condition": "needs the columns performance and microphone",
    }
    there = {outcome.test for outcome in outcomes}
    divided = {grouping.name for grouping in divisions}
    for family, names in TESTS.items():
        for name in names:
            if name not in chosen or name in there:
                continue
            if name in reasons:
                yield f"{family}/{name}: {reasons[name]}"
            elif family == "fairness" and name in divided:
                yield f"{family}/{name}: the corpus lacks the truth it needs"


def _monotony(predictions: Predictions) -> Iterator[str]:
    """Warn of a model that predicts nearly always the same: its predictions cannot change."""
    model, answered = predictions.model, predictions.answered()
    if not answered.any():
        yield f"{model.name} finds no speech in any of the recordings"
    elif model.numeric:
        spread = float(np.std(predictions.numbers()[answered]))
        if spread < MONOTONY_SPREAD:
            yield (
                f"{model.name} always answers nearly the same number (standard deviation "
                f"{spread:.3f}): that its predictions stay unchanged says nothing for it"
            )
    else:
        counts = np.bincount(predictions.decisions()[answered], minlength=len(model.labels))
        most = int(np.argmax(counts))
        share = counts[most] / len(predictions)
        if share > MONOTONY_SHARE:
            yield (
                f"{model.name} answers {model.labels[most]} to {100 * share:.0f} % of the "
                "recordings: that its predictions stay unchanged says little for it"
            )


def _changes(model: AuditedModel, found: ModelRun, suite: Suite) -> Iterator[ChangedPrediction]:
    """Yield, per condition, the recordings whose prediction moved most."""
    if not len(suite.sampled):
        return
    original = Predictions(model, suite.dataset, found.original).take(suite.sampled)
    for condition, after in found.changed.items():
        before = found.reference.get(condition, original.values)
        stayed = same(replace(original, values=before), replace(original, values=after))
        changed = np.flatnonzero(~stayed)
        # To find no speech any more, or suddenly some, is the largest change there is.
        moved = np.nan_to_num(np.abs(before[changed] - after[changed]).sum(axis=1), nan=2.0)
        for place in changed[np.argsort(-moved, kind="stable")][:EXAMPLES]:
            row = int(suite.sampled[place])
            yield ChangedPrediction(model, condition, row, before[place], after[place])
