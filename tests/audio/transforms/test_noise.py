from __future__ import annotations

import numpy as np
import pytest

from intona.audio.transforms import Bank, noise, sounds
from intona.audio.transforms.levels import peak, rms, snr
from intona.errors import AudioError, UsageError

RATE = 16_000


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def signal():
    return (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)


@pytest.fixture
def bank():
    time = np.arange(RATE) / RATE
    return Bank(
        tuple(np.sin(2 * np.pi * f * time).astype(np.float32) for f in (300, 400, 500, 600)), RATE
    )


@pytest.mark.parametrize("ratio", [10.0, 20.0, 45.0])
def test_noises_keep_their_ratio(signal, bank, rng, ratio):
    changed = [
        noise.white_noise(signal, RATE, rng, snr=ratio),
        noise.pink_noise(signal, RATE, rng, snr=ratio),
        noise.babble(signal, RATE, rng, bank=bank, snr=ratio),
        noise.recorded(signal, RATE, rng, bank=bank, snr=ratio),
        sounds.music(signal, RATE, rng, snr=ratio),
        *(
            noise.environment(signal, RATE, rng, snr=ratio, kind=kind)
            for kind in noise.ENVIRONMENTS
        ),
    ]
    for other in changed:
        assert other.shape == signal.shape
        assert other.dtype == np.float32
        assert snr(signal, other) == pytest.approx(ratio, abs=0.05)


def test_tone_is_one_line_whose_peak_is_below_the_signal(signal, rng):
    added = noise.tone(signal, RATE, rng, snr=40.0) - signal
    assert peak(added) == pytest.approx(peak(signal) * 0.01, rel=0.02)
    spectrum = np.abs(np.fft.rfft(added * np.hanning(added.size)))
    line = np.argmax(spectrum) * RATE / added.size
    assert 5000 <= line <= 7000
    far = np.abs(np.arange(spectrum.size) * RATE / added.size - line) > 20
    assert np.sum(spectrum[far] ** 2) < 0.01 * np.sum(spectrum**2)


def test_tone_stays_below_half_a_low_rate(signal, rng):
    added = noise.tone(signal, 8_000, rng, snr=20.0) - signal
    line = np.argmax(np.abs(np.fft.rfft(added))) * 8_000 / added.size
    assert line == pytest.approx(3600, abs=2)


@pytest.mark.parametrize(("exponent", "slope"), [(0.0, 0.0), (1.0, -3.01), (2.0, -6.02)])
def test_colour_by_the_octave(rng, exponent, slope):
    power = np.abs(np.fft.rfft(noise.coloured(2**17, rng, exponent))) ** 2
    frequency = np.arange(power.size)
    octaves = [10 * np.log10(power[2**k : 2 ** (k + 1)].mean()) for k in range(8, 16)]
    assert np.polyfit(np.arange(8), octaves, 1)[0] == pytest.approx(slope, abs=0.1)
    assert frequency.size == 2**16 + 1


def test_babble_has_four_to_seven_talkers(rng):
    time = np.arange(RATE) / RATE
    tones = range(200, 2000, 25)
    many = Bank(tuple(np.sin(2 * np.pi * f * time).astype(np.float32) for f in tones), RATE)
    signal = np.ones(RATE, dtype=np.float32)
    counts = set()
    for _ in range(30):
        spectrum = np.abs(np.fft.rfft(noise.babble(signal, RATE, rng, bank=many, snr=0.0) - 1))
        counts.add(int(np.sum(spectrum[1:] > 0.3 * spectrum[1:].max())))
    assert counts == {4, 5, 6, 7}


@pytest.mark.parametrize("transform", [sounds.cough, sounds.sneeze])
def test_one_burst_at_a_random_place(signal, rng, transform):
    places = set()
    for _ in range(5):
        added = transform(signal, RATE, rng, snr=10.0) - signal
        where = np.flatnonzero(np.abs(added) > 1e-7)
        places.add(int(where[0]))
        burst = added[where[0] : where[-1] + 1]
        assert burst.size <= 0.81 * RATE
        assert rms(signal) / rms(burst) == pytest.approx(10**0.5, rel=0.02)
    assert len(places) > 1


def test_a_burst_is_cut_to_a_short_signal(rng):
    short = np.full(800, 0.1, dtype=np.float32)
    assert sounds.cough(short, RATE, rng, snr=10.0).size == 800


@pytest.mark.parametrize("make", [sounds.cough_sound, sounds.sneeze_sound])
def test_burst_sounds_are_short_and_finite(rng, make):
    for rate in (8_000, 16_000, 48_000):
        sound = make(rate, rng)
        assert 0.29 <= sound.size / rate <= 0.81
        assert np.all(np.isfinite(sound))
        assert peak(sound) > 0.05


def test_music_has_pitch(rng):
    sound = sounds.music_sound(4 * RATE, RATE, rng)
    power = np.abs(np.fft.rfft(sound * np.hanning(sound.size))) ** 2
    assert np.sort(power)[-200:].sum() > 0.4 * power.sum()  # a few lines carry the energy


def test_unknown_environment(rng):
    with pytest.raises(UsageError, match="no environment named 'moon'"):
        noise.environment_noise(100, RATE, rng, "moon")


def test_same_seed_same_noise(signal, bank):
    for make in (noise.white_noise, noise.environment, sounds.music, sounds.cough):
        first, second = (make(signal, RATE, np.random.default_rng(5), snr=10.0) for _ in range(2))
        assert np.array_equal(first, second)


def test_bank_needs_recordings():
    with pytest.raises(UsageError, match="at least one"):
        Bank((), RATE)


def test_bank_draws_exactly(bank, rng):
    for rate in (8_000, 16_000, 44_100):
        for count in (10, 5_000, 60_000):
            assert bank.draw(rng, count, rate).shape == (count,)
    assert bank.pick(rng, 8_000).size == 8_000


def test_bank_from_a_folder(tmp_path, rng):
    import soundfile

    for number in range(2):
        soundfile.write(tmp_path / f"{number}.wav", np.full(800, 0.5 + 0.1 * number), 8_000)
    bank = Bank.from_folder(tmp_path, rate=16_000)
    assert bank.names == ("0.wav", "1.wav")
    assert bank.rate == 16_000
    assert bank.draw(rng, 100, 16_000).size == 100
    with pytest.raises(AudioError):
        Bank.from_folder(tmp_path / "missing")


def test_bank_from_a_table(tmp_path):
    import soundfile

    from intona.corpora.base import table

    rows = []
    for number in range(5):
        soundfile.write(tmp_path / f"{number}.wav", np.full(1600, 0.1 * (number + 1)), 16_000)
        rows.append({"file": str(tmp_path / f"{number}.wav"), "start": 0.05})
    bank = Bank.from_table(table(rows), limit=3, seed=1)
    assert len(bank.signals) == 3
    assert all(signal.size == 800 for signal in bank.signals)
