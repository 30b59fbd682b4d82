"""The classic front end against librosa, value by value."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from intona.errors import AudioError, UsageError
from intona.features.base import FrontEnd
from intona.features.classic import Classic
from intona.features.spectrum import HOP, N_FFT, frames, magnitude


def voice(rate: int, seconds: float, seed: int = 0) -> np.ndarray:
    """A gliding pulse train through one resonance, with noise and digital silence around it."""
    random = np.random.default_rng(seed)
    n = int(rate * seconds)
    phase = np.cumsum(np.linspace(110.0, 220.0, n) / rate)
    pulses = (np.diff(np.floor(phase), prepend=0.0) > 0).astype(np.float64)
    time = np.arange(int(0.02 * rate)) / rate
    signal = np.convolve(pulses, np.exp(-300 * time) * np.sin(2 * np.pi * 700 * time))[:n]
    signal += 0.003 * random.standard_normal(n)
    silence = np.zeros(rate // 10)
    whole = np.concatenate([silence, 0.3 * signal / np.abs(signal).max(), silence])
    return np.round(whole * 32767).astype(np.float32) / np.float32(32768.0)


def reference(samples: np.ndarray, rate: int) -> np.ndarray:
    """The tutorial's own calls."""
    librosa = pytest.importorskip("librosa")
    magnitude = np.abs(librosa.stft(samples))
    parts = [
        librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40),
        librosa.feature.chroma_stft(S=magnitude, sr=rate),
        librosa.feature.melspectrogram(y=samples, sr=rate),
    ]
    return np.concatenate([part.mean(axis=1) for part in parts])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
def test_equals_librosa(rate: int) -> None:
    samples = voice(rate, 1.3, seed=rate)
    expected = reference(samples, rate)
    actual = Classic()(samples, rate)
    np.testing.assert_allclose(actual[:40], expected[:40], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(actual[40:52], expected[40:52], atol=1e-5)
    np.testing.assert_allclose(actual[52:], expected[52:], rtol=1e-4, atol=1e-7)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n", [1, 100, 1023, 1025, 2047, 2048, 2560, 3000])
def test_short_signals_are_padded_as_librosa_does(n: int) -> None:
    samples = np.random.default_rng(n).standard_normal(n).astype(np.float32) * np.float32(0.1)
    np.testing.assert_allclose(
        Classic()(samples, 16_000), reference(samples, 16_000), rtol=1e-3, atol=1e-3
    )


@pytest.mark.corpus
@pytest.mark.slow
def test_parity_on_all_of_ravdess() -> None:
    """At most 1e-3 standard deviations from librosa 0.11 on every file and feature."""
    import soundfile

    data = Path(os.environ.get("INTONA_DATA", "../shared/data"))
    golden = data.parent / "reference" / "librosa_classic.npz"
    files = {path.stem: path for path in (data / "ravdess").rglob("03-*.*")}
    if not files or not golden.exists():
        pytest.skip("needs RAVDESS and reference/librosa_classic.npz (set INTONA_DATA)")
    with np.load(golden) as arrays:
        names, expected = arrays["names"], arrays["features"]
    actual = np.empty_like(expected)
    front_end = Classic()
    for row, name in enumerate(names):
        samples, rate = soundfile.read(files[Path(str(name)).stem], dtype="float32", always_2d=True)
        actual[row] = front_end(samples.mean(axis=1), rate)
    difference = np.abs(actual - expected) / expected.std(axis=0)
    assert difference.max() <= 1e-3


def test_known_tone() -> None:
    """440 Hz is the pitch class a, and its energy lies in the mel bands around 440 Hz."""
    rate = 16_000
    samples = (0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.float32)
    front_end = Classic(mfcc=False)
    values = dict(zip(front_end.names, front_end(samples, rate), strict=True))
    chroma = {name: value for name, value in values.items() if name.startswith("chroma")}
    assert max(chroma, key=chroma.__getitem__) == "chroma_a"
    mel = np.array([value for name, value in values.items() if name.startswith("mel")])
    edges = np.linspace(0, 15 + np.log(rate / 2000) * 27 / np.log(6.4), 130)
    assert abs(edges[mel.argmax() + 1] * 200 / 3 - 440) < 30


def test_mel_mean_follows_parseval() -> None:
    """Doubling the amplitude quadruples mel energies and moves only the first MFCC."""
    samples = voice(16_000, 0.6)
    one, two = (Classic()(factor * samples, 16_000) for factor in (np.float32(0.5), np.float32(1)))
    np.testing.assert_allclose(two[52:], 4 * one[52:], rtol=1e-5)
    np.testing.assert_allclose(two[40:52], one[40:52], atol=1e-6)
    assert two[0] - one[0] > 1.0


@pytest.mark.parametrize("mfcc", [True, False])
@pytest.mark.parametrize("chroma", [True, False])
@pytest.mark.parametrize("mel", [True, False])
def test_subsets_are_slices_of_the_whole(mfcc: bool, chroma: bool, mel: bool) -> None:
    if not (mfcc or chroma or mel):
        with pytest.raises(UsageError, match="at least one"):
            Classic(mfcc=mfcc, chroma=chroma, mel=mel)
        return
    samples = voice(22_050, 0.4)
    whole = dict(zip(Classic().names, Classic()(samples, 22_050), strict=True))
    front_end = Classic(mfcc=mfcc, chroma=chroma, mel=mel)
    part = front_end(samples, 22_050)
    assert part.dtype == np.float32
    assert part.tolist() == [whole[name] for name in front_end.names]


def test_is_a_front_end_that_rebuilds_itself() -> None:
    front_end = Classic(chroma=False)
    assert isinstance(front_end, FrontEnd)
    again = Classic(**front_end.parameters)
    assert again.names == front_end.names
    assert len(Classic().names) == len(set(Classic().names)) == 180


def test_long_signal_frames() -> None:
    """Blocks of frames join without a seam: a constant tone has constant frames."""
    tone = np.sin(2 * np.pi * np.arange(200 * HOP, dtype=np.float64) * 8 / N_FFT)
    spectrum = magnitude(frames(tone.astype(np.float32)))
    assert spectrum.shape == (201, N_FFT // 2 + 1)
    np.testing.assert_allclose(spectrum[3:-3, 8], N_FFT / 4, rtol=1e-5)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(0, np.float32), 16_000, "no samples"),
        (np.zeros((100, 2), np.float32), 16_000, "one channel"),
        (np.array([0.0, np.nan], np.float32), 16_000, "NaN"),
        (np.array([0.0, np.inf], np.float32), 16_000, "NaN or infinite"),
        (np.ones(100, np.float32), 0, "rate must be positive"),
    ],
)
def test_bad_input_is_said_clearly(samples: np.ndarray, rate: int, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        Classic()(samples, rate)


def test_silence_gives_finite_values() -> None:
    assert np.isfinite(Classic()(np.zeros(5000, np.float32), 16_000)).all()


OTHERS = [
    {"n_mfcc": 13},
    {"n_mels": 64},
    {"n_fft": 512, "hop": 160},
    {"n_mfcc": 20, "n_mels": 40, "n_fft": 1024, "hop": 256},
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("chosen", OTHERS, ids=str)
def test_other_numbers_equal_librosa(chosen: dict[str, int]) -> None:
    librosa = pytest.importorskip("librosa")
    samples, front = voice(16_000, 1.3), Classic(**chosen)
    frame = {"n_fft": front.n_fft, "hop_length": front.hop}
    bands = {"n_mels": front.n_mels, **frame}
    spectrum = np.abs(librosa.stft(samples, **frame))
    parts = [
        librosa.feature.mfcc(y=samples, sr=16_000, n_mfcc=front.n_mfcc, **bands),
        librosa.feature.chroma_stft(S=spectrum, sr=16_000, n_fft=front.n_fft),
        librosa.feature.melspectrogram(y=samples, sr=16_000, **bands),
    ]
    expected = np.concatenate([part.mean(axis=1) for part in parts])
    found = front(samples, 16_000)
    assert found.shape == (len(front.names),) == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_fewer_coefficients_are_the_first_of_all() -> None:
    samples = voice(16_000, 0.4)
    few = Classic(chroma=False, mel=False, n_mfcc=13)
    assert few.names == tuple(f"mfcc_{k}" for k in range(13))
    np.testing.assert_allclose(few(samples, 16_000), Classic()(samples, 16_000)[:13], rtol=1e-6)


def test_a_tone_is_in_its_band_whatever_the_frame() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    for chosen in ({"n_fft": 512, "hop": 128}, {"n_fft": 4096, "hop": 1024}):
        front = Classic(mfcc=False, chroma=False, n_mels=44, **chosen)
        assert front(tone, 16_000).argmax() == 14  # 15 mel of 45.25, in 45 steps


def test_usual_numbers_are_not_among_the_parameters() -> None:
    """Caches and model files made before there was a choice stay valid."""
    usual = Classic(n_mfcc=40, n_mels=128, n_fft=2048, hop=512)
    assert usual.parameters == {"mfcc": True, "chroma": True, "mel": True}


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"n_mfcc": 0}, r"n_mfcc is a whole number from 1 to n_mels \(128\), got 0"),
        ({"n_mfcc": 41, "n_mels": 40}, r"n_mfcc .* to n_mels \(40\)"),
        ({"n_mels": 0}, "n_mels is a whole number from 1 to 512"),
        ({"n_fft": 1025}, "n_fft is even, got 1025"),
        ({"n_fft": 2048.0}, "n_fft is a whole number"),
        ({"n_fft": 512, "hop": 513}, r"hop .* to n_fft \(512\)"),
        ({"hop": True}, "hop is a whole number"),
    ],
)
def test_impossible_numbers_are_refused(chosen: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Classic(**chosen)
