"""Views: what an utterance is standardised by is of its own group, and of utterances alone."""

from __future__ import annotations

import numpy as np
import pytest

from intona.models.adaptation import Statistics
from intona.models.views import Standard, judged_by, judged_by_sets

RNG = np.random.default_rng(0)


def test_the_standard_is_a_weighted_mean_and_deviation() -> None:
    features = RNG.normal(2.0, 3.0, (40, 4)).astype(np.float32)
    weights = RNG.uniform(0.1, 1.0, 40)
    found = Standard.of(features, weights)
    mean = np.average(features, axis=0, weights=weights)
    np.testing.assert_allclose(found.centre, mean, rtol=1e-5)
    variance = np.average((features - mean) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(found.scale, np.sqrt(variance), rtol=1e-4)
    plain = found.embedding(features)
    np.testing.assert_allclose(np.average(plain, axis=0, weights=weights), 0, atol=1e-5)


@pytest.mark.parametrize("kind", ["corpus", "speaker"])
def test_a_small_group_is_judged_by_all_of_its_utterances(kind: str) -> None:
    embedding = RNG.normal(size=(9, 3)).astype(np.float32)
    groups = np.array(["a", "b"])[[0, 1, 0, 1, 0, 1]]
    origin = np.array([0, 1, 2, 3, 4, 5, 0, 1, 3])  # the last three are changed copies
    found = judged_by_sets(embedding, origin, groups, kind, np.random.default_rng(1))
    for name in "ab":
        own = Statistics.of(embedding[:6][groups == name])
        rows = groups[origin] == name
        np.testing.assert_array_equal(found[rows], judged_by(embedding[rows], own))


def test_other_groups_do_not_matter_and_chance_is_the_seeds() -> None:
    embedding = RNG.normal(size=(400, 3)).astype(np.float32)
    groups = np.repeat(["a", "b"], 200)
    origin = np.arange(400)

    def found(values: np.ndarray, seed: int = 0) -> np.ndarray:
        return judged_by_sets(values, origin, groups, "corpus", np.random.default_rng(seed))

    other = np.where((groups == "b")[:, None], 50.0 + 9.0 * embedding, embedding)
    np.testing.assert_array_equal(found(embedding)[:200], found(other)[:200])
    assert not np.allclose(found(embedding)[200:], found(other)[200:])
    np.testing.assert_array_equal(found(embedding), found(embedding))
    assert not np.allclose(found(embedding), found(embedding, seed=1))
    # Sets differ, in size as in content.
    shifts = {
        tuple(row) for row in np.round(found(np.zeros_like(embedding) + embedding) - embedding, 4)
    }
    assert len(shifts) > 5


def test_the_standard_of_some_rows_is_theirs_alone_in_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("intona.metrics.arrays.BLOCK", 8)  # two rows at once
    features = RNG.normal(2.0, 3.0, (41, 4)).astype(np.float32)
    own = np.arange(41) % 3 == 1
    found = Standard.of(features, own)
    np.testing.assert_allclose(found.centre, features[own].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found.scale, features[own].std(axis=0) + 1e-6, rtol=1e-5)
    plain = found.embedding(features)
    assert found.embedding(features, out=features) is features
    np.testing.assert_array_equal(features, plain)
