"""What a model file computes is what numpy computes, plainly and adapted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intona.audio import Audio, read
from intona.corpora import synthetic
from intona.corpora.base import Corpus
from intona.errors import ModelError
from intona.inference.recognizer import Recognizer
from intona.models import recipes
from intona.models.blend import familiarity
from intona.models.encoders.embedding import Embedding
from intona.models.linear_model import LinearModel
from intona.models.principal import residual
from intona.models.runtime import onnxruntime
from intona.models.session import Session
from intona.models.task import Surrounding, Task
from intona.models.train import fit

RATE = 16_000
OUTPUTS = ["probabilities", "familiarity", "arousal", "valence", "embedding"]
FACTS = {"version": "0", "corpora": {}, "licence": "none", "name": "test", "seed": 0}


@pytest.fixture(scope="module")
def signals() -> list[np.ndarray]:
    voices = [
        synthetic.utterance(emotion, speaker=k, seconds=1.0 + 0.3 * k).samples
        for k, emotion in enumerate(("happy", "sad", "angry", "neutral"))
    ]
    # And what is no voice at all, so that familiarity varies.
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    sounds = [*voices, noise, np.sin(np.arange(RATE) / 3).astype(np.float32)]
    return [sound - sound.mean() for sound in sounds]  # as a session does


def asked(path: Path, signals: list[np.ndarray], **inputs: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime().InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = [session.run(OUTPUTS, {"waveform": signal[None], **inputs}) for signal in signals]
    return {
        name: np.concatenate([row[k] for row in rows]).astype(np.float64)
        for k, name in enumerate(OUTPUTS)
    }


def by_numpy(model: LinearModel, embedding: np.ndarray, judged: np.ndarray, adapted: bool) -> Any:
    joint, members = model.heads.scores(judged)
    # Directions are stored in two bytes.
    directions = model.heads.directions.astype(np.float16).astype(np.float32)
    near = familiarity(residual(embedding, directions))
    return (
        model.blend.probabilities(joint, members, near, adapted),
        near,
        model.heads.dimension("arousal", judged),
        model.heads.dimension("valence", judged),
    )


@pytest.mark.parametrize("adapted", [False, True])
@pytest.mark.parametrize("moved", [False, True])
def test_the_graph_is_numpy(
    tiny_fitted: LinearModel,
    tiny_adaptable: Path,
    signals: list[np.ndarray],
    moved: bool,
    adapted: bool,
) -> None:
    rng = np.random.default_rng(1)
    width = len(tiny_fitted.heads.standard.centre)
    centre, scale = np.zeros(width, np.float32), np.ones(width, np.float32)
    if moved:
        centre = rng.normal(size=width).astype(np.float32)
        scale = rng.uniform(0.5, 2.0, width).astype(np.float32)
    inputs = {"centre": centre, "scale": scale, "adapted": np.array([adapted], np.float32)}
    # What is not given is the plain answer.
    plain = not moved and not adapted
    found = asked(tiny_adaptable, signals, **({} if plain else inputs))
    embedding = found["embedding"].astype(np.float32)
    expected = by_numpy(tiny_fitted, embedding, (embedding - centre) / scale, adapted)
    for name, values in zip(OUTPUTS, expected, strict=False):
        np.testing.assert_allclose(
            found[name].reshape(np.shape(values)), values, atol=1e-4, err_msg=name
        )
    assert np.ptp(found["familiarity"]) > 0.01
    assert np.ptp(found["arousal"]) > 0.01
    assert np.ptp(found["valence"]) > 0.01


def test_blend_differs_when_adapted(tiny_fitted: LinearModel) -> None:
    """Or the tests above would not see the input."""
    assert abs(tiny_fitted.blend.values[-1]) > 1e-3
    assert len(tiny_fitted.heads.members) == 3  # of two corpora, and of both


def test_the_embedding_is_the_front_ends(
    tiny_fitted: LinearModel, tiny_adaptable: Path, signals: list[np.ndarray]
) -> None:
    found = asked(tiny_adaptable, signals[:4])["embedding"]
    rows = np.stack([tiny_fitted.front_end(signal, RATE) for signal in signals[:4]])
    expected = tiny_fitted.heads.standard.embedding(rows)
    assert np.abs(found - expected).max() < 0.05  # weights of two bytes
    assert np.abs(expected).mean() > 0.3


def test_familiarity_and_embedding_are_plain_whatever_it_is_adapted_to(
    tiny_adaptable: Path, signals: list[np.ndarray]
) -> None:
    plain = asked(tiny_adaptable, signals)
    width = plain["embedding"].shape[1]
    moved = asked(
        tiny_adaptable,
        signals,
        centre=np.full(width, 0.5, np.float32),
        scale=np.full(width, 2.0, np.float32),
        adapted=np.ones(1, np.float32),
    )
    for name in ("familiarity", "embedding"):
        np.testing.assert_array_equal(plain[name], moved[name])
    assert np.abs(plain["probabilities"] - moved["probabilities"]).max() > 1e-3


def test_in_python_it_answers_by_its_surroundings(
    tiny_fitted: LinearModel, tiny_adaptable: Path, two_corpora: Corpus
) -> None:
    table = two_corpora.table.iloc[:8]
    files = [str(file) for file in table.index.get_level_values("file")]
    model = Recognizer.load(tiny_adaptable)
    sounds = [read(file, rate=RATE).samples for file in files]
    plain = tiny_fitted.answers(table)
    # Of those it is sure of, nothing changes that could be seen.
    rows = np.sort(plain.probabilities.max(axis=1).argsort()[:2])
    reference = np.setdiff1d(np.arange(8), rows[:1])
    np.testing.assert_allclose(plain.probabilities, model.probabilities(sounds, RATE), atol=5e-3)
    from intona.models.adaptation import Statistics

    statistics = Statistics.of(model.embedding([sounds[k] for k in reference], RATE))
    for speech in ("mixed", "neutral", "place"):
        found = tiny_fitted.answers(table, [Surrounding(rows, reference, speech)])
        expected = model.adapted(statistics, speech=speech).rows(sounds, RATE)
        np.testing.assert_allclose(found.probabilities[rows], expected[rows, :4], atol=1e-2)
        np.testing.assert_allclose(found.arousal[rows], expected[rows, 5], atol=1e-2)
        np.testing.assert_allclose(found.valence[rows], expected[rows, 6], atol=1e-2)
        others = np.setdiff1d(np.arange(8), rows)
        np.testing.assert_array_equal(found.probabilities[others], plain.probabilities[others])
        np.testing.assert_array_equal(found.familiarity, plain.familiarity)
        np.testing.assert_allclose(found.thresholds, tiny_fitted.blend.threshold(plain.familiarity))
        assert np.abs(found.probabilities - plain.probabilities)[rows].max() > 1e-3


def test_a_head_on_a_finished_model_standardises_its_embedding_anew(
    tiny_adaptable: Path, two_corpora: Corpus, signals: list[np.ndarray], tmp_path: Path
) -> None:
    plan = replace(
        recipes.load("head"), front_end={"name": "default", "model": str(tiny_adaptable)}
    )
    few = two_corpora.table[two_corpora.table["emotion"].isin(["happy", "sad"])]
    table = few.assign(emotion=few["emotion"].map({"happy": "up", "sad": "low"}))
    head: Any = fit(Task(plan, table))
    path = head.export(tmp_path / "own.onnx", metadata=FACTS)
    # Its words say nothing of arousal or valence, and the base's own outputs are not its.
    assert Session.load(path).outputs == {"probabilities", "embedding", "familiarity"}
    base = asked(tiny_adaptable, signals)["embedding"].astype(np.float32)
    found = Session.load(path).run(signals, RATE, ["embedding", "probabilities", "familiarity"])
    width = base.shape[1]
    standard = head.heads.standard
    front = Embedding(str(tiny_adaptable))
    heard = np.stack([front(signal, RATE) for signal in signals])
    np.testing.assert_allclose(heard, base, atol=1e-4)
    expected = standard.embedding(base)
    np.testing.assert_allclose(found[:, :width], expected, atol=1e-4)
    probabilities, near, *_ = by_numpy(head, expected, expected, False)
    np.testing.assert_allclose(found[:, width : width + 2], probabilities, atol=1e-4)
    np.testing.assert_allclose(found[:, -1], near, atol=1e-4)
    model = Recognizer.load(path)
    assert model.adaptable
    adapted = model.adapt([Audio(signal, RATE) for signal in signals[:4]])
    assert adapted.adapted_to == 4


def test_a_session_gives_several_outputs_side_by_side(
    tiny_adaptable: Path, signals: list[np.ndarray]
) -> None:
    session = Session.load(tiny_adaptable)
    order = ["embedding", "arousal", "probabilities"]
    found = session.run(signals, RATE, order)
    alone = [session.run(signals, RATE, [name]) for name in order]
    np.testing.assert_allclose(found, np.concatenate(alone, axis=1), atol=1e-6)
    assert found.shape == (len(signals), 128 + 1 + 4)
    assert session.run([], RATE, order).shape == (0, 128 + 1 + 4)
    inputs = {"centre": np.full(128, 1.0, np.float32)}
    moved = session.run(signals, RATE, order, inputs)
    np.testing.assert_array_equal(moved[:, :128], found[:, :128])
    assert np.abs(moved[:, 128:] - found[:, 128:]).max() > 1e-3
    with pytest.raises(ModelError, match="no output 'dominance'"):
        session.run(signals, RATE, ["probabilities", "dominance"])
