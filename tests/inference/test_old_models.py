"""Model files of version 0.1 are read, and answer as they did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from intona.corpora.synthetic import utterance
from intona.errors import UsageError
from intona.inference.notice import Notice
from intona.inference.recognizer import Recognizer, load

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def model() -> Recognizer:
    return load(DATA / "model-0.1.onnx")


def test_it_gives_the_same_probabilities(model: Recognizer) -> None:
    before = json.loads((DATA / "model-0.1.json").read_text("utf-8"))
    clips = [utterance(e, s) for e in ("neutral", "happy", "sad", "angry") for s in (0, 1)]
    found = model.probabilities([clip.samples for clip in clips], clips[0].rate)
    assert list(model.labels) == before["labels"]
    np.testing.assert_allclose(found, before["rows"], atol=1e-6)


def test_it_says_nothing_that_it_does_not_know(model: Recognizer) -> None:
    found = model.predict(utterance("angry", 0))
    assert found.emotion in model.labels
    assert np.isnan(found.familiarity)
    assert np.isnan(found.arousal)
    assert found.reason in (None, "low confidence")
    assert (found.status == "ok") == (found.confidence >= model.threshold)
    notice = Notice(model)
    for _ in range(20):
        notice.take(found)
    assert list(notice.sentences()) == []


def test_it_cannot_be_adapted_and_can_be_narrowed(model: Recognizer) -> None:
    with pytest.raises(UsageError, match="cannot be adapted"):
        model.adapt([utterance("sad", 0)])
    found = model.narrowed(["sad", "angry"]).predict(utterance("sad", 0))
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
