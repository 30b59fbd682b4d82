"""Statistics of embeddings: numpy's, shrunk as if by utterances of the training material."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gmean

from intona.models.adaptation import (
    SMALLEST,
    NeutralStatistics,
    Running,
    Statistics,
    decoded,
    encoded,
)

VALUES = np.random.default_rng(0).normal(3.0, 2.0, (17, 5)) * np.array([1, 0.1, 1, 4, 1])


def test_mean_and_deviation_are_numpys_however_they_arrive() -> None:
    running = Running()
    for part in np.split(VALUES, [1, 2, 9]):
        running.add(part)
    for found in (Statistics.of(VALUES), running.statistics()):
        assert found.count == 17
        np.testing.assert_allclose(found.mean, VALUES.mean(axis=0))
        np.testing.assert_allclose(found.deviation, VALUES.std(axis=0))


def test_shrinkage_is_that_of_utterances_added() -> None:
    """Two at the training material's mean, and twenty that deviate as it does."""
    centre, scale = Statistics.of(VALUES).standardisation()
    np.testing.assert_allclose(centre, np.vstack([VALUES, np.zeros((2, 5))]).mean(axis=0))
    deviations = np.vstack([np.tile(VALUES.std(axis=0), (17, 1)), np.ones((20, 5))])
    np.testing.assert_allclose(scale, gmean(deviations, axis=0))


def test_of_neutral_speech_the_mean_is_moved_and_weighs_less() -> None:
    difference = np.linspace(-1.0, 1.0, 5)
    found = NeutralStatistics(Statistics.of(VALUES), difference)
    centre, scale = found.standardisation()
    mixed = np.vstack([VALUES + difference, np.zeros((8, 5))])
    np.testing.assert_allclose(centre, mixed.mean(axis=0))
    assert found.count == 17
    assert scale.tolist() == [1.0] * 5


def test_one_utterance_says_nothing_of_deviation() -> None:
    found = Statistics.of(VALUES[:1])
    centre, scale = found.standardisation()
    np.testing.assert_allclose(centre, VALUES[0] / 3)
    assert scale.tolist() == [1.0] * 5


def test_equal_recordings_do_not_blow_up() -> None:
    _, scale = Statistics.of(np.ones((400, 3))).standardisation()
    assert (scale > SMALLEST).all()
    assert np.isfinite(scale).all()


def test_more_utterances_trust_themselves_more() -> None:
    few, many = (Statistics(n, np.full(3, 2.0), np.full(3, 0.5)) for n in (4, 400))
    assert (few.standardisation()[0] < many.standardisation()[0]).all()
    assert (few.standardisation()[1] > many.standardisation()[1]).all()
    np.testing.assert_allclose(many.standardisation()[0], 2.0, rtol=0.01)


def test_numbers_as_text() -> None:
    numbers = np.random.default_rng(1).normal(size=400)
    np.testing.assert_allclose(decoded(encoded(numbers)), numbers, rtol=1e-3, atol=1e-6)
    for text, words in (("no base64!", "base64"), ("AAA", "padding"), ("AAAA", "multiple")):
        with pytest.raises(ValueError, match=words):
            decoded(text)
