"""Running an audit: models, a corpus and tests in; outcomes, ranking and examples out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intona.audit.abstention import abstention
from intona.audit.conditions import CONDITIONS, Condition
from intona.audit.correctness import correctness
from intona.audit.dataset import Material
from intona.audit.fairness import fairness, sentiment
from intona.audit.groups import Grouping, groupings
from intona.audit.model import Subject
from intona.audit.outcome import Outcome
from intona.audit.predictions import Said
from intona.audit.robustness import parallel, robustness, same
from intona.audit.suite import Heard, Plan
from intona.errors import UsageError
from intona.parallel import HERE, Engine

__all__ = ["TESTS", "AuditOptions", "AuditResult", "Flip", "choose", "run"]

Floats = NDArray[np.float64]
Progress = Callable[[int, int, str], None]

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

FLIPS = 2
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
class Flip:
    """A recording whose prediction changed.

    Attributes:
        subject: the model.
        condition: what was done.
        row: the utterance, a row of the plan's material.
        before: the answer to the recording, or to the condition's reference.
        after: the answer to the changed one.
    """

    subject: Subject
    condition: Condition
    row: int
    before: Floats
    after: Floats


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes:
        plan: what was played.
        subjects: the models audited, then the random reference.
        outcomes: per subject, in the same order.
        skipped: a sentence per test that could not be run.
        warnings: a sentence per model whose robustness means little.
        flips: examples of changed predictions, none of the random reference.
        options: how it was run.
    """

    plan: Plan
    subjects: tuple[Subject, ...]
    outcomes: tuple[tuple[Outcome, ...], ...]
    skipped: tuple[str, ...]
    warnings: tuple[str, ...]
    flips: tuple[Flip, ...]
    options: AuditOptions

    def ranking(self) -> list[tuple[str, int, int]]:
        """Return name, tests passed and tests run of each model, best share first."""
        rows = [
            (subject.name, sum(outcome.passed for outcome in outcomes), len(outcomes))
            for subject, outcomes in zip(self.subjects, self.outcomes, strict=True)
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
    subjects: Sequence[Subject],
    material: Material,
    options: AuditOptions | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Audit models on a corpus, beside a model that guesses.

    Args:
        subjects: the models; all must predict the same thing.
        material: the utterances.
        options: how.
        progress: called as ``progress(done, total, text)``.

    Raises:
        UsageError: no model, an unknown test, or models that cannot be compared.
        AudioError: a recording cannot be read.
    """
    options = options or AuditOptions()
    chosen = choose(options.tests)
    _require_comparable(subjects)
    conditions = tuple(c for c in CONDITIONS if c.test in chosen and _possible(c, options))
    sampled = material.sample(options.clips if conditions else 0, options.seed)
    if not chosen & {*TESTS["correctness"], *TESTS["fairness"], "recording-condition"}:
        rows = sampled if len(sampled) else material.sample(1, options.seed)
        material, sampled = material.take(rows), np.arange(len(sampled), dtype=np.intp)
    plan = Plan(
        material,
        sampled,
        conditions,
        options.noises,
        options.rooms,
        options.seed,
        "pitch" in chosen,
    )
    heard, pitches = plan.listen(subjects, on=options.on, progress=progress)
    divisions, skipped = groupings(material, pitches if plan.pitch else None)
    everyone = (*subjects, subjects[0].random())
    answers = (*heard, plan.guess(everyone[-1]))
    outcomes = tuple(
        tuple(
            outcome
            for outcome in _judge(subject, answer, plan, divisions, options)
            if outcome.test in chosen
        )
        for subject, answer in zip(everyone, answers, strict=True)
    )
    skipped = [text for text in skipped if text.split(":")[0].split("/")[1] in chosen]
    skipped += _missing(chosen, outcomes[0], divisions)
    warnings = tuple(
        warning
        for subject, answer in zip(subjects, heard, strict=True)
        for warning in _warn(subject, answer)
    )
    flips = tuple(
        flip
        for subject, answer in zip(subjects, heard, strict=True)
        for flip in _flips(subject, answer, plan)
    )
    return AuditResult(plan, everyone, outcomes, tuple(skipped), warnings, flips, options)


def _require_comparable(subjects: Sequence[Subject]) -> None:
    if not subjects:
        raise UsageError("there is no model to audit")
    first = subjects[0]
    for other in subjects[1:]:
        if (other.numeric, set(other.labels)) != (first.numeric, set(first.labels)):
            raise UsageError(
                f"{first.name} predicts {', '.join(first.labels)} and {other.name} predicts "
                f"{', '.join(other.labels)}: bring them together with --emotions or --merge, "
                "or audit them apart"
            )
    names = [subject.name for subject in subjects]
    if len(set(names)) < len(names):
        raise UsageError(f"two models have the same name: {', '.join(names)}")


def _possible(condition: Condition, options: AuditOptions) -> bool:
    folders = {"noises": options.noises, "rooms": options.rooms}
    return condition.source not in folders or folders[condition.source] is not None


def _judge(
    subject: Subject,
    heard: Heard,
    plan: Plan,
    divisions: Sequence[Grouping],
    options: AuditOptions,
) -> Iterator[Outcome]:
    said = Said(subject, plan.material, heard.plain)
    corpora = plan.material.column("corpus")
    for name in dict.fromkeys(corpora):
        rows = np.flatnonzero(corpora == name)
        yield from correctness(said.take(rows), str(name or "corpus"))
    for grouping in divisions:
        yield from fairness(said, grouping, options.seed)
    yield from sentiment(said, options.seed)
    if plan.conditions and len(plan.sampled):
        yield from robustness(said.take(plan.sampled), heard.changed, heard.reference)
    yield from parallel(said)
    if "abstention" in choose(options.tests):
        yield from abstention(subject, options.seed)


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
    for family, names in TESTS.items():
        for name in names:
            if name in chosen and name not in there and name in reasons:
                yield f"{family}/{name}: {reasons[name]}"
            elif (
                name in chosen
                and name not in there
                and family == "fairness"
                and name in {grouping.name for grouping in divisions}
            ):
                yield f"{family}/{name}: the corpus lacks the truth it needs"


def _warn(subject: Subject, heard: Heard) -> Iterator[str]:
    """Warn of a model that hardly listens: whoever always says the same is never changed."""
    if subject.numeric:
        spread = float(np.std(heard.plain[:, 0]))
        if spread < MONOTONY_SPREAD:
            yield (
                f"{subject.name} always answers nearly the same number (standard deviation "
                f"{spread:.3f}): that its predictions stay unchanged says nothing for it"
            )
        return
    shares = np.bincount(np.argmax(heard.plain, axis=1), minlength=len(subject.labels))
    most = int(np.argmax(shares))
    share = shares[most] / shares.sum()
    if share > MONOTONY_SHARE:
        yield (
            f"{subject.name} answers {subject.labels[most]} to {100 * share:.0f} % of the "
            "recordings: that its predictions stay unchanged says little for it"
        )


def _flips(subject: Subject, heard: Heard, plan: Plan) -> Iterator[Flip]:
    """Yield, per condition, the recordings of which the model was surest before it changed."""
    plain = heard.plain[plan.sampled]
    few = plan.material.take(plan.sampled) if len(plan.sampled) else plan.material
    for condition, after in heard.changed.items():
        before = heard.reference.get(condition, plain)
        changed = np.flatnonzero(~same(Said(subject, few, before), after))
        moved = np.abs(before[changed] - after[changed]).sum(axis=1)
        for place in changed[np.argsort(-moved, kind="stable")][:FLIPS]:
            row = int(plan.sampled[place])
            yield Flip(subject, condition, row, before[place], after[place])
