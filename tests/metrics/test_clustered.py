"""Weighting speakers must equal repeating their utterances."""

from __future__ import annotations

import numpy as np
import pytest

from intona import metrics
from intona.metrics.clustered import (
    cluster_numbers,
    of_decisions,
    of_numbers,
    of_probabilities,
)

LABELS = ["angry", "happy", "sad"]
WEIGHTS = np.array([[1, 1, 1, 1], [2, 0, 1, 1], [0, 3, 0, 1]], dtype=np.float64)


@pytest.fixture
def sample():
    generator = np.random.default_rng(0)
    speakers = generator.choice(["s1", "s2", "s3", "s4"], 120)
    truth = generator.choice(LABELS, 120)
    probabilities = generator.dirichlet([1, 1, 1], 120)
    clusters, names = cluster_numbers(speakers.tolist())
    assert len(names) == 4
    return clusters, truth, probabilities


def repeated(clusters, weights):
    return np.repeat(np.arange(len(clusters)), weights[clusters].astype(int))


def test_decisions(sample):
    clusters, truth, probabilities = sample
    prediction = np.array(LABELS)[probabilities.argmax(axis=1)]
    for name, statistic in of_decisions(truth, prediction, LABELS, clusters).items():
        for weights, value in zip(WEIGHTS, statistic(WEIGHTS), strict=True):
            rows = repeated(clusters, weights)
            expected = getattr(metrics, name)(truth[rows], prediction[rows], LABELS)
            assert value == pytest.approx(expected), name


def test_probabilities(sample):
    clusters, truth, probabilities = sample
    found = of_probabilities(truth, probabilities, LABELS, clusters)
    for weights, k in zip(WEIGHTS, range(3), strict=True):
        rows = repeated(clusters, weights)
        own = truth[rows], probabilities[rows], LABELS
        for name in ("brier_score", "log_loss", "area_under_roc"):
            expected = getattr(metrics, name)(*own)
            assert found[name](WEIGHTS)[k] == pytest.approx(expected), name
        confidence = probabilities[rows].max(axis=1)
        right = np.array(LABELS)[probabilities[rows].argmax(axis=1)] == truth[rows]
        assert found["area_under_risk_coverage"](WEIGHTS)[k] == pytest.approx(
            metrics.area_under_risk_coverage(confidence, right)
        )
        # An utterance drawn twice stays whole in one bin here, and may straddle two there.
        assert found["expected_calibration_error"](WEIGHTS)[k] == pytest.approx(
            metrics.expected_calibration_error(confidence, right), abs=0.03
        )


def test_numbers(sample):
    clusters, _, probabilities = sample
    truth, prediction = probabilities[:, 0], probabilities[:, 1]
    for name, statistic in of_numbers(truth, prediction, clusters).items():
        for weights, value in zip(WEIGHTS, statistic(WEIGHTS), strict=True):
            rows = repeated(clusters, weights)
            assert value == pytest.approx(getattr(metrics, name)(truth[rows], prediction[rows]))
