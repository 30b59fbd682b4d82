"""One recording, or many, in every form a Python program holds them."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import intona
from intona.audio.given import audio_of, one_channel, source_of
from intona.corpora import synthetic
from intona.errors import AudioError, UsageError
from intona.inference.enroll import enroll
from intona.inference.recognizer import Recognizer


@pytest.fixture(scope="module")
def model() -> Recognizer:
    return intona.load()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = synthetic.corpus(tmp_path_factory.mktemp("given"))
    return sorted(root.rglob("*.wav"))[0]


@pytest.fixture(scope="module")
def samples(clip: Path) -> tuple[np.ndarray, int]:
    return soundfile.read(clip, dtype="int16")


FORMS = {
    "path": lambda file, s, rate: str(file),
    "Path": lambda file, s, rate: file,
    "bytes": lambda file, s, rate: file.read_bytes(),
    "memoryview": lambda file, s, rate: memoryview(file.read_bytes()),
    "file object": lambda file, s, rate: io.BytesIO(file.read_bytes()),
    "Audio": lambda file, s, rate: intona.Audio((s / 32768).astype(np.float32), rate),
    "int16": lambda file, s, rate: (s, rate),
    "float64": lambda file, s, rate: (s / 32768, np.int64(rate)),
    "float32, a rate that is a float": lambda file, s, rate: (
        (s / 32768).astype("f4"),
        float(rate),
    ),
    "int32": lambda file, s, rate: (s.astype(np.int32) << 16, rate),
    "big-endian": lambda file, s, rate: (s.astype(">i2"), rate),
    "list": lambda file, s, rate: ((s / 32768).tolist(), rate),
    "stereo (n, 2)": lambda file, s, rate: (np.stack([s, s], 1), rate),
    "stereo (2, n)": lambda file, s, rate: (np.stack([s, s]), rate),
    "stereo, one side silent": lambda file, s, rate: (np.stack([s / 16384, 0 * s]), rate),
    "(1, n)": lambda file, s, rate: (s[None], rate),
    "(n, 1)": lambda file, s, rate: (s[:, None], rate),
    "Series": lambda file, s, rate: (pd.Series(s / 32768), rate),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_answer(model, clip, samples, form):
    given = FORMS[form](clip, *samples)
    expected = model.predict(clip)
    found = model.predict(given)
    assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    assert (found.emotion, found.status, found.end) == (
        expected.emotion,
        expected.status,
        expected.end,
    )
    given = FORMS[form](clip, *samples)
    assert model.predict([given])[list(model.labels)].to_numpy()[0] == pytest.approx(
        list(expected.probabilities.values()), abs=1e-5
    )


def test_a_coarse_type_is_scaled_by_its_own_range(samples):
    s, rate = samples
    eight = audio_of((s // 256 + 128).astype(np.uint8), rate).samples
    assert np.abs(eight - s / 32768).max() < 1 / 128
    assert np.array_equal(audio_of((s // 256).astype(np.int8), rate).samples, eight)


NO_SOUND = {
    "nothing": (None, "a recording is a path"),
    "number": (3, "a recording is a path"),
    "mapping": ({"file": "a.wav"}, "a recording is a path"),
    "array without its rate": (np.zeros(9000), "give \\(samples, rate\\)"),
    "list of numbers": ([0.1, 0.2], "a recording is a path"),
    "rate first": ((16000, np.ones(9000)), "the rate in Hz comes second"),
    "rate unknown": ((np.ones(9000), None), "give \\(samples, rate\\)"),
    "broken rate": ((np.ones(9000), 22050.5), "whole number of Hz"),
    "int64": ((np.ones(9000, np.int64), 16000), "what full scale is"),
    "complex": ((np.ones(9000) * 1j, 16000), "not of type complex128"),
    "words": ((["a"] * 900, 16000), "floats in \\[-1, 1\\] or integers"),
    "ragged": (([[1.0], [1.0, 2.0]], 16000), "no array of numbers"),
    "cube": ((np.ones((2, 2, 900)), 16000), "not \\(2, 2, 900\\)"),
    "many channels": ((np.ones((900, 900)), 16000), "cannot tell samples from channels"),
    "text file": (io.StringIO("RIFF"), "mode 'rb'"),
    "table without its index": (pd.DataFrame({"file": ["a.wav"]}), "indexed by file, start"),
}


@pytest.mark.parametrize("case", NO_SOUND)
def test_what_is_no_recording_is_refused_in_one_sentence(model, case):
    given, words = NO_SOUND[case]
    with pytest.raises(UsageError, match=words):
        model.predict(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((np.full(9000, np.nan), 16000), "NaN"),
        ((np.zeros(0), 16000), "no samples"),
        ((np.full(9000, 9000.0), 16000), "divide its samples"),
        ((np.ones(9000), 16), "16 samples per second"),
        ((np.ones(9000), -16000), "samples per second"),
        (b"", "empty"),
        (b"these are words, no sound at all", "text"),
    ],
)
def test_unusable_sound_is_an_error_alone_and_a_row_among_others(model, clip, given, words):
    with pytest.raises(AudioError, match=words):
        model.predict(given)
    with pytest.warns(UserWarning, match="1 of 2 recordings"):
        table = model.predict([given, clip])
    assert table["status"].iloc[0] == "error"
    assert words in table["reason"].iloc[0]
    assert table["emotion"].iloc[1] == model.predict(clip).emotion


def test_digital_silence_holds_no_speech(model, clip):
    silence = (np.zeros(9000), 16000)
    assert model.predict(silence).status == "no_speech"
    assert next(iter(model.predict([silence, clip])["status"])) == "no_speech"


def test_any_iterable_becomes_a_table_in_its_order(model, clip, samples):
    folder = clip.parent
    files = sorted(map(str, folder.glob("*.wav")))[:3]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        listed = model.predict(files)
        assert listed.index.get_level_values("file").tolist() == files
        for given in ((f for f in files), tuple(files), pd.Series(files), np.array(files)):
            pd.testing.assert_frame_equal(model.predict(given), listed)
        assert len(model.predict([])) == 0
        assert model.predict(["", samples][1:]).index.get_level_values("file").tolist() == [""]
    several = model.predict([folder])
    assert several.index.get_level_values("file").tolist() == sorted(map(str, folder.glob("*.wav")))


def test_a_missing_file_keeps_its_place(model, clip):
    with pytest.warns(UserWarning, match="1 of 3"):
        table = model.predict([clip, "missing.wav", clip])
    assert table["status"].tolist()[1] == "error"
    assert table.index.get_level_values("file").tolist()[1] == "missing.wav"
    assert math.isnan(table["confidence"].iloc[1])


def test_a_corpus_and_its_table_are_predicted_stretch_by_stretch(model, clip):
    corpus = intona.read_corpus(
        pd.DataFrame(
            {
                "file": [str(clip)] * 2,
                "start": [0.0, 0.3],
                "end": [0.9, 1.2],
                "emotion": ["sad"] * 2,
            }
        )
    )
    expected = [model.predict(clip, start=0.0, end=0.9), model.predict(clip, start=0.3, end=1.2)]
    for given in (corpus, corpus.table, corpus.table.index):
        table = model.predict(given)
        assert table["confidence"].tolist() == [one.confidence for one in expected]


@pytest.mark.parametrize(("start", "end"), [(-1.0, None), (math.nan, None), (1.0, 0.5), (1.0, 1.0)])
def test_an_impossible_stretch_is_refused_whatever_the_form(model, clip, samples, start, end):
    for given in (clip, samples):
        with pytest.raises(UsageError, match="cannot read from"):
            model.predict(given, start=start, end=end)
    with pytest.raises(UsageError, match="of one recording"):
        model.predict([clip], start=1.0)


def test_timeline_adaptation_and_enrolment_take_the_same_forms(model, clip, samples):
    by_path = model.timeline(clip)
    for given in (samples, clip.read_bytes(), io.BytesIO(clip.read_bytes())):
        found = model.timeline(given)
        assert found["emotion"].tolist() == by_path["emotion"].tolist()
        assert found["confidence"].tolist() == pytest.approx(by_path["confidence"], abs=1e-5)
    expected = model.adapt([clip]).predict(clip).probabilities
    for given in (clip, str(clip), samples, [samples], clip.read_bytes(), [clip, "missing.wav"]):
        found = model.adapt(given).predict(clip).probabilities
        assert found == pytest.approx(expected, abs=1e-4)
    with pytest.raises(UsageError, match="a recording is"):
        model.adapt([3])
    long = (np.tile(samples[0], 4), samples[1])
    assert enroll(model, [long], name="me", speech="mixed").seconds > 2.0


def test_a_stream_takes_the_integers_that_predict_takes(model, samples):
    s, rate = samples
    want, *others = (
        [event.to_dict() for event in model.stream([block], rate)]
        for block in (s, s / 32768, s.astype(np.int32) << 16)
    )
    assert want
    assert others == [want, want]
    with pytest.raises(UsageError, match="full scale"):
        list(model.stream([s.astype(np.int64)], rate))


def test_one_channel_is_what_front_ends_get():
    assert one_channel(np.array([[0.0, 0.5]])).tolist() == [0.0, 0.5]
    assert one_channel(np.array([16384], np.int16)).tolist() == [0.5]
    with pytest.raises(AudioError, match="one channel"):
        one_channel(np.zeros((2, 9)))


def test_a_pair_of_paths_is_two_recordings(model, clip):
    assert len(model.predict((str(clip), str(clip)))) == 2
    assert source_of(clip) == clip


def test_objects_are_short_in_a_notebook(model, clip, samples):
    found = model.predict(clip)
    assert repr(found).startswith(f"<Prediction {str(clip)!r} 0-")
    assert f"{found.emotion} {100 * found.confidence:.0f} %" in repr(found)
    assert f"<td>{found.emotion}</td><td>{found.confidence:.3f}</td>" in found._repr_html_()
    assert repr(model) == f"<Recognizer default.onnx: {', '.join(model.labels)}>"
    assert "<td>licence</td>" in model._repr_html_()
    rate = samples[1]
    assert repr(intona.Audio(np.zeros(rate, np.float32), rate)) == f"<Audio 1.00 s at {rate} Hz>"
    profile = enroll(model, [clip.parent], name="me", speech="mixed")
    assert (
        repr(profile)
        == f"<Profile me: {profile.count} utterances of mixed speech, {profile.seconds:.1f} s>"
    )
    corpus = intona.read_corpus(clip.parents[1])
    assert repr(corpus).startswith("<Corpus ravdess: ")
    for emotion, count in corpus.table["emotion"].value_counts().items():
        assert f"<tr><td>{emotion}</td><td>{count}</td>" in corpus._repr_html_()
