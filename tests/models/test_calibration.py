from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from intona.models.calibration import choose_abstention, fit_temperature, softmax


def test_softmax_is_stable_and_sums_to_one() -> None:
    values = softmax([[1e4, 0.0, -1e4], [1.0, 2.0, 3.0]], 2.0)
    np.testing.assert_allclose(values.sum(axis=1), 1.0)
    np.testing.assert_allclose(values[1], np.exp([0.5, 1, 1.5]) / np.exp([0.5, 1, 1.5]).sum())


def test_temperature_solves_the_stationarity_condition() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(500, 4)) * 3
    truth = np.array([rng.choice(4, p=p) for p in softmax(scores, 2.5)])
    rows = np.arange(len(truth))

    def slope(temperature: float) -> float:
        # d loss / d beta = mean score of the model - mean score of the truth, beta = 1/T.
        expected = (softmax(scores, temperature) * scores).sum(axis=1)
        return float((expected - scores[rows, truth]).mean())

    assert fit_temperature(scores, truth) == pytest.approx(brentq(slope, 0.1, 40.0), rel=1e-3)


def brute_force(confidence: np.ndarray, correct: np.ndarray, target: float, least: float) -> float:
    fine = [
        t
        for t in np.unique(confidence)
        if (confidence >= t).mean() >= least and (~correct[confidence >= t]).mean() <= target
    ]
    return min(fine)


@pytest.mark.parametrize("target", [0.15, 0.3, 0.5])
def test_threshold_is_the_lowest_that_keeps_the_risk(target: float) -> None:
    rng = np.random.default_rng(1)
    confidence = np.round(rng.uniform(size=300), 2)
    correct = rng.uniform(size=300) < confidence
    chosen = choose_abstention(confidence, correct, target)
    assert chosen.threshold == brute_force(confidence, correct, target, 0.2)
    answered = confidence >= chosen.threshold
    assert chosen.coverage == pytest.approx(answered.mean())
    assert chosen.risk == pytest.approx((~correct[answered]).mean())


def test_an_unreachable_risk_is_reported_not_hidden() -> None:
    chosen = choose_abstention(np.linspace(0, 1, 100), np.zeros(100, bool), 0.1)
    assert chosen.risk == 1.0
    assert chosen.coverage == pytest.approx(0.2)
