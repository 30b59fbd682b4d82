"""Every front end is a transformer of scikit-learn and a function for audinterface."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import soundfile
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import intona
from intona import features
from intona.errors import AudioError, UsageError

HALVES = {"parts": [{"name": "classic", "mel": False}, {"name": "classic", "mfcc": False}]}
NAMES = sorted(set(features.names()) - {"encoder"})


def build(name):
    if name == "opensmile":
        pytest.importorskip("opensmile")
    return intona.front_end(name, **(HALVES if name == "joined" else {}))


@pytest.fixture(scope="module")
def files(voices):
    return sorted(voices.rglob("*.wav"))[:3]


@pytest.mark.parametrize("name", NAMES)
def test_paths_sounds_and_tables_give_the_same_rows(name, files, voices):
    front = build(name)
    sounds = [soundfile.read(file) for file in files]
    rows = front.fit_transform(files)
    assert rows.shape == (3, len(front.get_feature_names_out()))
    assert rows.dtype == np.float32
    scale = np.abs(rows).max(axis=0) + 1e-3
    assert (np.abs(front.transform(sounds) - rows) / scale).max() < 1e-3
    stereo = [(np.stack([samples] * 2), rate) for samples, rate in sounds]
    assert (np.abs(front.transform(stereo) - rows) / scale).max() < 1e-3
    corpus = intona.read_corpus(voices)
    assert np.array_equal(front.transform(corpus.table.loc[[str(files[1])]]), rows[1:2])
    assert front.transform([]).shape == (0, rows.shape[1])


@pytest.mark.parametrize("name", NAMES)
def test_clones_pickles_and_parameters(name, files):
    front = build(name)
    front.transform(files[:1])  # whatever it loads is loaded
    again = clone(front)
    assert again is not front
    assert again.get_params() == front.get_params()
    assert len(pickle.dumps(front)) < 200_000
    for copy in (again, pickle.loads(pickle.dumps(front))):
        assert dict(copy.parameters) == dict(front.parameters)
        assert np.array_equal(copy.transform(files[:1]), front.transform(files[:1]))
    front.set_params(**front.get_params())
    with pytest.raises(UsageError, match=f"{name} has no parameter nonsense"):
        front.set_params(nonsense=1)
    assert front.get_params() == again.get_params()
    pipeline = clone(make_pipeline(front, StandardScaler(), SVC()))
    assert type(front).__name__ in repr(pipeline)
    assert type(front).__name__ in pipeline._repr_html_()


def test_an_encoder_is_cloned_without_its_weights(tiny_encoder, files):
    front = intona.front_end("encoder", model=str(tiny_encoder), layers=[1])
    rows = front.transform(files)
    assert len(pickle.dumps(front)) < 1000
    assert np.array_equal(clone(front).transform(files), rows)
    missing = intona.front_end("encoder", model="no/where.safetensors")
    assert clone(missing).get_params()["model"] == "no/where.safetensors"
    assert "no/where" in repr(missing)


def test_features_come_as_a_data_frame_where_asked(files):
    pipeline = make_pipeline(intona.front_end("classic"), StandardScaler())
    pipeline.set_output(transform="pandas")
    for asked in (pipeline, clone(pipeline), clone(pipeline).set_params(classic__mel=False)):
        table = asked.fit_transform(files)
        assert list(table.columns) == list(asked[0].names)
    with pytest.raises(UsageError, match="not as 'polars'"):
        intona.front_end("classic").set_output(transform="polars")


def test_a_refused_parameter_changes_nothing():
    front = intona.front_end("classic", mel=False)
    with pytest.raises(UsageError, match="at least one of"):
        front.set_params(mfcc=False, chroma=False)
    assert front.get_params() == {"mfcc": True, "chroma": True, "mel": False}
    assert len(front.set_params(chroma=False).get_feature_names_out()) == 40


@pytest.mark.parametrize("name", NAMES)
def test_one_channel_may_have_two_axes(name, files):
    front = build(name)
    samples, rate = soundfile.read(files[0], dtype="float32")
    if front.rate not in (None, rate):
        samples, rate = intona.audio.resample(samples, rate, front.rate), front.rate
    plain = front(samples, rate)
    assert np.array_equal(front(samples[None], rate), plain)
    sixteen = np.round(samples * 32768).astype(np.int16)
    assert np.allclose(front(sixteen, rate), plain, rtol=1e-2, atol=1e-2 * np.abs(plain).max())
    with pytest.raises(AudioError, match="average the channels"):
        front(np.stack([samples, samples]), rate)
    for bad, words in ((samples[:0], "no samples"), (samples * np.nan, "NaN")):
        with pytest.raises(AudioError, match=words):
            front(bad, rate)


def test_audinterface_takes_a_front_end_as_its_function(files):
    audinterface = pytest.importorskip("audinterface")
    front = intona.front_end("classic")
    interface = audinterface.Feature(list(front.names), process_func=front)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = interface.process_files([str(file) for file in files])
    assert np.allclose(table.to_numpy(), front.transform(files), rtol=1e-4, atol=1e-4)


def test_what_cannot_be_transformed_is_said(files):
    front = intona.front_end("classic")
    with pytest.raises(UsageError, match="give a list"):
        front.transform(str(files[0]))
    with pytest.raises(UsageError, match="give a list"):
        front.transform(np.zeros((4, 3)))
    with pytest.raises(AudioError, match="cannot read missing"):
        front.transform([files[0], "missing.wav"])
    with pytest.raises(UsageError, match="a recording is"):
        front.transform([3])
