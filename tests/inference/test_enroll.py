"""Enrolment: the bias of a model on a voice is found, and taken off."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intona import corpora
from intona.audio import Audio
from intona.corpora import synthetic
from intona.errors import AudioError, UsageError
from intona.features.manner import remarks
from intona.inference.enroll import enroll
from intona.inference.profile import Profile, find_profile, profile_path
from intona.inference.recognizer import Recognizer, load
from intona.models import recipes
from intona.models.adaptation import centred_log, shift, speaker_statistics
from intona.models.train import train

LABELS = ("neutral", "happy", "sad")


def biased(
    speakers: int, each: int, strength: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Answers of a fair model to which every speaker adds a bias of its own."""
    random = np.random.default_rng(seed)
    bias = strength * random.standard_normal((speakers, 3))
    who = np.repeat(np.arange(speakers), each)
    truth = np.tile(np.arange(3), speakers * each)[: len(who)]
    logs = 2.0 * np.eye(3)[truth] + bias[who] + 0.8 * random.standard_normal((len(who), 3))
    odds = np.exp(logs)
    return odds / odds.sum(axis=1, keepdims=True), truth, who, bias - bias.mean(1, keepdims=True)


def test_the_bias_of_a_new_speaker_is_taken_off() -> None:
    probabilities, truth, who, bias = biased(speakers=40, each=60, strength=1.5)
    known = speaker_statistics(probabilities[who > 0], truth[who > 0], who[who > 0], LABELS)
    assert known is not None
    mine = who == 0
    mean = centred_log(probabilities[mine]).mean(axis=0)
    found = shift(known["mixed"], mean, int(mine.sum()))
    expected = bias[1:].mean(axis=0) - bias[0]  # against the population, not against nothing
    np.testing.assert_allclose(found, expected, atol=0.3)
    neutral = mine & (truth == 0)
    mean = centred_log(probabilities[neutral]).mean(axis=0)
    found = shift(known["neutral"], mean, int(neutral.sum()))
    np.testing.assert_allclose(found, expected, atol=0.4)


def test_speakers_who_do_not_differ_are_left_alone() -> None:
    probabilities, truth, who, _ = biased(speakers=30, each=60, strength=0.0)
    known = speaker_statistics(probabilities, truth, who, LABELS)
    assert known is not None
    assert np.abs(shift(known["mixed"], [1.0, 0.0, -1.0], 8)).max() < 0.15


def test_few_utterances_move_less() -> None:
    statistics = {"mean": [0.0, 0.0], "between": 1.0, "within": 4.0, "covariance": 1.0}
    np.testing.assert_allclose(shift(statistics, [1.0, -1.0], 1), [-0.2, 0.2])
    np.testing.assert_allclose(shift(statistics, [1.0, -1.0], 4), [-0.5, 0.5])


def test_too_few_speakers_say_nothing() -> None:
    probabilities, truth, who, _ = biased(speakers=3, each=30, strength=1.0)
    assert speaker_statistics(probabilities, truth, who, LABELS) is None


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    folder = tmp_path_factory.mktemp("enrolment")
    material = synthetic.corpus(folder / "corpus", speakers=6, takes=4)
    recipe = recipes.load("classic-svm")
    train(recipe, corpora.load(material), folder / "model.onnx")
    return load(folder / "model.onnx")


@pytest.fixture(scope="module")
def clips() -> list[Audio]:
    return [synthetic.utterance("neutral", speaker=77, take=k, seconds=1.5) for k in range(3)]


def test_profile_round_trip_and_use(model: Recognizer, clips: list[Audio], tmp_path: Path) -> None:
    profile = enroll(model, clips, name="me")
    assert profile.count == 3
    path = profile.save(tmp_path / "me.json")
    assert path.stat().st_size < 4096
    again = find_profile(str(path))
    assert again == profile
    adapted = model.adapted(again)
    before = model.probabilities([clips[0].samples], clips[0].rate)
    after = adapted.probabilities([clips[0].samples], clips[0].rate)
    np.testing.assert_allclose(after.sum(axis=1), 1.0)
    moved = centred_log(after) - centred_log(before)
    expected = profile.shift(model)
    np.testing.assert_allclose(moved[0], expected - expected.mean(), atol=1e-3)
    # The model itself is as it was, and so is the copy without a profile.
    np.testing.assert_array_equal(before, model.probabilities([clips[0].samples], clips[0].rate))
    assert adapted.adapted(None)._shift is None
    # Against the own neutral the voice is unremarkable.
    level = next(r for r in remarks(clips[1], again.manner) if r.aspect == "pitch level")
    assert level.word == "as in neutral speech"


def test_mixed_speech_needs_no_labels_and_long_recordings_are_divided(model: Recognizer) -> None:
    parts = [synthetic.utterance(e, speaker=5, seconds=2.5) for e in ("happy", "sad") * 3]
    gap = np.zeros(parts[0].rate // 2, np.float32)
    whole = Audio(np.concatenate([x for p in parts for x in (p.samples, gap)]), parts[0].rate)
    profile = enroll(model, [whole], name="talk", speech="mixed")
    assert profile.count > 1
    assert profile.manner == {}


def test_a_file_named_twice_counts_once(
    model: Recognizer, clips: list[Audio], tmp_path: Path
) -> None:
    for number, clip in enumerate(clips):
        soundfile.write(tmp_path / f"{number}.wav", clip.samples, clip.rate)
    files = [tmp_path / f"{number}.wav" for number in range(3)]
    again = [str(files[0]), tmp_path / "." / "1.wav"]
    assert enroll(model, [*files, *again], name="me") == enroll(model, files, name="me")


def test_bad_requests(model: Recognizer, clips: list[Audio], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neutral, mixed, place"):
        enroll(model, clips, name="me", speech="angry")
    with pytest.raises(AudioError, match="give at least 2"):
        enroll(model, [Audio(np.zeros(16_000, np.float32) + 1e-4, 16_000)], name="me")
    profile = enroll(model, clips, name="me")
    content = json.loads(profile.save(tmp_path / "me.json").read_text())
    for change, message in (
        ({"model": "0" * 16}, "made with another model"),
        ({"schema": 99}, "schema 99"),
        ({"kind": "recipe"}, "not a speaker profile"),
        ({"mean": [1.0]}, "damaged"),
        ({"mean": [float("nan")] * len(profile.mean)}, "damaged"),
        ({"speech": "sung"}, "damaged"),
    ):
        (tmp_path / "bad.json").write_text(json.dumps({**content, **change}))
        with pytest.raises(UsageError, match=message):
            model.adapted(Profile.load(tmp_path / "bad.json"))
    (tmp_path / "bad.json").write_text("no json")
    with pytest.raises(UsageError, match="not JSON"):
        Profile.load(tmp_path / "bad.json")
    with pytest.raises(UsageError, match="no profile 'nobody-at-all'"):
        find_profile("nobody-at-all")
    with pytest.raises(UsageError, match="letters"):
        profile_path("../me")
    with pytest.raises(UsageError, match="at its end"):
        profile_path("me.json")
    with pytest.raises(UsageError, match="cannot read"):
        Profile.load(tmp_path / "missing.json")


def test_the_bundled_model_can_adapt(clips: list[Audio]) -> None:
    for speech in ("neutral", "mixed"):
        profile = enroll(load(), clips, name="me", speech=speech)
        assert np.isfinite(profile.shift(load())).all()
        assert np.abs(profile.shift(load())).max() > 0
