"""Whisper's log-mel against transformers, and the trimming against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from intona.features.logmel import filterbank, log_mel, trim


def signal(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(int(16_000 * seconds))).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.337])
def test_log_mel_is_whispers(seconds: float) -> None:
    transformers = pytest.importorskip("transformers")
    extractor = transformers.WhisperFeatureExtractor()
    samples = signal(seconds)
    wanted = extractor(
        samples, sampling_rate=16_000, padding="do_not_pad", return_tensors="np"
    ).input_features[0]
    frames = len(samples) // 160
    assert np.abs(log_mel(samples) - wanted[:, :frames]).max() < 1e-4


def test_a_smaller_dynamic_range_raises_the_floor_alone() -> None:
    samples = signal(1.0)
    whole, less = log_mel(samples), log_mel(samples, 30.0)
    floor = whole.max() - 30.0 / 40.0  # Whisper's scale: 40 dB are 1
    assert (whole < floor).any()
    assert np.allclose(less, np.maximum(whole, floor), atol=1e-6)


def test_filters_have_unit_area() -> None:
    spacing = 8000 / 200
    assert np.allclose(filterbank()[50:].sum(axis=1) * spacing, 1.0, atol=0.02)


def test_trim_keeps_a_tenth_of_a_second() -> None:
    samples = np.zeros(32_000, np.float32)
    samples[8000:16_000] = signal(0.5)
    kept = trim(samples)
    start = int(np.flatnonzero(kept)[0])
    assert abs(start - 1600) < 100
    assert abs(len(kept) - start - (8000 + 1600)) < 100


def test_trim_of_silence_keeps_it() -> None:
    assert len(trim(np.zeros(5000, np.float32))) == 5000
