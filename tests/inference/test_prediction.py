"""What a row means: label or abstain, why, and in which labels."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from intona.audio import Audio
from intona.corpora import synthetic
from intona.errors import UsageError
from intona.formats.predictions import render
from intona.inference.recognizer import Recognizer, load
from intona.tables import Prediction

CLIP = synthetic.utterance("angry", speaker=9, seconds=1.5)


@pytest.fixture
def model(tiny_adaptable: Path) -> Recognizer:
    """Unfamiliar answers must be surer than familiar ones."""
    found = load(tiny_adaptable)
    found.metadata = {**found.metadata, "thresholds": [0.8, 0.4], "familiar": 0.5}
    return found


def row(confidence: float, familiarity: float) -> np.ndarray:
    rest, arousal, valence = (1.0 - confidence) / 3, 0.7, 0.2
    return np.array([rest, rest, rest, confidence, familiarity, arousal, valence])


@pytest.mark.parametrize(
    ("values", "told", "reason"),
    [
        (row(0.6, 1.0), {}, None),
        (row(0.6, 0.6), {}, None),  # 0.56 is asked for
        (row(0.55, 0.6), {}, "low confidence"),
        (row(0.35, 1.0), {}, "low confidence"),
        (row(0.6, 0.1), {}, "unfamiliar"),  # 0.76 is asked for
        (row(0.79, 0.1), {}, None),
        (row(0.9, 1.0), {"speech": 0.4}, "too short"),
        (row(0.9, 1.0), {"speech": 0.5}, None),
        (row(0.9, 1.0), {"clear": False}, "hardly speech"),
        (row(0.3, 0.1), {"clear": False, "speech": 0.2}, "hardly speech"),
    ],
)
def test_why_it_is_unsure(
    model: Recognizer, values: np.ndarray, told: dict[str, float], reason: str | None
) -> None:
    found = model.prediction(values, 1.0, 2.5, "a.wav", **told)
    assert found.reason == reason
    assert found.status == ("ok" if reason is None else "unsure")
    assert (found.emotion, found.confidence) == ("angry", pytest.approx(values[3]))
    assert (found.familiarity, found.arousal, found.valence) == tuple(values[4:])
    assert (found.file, found.start, found.end, found.adapted) == ("a.wav", 1.0, 2.5, 0)


def test_json_says_the_numbers_of_csv(model: Recognizer) -> None:
    found = model.predict(CLIP)
    (told,) = json.loads(render([found], model.labels, "json"))
    (cells,) = csv.DictReader(io.StringIO(render([found], model.labels, "csv")))
    for name in ("confidence", "familiarity", "arousal", "valence", "start", "end"):
        assert float(cells[name]) == told[name]
    assert {name: float(cells[name]) for name in model.labels} == told["probabilities"]
    silent = model.predict(Audio(np.zeros(16_000, np.float32), 16_000))
    (told,) = json.loads(render([silent], model.labels, "json"))
    assert told["confidence"] is None


def test_without_speech_nothing_is_said(model: Recognizer) -> None:
    found = model.prediction(None, 0.0, 1.0)
    assert (found.status, found.emotion, found.reason) == ("no_speech", None, None)
    assert np.isnan([found.familiarity, found.arousal, found.confidence]).all()


def test_a_recording_says_how_familiar_and_aroused_it_is(tiny_adaptable: Path) -> None:
    model = load(tiny_adaptable)
    found = model.predict(CLIP)
    direct = model.rows([CLIP.samples], CLIP.rate)[0]
    assert found.familiarity == pytest.approx(direct[4])
    assert found.arousal == pytest.approx(direct[5])
    assert 0 <= found.familiarity <= 1
    assert 0 <= found.arousal <= 1
    high, low = model.metadata["thresholds"]
    least = high + (low - high) * found.familiarity
    assert (found.status == "ok") == (found.confidence >= least)


def test_a_narrowed_answer_is_the_rest_made_whole(model: Recognizer) -> None:
    plain = model.rows([CLIP.samples], CLIP.rate)[0]
    narrowed = model.narrowed(["HAPPY", "anger"])
    assert narrowed.labels == ("happy", "angry")
    found = narrowed.rows([CLIP.samples], CLIP.rate)[0]
    np.testing.assert_allclose(found[:2], plain[[1, 3]] / plain[[1, 3]].sum())
    np.testing.assert_array_equal(found[2:], plain[4:])  # familiarity and arousal stay
    prediction = narrowed.predict(CLIP)
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0)
    assert set(prediction.probabilities) == {"happy", "angry"}
    assert model.labels == ("neutral", "happy", "sad", "angry")


def test_a_merged_label_is_no_likelier_beforehand(model: Recognizer) -> None:
    plain = model.rows([CLIP.samples], CLIP.rate)[0]
    merged = model.narrowed(None, {"Sadness": "neutral"})
    assert merged.labels == ("neutral", "happy", "angry")
    odds = np.array([(plain[0] + plain[2]) / 2, plain[1], plain[3]])
    np.testing.assert_allclose(merged.rows([CLIP.samples], CLIP.rate)[0][:3], odds / odds.sum())
    new = model.narrowed(["angry", "calm"], {"neutral": "calm", "sad": "calm"})
    assert new.labels == ("calm", "angry")


def test_narrowing_goes_on_and_goes_with_adaptation(model: Recognizer) -> None:
    twice = model.narrowed(["happy", "sad", "angry"]).narrowed(["sad", "angry"])
    once = model.narrowed(["sad", "angry"])
    np.testing.assert_allclose(
        twice.rows([CLIP.samples], CLIP.rate), once.rows([CLIP.samples], CLIP.rate)
    )
    clips = [synthetic.utterance(e, 3, seconds=1.2) for e in ("happy", "sad", "neutral")]
    first, second = model.adapt(clips).narrowed(["sad", "angry"]), once.adapt(clips)
    assert first.adapted_to == second.adapted_to == 3
    np.testing.assert_allclose(
        first.rows([CLIP.samples], CLIP.rate), second.rows([CLIP.samples], CLIP.rate)
    )


@pytest.mark.parametrize(
    ("keep", "merge", "words"),
    [
        (["happy", "proud"], None, "emotions: proud not in the model: there are neutral"),
        (["happy"], None, "at least two are needed, not happy"),
        (["happy", "Happiness"], None, "at least two"),
        (None, {"calm": "neutral"}, "merge: calm not in the model"),
        (["happy", "sad"], {"sad": "neutral"}, "sad is merged into neutral: keep that one"),
    ],
)
def test_labels_that_cannot_be(
    model: Recognizer, keep: list[str] | None, merge: dict[str, str] | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        model.narrowed(keep, merge)


def test_a_number_is_not_narrowed(model: Recognizer) -> None:
    model.numeric = True
    with pytest.raises(UsageError, match="not of one of numbers"):
        model.narrowed(["happy", "sad"])
    assert model.narrowed(None).labels == model.labels


def test_it_answers_as_a_pipeline_does():
    two = Prediction("sad", 0.7, {"happy": 0.25, "sad": 0.7, "calm": 0.05}, "unsure")
    best = [{"score": 0.7, "label": "sad"}, {"score": 0.25, "label": "happy"}]
    assert two.ranked(2) == best
    assert two.ranked() == [*best, {"score": 0.05, "label": "calm"}]
    nothing = dict.fromkeys(two.probabilities, float("nan"))
    assert Prediction(None, float("nan"), nothing, "no_speech").ranked(2) == []
