"""Profiles: statistics of a speaker or place, made, kept, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from intona.audio import Audio
from intona.corpora import synthetic
from intona.errors import AudioError, UsageError
from intona.features.manner import remarks
from intona.inference.enroll import enroll
from intona.inference.profile import LARGEST, Profile, find_profile, profile_path
from intona.inference.recognizer import Recognizer, load
from intona.models.adaptation import NeutralStatistics, Statistics, decoded, encoded


@pytest.fixture(scope="module")
def model(tiny_adaptable: Path) -> Recognizer:
    return load(tiny_adaptable)


@pytest.fixture(scope="module")
def clips() -> list[Audio]:
    return [synthetic.utterance("neutral", speaker=77, take=k, seconds=1.5) for k in range(3)]


def test_a_profile_is_the_statistics_of_the_clips(model: Recognizer, clips: list[Audio]) -> None:
    expected = Statistics.of(model.embedding([clip.samples for clip in clips], clips[0].rate))
    for speech in ("neutral", "mixed", "place"):
        found = enroll(model, clips, name="me", speech=speech)
        assert (found.count, found.seconds, found.speech) == (3, 4.5, speech)
        assert found.model == model.identity.mark
        np.testing.assert_allclose(found.statistics.mean, expected.mean, atol=1e-4)
        np.testing.assert_allclose(found.statistics.deviation, expected.deviation, atol=1e-4)
        assert bool(found.manner) == (speech == "neutral")


def test_round_trip(model: Recognizer, clips: list[Audio], tmp_path: Path) -> None:
    profile = enroll(model, clips, name="me")
    path = profile.save(tmp_path / "new" / "me.json")
    assert path.stat().st_size < 4096
    again = find_profile(str(path))
    for name in ("name", "model", "speech", "seconds", "count", "manner"):
        assert getattr(again, name) == getattr(profile, name)
    for name in ("mean", "deviation"):
        np.testing.assert_allclose(
            getattr(again.statistics, name), getattr(profile.statistics, name), rtol=1e-3, atol=1e-6
        )
    rows = [
        model.adapted(one).probabilities([clips[0].samples], clips[0].rate)
        for one in (profile, again)
    ]
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-3)
    # Against the own neutral the voice is unremarkable.
    level = next(r for r in remarks(clips[1], again.manner) if r.aspect == "pitch level")
    assert level.word == "as in neutral speech"


def test_neutral_speech_uses_what_mixed_speech_has_more(
    model: Recognizer, clips: list[Audio]
) -> None:
    difference = decoded(model.metadata["adaptation"]["difference"])
    assert np.abs(difference).max() > 0.1
    profile = enroll(model, clips, name="me", speech="neutral")
    centre, scale = NeutralStatistics(profile.statistics, difference).standardisation()
    adapted = model.adapted(profile)
    np.testing.assert_allclose(adapted._inputs["centre"], centre, atol=1e-5)
    np.testing.assert_allclose(adapted._inputs["scale"], scale)
    for other in (
        model.adapted(enroll(model, clips, name="me", speech="mixed")),
        model.adapted(profile.statistics),
        model.adapted(enroll(model, clips, name="there", speech="place")),
    ):
        centre, scale = profile.statistics.standardisation()
        np.testing.assert_allclose(other._inputs["centre"], centre, atol=1e-5)
        np.testing.assert_allclose(other._inputs["scale"], scale, atol=1e-5)
    told = model.adapted(profile.statistics, speech="neutral")
    np.testing.assert_allclose(told._inputs["centre"], adapted._inputs["centre"])


def test_the_model_itself_stays_as_it_was(model: Recognizer, clips: list[Audio]) -> None:
    before = model.rows([clips[0].samples], clips[0].rate)
    adapted = model.adapted(enroll(model, clips, name="me"))
    after = adapted.rows([clips[0].samples], clips[0].rate)
    assert np.abs(after - before)[:, :4].max() > 1e-3
    np.testing.assert_allclose(after[:, :4].sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(model.rows([clips[0].samples], clips[0].rate), before)
    np.testing.assert_array_equal(
        adapted.adapted(None).rows([clips[0].samples], clips[0].rate), before
    )
    assert (adapted.adapted_to, adapted.adapted(None).adapted_to, model.adapted_to) == (3, 0, 0)


def test_long_recordings_are_divided(model: Recognizer) -> None:
    parts = [synthetic.utterance(e, speaker=5, seconds=2.5) for e in ("happy", "sad") * 3]
    gap = np.zeros(parts[0].rate // 2, np.float32)
    whole = Audio(np.concatenate([x for p in parts for x in (p.samples, gap)]), parts[0].rate)
    profile = enroll(model, [whole], name="talk", speech="mixed")
    assert profile.count > 1


def test_a_file_named_twice_counts_once(
    model: Recognizer, clips: list[Audio], tmp_path: Path
) -> None:
    for number, clip in enumerate(clips):
        soundfile.write(tmp_path / f"{number}.wav", clip.samples, clip.rate)
    files = [tmp_path / f"{number}.wav" for number in range(3)]
    again = [str(files[0]), tmp_path / "." / "1.wav"]
    first, second = (enroll(model, some, name="me") for some in ([*files, *again], files))
    assert first.count == second.count == 3
    np.testing.assert_array_equal(first.statistics.mean, second.statistics.mean)


def test_what_cannot_be_enrolled(model: Recognizer, tiny_model: Path, clips: list[Audio]) -> None:
    with pytest.raises(UsageError, match="neutral, mixed, place"):
        enroll(model, clips, name="me", speech="angry")
    with pytest.raises(AudioError, match="give at least 2"):
        enroll(model, [Audio(np.zeros(16_000, np.float32) + 1e-4, 16_000)], name="me")
    with pytest.raises(AudioError, match=r"only 1.5 s of speech was found to enroll me"):
        enroll(model, clips[:1], name="me")
    with pytest.raises(UsageError, match="cannot be adapted"):
        enroll(load(tiny_model), clips, name="me")


@pytest.fixture(scope="module")
def content(model: Recognizer, clips: list[Audio], tmp_path_factory: Any) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("profile") / "me.json"
    return json.loads(enroll(model, clips, name="me").save(path).read_text())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "0" * 16}, "made with another model"),
        ({"schema": 1}, "has schema 1, this intona reads 2: enroll again"),
        ({"schema": 99}, "schema 99"),
        ({"kind": "recipe"}, "not a speaker profile: make one"),
        ({"mean": encoded([1.0])}, "damaged"),
        ({"mean": [1.0]}, "damaged"),
        ({"mean": encoded(np.ones(64)), "deviation": encoded(np.ones(64))}, "damaged"),
        ({"mean": encoded(np.full(128, np.nan))}, "damaged"),
        ({"deviation": encoded(np.full(128, np.inf))}, "damaged"),
        ({"deviation": encoded(np.full(128, -1.0))}, "damaged"),
        ({"count": 0}, "damaged"),
        ({"count": "many"}, "damaged"),
        ({"count": 1e400}, "damaged"),
        ({"seconds": None}, "damaged"),
        ({"manner": 3}, "damaged"),
        ({"manner": {"f0": 3}}, "damaged"),
        ({"speech": "sung"}, "damaged"),
    ],
)
def test_profiles_that_are_refused_in_one_sentence(
    model: Recognizer,
    content: dict[str, Any],
    tmp_path: Path,
    change: dict[str, Any],
    message: str,
) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(UsageError, match=message) as told:
        model.adapted(Profile.load(tmp_path / "bad.json"))
    assert "\n" not in str(told.value)


def test_a_profile_of_version_0_1(tmp_path: Path) -> None:
    old = {
        "kind": "intona speaker profile",
        "schema": 1,
        "name": "me",
        "model": "0" * 16,
        "speech": "neutral",
        "count": 3,
        "seconds": 4.5,
        "mean": [0.1, -0.1],
        "manner": {},
    }
    (tmp_path / "old.json").write_text(json.dumps(old))
    with pytest.raises(UsageError, match="schema 1, this intona reads 2: enroll again"):
        find_profile(str(tmp_path / "old.json"))


def test_files_that_are_no_profiles(content: dict[str, Any], tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    for text, message in (
        ("no json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a speaker profile"),
        (json.dumps({k: v for k, v in content.items() if k != "mean"}), "damaged"),
        (json.dumps({**content, "name": "x" * LARGEST}), "too large for one"),
    ):
        bad.write_text(text)
        with pytest.raises(UsageError, match=message):
            Profile.load(bad)
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not JSON"):
        Profile.load(bad)
    with pytest.raises(UsageError, match="cannot read"):
        Profile.load(tmp_path / "missing.json")


def test_names() -> None:
    with pytest.raises(UsageError, match="no profile 'nobody-at-all'"):
        find_profile("nobody-at-all")
    with pytest.raises(UsageError, match="letters"):
        profile_path("../me")
    with pytest.raises(UsageError, match="at its end"):
        profile_path("me.json")
