"""Speech is found, other sounds are not, and streaming changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from intona.audio import Audio, find, read, resample
from intona.audio import vad as speech
from intona.corpora import synthetic
from intona.errors import UsageError

RATE = 16_000


def talk(*parts: tuple[str, float] | float) -> np.ndarray:
    """Join utterances ``(emotion, seconds)`` and pauses of so many seconds of faint noise."""
    rng = np.random.default_rng(0)
    pieces = [
        rng.normal(0, 1e-4, round(part * RATE)).astype(np.float32)
        if isinstance(part, float)
        else synthetic.utterance(part[0], seconds=part[1]).samples
        for part in parts
    ]
    return np.concatenate(pieces)


def chords(rate: int = RATE) -> np.ndarray:
    time = np.arange(4 * rate) / rate
    notes = ((220.0, 277.18, 329.63), (196.0, 246.94, 293.66))
    waves = [sum(np.sin(2 * np.pi * hz * time) for hz in notes[k]) for k in (0, 1)]
    return np.concatenate(waves).astype(np.float32) * 0.1


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(5 * RATE),
        np.random.default_rng(0).normal(0, 0.001, 5 * RATE),
        np.random.default_rng(0).normal(0, 0.1, 5 * RATE),
        0.3 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE),
        0.3 * np.sin(2 * np.pi * 50 * np.arange(5 * RATE) / RATE),
        chords(),
        np.repeat([0.0, 0.9] * 5, RATE // 2) * np.tile([1, -1], 5 * RATE // 2),
    ],
    ids=["zeros", "faint noise", "noise", "tone", "hum", "chords", "buzz"],
)
def test_other_sounds_are_no_speech(samples: np.ndarray) -> None:
    assert speech.regions(Audio(samples.astype(np.float32), RATE)) == []


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_regions_are_where_the_voice_is(rate: int, tmp_path: Path) -> None:
    sound = talk(1.0, ("happy", 3.0), 2.0, ("angry", 2.0), 1.0)
    audio = Audio(resample(sound, RATE, rate), rate)
    (a, b), (c, d) = speech.regions(audio)
    # Each utterance has a pause of 0.25 s before and after.
    assert a == pytest.approx(1.25 - 0.1, abs=0.12)
    assert b == pytest.approx(3.75 + 0.1, abs=0.25)
    assert c == pytest.approx(6.25 - 0.1, abs=0.12)
    assert d == pytest.approx(7.75 + 0.1, abs=0.25)
    soundfile.write(tmp_path / "a.wav", audio.samples, rate, subtype="FLOAT")
    assert speech.regions(tmp_path / "a.wav") == pytest.approx(np.array([(a, b), (c, d)]), abs=0.04)


def test_options_do_what_they_say() -> None:
    audio = Audio(talk(("happy", 2.0), 0.3, ("happy", 2.0), ("sad", 9.0)), RATE)
    look = speech.regions
    joined = look(audio, speech.SpeechOptions(min_silence=3.0))
    assert len(joined) == 1
    bare = look(audio, speech.SpeechOptions(padding=0.0))
    padded = look(audio, speech.SpeechOptions(padding=0.15))
    assert len(bare) == len(padded) >= 2
    for (start, end), (first, last) in zip(bare, padded, strict=True):
        assert start - first == pytest.approx(0.15)
        assert last - end == pytest.approx(0.15)
    assert look(audio, speech.SpeechOptions(min_speech=10.0)) == []
    cut = look(audio, speech.SpeechOptions(min_silence=3.0, max_length=2.0))
    assert len(cut) >= 6
    assert all(end - start <= 2.0 + 1e-9 for start, end in cut)
    assert cut[0][0] == joined[0][0]
    assert cut[-1][1] == joined[0][1]
    assert all(cut[k][1] == cut[k + 1][0] for k in range(len(cut) - 1))


@pytest.mark.parametrize(
    "values",
    [
        {"threshold": 0.0},
        {"threshold": 1.5},
        {"hysteresis": 0.5},
        {"min_speech": -1.0},
        {"min_silence": 0.0},
        {"padding": 0.2},
        {"max_length": 0.1},
    ],
)
def test_impossible_options(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(values))):
        speech.SpeechOptions(**values)


@settings(max_examples=20, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 6 * 22050), max_size=12),
    rate=st.sampled_from([16000, 22050]),
)
def test_any_split_gives_the_same_edges(cuts: list[int], rate: int) -> None:
    sound = talk(("happy", 2.0), 1.0, ("sad", 3.0))
    sound = resample(sound, RATE, rate)
    whole, split = speech.SpeechDetector(rate), speech.SpeechDetector(rate)
    expected = whole.push(sound) + whole.flush()
    edges = []
    for part in np.split(sound, sorted(min(cut, len(sound)) for cut in cuts)):
        edges += split.push(part)
        assert split.speaking == (len(edges) % 2 == 1)
    assert edges + split.flush() == expected
    assert len(expected) >= 4


@pytest.mark.corpus
@pytest.mark.parametrize("corpus", ["ravdess", "emodb/wav", "nemo/samples"])
def test_real_speech_is_kept(corpus: str, data: Path) -> None:
    files = list(find([data / corpus]))[::97][:12]
    assert files
    for file in files:
        found = sum(end - start for start, end in speech.regions(read(file)))
        assert found > 0.6, file
