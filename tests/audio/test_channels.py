"""Channels: which are heard, and whether two of them carry different speech."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intona.audio import Audio, read
from intona.audio.channels import Channels, values_of
from intona.audio.damage import Apart
from intona.audio.decode import Channel
from intona.audio.sides import Sides
from intona.corpora import synthetic
from intona.errors import AudioError, UsageError

RATE = synthetic.RATE


@pytest.fixture(scope="module")
def speech(voices: Path) -> list[np.ndarray]:
    """Utterances of different speakers, two seconds or so."""
    files = sorted(voices.rglob("*.wav"))
    return [read(files[k]).samples for k in (0, len(files) // 2, len(files) - 1)]


def call(*channels: np.ndarray) -> np.ndarray:
    longest = max(map(len, channels))
    return np.stack([np.pad(one, (0, longest - len(one))) for one in channels], axis=1)


def written(path: Path, sound: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, sound, rate, subtype="FLOAT")
    return path


def notes_of(path: Path) -> list[str]:
    told: list[str] = []
    read(path, notice=told.append)
    return [note for note in told if isinstance(note, Apart)]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".m4a"])
def test_a_channel_is_read_alone(tmp_path: Path, speech: list[np.ndarray], suffix: str) -> None:
    path = tmp_path / f"call{suffix}"
    sound = call(speech[0], speech[1])
    if suffix == ".m4a":
        encoded(path, sound)
    else:
        soundfile.write(path, sound, RATE)
    for number in (1, 2):
        heard = read(Channel(path, number)).samples[: len(sound)]
        wanted, other = sound[: len(heard), number - 1], sound[: len(heard), 2 - number]
        assert np.corrcoef(heard, wanted)[0, 1] > 0.9
        assert abs(np.corrcoef(heard, other)[0, 1]) < 0.3


def encoded(path: Path, sound: np.ndarray) -> None:
    """Write stereo AAC: a format that FFmpeg reads and libsndfile does not."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="stereo")
        for first in range(0, len(sound), 1024):
            block = np.ascontiguousarray(sound[first : first + 1024].T, np.float32)
            frame = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
            frame.sample_rate = RATE
            frame.pts = first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_a_channel_beyond_the_last_is_one_sentence(tmp_path: Path) -> None:
    path = written(tmp_path / "mono.wav", np.ones((RATE, 1)) * 0.1)
    with pytest.raises(AudioError, match=r"mono.wav has one channel, and no channel 2"):
        read(Channel(path, 2))
    assert read(Channel(path, 1)).duration == 1.0


def test_each_of_six_channels_has_its_number_and_name(tmp_path: Path) -> None:
    sound = np.tile(np.arange(1, 7) / 10, (RATE, 1))
    path = written(tmp_path / "six.wav", sound)
    heard = Channels.parse("each").of(path)
    assert [values_of(one) for one in heard] == [
        {"channel": k, "speaker": f"channel{k}"} for k in range(1, 7)
    ]
    assert [round(float(read(one).samples[0]), 3) for one in heard] == [
        0.1,
        0.2,
        0.3,
        0.4,
        0.5,
        0.6,
    ]


def test_a_file_object_can_be_heard_channel_by_channel() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.tile([0.25, -0.5], (RATE, 1)), RATE, format="WAV", subtype="FLOAT")
    file.seek(0)
    heard = Channels.parse("each:agent,customer").of(file)
    assert [values_of(one)["speaker"] for one in heard] == ["agent", "customer"]
    found = []
    for one in heard:
        file.seek(0)
        found.append(float(read(one).samples[0]))
    assert found == [0.25, -0.5]


@pytest.mark.parametrize(
    ("text", "number"), [("mix", 0), ("left", 1), (" Right ", 2), ("6", 6), (3, 3), (None, None)]
)
def test_what_is_written_is_understood(text: str | int | None, number: int | None) -> None:
    assert Channels.parse(text).number == number


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "1.5", "centre", "left,right", "left:anna", "each:", "each:a,", "each:a,a",
     "each:" + 70 * "x", "each:a,\x1b", "99999999", "²"],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="channel"):
        Channels.parse(text)


def test_as_many_names_as_channels(tmp_path: Path) -> None:
    path = written(tmp_path / "mono.wav", np.full((RATE, 1), 0.1))
    with pytest.raises(AudioError, match="one channel, and names are given for 2: a, b"):
        Channels.parse("each:a,b").of(path)


def test_one_bad_recording_does_not_end_the_rest(tmp_path: Path) -> None:
    good = written(tmp_path / "good.wav", np.full((RATE, 2), 0.1))
    found = list(Channels.parse("each").heard([tmp_path / "none.wav", good]))
    assert isinstance(found[0], AudioError)
    assert [one.number for one in found[1:]] == [1, 2]


def test_two_speakers_at_once_are_told(tmp_path: Path, speech: list[np.ndarray]) -> None:
    (note,) = notes_of(written(tmp_path / "call.wav", call(speech[0], speech[1])))
    assert "call.wav has different speech in its two channels" in note
    assert "--channels each" in note


def test_turns_are_told_also_where_they_leak(tmp_path: Path, speech: list[np.ndarray]) -> None:
    one, other = speech[0], speech[1]
    left = np.concatenate([one, 0.1 * other])
    right = np.concatenate([0.1 * one, other])
    assert notes_of(written(tmp_path / "call.wav", call(left, right)))


def test_what_is_no_call_is_not_told(tmp_path: Path, speech: list[np.ndarray]) -> None:
    one = np.concatenate(speech)
    noise = np.random.default_rng(0).standard_normal(len(one)).astype("f4")
    delayed = np.concatenate([np.zeros(80, "f4"), 0.5 * one])
    for name, right in {
        "same": 0.3 * one,
        "opposed": -one,
        "silent": 0 * one,
        "noise": 0.02 * noise,
        "far": delayed,
        "noisy": delayed[: len(one)] + 0.002 * noise,
    }.items():
        assert not notes_of(written(tmp_path / f"{name}.wav", call(one, right))), name
    noises = 0.1 * np.random.default_rng(1).standard_normal((4 * RATE, 2))
    assert not notes_of(written(tmp_path / "noises.wav", noises))


def test_an_explicit_mix_is_no_surprise(tmp_path: Path, speech: list[np.ndarray]) -> None:
    path = written(tmp_path / "call.wav", call(speech[0], speech[1]))
    told: list[str] = []
    mixed = read(Channel(path, 0), notice=told.append)
    assert not told
    np.testing.assert_array_equal(mixed.samples, read(path, notice=told.append).samples)


def test_sound_of_one_channel_has_no_other() -> None:
    sound = Audio(np.full(RATE, 0.1, np.float32), RATE)
    assert Channels.parse("left").of(sound) == [sound]
    with pytest.raises(AudioError, match="one channel"):
        Channels.parse("right").of(sound)


def test_a_call_is_told_after_minutes_of_music_on_one_side(speech: list[np.ndarray]) -> None:
    one, other = speech[0], speech[1]
    sides = Sides(RATE)
    tune = np.tile(one, 3 * 60 * RATE // len(one) + 1)[: 3 * 60 * RATE]
    left = np.concatenate([0 * tune, one])
    right = np.concatenate([tune, 0 * one])
    for sound in (call(left, right), call(other, one)):
        for first in range(0, len(sound), RATE):
            sides.add(sound[first : first + RATE])
    assert sides.apart


def test_what_is_compared_is_bounded(
    speech: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    alike = Sides._alike
    monkeypatch.setattr(Sides, "_alike", lambda *given: asked.append(1) or alike(*given))
    sides = Sides(RATE)
    sound = call(speech[0], speech[1])[RATE // 2 : RATE // 2 + RATE]
    for _ in range(300):
        sides.add(sound)
    assert len(asked) <= 121
    assert sides.apart
