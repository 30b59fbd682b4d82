"""What a model file remembers of its training sound: found again, and never mistaken."""

from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from intona.audio import read
from intona.audio.transforms.codec import encode
from intona.audio.transforms.filters import butterworth
from intona.corpora import synthetic
from intona.errors import ModelError
from intona.models.heard import Heard
from intona.tables import Utterance, segmented_index

RATE = 16_000


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Six clips: two speakers, three takes."""
    root = tmp_path_factory.mktemp("clips")
    files = []
    for speaker in (0, 1):
        for take in range(3):
            files.append(root / f"{speaker}_{take}.wav")
            clip = synthetic.utterance("happy", speaker, take, rate=RATE)
            quiet = np.zeros(RATE // 3, dtype=np.float32)
            soundfile.write(files[-1], np.concatenate([quiet, clip.samples, quiet]), RATE)
    return files


def table(files, speakers):
    return pd.DataFrame(
        {"speaker": speakers, "corpus": "mine", "emotion": "sad"}, index=segmented_index(files)
    )


@pytest.fixture(scope="module")
def heard(clips):
    """Of the first speaker alone."""
    return Heard.of(table(clips[:3], ["anna"] * 3))


def mp3(samples, bit_rate):
    return encode(samples, RATE, "mp3", bit_rate)


def phone(samples):
    narrow = butterworth(butterworth(samples, RATE, "highpass", 300.0, 4), RATE, "lowpass", 3400, 4)
    return narrow[::2], 8_000


CHANGES = {
    "mp3": lambda s: mp3(s, 64_000),
    "small mp3": lambda s: mp3(s, 24_000),
    "opus": lambda s: encode(s, RATE, "opus", 16_000),
    "quieter": lambda s: (s * 0.05, RATE),
    "another rate": lambda s: (
        np.interp(np.arange(0, len(s), RATE / 22_050), np.arange(len(s)), s),
        22_050,
    ),
    "cut at both ends": lambda s: (s[int(0.3 * RATE) : -int(0.3 * RATE)], RATE),
    "cut by something else": lambda s: (s[2_345:-4_567], RATE),
    "telephone": phone,
    "cut and mp3": lambda s: mp3(s[4_800:-4_800], 64_000),
    "between others": lambda s: (
        np.concatenate([synthetic.utterance("sad", 5, 0, rate=RATE).samples, s, s[::-1]]),
        RATE,
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_copy_is_found_and_named(clips, heard, tmp_path, change):
    for number, clip in enumerate(clips[:3]):
        changed = change(read(clip).samples)
        path = tmp_path / f"x{number}.bin"
        if isinstance(changed, bytes):
            path.write_bytes(changed)
        else:
            path = path.with_suffix(".wav")
            soundfile.write(path, *changed)
        (match,) = heard.find([Utterance(str(path))])
        assert not match.exact
        assert match.words == f"{path} sounds like training recording {number + 1} of anna"


def test_the_same_sound_in_another_container_is_exact(clips, heard, tmp_path):
    path = tmp_path / "x.flac"
    soundfile.write(path, *soundfile.read(clips[1], dtype="int16"))
    (match,) = heard.find([Utterance(str(path))])
    assert match.exact
    assert match.words == f"{path} = training recording 2 of anna"


def test_others_are_not_found(clips, heard, tmp_path):
    assert heard.find([Utterance(str(clip)) for clip in clips[3:]]) == []
    assert heard.find([Utterance(str(tmp_path / "nowhere.wav"))]) == []


def test_a_segment_of_a_long_recording(clips, heard, tmp_path):
    sounds = [read(clip).samples for clip in (clips[4], clips[0], clips[5])]
    soundfile.write(tmp_path / "long.wav", np.concatenate(sounds), RATE)
    start = len(sounds[0]) / RATE
    end = start + len(sounds[1]) / RATE
    long = str(tmp_path / "long.wav")
    assert len(heard.find([Utterance(long, start + 0.1, end - 0.2)])) == 1
    assert heard.find([Utterance(long, 0.0, start), Utterance(long, end)]) == []


def test_it_is_written_and_read_back(heard):
    again = Heard.from_dict(json.loads(json.dumps(heard.to_dict())))
    np.testing.assert_array_equal(again.codes, heard.codes)
    np.testing.assert_array_equal(again.digests, heard.digests)
    assert (again.groups, again.complete, again.recordings) == (heard.groups, True, 3)
    assert len(heard.to_dict()["landmarks"]) <= 44 * 3


@pytest.mark.parametrize(
    "change",
    [
        {"form": 2},
        {"complete": "yes"},
        {"landmarks": "no base64!"},
        {"landmarks": base64.b64encode(b"short").decode()},
        {"landmarks": 7},
        {"groups": [["anna", 4]]},
        {"groups": [["anna", 4], ["bert", -1]]},
        {"groups": [["anna", float("inf")]]},
        {"groups": 3},
        {"landmarks": "A" * 2**24},
    ],
    ids=str,
)
def test_what_is_damaged_is_refused(heard, change):
    with pytest.raises(ModelError, match="damaged"):
        Heard.from_dict({**heard.to_dict(), **change})
    with pytest.raises(ModelError, match="damaged"):
        Heard.from_dict([change])


def test_what_a_model_stands_on_counts(clips, heard):
    other = Heard.of(table(clips[3:], ["bert"] * 3))
    both = heard.joined(other)
    assert both.complete
    (match,) = both.find([Utterance(str(clips[4]))])
    assert match.known == "training recording 2 of bert"
    assert not heard.joined(None).complete
