"""What enrolment would give: every utterance is scored with a profile made of others.

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

How speakers differ is known from the training part alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from intona.errors import CorpusError, UsageError
from intona.evaluation.result import Evaluation
from intona.evaluation.run import voice_columns
from intona.labels import merge_columns
from intona.metrics.bootstrap import Interval
from intona.models.adaptation import KINDS, PLACE, centred_log, place_statistics, shift
from intona.models.calibration import softmax

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Enrolment", "with_enrolment"]

PARTS = 4


@dataclass(frozen=True)
class Enrolment:
    """What profiles are made of.

    Attributes:
        speech: ``"neutral"`` or ``"mixed"`` speech of the speaker, or ``"place"``: speech of the
            other speakers of the same corpus.
        count: utterances in a profile.
    """

    speech: str
    count: int

    @classmethod
    def parse(cls, text: str) -> Enrolment:
        """Read ``neutral:4``, ``mixed:16`` or ``place:64``.

        Raises:
            UsageError: anything else.

        Examples:
            >>> Enrolment.parse("neutral:4")
            Enrolment(speech='neutral', count=4)
        """
        speech, _, count = text.partition(":")
        if speech not in KINDS or not count.isdecimal() or int(count) < 1:
            raise UsageError(
                f"cannot read the enrolment {text!r}: write neutral:4, mixed:16 or place:64"
            )
        return cls(speech, int(count))


def with_enrolment(evaluation: Evaluation, enrolment: Enrolment, *, seed: int = 0) -> Evaluation:
    """Return the evaluation with every test speaker enrolled.

    Args:
        evaluation: of emotions, from :func:`intona.evaluation.run.evaluate` with ``voices``.
        enrolment: what profiles are made of.
        seed: of what is drawn by chance.

    Raises:
        UsageError: numbers were predicted, or the recipe does not learn how speakers differ.
        CorpusError: a test speaker has too few such utterances.
    """
    import pandas as pd

    if evaluation.numeric:
        raise UsageError("enrolment adapts the recognition of emotions, not of numbers")
    known = {fold["name"]: fold.get("chosen_inside", {}) for fold in evaluation.facts["folds"]}
    answers = evaluation.facts.get("answers", {name: name for name in evaluation.labels})
    labels = list(answers)
    extra = [name for kind in KINDS for name in voice_columns(kind, labels)]
    table = evaluation.predictions
    kept, before = [], []
    for (_, fold), rows in table.groupby(["model_seed", "fold"], sort=True):
        statistics = (known[fold].get("speakers") or {}).get(enrolment.speech)
        if enrolment.speech == PLACE:
            statistics = place_statistics(len(labels))
        if statistics is None or len(statistics["mean"]) != len(labels):
            raise UsageError(
                f"fold {fold} does not say how speakers differ in {enrolment.speech} speech: the "
                "recipe needs calibration folds and at least four training speakers with all labels"
            )
        columns = voice_columns(enrolment.speech, labels)
        if columns[0] in rows.columns:
            scores = rows[columns].to_numpy(dtype=np.float64)
        else:
            scores = centred_log(rows[labels])
        moved = scores.copy()
        for profile, scored in _profiles(rows, enrolment, seed):
            moved[scored] += shift(statistics, scores[profile].mean(axis=0), len(profile))
        values, _ = merge_columns(softmax(moved, 1.0), list(answers.values()))
        threshold = statistics.get("threshold", known[fold].get("threshold", 0.0))
        before.append(rows.drop(columns=extra, errors="ignore"))
        kept.append(_answered(before[-1], evaluation, values, float(threshold)))
    unadapted = Evaluation(
        evaluation.target, evaluation.labels, pd.concat(before).sort_index(), evaluation.facts
    )
    words = (
        f"Enrolment: every utterance is scored with a profile made of {enrolment.count} other "
        f"{_whose(enrolment)}; without profiles UAR is {100 * unadapted.headline.value:.1f} %."
    )
    facts: dict[str, Any] = {
        **evaluation.facts,
        "protocol": f"{evaluation.facts['protocol']}+enrol:{enrolment.speech}:{enrolment.count}",
        "protocol_words": f"{evaluation.facts['protocol_words']} {words}",
        "enrolment": {
            "speech": enrolment.speech,
            "count": enrolment.count,
            "seed": seed,
            "without": {name: _bounds(one) for name, one in unadapted.metrics.items()},
        },
    }
    return Evaluation(evaluation.target, evaluation.labels, pd.concat(kept).sort_index(), facts)


def _whose(enrolment: Enrolment) -> str:
    if enrolment.speech == PLACE:
        return "utterances, of other speakers of the same corpus, without their labels"
    if enrolment.speech == "mixed":
        return (
            "mixed utterances of its speaker, drawn from three quarters of them while the fourth "
            "is scored"
        )
    return (
        "neutral utterances of its speaker, a neutral one with one fewer where its speaker has no "
        "more"
    )


def _bounds(interval: Interval) -> Mapping[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _profiles(
    rows: pd.DataFrame, enrolment: Enrolment, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield which rows of a fold make a profile and which are scored with it.

    Raises:
        CorpusError: too few rows, or nobody knows who speaks.
    """
    if rows["speaker"].isna().any():
        raise CorpusError("enrolment needs to know who speaks: the corpus does not name everybody")
    speakers, truth = rows["speaker"].astype(str).to_numpy(), rows["truth"].to_numpy(dtype=object)
    if enrolment.speech == PLACE:
        yield from _of_others(speakers, rows["corpus"].astype(str).to_numpy(), enrolment, seed)
        return
    for speaker in np.unique(speakers):
        own = np.flatnonzero(speakers == speaker)
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


def _answered(
    rows: pd.DataFrame, evaluation: Evaluation, values: NDArray[np.float64], threshold: float
) -> pd.DataFrame:
    answered, labels = rows.copy(), list(evaluation.labels)
    # Without speech there is nothing to adapt: such a row stays as it is.
    silent = (rows["status"] == "no_speech").to_numpy()
    values = np.where(silent[:, None], rows[labels], values)
    answered[labels] = values
    decisions = np.array(labels, dtype=object)[values.argmax(axis=1)]
    decisions[silent] = None
    answered[evaluation.target] = decisions
    answered["confidence"] = values.max(axis=1)
    sure = np.where(answered["confidence"] >= threshold, "ok", "unsure")
    answered["status"] = np.where(silent, "no_speech", sure)
    return answered
