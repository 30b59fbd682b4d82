from __future__ import annotations

import pickle

import numpy as np
import pytest

from intona.audio.transforms import Bank, Chain, names, transform
from intona.errors import UsageError

RATE = 16_000
SIGNAL = (0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)
NEEDED = {
    "append_zeros": {"count": 100},
    "babble": {"bank": Bank((SIGNAL,), RATE), "snr": 20.0},
    "clip": {"share": 0.01},
    "codec": {"kind": "g711"},
    "cough": {"snr": 10.0},
    "crop_end": {"count": 100},
    "crop_start": {"count": 100},
    "environment": {"snr": 20.0},
    "fit_length": {"seconds": 0.5},
    "gain": {"db": 3.0},
    "high_pass": {"cutoff": 100.0},
    "low_pass": {"cutoff": 7_000.0},
    "music": {"snr": 20.0},
    "pink_noise": {"snr": 20.0},
    "pitch": {"semitones": 1.0},
    "prepend_zeros": {"count": 100},
    "recorded": {"bank": Bank((SIGNAL,), RATE), "snr": 20.0},
    "recorded_room": {"bank": Bank((SIGNAL,), RATE)},
    "sneeze": {"snr": 10.0},
    "spectral_tilt": {"db": 10.0},
    "speed": {"factor": 1.1},
    "stretch": {"factor": 1.1},
    "tone": {"snr": 40.0},
    "via_rate": {"target": 8_000},
    "white_noise": {"snr": 20.0},
}


@pytest.mark.parametrize("name", names())
def test_every_transform_is_pure(name):
    change = transform(name, **NEEDED.get(name, {}))
    before = SIGNAL.copy()
    before.setflags(write=False)
    first = change(before, RATE, np.random.default_rng(1))
    second = pickle.loads(pickle.dumps(change))(before, RATE, np.random.default_rng(1))
    assert np.array_equal(first, second)
    assert first.dtype == np.float32
    assert first.ndim == 1
    assert np.all(np.isfinite(first))
    assert np.array_equal(before, SIGNAL)


def test_a_list_is_one_of():
    change = transform("append_zeros", count=[100, 500, 1000])
    rng = np.random.default_rng(0)
    lengths = {change(SIGNAL, RATE, rng).size - RATE for _ in range(40)}
    assert lengths == {100, 500, 1000}


def test_a_range_is_between():
    change = transform("gain", db={"low": -6.0, "high": 6.0})
    rng = np.random.default_rng(0)
    gains = [20 * np.log10(change(SIGNAL, RATE, rng)[0] / SIGNAL[0]) for _ in range(50)]
    assert -6 <= min(gains) < -4
    assert 4 < max(gains) <= 6


def test_probability():
    change = transform("gain", probability=0.25, db=6.0)
    rng = np.random.default_rng(0)
    changed = sum(change(SIGNAL, RATE, rng)[0] != SIGNAL[0] for _ in range(400))
    assert 70 <= changed <= 130
    never = transform("gain", probability=0.0, db=6.0)
    assert np.array_equal(never(SIGNAL, RATE, rng), SIGNAL)


def test_chain_in_order():
    chain = Chain((transform("crop_start", count=100), transform("append_zeros", count=30)))
    out = chain(SIGNAL, RATE, np.random.default_rng(0))
    assert out.size == RATE - 70
    assert not out[-30:].any()
    assert Chain()(SIGNAL, RATE, np.random.default_rng(0)) is SIGNAL


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("wobble", {}, "no transform named 'wobble'"),
        ("gain", {"decibels": 3}, "has no parameter decibels: it takes db"),
        ("gain", {}, "transform gain needs db"),
        ("gain", {"db": 1, "probability": 2.0}, "not between 0 and 1"),
    ],
)
def test_mistakes(name, parameters, message):
    with pytest.raises(UsageError, match=message):
        transform(name, **parameters)
