from __future__ import annotations

import numpy as np
import pytest

from intona.audio.transforms import Bank, filters, room, tempo
from intona.audio.transforms.levels import rms

RATE = 16_000
CLICK = np.zeros(RATE, dtype=np.float32)
CLICK[RATE // 2] = 0.5


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def response(change) -> np.ndarray:
    """Gain in dB at every whole Hz of a linear transform."""
    return 20 * np.log10(np.abs(np.fft.rfft(change(CLICK))) / 0.5 + 1e-12)


def sine(frequency: float, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def loudest(samples: np.ndarray, rate: int = RATE) -> float:
    padded = np.fft.rfft(samples * np.hanning(samples.size), 8 * samples.size)
    return float(np.argmax(np.abs(padded)) * rate / (8 * samples.size))


@pytest.mark.parametrize("cutoff", [50, 100, 150])
def test_high_pass_is_three_decibels_down_at_its_cutoff(rng, cutoff):
    gain = response(lambda x: filters.high_pass(x, RATE, rng, cutoff=cutoff))
    assert gain[cutoff] == pytest.approx(-3.01, abs=0.05)
    assert gain[cutoff // 5] - gain[cutoff // 10] == pytest.approx(6.02, abs=0.3)  # order 1
    assert gain[4000] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("cutoff", [7500, 7000, 6500])
def test_low_pass_is_three_decibels_down_at_its_cutoff(rng, cutoff):
    gain = response(lambda x: filters.low_pass(x, RATE, rng, cutoff=cutoff))
    assert gain[cutoff] == pytest.approx(-3.01, abs=0.05)
    assert gain[100] == pytest.approx(0.0, abs=0.05)


def test_filters_beyond_half_the_rate(rng):
    signal = sine(200, rate=8_000)
    assert np.array_equal(filters.low_pass(signal, 8_000, rng, cutoff=7_000), signal)
    assert not filters.high_pass(signal, 8_000, rng, cutoff=4_000).any()


@pytest.mark.parametrize("db", [-20.0, 12.0])
def test_tilt_is_linear_in_decibels(rng, db):
    gain = response(lambda x: filters.spectral_tilt(x, RATE, rng, db=db))
    slope, _ = np.polyfit(np.arange(200, 7_800), gain[200:7_800], 1)
    assert slope * 8_000 == pytest.approx(db, abs=0.05)
    assert gain[6_000] - gain[2_000] == pytest.approx(db / 2, abs=0.05)


def test_tilt_keeps_the_level_and_the_time(rng):
    noise = (0.05 * rng.standard_normal(RATE)).astype(np.float32)
    for db in (-20.0, 20.0):
        tilted = filters.spectral_tilt(noise, RATE, rng, db=db)
        assert tilted.size == noise.size
        assert rms(tilted) == pytest.approx(rms(noise), rel=1e-4)
    assert np.argmax(np.abs(filters.spectral_tilt(CLICK, RATE, rng, db=10.0))) == RATE // 2


@pytest.mark.parametrize("name", sorted(room.ROOMS))
def test_reverberation_time(name):
    box = room.ROOMS[name]
    echo = room.impulse_response(box, 0.8, 20.0, RATE).astype(np.float64)
    left = np.cumsum(echo[::-1] ** 2)[::-1]
    decay = 10 * np.log10(left / left[0])
    # Backward integration, from -5 to -20 dB, extrapolated (ISO 3382).
    five, twenty = np.argmax(decay < -5), np.argmax(decay < -20)
    assert (twenty - five) / RATE * 4 == pytest.approx(box.decay, rel=0.45)


def test_direct_sound_first_then_the_floor():
    box = room.Shoebox((5.0, 4.0, 2.7), 0.5)
    echo = room.impulse_response(box, 1.0, 0.0, RATE)
    assert echo[0] == 1.0
    # By the mirror image in the floor: both stand 1.35 m above it.
    late = (np.sqrt(1.0 + 2.7**2) - 1.0) / room.SPEED_OF_SOUND * RATE
    assert echo[round(late) - 3 : round(late) + 4].max() > 0.15
    assert np.abs(echo[2 : round(late) - 3]).max() < 0.05


def test_further_away_is_more_reverberant():
    box = room.ROOMS["office"]
    near, far = (room.impulse_response(box, d, 0.0, RATE) for d in (0.3, 2.0))
    assert np.sum(far[80:] ** 2) > 5 * np.sum(near[80:] ** 2)


def test_room_keeps_length_and_level(rng):
    voice = sine(300) * 0.2
    heard = room.room(voice, RATE, rng, kind="kitchen", distance=1.0)
    assert heard.size == voice.size
    assert rms(heard) == pytest.approx(rms(voice), rel=1e-3)


def test_impossible_rooms(rng):
    from intona.errors import UsageError

    with pytest.raises(UsageError, match="no room named 'cave'"):
        room.room(CLICK, RATE, rng, kind="cave")
    with pytest.raises(UsageError, match="does not fit"):
        room.room(CLICK, RATE, rng, kind="booth", distance=5.0)


def test_recorded_room_starts_at_the_direct_sound(rng):
    echo = np.zeros(400, dtype=np.float32)
    echo[100], echo[140] = 1.0, 0.5
    heard = room.recorded_room(CLICK, RATE, rng, bank=Bank((echo,), RATE))
    top = np.argsort(np.abs(heard))[-2:][::-1]
    assert top.tolist() == [RATE // 2, RATE // 2 + 40]


@pytest.mark.parametrize("factor", [0.9, 1.1, 1.25])
def test_speed_changes_length_and_pitch(rng, factor):
    faster = tempo.speed(sine(400), RATE, rng, factor=factor)
    assert faster.size == pytest.approx(RATE / factor, abs=2)
    assert loudest(faster) == pytest.approx(400 * factor, rel=0.005)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_stretch_changes_the_length_alone(rng, factor):
    stretched = tempo.stretch(sine(220), RATE, rng, factor=factor)
    assert stretched.size == round(RATE / factor)
    assert loudest(stretched) == pytest.approx(220, rel=0.01)
    inner = slice(2_000, -2_000)
    assert rms(stretched[inner]) == pytest.approx(rms(sine(220)), rel=0.05)


@pytest.mark.parametrize("semitones", [-2.0, 1.0, 2.0])
def test_pitch_changes_the_frequency_alone(rng, semitones):
    higher = tempo.pitch(sine(220), RATE, rng, semitones=semitones)
    assert higher.size == RATE
    assert loudest(higher) == pytest.approx(220 * 2 ** (semitones / 12), rel=0.01)


def test_stretch_of_a_very_short_signal(rng):
    assert tempo.stretch(sine(220, 0.01), RATE, rng, factor=1.5).size == 107


def test_via_rate_removes_what_does_not_fit(rng):
    both = sine(1_000) + sine(6_000)
    narrow = tempo.via_rate(both, RATE, rng, target=8_000)
    assert narrow.size == both.size
    assert rms(narrow[1000:-1000]) == pytest.approx(rms(sine(1_000)), rel=0.01)
