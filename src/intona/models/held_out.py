"""Held-out answers: of whole corpora and of speakers, for a calibration that is true of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from intona.corpora.folds import inner_folds
from intona.metrics.arrays import rows_of
from intona.models.adaptation import Statistics
from intona.models.blend import HeldOut
from intona.models.committee import Committee, HeadOptions, Learners, fit_committee
from intona.models.views import judged_by
from intona.parallel import Progress

Rows = NDArray[np.integer]

PLAIN = 2.0  # weight of the plain answers of a case
ADAPTED = 0.6  # and of those adapted to one profile
PLACE = (0, 40, 40, 8, 8)  # recordings of a place that profiles are made of; 0 for all
SPEAKER = (45, 16, 8)  # recordings of a speaker
# Parts that the speakers of a corpus are divided into, where there are several corpora. Two of the
# main corpus are held out, one of the others.
PARTS = 3


@dataclass(frozen=True, eq=False)
class Case:
    """A division into what heads learn from and what they are tried on.

    Attributes:
        name: for people.
        train: utterances, by number.
        test: likewise.
        corpus: name of the corpus that the test is the whole of; ``None`` for speakers.
        weight: of the case in the calibration.
    """

    name: str
    train: Rows
    test: Rows
    corpus: str | None
    weight: float


def cases_of(learners: Learners, folds: int) -> list[Case]:
    """Return the divisions: every corpus left out in turn, and speakers of every corpus.

    Args:
        learners: the training material.
        folds: parts that the speakers are divided into where there is one corpus only.
    """
    known, speakers = learners.material.known, learners.speakers
    count = len(learners.corpora)
    spoken = np.array([not str(group).endswith("-song") for group in known.groups[:count]])
    names = [str(name) for name in np.unique(learners.corpora)]
    found = []
    if len(names) > 1:
        for name in names:
            own = learners.corpora == name
            test = np.flatnonzero(own & spoken)
            if len(test):
                train = np.flatnonzero(~own)
                found.append(Case(f"without {name}", train, test, name, 1.0))
    missing = np.array([name is None or name != name for name in speakers])
    largest = max(
        names, key=lambda name: float(learners.importance[learners.corpora == name].max())
    )
    for name in names:
        rows = np.flatnonzero((learners.corpora == name) & spoken & ~missing)
        people = len(set(map(str, speakers[rows])))
        parts = min(PARTS if len(names) > 1 else folds, people)
        if parts < 2:
            continue
        divided = inner_folds(known.targets[rows], speakers[rows], parts)
        kept = divided[:2] if name == largest and len(names) > 1 else divided
        kept = kept if name == largest else divided[:1]
        for number, (_, held) in enumerate(kept, 1):
            test = rows[held]
            # Whoever is held out is held out of every corpus.
            train = np.flatnonzero(~np.isin(speakers.astype(str), speakers[test].astype(str)))
            if len(train) and len(np.unique(known.targets[train])) > 1:
                title = f"speakers of {name}, part {number}"
                found.append(Case(title, train, test, None, 1.0 / len(kept)))
    return found


def held_out_answers(
    learners: Learners,
    cases: Sequence[Case],
    options: HeadOptions,
    *,
    adapting: bool,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[HeldOut]:
    """Fit heads for each case and return their answers to what was held out.

    The heads hear no changed copies, which hardly change how sure heads are and take half the time.

    Args:
        learners: the training material.
        cases: see :func:`cases_of`.
        options: of the heads.
        adapting: whether answers adapted to profiles are wanted as well.
        seed: of the heads' views and of the profiles' utterances.
        progress: called as ``progress(done, total, text)``.
    """
    learners = replace(learners, material=learners.material.without_copies())
    found: list[HeldOut] = []
    for done, case in enumerate(cases, 1):
        heads = fit_committee(learners, case.train, options, seed, emotions_only=True)
        found += _answers(learners, case, heads, adapting, np.random.default_rng(seed))
        if progress is not None:
            progress(done, len(cases), "calibration")
    return found


def _answers(
    learners: Learners, case: Case, heads: Committee, adapting: bool, rng: np.random.Generator
) -> Iterator[HeldOut]:
    plain = heads.standard.embedding(learners.material.features[case.test])
    beyond = heads.residual(plain)
    truth = learners.material.known.targets[case.test]
    possible = np.asarray(learners.material.known.possible[case.test].any(axis=0))

    def group(embedding: NDArray[np.float32], weight: float, adapted: bool) -> HeldOut:
        joint, members = heads.scores(embedding)
        return HeldOut(
            joint,
            members,
            beyond,
            truth,
            case.weight * weight,
            adapted,
            case.corpus,
            possible,
        )

    yield group(plain, PLAIN, False)
    if not adapting:
        return
    people = learners.speakers[case.test].astype(str)
    place = case.corpus is not None
    for size in PLACE if place else SPEAKER:
        yield group(_profiled(plain, people, size, place, rng), ADAPTED, True)


def _profiled(
    plain: NDArray[np.float32],
    people: NDArray[np.str_],
    size: int,
    place: bool,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return embeddings standardised by a profile of the place, or of each one's speaker."""

    def choose(rows: Rows) -> Rows:
        return rng.permutation(rows)[: size or len(rows)]

    if place:
        return judged_by(plain, Statistics.of(plain[choose(np.arange(len(plain)))]))
    found = np.empty_like(plain)
    for own in rows_of(people).values():
        found[own] = judged_by(plain[own], Statistics.of(plain[choose(own)]))
    return found
