"""Synthetic voices: repeatable, different where they must be, and speech to a detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from intona.audio import Audio
from intona.audio.silero import CHUNK, Silero
from intona.corpora import synthetic
from intona.errors import UsageError


def speech_share(sound: Audio) -> float:
    """Share of the chunks between the pauses that the detector takes for speech."""
    whole = len(sound.samples) // CHUNK * CHUNK
    scores = Silero()(sound.samples[:whole].reshape(-1, CHUNK))
    return float(np.mean(scores[10:-9] > 0.5))


def median_pitch(sound: Audio) -> float:
    """Fundamental frequency by autocorrelation, in Hz; the median over loud 64 ms frames."""
    pitches = []
    frames = np.lib.stride_tricks.sliding_window_view(sound.samples, 1024)[::512]
    for frame in frames[np.std(frames, axis=1) > 0.5 * np.std(sound.samples)]:
        spectrum = np.fft.rfft(frame * np.hanning(1024), 4096)
        correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: 16000 // 70]
        low = 16000 // 450
        pitches.append(16000 / (low + np.argmax(correlation[low:])))
    return float(np.median(pitches))


@pytest.mark.parametrize("emotion", synthetic.STYLES)
def test_a_detector_takes_it_for_speech(emotion: str) -> None:
    shares = [speech_share(synthetic.utterance(emotion, speaker)) for speaker in range(6)]
    assert np.mean(shares) > 0.85
    assert min(shares) > 0.3


def test_repeatable_and_distinct() -> None:
    one = synthetic.utterance("angry", 2, 1)
    assert one.rate == 16000
    assert one.samples.dtype == np.float32
    assert np.abs(one.samples).max() < 1
    np.testing.assert_array_equal(one.samples, synthetic.utterance("angry", 2, 1).samples)
    for other in [("sad", 2, 1), ("angry", 3, 1), ("angry", 2, 2)]:
        assert not np.array_equal(one.samples[:20000], synthetic.utterance(*other).samples[:20000])


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("seconds", [1.0, 2.0, 7.3])
def test_length_and_rate(rate: int, seconds: float) -> None:
    sound = synthetic.utterance("sad", rate=rate, seconds=seconds)
    assert (len(sound.samples), sound.rate) == (round(seconds * rate), rate)


def test_emotions_go_where_the_literature_says() -> None:
    for speaker in range(4):
        spoken = {e: synthetic.utterance(e, speaker) for e in ("neutral", "happy", "sad", "angry")}
        pitch = {e: median_pitch(sound) for e, sound in spoken.items()}
        loud = {e: float(np.std(sound.samples)) for e, sound in spoken.items()}
        assert min(pitch["happy"], pitch["angry"]) > 1.1 * pitch["neutral"]
        assert loud["sad"] < loud["neutral"] < loud["happy"] < loud["angry"]
        assert spoken["sad"].duration > spoken["neutral"].duration > spoken["angry"].duration
    low, high = (median_pitch(synthetic.utterance("neutral", s)) for s in (0, 1))
    assert 90 < low < 150 < high < 260


def test_corpus_with_ravdess_names(tmp_path: Path) -> None:
    folder = synthetic.corpus(tmp_path / "c", emotions=("neutral", "angry"), speakers=2, takes=4)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.wav"))
    assert len(names) == len(set(names)) == 16
    assert names[0] == "Actor_01/03-01-01-01-01-01-01.wav"
    assert names[-1] == "Actor_02/03-01-05-01-02-02-02.wav"
    info = soundfile.info(folder / names[0])
    assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "PCM_16")


def test_corpus_in_folders(tmp_path: Path) -> None:
    synthetic.corpus(tmp_path, emotions=["bored"], speakers=2, takes=1, rate=8000, style="folders")
    names = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.wav"))
    assert names == ["bored/speaker01_1.wav", "bored/speaker02_1.wav"]


def test_bad_arguments(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no synthetic 'proud'"):
        synthetic.utterance("proud")
    with pytest.raises(UsageError, match="at least 1 s"):
        synthetic.utterance("sad", seconds=0.2)
    for arguments in (
        {"style": "timit"},
        {"speakers": 0},
        {"emotions": ["bored"]},
        {"emotions": ["neutral"], "takes": 5},
    ):
        with pytest.raises(UsageError):
            synthetic.corpus(tmp_path, **arguments)
