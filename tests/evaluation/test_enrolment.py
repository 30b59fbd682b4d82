from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from intona.errors import CorpusError, UsageError
from intona.evaluation.enrolment import Enrolment, _divided, _profiles, with_enrolment
from intona.evaluation.facts import CorpusFacts, Facts, FoldFacts, voice_columns
from intona.evaluation.leaks import LeakReport
from intona.evaluation.result import Evaluation
from intona.models.adaptation import centred_log, speaker_statistics

LABELS = ("neutral", "happy", "sad")


def folds(inside: dict[str, Any]) -> tuple[FoldFacts, ...]:
    return tuple(FoldFacts(name, 180, (), inside) for name in ("1", "2"))


@pytest.fixture
def evaluation() -> Evaluation:
    """Two folds of six speakers whose bias is strong; the statistics are of forty others."""
    random = np.random.default_rng(0)

    def answers(speakers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        who = np.repeat(np.arange(speakers), 60)
        truth = np.tile(np.arange(3), speakers * 20)
        bias = 1.5 * random.standard_normal((speakers, 3))
        logs = 2.0 * np.eye(3)[truth] + bias[who] + random.standard_normal((len(who), 3))
        odds = np.exp(logs)
        return odds / odds.sum(axis=1, keepdims=True), truth, who

    known = speaker_statistics(*answers(40), LABELS)
    values, truth, who = answers(6)
    names = np.array(LABELS, dtype=object)
    table = pd.DataFrame(values, columns=list(LABELS))
    table.index = pd.MultiIndex.from_arrays(
        [[f"{i:03}.wav" for i in range(len(who))], [0] * len(who), [1] * len(who)],
        names=["file", "start", "end"],
    )
    table["speaker"] = [f"s{i}" for i in who]
    table["truth"], table["emotion"] = names[truth], names[values.argmax(axis=1)]
    table["confidence"], table["status"] = values.max(axis=1), "ok"
    table["corpus"] = "here"
    table["fold"], table["model_seed"] = np.where(who < 3, "1", "2"), 0
    inside = {"threshold": 0.4, "speakers": known}
    facts = Facts(
        leaky_reasons=(),
        protocol="speakers:2",
        protocol_words="Two folds.",
        recipe="none",
        recipe_details={},
        corpus="here",
        corpus_details=CorpusFacts(360, {}, {}, "", "", "", 0),
        speakers=6,
        folds=folds(inside),
        leaks=LeakReport(),
        created="",
        versions={},
    )
    return Evaluation("emotion", LABELS, table, facts)


@pytest.mark.parametrize("text", ["neutral:4", "mixed:12"])
def test_enrolment_helps_where_voices_differ(evaluation: Evaluation, text: str) -> None:
    enrolment = Enrolment.parse(text)
    adapted = with_enrolment(evaluation, enrolment)
    pd.testing.assert_series_equal(
        adapted.predictions["truth"], evaluation.predictions["truth"].sort_index()
    )
    assert adapted.facts.protocol == f"speakers:2+enrol:{text}"
    without = adapted.facts.enrolment.without["unweighted_average_recall"]["value"]
    assert adapted.headline.value > without + 0.03
    assert without == pytest.approx(evaluation.headline.value)
    np.testing.assert_allclose(adapted.predictions[list(LABELS)].sum(axis=1), 1.0)


@pytest.mark.parametrize("text", ["neutral:4", "neutral:20", "mixed:12", "mixed:45"])
def test_nothing_is_scored_with_a_profile_that_heard_it(text: str) -> None:
    truth = ["neutral", "happy", "sad"] * 20
    enrolment = Enrolment.parse(text)
    seen = []
    for profile, scored in _divided(truth, enrolment, "someone", seed=3):
        assert not set(profile) & set(scored)
        alone = enrolment.speech == "neutral" and truth[scored[0]] == "neutral"
        assert len(set(profile)) == min(enrolment.count, 19 if alone else 60)
        if enrolment.speech == "neutral":
            assert {truth[row] for row in profile} == {"neutral"}
        else:
            # A profile misses no emotion more than another for what is scored.
            assert np.bincount(scored % 3).tolist() == [5, 5, 5]
        seen += scored.tolist()
    assert sorted(seen) == list(range(60))


def test_a_profile_of_a_place_is_of_other_speakers(evaluation: Evaluation) -> None:
    rows = evaluation.predictions
    speakers = rows["speaker"].to_numpy()
    seen = []
    for profile, scored in _profiles(rows, Enrolment.parse("place:30"), seed=3):
        assert len(set(profile)) == 30
        assert not set(speakers[profile]) & set(speakers[scored])
        seen += scored.tolist()
    assert sorted(seen) == list(range(len(rows)))


def test_a_profile_of_a_place_takes_off_what_its_speakers_share(evaluation: Evaluation) -> None:
    table = evaluation.predictions.copy()
    values = table[list(LABELS)].to_numpy() * np.array([1.0, 200.0, 1.0])  # a corpus sounding happy
    values /= values.sum(axis=1, keepdims=True)
    table[list(LABELS)] = values
    table["emotion"] = np.array(LABELS, dtype=object)[values.argmax(axis=1)]
    shifted = Evaluation("emotion", LABELS, table, evaluation.facts)
    adapted = with_enrolment(shifted, Enrolment.parse("place:100"))
    assert adapted.headline.value > shifted.headline.value + 0.15
    assert "other speakers of the same corpus" in adapted.facts.protocol_words


def test_heads_for_enrolled_speakers_are_used_where_there_are_some(evaluation: Evaluation) -> None:
    table = evaluation.predictions.copy()
    columns = voice_columns("mixed", LABELS)
    scores = centred_log(table[list(LABELS)])
    table[columns] = scores[:, ::-1]  # a head that takes the labels for their opposites
    known = evaluation.facts.folds[0].chosen_inside["speakers"]["mixed"]
    inside = {"speakers": {"mixed": {**known, "output": "scores_mixed", "threshold": 0.9}}}
    facts = replace(evaluation.facts, folds=folds(inside))
    found = with_enrolment(
        Evaluation("emotion", LABELS, table, facts), Enrolment("mixed", 12)
    ).predictions
    assert not set(columns) & set(found.columns)
    happy = found["truth"] == "happy"
    assert (found["emotion"] == found["truth"])[~happy].mean() < 0.3
    assert (found["status"] == "unsure").equals(found["confidence"] < 0.9)


def test_bad_requests(evaluation: Evaluation) -> None:
    for text in ("neutral", "angry:4", "mixed:0", "mixed:x"):
        with pytest.raises(UsageError, match="neutral:4, mixed:16 or place:64"):
            Enrolment.parse(text)
    with pytest.raises(CorpusError, match="too few"):
        with_enrolment(evaluation, Enrolment("neutral", 21))
    with pytest.raises(CorpusError, match="too few"):
        with_enrolment(evaluation, Enrolment("mixed", 46))
    with pytest.raises(CorpusError, match="not of s0"):
        with_enrolment(evaluation, Enrolment("place", 121))
    nameless = evaluation.predictions.assign(speaker=None)
    with pytest.raises(CorpusError, match="who speaks"):
        with_enrolment(
            Evaluation("emotion", LABELS, nameless, evaluation.facts), Enrolment("mixed", 4)
        )
    facts = replace(evaluation.facts, folds=folds({}))
    bare = Evaluation("emotion", LABELS, evaluation.predictions, facts)
    with pytest.raises(UsageError, match="calibration folds"):
        with_enrolment(bare, Enrolment("mixed", 4))
