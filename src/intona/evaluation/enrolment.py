"""Enrolment: what profiles would give; every utterance is scored with a profile made of others.

``neutral:N`` makes profiles of N neutral utterances of the speaker (what a user can record on
purpose). A neutral utterance is scored with the others alone; where a speaker has no more than N,
that is one fewer. ``mixed:N`` makes them of N utterances of any kind, whose labels the model
never sees. For it each speaker's utterances are divided into four parts with the same share of
every emotion, and each part is scored with a profile drawn from the other three. The parts matter:
set aside by chance alone, an utterance that is scored is missing from the profile, which then
holds less of its emotion than of the others, and that alone is worth up to a point.

``place:N`` makes a profile of a place and not of a voice: of N utterances of *other* speakers of
the same corpus, of any kind, without their labels. It says what a model gains in a new language,
room or microphone from a few recordings made there, whoever speaks in them.

``adapt`` is what ``intona predict FOLDER --adapt`` does: the recordings under test, or N of them,
are judged against each other. Such a result is stamped TRANSDUCTIVE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from intona.errors import CorpusError, UsageError
from intona.evaluation.facts import EnrolmentFacts
from intona.evaluation.result import Evaluation
from intona.inference.profile import KINDS
from intona.metrics.arrays import rows_of
from intona.metrics.bootstrap import Interval
from intona.models.task import Surrounding

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PARTS = 4
PLACE, ADAPT = "place", "adapt"


@dataclass(frozen=True)
class Enrolment:
    """What profiles are made of.

    Attributes:
        speech: ``"neutral"`` or ``"mixed"`` speech of the speaker; ``"place"``: speech of the
            other speakers of the same corpus; ``"adapt"``: the recordings under test themselves.
        count: utterances in a profile; 0 for all of them, with ``"adapt"`` alone.
    """

    speech: str
    count: int

    @classmethod
    def parse(cls, text: str) -> Enrolment:
        """Read ``neutral:4``, ``mixed:16``, ``place:64``, ``adapt`` or ``adapt:40``.

        Raises:
            UsageError: anything else.

        Examples:
            >>> Enrolment.parse("neutral:4"), Enrolment.parse("adapt")
            (Enrolment(speech='neutral', count=4), Enrolment(speech='adapt', count=0))
        """
        if text == ADAPT:
            return cls(ADAPT, 0)
        speech, _, count = text.partition(":")
        if speech not in (*KINDS, ADAPT) or not count.isdecimal() or int(count) < 1:
            raise UsageError(
                f"cannot read the enrolment {text!r}: write neutral:4, mixed:16, place:64, adapt "
                "or adapt:40"
            )
        return cls(speech, int(count))

    @property
    def name(self) -> str:
        """As it is written."""
        return f"{self.speech}:{self.count}" if self.count else self.speech

    @property
    def transductive(self) -> bool:
        """Whether utterances under test are judged against each other."""
        return self.speech == ADAPT

    @property
    def words(self) -> str:
        """What it means, in one sentence without its end."""
        number = self.count or "all"
        if self.speech == ADAPT:
            return f"the recordings of each corpus are judged against {number} of them, unlabelled"
        whose = {
            PLACE: "utterances, of other speakers of the same corpus, without their labels",
            "mixed": "mixed utterances of its speaker, drawn from three quarters of them while the "
            "fourth is scored",
        }.get(
            self.speech,
            "neutral utterances of its speaker, a neutral one with one fewer where its speaker has "
            "no more",
        )
        return f"every utterance is scored with a profile made of {number} other {whose}"

    def surroundings(self, rows: pd.DataFrame, target: str, seed: int) -> list[Surrounding]:
        """Return which rows of a test part are judged against which.

        Args:
            rows: the test part, with ``speaker``, ``corpus`` and the target; labels divide the
                utterances fairly and are not seen by the model.
            target: the column of the labels.
            seed: of what is drawn by chance.

        Raises:
            CorpusError: too few rows, or nobody knows who speaks.
        """
        return [
            Surrounding(scored, profile, self.speech)
            for profile, scored in _profiles(rows, target, self, seed)
        ]


def enrolled(
    plain: Evaluation, adapted: Evaluation, enrolment: Enrolment, *, seed: int
) -> Evaluation:
    """Return an evaluation of adapted answers that says what the plain ones gave.

    Args:
        plain: the evaluation without profiles.
        adapted: the same of adapted answers.
        enrolment: what profiles were made of.
        seed: of what was drawn by chance.
    """
    facts = adapted.facts
    without = {name: _bounds(one) for name, one in plain.metrics.items()}
    words = (
        f"{facts.protocol_words} Enrolment: {enrolment.words}; without profiles UAR is "
        f"{100 * plain.headline.value:.1f} %."
    )
    facts = replace(
        facts,
        protocol=f"{facts.protocol}+enrol:{enrolment.name}",
        protocol_words=words,
        transductive=facts.transductive or enrolment.transductive,
        enrolment=EnrolmentFacts(
            enrolment.speech, enrolment.count, seed, without, plain.facts.by_corpus
        ),
    )
    return replace(adapted, facts=facts)


def _bounds(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _profiles(
    rows: pd.DataFrame, target: str, enrolment: Enrolment, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield which rows of a fold make a profile and which are scored with it.

    Raises:
        CorpusError: too few rows, or nobody knows who speaks.
    """
    corpora = rows["corpus"].astype(str).to_numpy()
    if enrolment.speech == ADAPT:
        random = np.random.default_rng(seed)
        for own in rows_of(corpora).values():
            yield np.sort(random.permutation(own)[: enrolment.count or len(own)]), own
        return
    if rows["speaker"].isna().any():
        raise CorpusError("enrolment needs to know who speaks: the corpus does not name everybody")
    speakers, truth = rows["speaker"].astype(str).to_numpy(), rows[target].to_numpy(dtype=object)
    if enrolment.speech == PLACE:
        yield from _of_others(speakers, corpora, enrolment, seed)
        return
    for speaker, own in rows_of(speakers).items():
        for profile, scored in _divided(truth[own].tolist(), enrolment, speaker, seed):
            yield own[profile], own[scored]


def _of_others(
    speakers: NDArray[Any], corpora: NDArray[Any], enrolment: Enrolment, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    for name in np.unique(corpora):
        for speaker in np.unique(speakers[corpora == name]):
            others = np.flatnonzero((corpora == name) & (speakers != speaker))
            if len(others) < enrolment.count:
                raise CorpusError(
                    f"{name} has {len(others)} utterances under test that are not of {speaker}, "
                    f"too few to make a profile of {enrolment.count}"
                )
            random = np.random.default_rng([seed, *speaker.encode()])
            profile = np.sort(random.choice(others, enrolment.count, replace=False))
            yield profile, np.flatnonzero((corpora == name) & (speakers == speaker))


def _divided(
    truth: list[str], enrolment: Enrolment, speaker: str, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield which of a speaker's rows make a profile and which are scored with it.

    It is the same for every model seed.

    Raises:
        CorpusError: too few rows.
    """
    random = np.random.default_rng([seed, *speaker.encode()])
    names, every = np.array(truth, dtype=object), np.arange(len(truth))
    pool = every[names == "neutral"] if enrolment.speech == "neutral" else every
    if enrolment.speech == "neutral":
        divisions = [(pool, np.setdiff1d(every, pool))]
        divisions += [(pool[pool != one], np.array([one])) for one in pool]
        enough = len(pool) >= max(enrolment.count, 2)
    else:
        parts = np.empty(len(names), dtype=int)
        for name in np.unique(names):
            rows = random.permutation(every[names == name])
            # Where a remainder falls is drawn, or the first part would get all of them.
            parts[rows] = (np.arange(len(rows)) + random.integers(PARTS)) % PARTS
        divisions = [(every[parts != part], every[parts == part]) for part in range(PARTS)]
        enough = all(len(others) >= enrolment.count for others, _ in divisions)
    if not enough:
        raise CorpusError(
            f"speaker {speaker} has {len(pool)} {enrolment.speech} utterances under test, too few "
            f"to make profiles of {enrolment.count} others"
        )
    for others, scored in divisions:
        size = min(enrolment.count, len(others))
        yield np.sort(random.choice(others, size, replace=False)), scored
