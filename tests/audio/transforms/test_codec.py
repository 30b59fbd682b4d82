from __future__ import annotations

import numpy as np
import pytest

from intona.audio.transforms import codec
from intona.audio.transforms.levels import rms
from intona.errors import UsageError

RATE = 16_000


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def voice():
    """Two seconds of something speech-like: a buzz of 120 Hz through slow formants."""
    time = np.arange(2 * RATE) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 25))
    return (0.1 * buzz * (0.5 + 0.5 * np.sin(2 * np.pi * 2.5 * time))).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "bit_rate", "least"),
    [
        ("mp3", 64_000, 0.99),
        ("mp3", 16_000, 0.9),
        ("aac", 32_000, 0.97),
        ("opus", 16_000, 0.9),
        ("g711", None, 0.99),
    ],
)
def test_codecs_keep_length_and_alignment(voice, rng, kind, bit_rate, least):
    coded = codec.codec(voice, RATE, rng, kind=kind, bit_rate=bit_rate)
    assert coded.shape == voice.shape
    assert coded.dtype == np.float32
    assert not np.array_equal(coded, voice)
    assert np.corrcoef(coded, voice)[0, 1] > least


def loudness(samples):
    return np.log10(np.square(samples[: samples.size // 80 * 80]).reshape(-1, 80).mean(1) + 1e-6)


def test_amr_keeps_the_loudness_over_time(rng):
    # AMR does not keep the waveform; five milliseconds of misalignment would show here.
    bursts = (0.2 * rng.standard_normal(2 * RATE)).astype(np.float32)
    bursts *= np.repeat(np.tile([1.0, 0.02], 10), 1_600).astype(np.float32)
    coded = codec.codec(bursts, RATE, rng, kind="amr", bit_rate=12_200)
    assert coded.shape == bursts.shape
    lags = [
        np.corrcoef(loudness(np.roll(coded, -80 * k)), loudness(bursts))[0, 1] for k in (-1, 0, 1)
    ]
    assert np.argmax(lags) == 1
    assert lags[1] > 0.9


def test_a_lower_bit_rate_costs_more(voice, rng):
    errors = [
        rms(codec.codec(voice, RATE, rng, kind="mp3", bit_rate=rate) - voice)
        for rate in (16_000, 64_000)
    ]
    assert errors[0] > errors[1]


def test_the_telephone_is_narrow(voice, rng):
    hiss = (0.05 * rng.standard_normal(voice.size)).astype(np.float32)
    for kind in ("amr", "g711"):
        power = np.abs(np.fft.rfft(codec.codec(voice + hiss, RATE, rng, kind=kind))) ** 2
        assert power[2 * 4_100 :].sum() < 1e-3 * power.sum()


def test_mu_law_has_256_values(rng):
    ramp = np.linspace(-0.9, 0.9, 8_000, dtype=np.float32)
    assert len(np.unique(codec.codec(ramp, 8_000, rng, kind="g711"))) <= 256


def test_unknown_codec(voice, rng):
    with pytest.raises(UsageError, match="no codec named 'wax'"):
        codec.codec(voice, RATE, rng, kind="wax")


@pytest.mark.parametrize(
    ("level", "expected"), [(-40.0, -36.0), (-20.0, -16.0), (-10.0, -8.0), (0.0, 0.0)]
)
def test_compressor_follows_its_curve(rng, level, expected):
    steady = np.full(RATE, 10 ** (level / 20), dtype=np.float32)
    settled = codec.compress(steady, RATE, rng)[-100:]
    assert 20 * np.log10(settled.mean()) == pytest.approx(expected, abs=0.01)


def test_compressor_time_constants(rng):
    step = np.concatenate([np.full(RATE, 0.1), np.full(RATE, 1.0)]).astype(np.float32)
    after = codec.compress(step, RATE, rng, attack=0.01)[RATE:]
    # The level after 10 ms has risen by 1 - 1/e of the step from 0.1 to 1.
    level = 0.1 + 0.9 * (1 - np.exp(-1))
    assert after[round(0.01 * RATE) - 1] == pytest.approx(level**-0.2, rel=0.01)


def test_phone_keeps_level_and_length_and_adds_hiss_above_three_kilohertz(voice, rng):
    called = codec.phone(voice, RATE, rng)
    assert called.shape == voice.shape
    assert rms(called) == pytest.approx(rms(voice), rel=0.01)
    power = np.abs(np.fft.rfft(called)) ** 2
    quiet = np.abs(np.fft.rfft(voice)) ** 2
    high = slice(2 * 5_000, 2 * 7_000)
    assert power[high].sum() > 100 * quiet[high].sum()


def test_phone_of_silence_is_silence(rng):
    silence = np.zeros(RATE, dtype=np.float32)
    assert not codec.phone(silence, RATE, rng).any()
