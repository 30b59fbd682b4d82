"""Prosody against signals whose truth is known, and against Praat on speech."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from intona.errors import AudioError
from intona.features.base import FrontEnd
from intona.features.contours import contours, frame_times
from intona.features.formants import _burg, formants
from intona.features.pitch import PitchTrack, pitch
from intona.features.prosody import MEASURES, Prosody, measure
from intona.features.rhythm import nuclei, rhythm
from intona.features.voice import perturbation, pulses

RATE = 16_000


def train(periods: np.ndarray, amplitudes: np.ndarray | None = None) -> np.ndarray:
    """A pulse train through one resonance (700 Hz), pulses at fractional samples."""
    times = np.concatenate([[0.02], 0.02 + np.cumsum(periods)])
    loud = np.ones(len(times)) if amplitudes is None else amplitudes
    t = np.arange(int((times[-1] + 0.05) * RATE)) / RATE
    signal = np.zeros(len(t))
    for time, a in zip(times, loud, strict=True):
        after = np.maximum(t - time, 0.0)
        ring = a * np.exp(-600 * after) * np.sin(2 * np.pi * 700 * after)
        signal += ring
    return (0.5 * signal / np.abs(signal).max()).astype(np.float32)


@pytest.mark.parametrize("hz", [80.0, 120.5, 233.0, 410.0, 580.0])
def test_constant_pitch(hz: float) -> None:
    track = pitch(train(np.full(int(0.6 * hz), 1 / hz)), RATE)
    inner = track.hz[5:-10]
    assert (inner > 0).all()
    np.testing.assert_allclose(inner, hz, rtol=2e-3)


def test_gliding_pitch_follows_the_glide() -> None:
    seconds = np.arange(RATE) / RATE
    hz = 120 * 2 ** (0.8 * seconds)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    signal = sum(np.sin(k * phase) / k for k in range(1, 8)).astype(np.float32)
    track = pitch(signal, RATE)
    np.testing.assert_allclose(track.hz, np.interp(track.times, seconds, hz), rtol=3e-3)


def test_noise_and_silence_are_voiceless() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert pitch(noise, RATE).voiced.mean() < 0.05
    assert not pitch(np.zeros(RATE, np.float32), RATE).voiced.any()
    assert pitch(np.zeros(100, np.float32), RATE).times.size == 0


def test_hnr_of_a_known_mixture() -> None:
    """A harmonic tone with noise at -15 dB has an HNR of 15 dB."""
    t = np.arange(2 * RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 200 * k * t) for k in range(1, 5))
    noise = np.random.default_rng(1).standard_normal(len(t))
    noise *= np.sqrt(np.mean(tone**2) / np.mean(noise**2)) * 10 ** (-15 / 20)
    assert pitch((tone + noise).astype(np.float32), RATE).hnr.mean() == pytest.approx(15, abs=0.7)


def test_jitter_and_shimmer_of_a_known_train() -> None:
    """Periods alternating by +-1 % have a jitter of 2 %; amplitudes by +-3 %, a shimmer of 6 %."""
    sign = np.where(np.arange(160) % 2, 1.0, -1.0)
    steady = train(np.full(160, 0.008))
    shaky = train(0.008 * (1 + 0.01 * sign))
    uneven = train(np.full(160, 0.008), 1 + 0.03 * np.append(sign, 1.0))
    values = [perturbation(signal, RATE, pitch(signal, RATE)) for signal in (steady, shaky, uneven)]
    assert values[0].jitter < 0.002
    assert values[0].shimmer < 0.01
    assert values[1].jitter == pytest.approx(0.02, rel=0.15)
    assert values[2].shimmer == pytest.approx(0.06, rel=0.15)
    assert values[2].jitter < 0.004


def test_pulses_are_one_period_apart() -> None:
    signal = train(np.full(100, 0.01))
    (found,) = pulses(signal, RATE, pitch(signal, RATE))
    assert len(found) >= 90
    np.testing.assert_allclose(np.diff(found), 160, atol=0.5)


def test_nothing_to_perturb() -> None:
    empty = np.zeros(0)
    values = perturbation(np.zeros(RATE, np.float32), RATE, PitchTrack(empty, empty, empty))
    assert np.isnan(values).all()


def test_burg_finds_the_process_that_made_the_signal() -> None:
    true = np.array([1.6, -1.2, 0.3])
    noise = np.random.default_rng(2).standard_normal(20_000)
    signal = np.zeros(len(noise))
    for n in range(3, len(noise)):
        signal[n] = true @ signal[n - 3 : n][::-1] + noise[n]
    np.testing.assert_allclose(_burg(signal[None, 100:], 3)[0], true, atol=0.02)


def test_formants_of_known_resonances() -> None:
    from scipy.signal import lfilter

    signal = np.zeros(RATE)
    signal[np.cumsum(np.random.default_rng(3).integers(100, 160, 120))] = 1.0
    signal = lfilter([1], [1, -0.98], signal)  # a voice's source falls towards the treble
    for hz, width in ((600, 60), (1500, 90), (2500, 120), (3500, 150), (4500, 200)):
        pole = np.exp(-np.pi * width / RATE)
        signal = lfilter([1], [1, -2 * pole * np.cos(2 * np.pi * hz / RATE), pole**2], signal)
    times = np.arange(0.2, 0.8, 0.05)
    found, bandwidth = formants(signal.astype(np.float32), RATE, times)
    np.testing.assert_allclose(np.median(found, axis=0), [600, 1500, 2500], rtol=0.04)
    assert (bandwidth[:, 0] < 300).all()


def test_contours_of_known_signals() -> None:
    times = frame_times(RATE, RATE)
    t = np.arange(RATE) / RATE
    sine = contours(np.sin(2 * np.pi * 500 * t).astype(np.float32), RATE, times)
    np.testing.assert_allclose(sine.intensity[3:-3], -3.01, atol=0.05)
    np.testing.assert_allclose(sine.centroid[3:-3], 500, rtol=0.05)
    assert (sine.alpha_ratio[3:-3] > 30).all()
    treble = contours(np.sin(2 * np.pi * 3000 * t).astype(np.float32), RATE, times)
    assert (treble.alpha_ratio[3:-3] < -30).all()
    assert (treble.hammarberg[3:-3] < -30).all()


def test_rhythm_counts_syllables_and_pauses() -> None:
    """Eight bumps, the fourth and fifth half a second apart."""
    bump = 20 * np.hanning(20)
    level = np.full(300, -60.0)
    starts = [10, 30, 50, 70, 140, 160, 180, 200]
    active = np.zeros(300, dtype=bool)
    for start in starts:
        level[start : start + 20] = -40 + bump
        active[start : start + 20] = True
    assert nuclei(level, active) == [start + 9 for start in starts]
    values = rhythm(level, active, active)
    assert values.speech_seconds == pytest.approx(2.1)
    assert values.syllables_per_second == pytest.approx(8 / 2.1)
    assert values.articulation_rate == pytest.approx(8 / 1.6)
    assert values.pause_seconds == pytest.approx(0.5)
    assert values.pause_share == pytest.approx(0.5 / 2.1)
    assert np.isnan(rhythm(level, active & False, active)).all()


def test_loudness_moves_only_loudness() -> None:
    voice = train(np.full(150, 0.006))
    soft, loud = measure(np.float32(0.1) * voice, RATE), measure(voice, RATE)
    moved = {
        name
        for name in MEASURES
        if np.isfinite(loud[name]) and abs(loud[name] - soft[name]) > 0.02 + 0.01 * abs(soft[name])
    }
    assert moved == {f"intensity_db_{name}" for name in ("mean", "p10", "p50", "p90")}
    assert loud["intensity_db_mean"] - soft["intensity_db_mean"] == pytest.approx(20, abs=0.1)


def test_front_end() -> None:
    front_end = Prosody()
    assert isinstance(front_end, FrontEnd)
    assert len(set(front_end.names)) == len(front_end.names)
    assert set(measure(train(np.full(80, 0.006)), RATE)) == set(MEASURES)
    for signal in (np.zeros(5, np.float32), np.zeros(RATE, np.float32), np.ones(90, np.float32)):
        values = front_end(signal, RATE)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()


@pytest.mark.parametrize(
    "samples", [np.zeros(0), np.zeros((9, 2)), np.array([0.1, np.nan, 0.2] * 900)]
)
def test_bad_input(samples: np.ndarray) -> None:
    with pytest.raises(AudioError):
        Prosody()(samples.astype(np.float32), RATE)


@pytest.mark.corpus
@pytest.mark.slow
def test_agrees_with_praat_on_ravdess() -> None:
    """F0 within 1 % on at least 99 % of the frames both call voiced; voicing agrees on 98 %."""
    parselmouth = pytest.importorskip("parselmouth")
    from intona.audio import read

    data = Path(os.environ.get("INTONA_DATA", "../shared/data")) / "ravdess"
    files = sorted(data.rglob("03-01-*.*"))[::48]
    if not files:
        pytest.skip("needs RAVDESS (set INTONA_DATA)")
    voicing, ratios, cycles = [], [], []
    for file in files:
        samples = read(file, rate=RATE).samples
        sound = parselmouth.Sound(samples.astype(np.float64), RATE)
        praat = sound.to_pitch_ac(time_step=0.01, pitch_floor=75, pitch_ceiling=600)
        # Start our frames where Praat starts its own: half a window before its first centre.
        track = pitch(samples[round((praat.xs()[0] - 0.02) * RATE) :], RATE)
        n = min(len(track.hz), praat.n_frames)
        theirs, ours = praat.selected_array["frequency"][:n], track.hz[:n]
        voicing.append(np.mean((theirs > 0) == (ours > 0)))
        both = (theirs > 0) & (ours > 0)
        ratios.append(np.abs(ours[both] / theirs[both] - 1))
        points = parselmouth.praat.call([sound, praat], "To PointProcess (cc)")
        local = (0, 0, 0.0001, 0.02, 1.3)
        cycles.append(
            (
                *perturbation(samples, RATE, pitch(samples, RATE)),
                parselmouth.praat.call(points, "Get jitter (local)", *local),
                parselmouth.praat.call([sound, points], "Get shimmer (local)", *local, 1.6),
            )
        )
    assert np.mean(voicing) > 0.98
    assert np.mean(np.concatenate(ratios) < 0.01) > 0.99
    correlation = np.corrcoef(np.array(cycles).T)
    assert correlation[0, 2] > 0.8  # jitter
    assert correlation[1, 3] > 0.75  # shimmer
