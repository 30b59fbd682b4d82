from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from intona.metrics.bootstrap import draws, interval, intervals
from intona.metrics.clustered import of_probabilities

NAME = "expected_calibration_error"


def mean_of(values):
    return lambda weights: weights @ values / weights.sum(axis=1)


@pytest.fixture
def skewed():
    return np.random.default_rng(5).lognormal(sigma=1.0, size=40)


def test_agrees_with_scipy(skewed):
    found = interval(mean_of(skewed), 40, resamples=20_000)
    assert found.value == pytest.approx(skewed.mean())
    for method, ends in (
        ("percentile", (found.low, found.high)),
        ("BCa", (found.bca_low, found.bca_high)),
    ):
        other = scipy.stats.bootstrap(
            (skewed,), np.mean, n_resamples=20_000, method=method, rng=np.random.default_rng(1)
        ).confidence_interval
        # Two independent Monte Carlo quantiles; their standard error here is about 0.01.
        assert ends == pytest.approx((other.low, other.high), abs=0.04)


def test_bca_moves_towards_the_long_tail(skewed):
    found = interval(mean_of(skewed), 40)
    assert found.bca_low > found.low
    assert found.bca_high > found.high


def test_covers_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        found = interval(mean_of(generator.normal(size=30)), 30, resamples=400)
        hits += found.low <= 0.0 <= found.high
    assert 0.88 <= hits / 200 <= 0.98


def test_speakers_count_not_utterances():
    """Ten copies of every utterance of a speaker add nothing."""
    per_speaker = np.random.default_rng(1).uniform(size=12)
    once = interval(mean_of(per_speaker), 12)
    totals = 10 * per_speaker
    copied = interval(lambda w: (w @ totals) / (10 * w.sum(axis=1)), 12)
    assert copied.low == pytest.approx(once.low)
    assert copied.high == pytest.approx(once.high)


def test_same_draws_for_all_statistics(skewed):
    both = intervals({"a": mean_of(skewed), "b": mean_of(2 * skewed)}, 40)
    assert both["b"].low == pytest.approx(2 * both["a"].low)


def test_draws_are_reproducible():
    np.testing.assert_array_equal(draws(7, 5, seed=3), draws(7, 5, seed=3))
    assert draws(7, 5, seed=3).shape == (5, 7)


def test_one_speaker_has_no_interval():
    found = interval(mean_of(np.array([0.5])), 1)
    assert found.value == 0.5
    assert np.isnan(found.low)
    assert np.isnan(found.bca_high)


def test_a_statistic_without_spread():
    found = interval(mean_of(np.full(5, 0.25)), 5)
    assert (found.low, found.high, found.bca_low, found.bca_high) == pytest.approx((0.25,) * 4)


def test_an_interval_of_the_calibration_error_contains_it():
    """Of a well calibrated model, resamples look worse than the whole: they are moved."""
    random = np.random.default_rng(3)
    for seed in range(5):
        chance = random.uniform(0.5, 1.0, 2000)
        truth = np.where(random.uniform(size=2000) < chance, "a", "b")
        chances = np.stack([chance, 1 - chance], axis=1)
        speakers = np.arange(2000) // 50
        ece = of_probabilities(truth, chances, ("a", "b"), speakers)[NAME]
        raw = ece(draws(40, 500, seed))
        found = intervals({NAME: ece}, 40, resamples=500, seed=seed)[NAME]
        assert raw.mean() > found.value
        assert found.low < found.value < found.high
        assert found.high - found.low == pytest.approx(
            np.subtract(*np.quantile(raw, (0.975, 0.025)))
        )
