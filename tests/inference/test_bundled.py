"""The bundled model: small, complete, the same in any company, silent about noise."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from intona.audio import Audio, read
from intona.corpora.synthetic import utterance
from intona.inference.recognizer import Recognizer, load

EIGHT = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
LARGEST = {"default": 25_000_000, "small": 11_000_000}  # bytes


@pytest.fixture(scope="module", params=["default", "small"])
def model(request: pytest.FixtureRequest) -> Recognizer:
    return load(request.param)


def test_what_it_is(model: Recognizer) -> None:
    assert model.path.stat().st_size <= LARGEST[model.path.stem]
    assert model.labels == EIGHT
    assert model.rate == 16_000
    facts = model.metadata
    assert set(facts["corpora"]) == {"ravdess", "emodb", "nemo"}
    assert len(facts["corpora"]["ravdess"]["speakers"]) == 24
    assert "NC" in facts["licence"]
    assert model.adaptable
    assert sum(facts["priors"]) == pytest.approx(1.0)
    low, high = facts["thresholds"]
    assert 0.3 < high <= low < 0.9  # what is unfamiliar must be surer to be ok


def test_no_corpus_for_measuring_is_inside(model: Recognizer) -> None:
    # The fingerprints are letters by chance; what they are of is in the groups beside them.
    heard = {**model.metadata["heard"], "landmarks": ""}
    text = str({**model.metadata, "heard": heard}).lower()
    assert "ravdess-01" in str(heard["groups"])
    assert "urdu" not in text
    assert "emovo" not in text


def test_everything_is_said(model: Recognizer) -> None:
    found = model.predict(utterance("angry", seconds=2.0))
    for value in (found.confidence, found.familiarity, found.arousal, found.valence):
        assert 0.0 <= value <= 1.0
    assert found.adapted == 0


def test_a_batch_of_mixed_lengths_is_its_rows(model: Recognizer) -> None:
    clips = [utterance("happy", seconds=seconds).samples for seconds in (1.0, 1.7, 3.1)]
    together = model.probabilities(clips, 16_000)
    alone = np.concatenate([model.probabilities([clip], 16_000) for clip in clips])
    assert np.abs(together - alone).max() < 1e-4
    assert np.allclose(together.sum(axis=1), 1.0, atol=1e-4)


@pytest.mark.parametrize("seconds", [0.3, 30.0])
def test_the_promised_lengths(model: Recognizer, seconds: float) -> None:
    voice = utterance("sad", seconds=3.0).samples
    clip = np.tile(voice, 11)[: int(seconds * 16_000)]
    assert np.isfinite(model.probabilities([clip], 16_000)).all()
    assert model.embedding([clip], 16_000).shape == (1, model.metadata["embedding"])


def test_silence_around_and_level_change_nothing(model: Recognizer) -> None:
    clip = utterance("angry", seconds=1.5).samples
    quiet = 0.1 * np.pad(clip, (8000, 12_000))
    found = model.probabilities([clip, quiet.astype(np.float32)], 16_000)
    assert np.abs(found[0] - found[1]).max() < 0.05


def test_sounds_without_a_voice_have_no_emotion(model: Recognizer) -> None:
    """No speech or unsure, for sounds that training did not hear; one is known to be missed."""
    from intona.models.voiceless import sounds_without_voice

    sounds = sounds_without_voice(30, seed=99)
    answers = [model.predict(Audio(sound, 16_000)).status for sound in sounds]
    # A melody, taken for a voice by the speech detector too.
    missed = {number for number, status in enumerate(answers) if status == "ok"}
    assert missed <= {29}


@pytest.mark.corpus
def test_the_graph_hears_what_training_heard(model: Recognizer, data: Path) -> None:
    """The embedding of the file is that of the torch encoders, up to rounded weights."""
    pytest.importorskip("torch")
    from intona.features import front_end
    from intona.models.recipes import load as recipe

    if not os.environ.get("INTONA_ENCODER"):
        pytest.skip("no encoder weights: set INTONA_ENCODER to the folder that holds them")
    settings = dict(recipe(model.path.stem).front_end)
    front = front_end(settings.pop("name"), **settings)
    names = [
        "Actor_01/03-01-05-01-01-01-01",
        "Actor_12/03-01-03-02-02-01-12",
        "Actor_20/03-01-01-01-01-01-20",
        "Actor_07/03-01-04-02-01-02-07",
    ]
    clips = [read(data / "ravdess" / f"{name}.flac", rate=16_000).samples for name in names]
    heard = np.stack([front(clip, 16_000) for clip in clips]).astype(np.float64)
    inside = np.concatenate([model.embedding([clip], 16_000) for clip in clips])
    # Up to the training material's centre and scale, which these clips give as well.
    centred = [values - values.mean(axis=0) for values in (heard, inside)]
    scale = (centred[0] * centred[1]).sum(axis=0) / (centred[0] ** 2).sum(axis=0)
    gap = centred[1] - centred[0] * scale
    assert np.sqrt((gap**2).mean()) < 0.1 * inside.std()


@pytest.mark.corpus
def test_a_few_recordings_of_the_place_help(model: Recognizer, data: Path) -> None:
    """On voices of a corpus that training did not hear: not a number, a direction."""
    from intona.corpora import load as corpus

    table = corpus(data / "emovo").table
    table = table[table["emotion"].isin(["angry", "happy", "neutral", "sad"])].iloc[::6]
    files = [str(name) for name in table.index.get_level_values("file")]
    asked = model.narrowed(["angry", "happy", "neutral", "sad"], {"calm": "neutral"})
    adapted = asked.adapt(files)
    right = []
    for one in (asked, adapted):
        found = [one.predict(file) for file in files]
        right.append(
            np.mean([p.emotion == e for p, e in zip(found, table["emotion"], strict=True)])
        )
    assert adapted.adapted_to > 0
    assert right[1] >= right[0]


@pytest.mark.parametrize("name", LARGEST)
def test_the_command_says_the_same_of_a_clip_alone_and_among_others(
    name: str, intona: Callable
) -> None:
    names = [str(load(name).path.with_name(f"voice-{number}.flac")) for number in (1, 2, 3)]
    together = json.loads(
        intona("predict", *names, *names, "--model", name, "--format", "json").out
    )
    for file, among in zip(names, together, strict=False):
        (alone,) = json.loads(intona("predict", file, "--model", name, "--format", "json").out)
        for label, chance in alone["probabilities"].items():
            assert chance == pytest.approx(among["probabilities"][label], abs=1e-5)
