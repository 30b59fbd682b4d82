from __future__ import annotations

import numpy as np
import pytest

from intona.audio.transforms import edits
from intona.audio.transforms.levels import keep_level, mix, peak, rms, snr

RATE = 16_000


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def signal():
    return (0.2 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)


def test_gain_in_decibels(signal, rng):
    louder = edits.gain(signal, RATE, rng, db=6.0)
    assert 20 * np.log10(rms(louder) / rms(signal)) == pytest.approx(6.0, abs=1e-4)


def test_dc_offset_moves_the_mean_only(signal, rng):
    moved = edits.dc_offset(signal, RATE, rng, offset=0.05)
    assert moved.mean() - signal.mean() == pytest.approx(0.05, abs=1e-6)
    assert moved.std() == pytest.approx(signal.std(), rel=1e-4)


@pytest.mark.parametrize("share", [0.001, 0.002, 0.003, 0.5])
def test_clip_changes_exactly_that_share(signal, rng, share):
    clipped = edits.clip(signal, RATE, rng, share=share)
    changed = clipped != signal
    assert changed.sum() == round(share * signal.size)
    assert np.all(np.abs(signal[changed]) > np.abs(signal[~changed]).max())
    assert peak(clipped) == np.abs(signal[~changed]).max()


def test_clip_of_nothing_is_a_copy(signal, rng):
    same = edits.clip(signal, RATE, rng, share=0.0)
    assert np.array_equal(same, signal)
    assert same is not signal


@pytest.mark.parametrize("count", [100, 500, 1000])
def test_zeros_and_crops_count_samples(signal, rng, count):
    zeros = np.zeros(count, dtype=np.float32)
    assert np.array_equal(
        edits.append_zeros(signal, RATE, rng, count=count), np.concatenate([signal, zeros])
    )
    assert np.array_equal(
        edits.prepend_zeros(signal, RATE, rng, count=count), np.concatenate([zeros, signal])
    )
    assert np.array_equal(edits.crop_start(signal, RATE, rng, count=count), signal[count:])
    assert np.array_equal(edits.crop_end(signal, RATE, rng, count=count), signal[:-count])


def test_crops_leave_one_sample(rng):
    short = np.array([0.1, 0.2], dtype=np.float32)
    assert edits.crop_start(short, RATE, rng, count=1000).tolist() == [short[1]]
    assert edits.crop_end(short, RATE, rng, count=1000).tolist() == [short[0]]


def test_pad_in_seconds(signal, rng):
    padded = edits.pad(signal, RATE, rng, before=1.0, after=0.5)
    assert padded.size == signal.size + RATE + RATE // 2
    assert not padded[:RATE].any()
    assert not padded[-RATE // 2 :].any()
    assert np.array_equal(padded[RATE : -RATE // 2], signal)


def test_fit_length_takes_the_loudest_or_repeats(rng):
    signal = np.full(RATE, 0.01, dtype=np.float32)
    signal[6000:8000] = 0.5
    loud = edits.fit_length(signal, RATE, rng, seconds=0.125)
    assert loud.size == 2000
    assert np.all(loud == 0.5)
    longer = edits.fit_length(signal, RATE, rng, seconds=2.5)
    assert longer.size == 40_000
    assert np.array_equal(longer[RATE : 2 * RATE], signal)


@pytest.mark.parametrize("bits", [8, 16])
def test_quantise_errs_by_half_a_step(signal, rng, bits):
    rounded = edits.quantise(signal, RATE, rng, bits=bits)
    steps = rounded * 2 ** (bits - 1)
    assert np.array_equal(steps, np.round(steps))
    assert np.abs(rounded - signal).max() <= 0.5 / 2 ** (bits - 1) + 1e-7
    assert edits.quantise(np.array([2.0], np.float32), RATE, rng, bits=bits)[0] < 1.0


def test_stereo_is_the_mean_of_a_near_and_a_late_channel(rng):
    click = np.zeros(100, dtype=np.float32)
    click[10] = 1.0
    heard = edits.stereo(click, RATE, rng, delay=5 / RATE, db=-6.0)
    expected = np.zeros(100)
    expected[10], expected[15] = 0.5, 0.5 * 10 ** (-0.3)
    assert heard == pytest.approx(expected, abs=1e-6)


def test_mix_reaches_the_ratio(signal):
    noise = np.random.default_rng(1).standard_normal(signal.size).astype(np.float32)
    for ratio in (-3.0, 10.0, 20.0):
        assert snr(signal, mix(signal, 100 * noise, ratio)) == pytest.approx(ratio, abs=1e-3)


def test_mix_leaves_silence_alone(signal):
    silence = np.zeros_like(signal)
    assert np.array_equal(mix(silence, signal, 10.0), silence)
    assert np.array_equal(mix(signal, silence, 10.0), signal)


def test_keep_level_restores_or_stops_at_full_scale(signal):
    assert rms(keep_level(0.1 * signal, signal)) == pytest.approx(rms(signal), rel=1e-4)
    click = np.zeros(1000, dtype=np.float32)
    click[0] = 0.1
    assert peak(keep_level(click, signal)) == pytest.approx(1.0)
    assert not keep_level(np.zeros(5, np.float32), signal).any()


def test_levels_of_nothing():
    nothing = np.zeros(0, dtype=np.float32)
    assert rms(nothing) == 0.0
    assert peak(nothing) == 0.0
    assert snr(np.ones(3, np.float32), np.ones(3, np.float32)) == float("inf")
