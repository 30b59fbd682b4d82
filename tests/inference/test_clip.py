from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

import intona
from intona.audio import Audio, silero
from intona.audio import vad as speech
from intona.corpora import synthetic
from intona.errors import AudioError
from intona.inference.clip import clips as hear
from intona.inference.clip import predict_each
from intona.inference.recognizer import Recognizer
from intona.models.session import TOGETHER, _alike
from intona.tables import Prediction


@pytest.fixture(scope="module")
def model() -> Recognizer:
    return intona.load()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Clips of many lengths and rates, and all that may lie between them."""
    folder = tmp_path_factory.mktemp("clips")
    for k, seconds in enumerate((1.0, 3.1, 1.9, 3.0, 1.0, 2.2, 32.0, 1.4)):
        clip = synthetic.utterance(
            ("happy", "sad")[k % 2], speaker=k, seconds=seconds, rate=(16_000, 8000, 44_100)[k % 3]
        )
        soundfile.write(folder / f"{k}.wav", clip.samples, clip.rate)
    (folder / "2_text.wav").write_text("no audio")
    noise = np.random.default_rng(0).normal(0, 0.05, 32_000)
    soundfile.write(folder / "4_noise.wav", noise, 16_000)
    soundfile.write(folder / "5_silence.wav", np.zeros(8000), 8000)
    short = synthetic.utterance("angry", speaker=2).samples[8000:11_000]
    soundfile.write(folder / "7_short.wav", short, 16_000)
    return [*sorted(folder.iterdir()), folder / "missing.wav"]


def test_several_at_a_time_is_as_one_by_one(model: Recognizer, files: list[Path]) -> None:
    together = list(predict_each(model, files))
    assert len(together) == len(files) == 13
    for file, found in zip(files, together, strict=True):
        if isinstance(found, AudioError):
            with pytest.raises(AudioError, match=f"^{re.escape(str(found))}$"):
                model.predict(file)
            continue
        alone = model.predict(file)
        assert (found.file, found.start, found.end) == (str(file), 0.0, alone.end)
        assert (found.emotion, found.status) == (alone.emotion, alone.status)
        assert found.probabilities == pytest.approx(alone.probabilities, abs=5e-6, nan_ok=True)
    assert sum(isinstance(found, AudioError) for found in together) == 2
    for name in ("4_noise.wav", "5_silence.wav"):
        nobody = together[[file.name for file in files].index(name)]
        assert isinstance(nobody, Prediction)
        assert nobody.status == "no_speech"


def test_the_same_files_give_the_very_same_numbers(model: Recognizer, files: list[Path]) -> None:
    first, second = (
        [repr(vars(p)) for p in predict_each(model, files, together=5)] for _ in range(2)
    )
    assert first == second


def test_one_at_a_time_comes_at_once(model: Recognizer, files: list[Path]) -> None:
    asked = []

    def each():
        for file in files:
            asked.append(file)
            yield file

    found = predict_each(model, each(), together=1)
    next(found)
    assert asked == files[:1]


def test_a_file_that_cannot_be_read_to_its_end_is_an_error(model, files, monkeypatch) -> None:
    def blocks(file, seconds, notice):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("intona.inference.clip.blocks", blocks)
    (found,) = predict_each(model, files[:1])
    assert isinstance(found, AudioError)
    assert str(found) == f"cannot read {files[0]}: Input/output error"


def test_side_by_side_the_network_hears_the_same() -> None:
    voices = [
        synthetic.utterance("sad", speaker=k, seconds=s).samples
        for k, s in enumerate((2.0, 1.0, 4.1))
    ]
    chunks = [v[: len(v) // 512 * 512].reshape(-1, 512) for v in [*voices, voices[0][:0]]]
    for one, row in zip(chunks, silero.each(chunks), strict=True):
        np.testing.assert_allclose(row, silero.Silero()(one), atol=1e-5)
    assert silero.each([]) == []


@pytest.mark.parametrize("options", [None, speech.SpeechOptions(threshold=0.1, hysteresis=0.05)])
def test_regions_from_probabilities_are_those_of_the_stream(options) -> None:
    gap = np.zeros(20_000, np.float32)
    voices = [
        np.concatenate([gap, synthetic.utterance("happy", k, seconds=1.3).samples, gap, voice])
        for k, voice in enumerate([gap, synthetic.utterance("sad", 9, seconds=1.11).samples])
    ]
    for voice, row in zip(voices, speech.chances(voices), strict=True):
        found = speech.regions_of(row, len(voice) / speech.RATE, options)
        assert found
        np.testing.assert_allclose(found, speech.regions(Audio(voice, speech.RATE), options))


def test_what_is_heard_has_the_rate_that_is_wanted() -> None:
    clip = synthetic.utterance("happy", seconds=2.0, rate=22_050)
    for rate, expected in ((None, 22_050), (16_000, 16_000), (8000, 8000)):
        (heard,) = hear([clip], rate)
        assert heard.audio.rate == expected
        assert heard.audio.duration == pytest.approx(heard.duration, abs=1e-3)
        assert heard.clear
        assert 1.0 < heard.speech <= 2.0


def test_groups_hold_each_signal_once_and_little_padding() -> None:
    dice = np.random.default_rng(1)
    lengths = [int(n) for n in dice.integers(5000, 200_000, 100)]
    groups = list(_alike(lengths, 120_000))
    assert sorted(number for group in groups for number in group) == list(range(100))
    for group in groups:
        inside = [lengths[number] for number in group]
        padded = len(inside) * max(inside)
        assert len(inside) == 1 or (padded <= 120_000 and sum(inside) >= 0.95 * padded)
        assert len(inside) <= TOGETHER
    assert max(map(len, groups)) > 1


def test_of_a_long_recording_the_speech_is_judged_in_utterances(model: Recognizer) -> None:
    """By hand: regions as the timeline finds them, divided evenly, averaged by length."""
    happy, sad = (synthetic.utterance(name, seconds=s) for name, s in (("happy", 11.0), ("sad", 4)))
    pause = np.zeros(16_000, np.float32)
    blocks = [happy.samples, pause, sad.samples, np.tile(pause, 14)]  # 30 s, and then
    sound = Audio(np.concatenate([*blocks, sad.samples]), 16_000)
    heard = []
    for first in (0, 480_000):
        part = Audio(sound.samples[first : first + 480_000], 16_000)
        for begin, end in speech.regions(part):
            pieces = 2 if end - begin > 8 else 1
            edges = np.linspace(begin, end, pieces + 1)
            for start, stop in pairwise(edges):
                heard.append(part.samples[round(start * 16_000) : round(stop * 16_000)])
    assert sorted(round(len(one) / 16_000) for one in heard) == [4, 4, 5, 5]
    weights = [len(one) for one in heard]
    expected = np.average([model.rows([one], 16_000)[0] for one in heard], axis=0, weights=weights)
    found = model.predict(sound)
    np.testing.assert_allclose(list(found.probabilities.values()), expected[:8], atol=1e-5)
    assert (found.start, found.end) == (0.0, 34.0)


def test_thirty_seconds_are_one_clip(model: Recognizer) -> None:
    sound = synthetic.utterance("happy", seconds=30.0)
    row = model.rows([sound.samples], sound.rate)[0]
    found = list(model.predict(sound).probabilities.values())
    np.testing.assert_allclose(found, row[:8], atol=1e-6)
