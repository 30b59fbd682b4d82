from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import intona
from intona import corpora
from intona.audio import Audio
from intona.corpora import synthetic
from intona.errors import AudioError, ModelError
from intona.inference.recognizer import Recognizer
from intona.models import recipes
from intona.models.task import Task
from intona.models.train import fit, train

EMOTIONS = ("neutral", "happy", "sad", "angry")


@pytest.fixture(scope="module")
def model(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    train(recipes.load("classic-svm"), corpora.load(voices), path)
    return intona.load(path)


def test_onnx_and_python_agree(voices: Path, model: Recognizer) -> None:
    corpus = corpora.load(voices)
    fitted = fit(Task(recipes.load("classic-svm"), corpus.table))
    expected = fitted.probabilities(corpus.table.iloc[:6])
    for row, (file, _, _) in zip(expected, corpus.table.index[:6], strict=True):
        audio = intona.audio.read(file)
        np.testing.assert_allclose(
            model.probabilities([audio.samples], audio.rate)[0], row, atol=1e-5
        )


def test_a_new_voice_is_recognised_above_chance(model: Recognizer) -> None:
    # Speaker 7 is in no training material.
    answers = [
        model.predict(synthetic.utterance(emotion, 7, take)).emotion == emotion
        for emotion in EMOTIONS
        for take in range(3)
    ]
    assert np.mean(answers) > 0.5


def test_prediction_is_complete(model: Recognizer, voices: Path) -> None:
    file = sorted(voices.rglob("*.wav"))[0]
    prediction = model.predict(file)
    assert prediction.file == str(file)
    assert prediction.status in ("ok", "unsure")
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert prediction.confidence == max(prediction.probabilities.values())
    assert prediction.end == pytest.approx(intona.audio.read(file).duration, abs=0.01)


def test_batch_equals_one_by_one(model: Recognizer) -> None:
    clips = [
        synthetic.utterance(e, 1, seconds=s) for e, s in zip(EMOTIONS, (1, 2, 1, 3), strict=True)
    ]
    together = model.probabilities([clip.samples for clip in clips], clips[0].rate)
    alone = [model.probabilities([clip.samples], clip.rate)[0] for clip in clips]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_no_speech_has_no_emotion(model: Recognizer) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 32_000).astype(np.float32)
    prediction = model.predict(Audio(noise, 16_000))
    assert prediction.status == "no_speech"
    assert prediction.emotion is None
    assert np.isnan(prediction.confidence)


def test_what_hardly_sounds_like_speech_is_never_sure(model: Recognizer) -> None:
    # A plucked chord: Silero's network half believes that it is a voice.
    time = np.arange(5 * 16_000) / 16_000
    decay = np.exp(-4 * (time % 0.5))
    chord = sum(0.1 * np.sin(2 * np.pi * f * time) for f in (261, 329, 392, 523)) * decay
    prediction = model.predict(Audio(chord.astype(np.float32), 16_000))
    assert prediction.status != "ok"


@pytest.mark.corpus
def test_shouting_is_still_speech(model: Recognizer, data: Path) -> None:
    # Silero's network does not take these screams for speech at its usual threshold.
    folder = data / "ravdess" / "Actor_06"
    for name in ("03-01-05-02-02-01-06", "03-01-06-02-02-02-06"):
        assert model.predict(folder / f"{name}.flac").status != "no_speech"


def test_an_offset_is_not_heard() -> None:
    bundled = intona.load()
    voice = synthetic.utterance("angry", speaker=3)
    plain = bundled.probabilities([voice.samples], voice.rate)
    shifted = bundled.probabilities([voice.samples + np.float32(0.05)], voice.rate)
    np.testing.assert_allclose(shifted, plain, atol=1e-3)


def test_a_stretch_of_a_long_recording(model: Recognizer) -> None:
    happy, sad = (synthetic.utterance(e, 1, seconds=20) for e in ("happy", "sad"))
    both = Audio(np.concatenate([happy.samples, sad.samples]), happy.rate)
    # 40 s are read as blocks of 30 and 10 s, and averaged by speech.
    whole = model.predict(both)
    assert whole.end == pytest.approx(40.0)
    part = model.predict(both, start=20.0)
    alone = model.predict(sad)
    assert part.probabilities == pytest.approx(alone.probabilities, abs=1e-6)
    with pytest.raises(AudioError, match="no audio between"):
        model.predict(both, start=50.0)


def test_a_damaged_graph_is_one_sentence(model: Recognizer, tmp_path: Path) -> None:
    content = bytearray(model.path.read_bytes())
    # Damage the graph's operator names, not its metadata.
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(bytes(content).replace(b"Softmax", b"Sofftma"))
    with pytest.raises(ModelError, match="graph cannot be loaded"):
        intona.load(bad)


def test_numbers_instead_of_emotions(voices: Path, tmp_path: Path) -> None:
    corpus = corpora.load(voices)
    corpus.table["arousal"] = corpus.table["emotion"].map(
        {"neutral": 0.3, "happy": 0.8, "sad": 0.2, "angry": 0.9}
    )
    path = tmp_path / "arousal.onnx"
    train(recipes.load("classic-svm"), corpus, path, target="arousal")
    model = intona.load(path)
    assert model.numeric
    low, high = (model.predict(synthetic.utterance(e, 7)) for e in ("sad", "angry"))
    assert high.probabilities["arousal"] > low.probabilities["arousal"]
    assert high.emotion is None


def test_predicting_imports_nothing_heavy(model: Recognizer, voices: Path) -> None:
    file = sorted(voices.rglob("*.wav"))[0]
    code = (
        "import sys; from intona.cli import main\n"
        f"sys.argv = ['intona', 'predict', {str(file)!r}, '--model', {str(model.path)!r}]\n"
        "try: main()\nexcept SystemExit as stop: assert not stop.code\n"
        "heavy = {'pandas', 'sklearn', 'matplotlib', 'torch', 'librosa', 'numba', 'onnx'}\n"
        "heavy |= {'av', 'pydantic'}\n"
        "found = heavy & set(sys.modules)\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
