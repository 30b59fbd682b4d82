from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from intona.errors import CorpusError, UsageError
from intona.evaluation.enrolment import Enrolment, with_enrolment
from intona.evaluation.result import Evaluation
from intona.models.speakers import speaker_statistics

LABELS = ("neutral", "happy", "sad")


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
    table["fold"], table["model_seed"] = np.where(who < 3, "1", "2"), 0
    inside = {"threshold": 0.4, "speakers": known}
    facts = {
        "protocol": "speakers:2",
        "protocol_words": "Two folds.",
        "folds": [{"name": name, "chosen_inside": inside} for name in ("1", "2")],
        "leaky": False,
    }
    return Evaluation("emotion", LABELS, table, facts)


@pytest.mark.parametrize("text", ["neutral:4", "mixed:12"])
def test_enrolment_helps_where_voices_differ(evaluation: Evaluation, text: str) -> None:
    enrolment = Enrolment.parse(text)
    adapted = with_enrolment(evaluation, enrolment)
    set_aside = 6 * enrolment.count
    assert len(adapted.predictions) == len(evaluation.predictions) - set_aside
    assert adapted.facts["enrolment"]["set_aside"] == set_aside
    assert adapted.facts["protocol"] == f"speakers:2+enrol:{text}"
    without = adapted.facts["enrolment"]["without"]["unweighted_average_recall"]["value"]
    assert adapted.headline.value > without + 0.03
    np.testing.assert_allclose(adapted.predictions[list(LABELS)].sum(axis=1), 1.0)
    lost = evaluation.predictions.index.difference(adapted.predictions.index)
    if enrolment.speech == "neutral":
        assert set(evaluation.predictions.loc[lost, "truth"]) == {"neutral"}


def test_mixed_enrolment_never_looks_at_labels(evaluation: Evaluation) -> None:
    shuffled = evaluation.predictions.copy()
    shuffled["truth"] = np.random.default_rng(1).permutation(shuffled["truth"])
    other = Evaluation("emotion", LABELS, shuffled, evaluation.facts)
    one, two = (with_enrolment(e, Enrolment("mixed", 10)) for e in (evaluation, other))
    pd.testing.assert_frame_equal(one.predictions[list(LABELS)], two.predictions[list(LABELS)])


def test_bad_requests(evaluation: Evaluation) -> None:
    for text in ("neutral", "angry:4", "mixed:0", "mixed:x"):
        with pytest.raises(UsageError, match="neutral:4 or mixed:16"):
            Enrolment.parse(text)
    with pytest.raises(CorpusError, match="too few"):
        with_enrolment(evaluation, Enrolment("neutral", 21))
    facts = {**evaluation.facts, "folds": [{"name": n, "chosen_inside": {}} for n in "12"]}
    bare = Evaluation("emotion", LABELS, evaluation.predictions, facts)
    with pytest.raises(UsageError, match="calibration folds"):
        with_enrolment(bare, Enrolment("mixed", 4))
