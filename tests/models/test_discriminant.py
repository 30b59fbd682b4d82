"""Linear discriminants with a shrunk covariance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from intona.models.discriminant import shrunk_discriminant


def rows(seed: int = 0, count: int = 90, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Three classes of equal size whose features differ and hang together."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(1).normal(size=(width, width))
    truth = np.repeat(np.arange(3), count // 3)
    lie = 1.5 * np.random.default_rng(2).normal(size=(3, width))
    return (rng.normal(size=(count, width)) @ mixing + lie[truth]).astype(np.float32), truth


def fitted(
    features: np.ndarray, truth: np.ndarray, shrinkage: float = 0.4, groups: object = None
) -> tuple[np.ndarray, np.ndarray]:
    found = np.zeros(len(truth), dtype=int) if groups is None else np.asarray(groups)
    return shrunk_discriminant(features, truth, 3, found, np.ones(len(truth)), shrinkage=shrinkage)


def test_it_is_the_discriminant_of_scikit_learn() -> None:
    features, truth = rows()
    around = np.concatenate([features[truth == c] - features[truth == c].mean(0) for c in range(3)])
    covariance = around.T @ around / len(around)
    shrunk = 0.6 * covariance + 0.4 * np.trace(covariance) / 6 * np.eye(6)

    class Given:
        def fit(self, values: np.ndarray) -> Given:
            self.covariance_ = shrunk
            return self

    theirs = LinearDiscriminantAnalysis(
        solver="lsqr", covariance_estimator=Given(), priors=[1 / 3] * 3
    ).fit(features, truth)
    matrix, offset = fitted(features, truth)
    ours = features @ matrix + offset
    wanted = theirs.decision_function(features)
    np.testing.assert_allclose(
        ours - ours.mean(axis=1, keepdims=True),
        wanted - wanted.mean(axis=1, keepdims=True),
        rtol=1e-3,
        atol=1e-3,
    )


def test_what_a_group_has_of_its_own_widens_nothing() -> None:
    """The same utterances in two rooms, of which one shifts everything far away."""
    features, truth = rows()
    far = np.concatenate([features, features + 50.0])
    twice, groups = np.tile(truth, 2), np.repeat([0, 1], len(truth))
    known, _ = fitted(far, twice, groups=groups)
    alone, _ = fitted(features, truth)
    between = known - known.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(between, alone - alone.mean(axis=1, keepdims=True), atol=2e-3)
    blind, _ = fitted(far, twice)
    assert not np.allclose(blind - blind.mean(axis=1, keepdims=True), between, atol=0.1)


def test_a_weight_counts_like_as_many_rows_and_nothing_like_none() -> None:
    features, truth = rows()
    weights = np.ones(len(truth))
    weights[::3], weights[1::3] = 2.0, 0.0
    kept = np.concatenate([np.arange(0, 90, 3), np.arange(0, 90, 3), np.arange(2, 90, 3)])
    groups = np.zeros(len(truth))
    weighted = shrunk_discriminant(features, truth, 3, groups, weights, shrinkage=0.2)
    repeated = shrunk_discriminant(
        features[kept], truth[kept], 3, np.zeros(len(kept)), np.ones(len(kept)), shrinkage=0.2
    )
    for one, other in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_a_class_that_nobody_has_gets_nothing() -> None:
    features, truth = rows()
    matrix, offset = shrunk_discriminant(
        features, truth, 5, np.zeros(len(truth)), np.ones(len(truth)), shrinkage=0.2
    )
    assert matrix.shape == (6, 5)
    assert not matrix[:, 3:].any()
    assert not offset[3:].any()


@pytest.mark.parametrize("shrinkage", [1.0, 0.3])
def test_fewer_rows_than_features_are_no_obstacle(shrinkage: float) -> None:
    features, truth = rows(count=9, width=6)
    matrix, offset = fitted(np.tile(features, 4), truth, shrinkage)
    assert np.isfinite(matrix).all()
    assert np.isfinite(offset).all()


def test_scores_say_little_of_what_is_of_no_class() -> None:
    features, truth = rows()
    noise = (features.mean(axis=0) + 30.0 * np.eye(6)[[2, 4]]).astype(np.float32)
    groups, weights = np.zeros(len(truth)), np.ones(len(truth))
    plain = shrunk_discriminant(features, truth, 3, groups, weights, shrinkage=0.2)
    aware = shrunk_discriminant(
        features, truth, 3, groups, weights, shrinkage=0.2, nothing=(noise, 0.5)
    )

    def spread(head: tuple[np.ndarray, np.ndarray], of: np.ndarray) -> float:
        return float((of @ head[0] + head[1]).std(axis=1).mean())

    assert spread(aware, noise) < 0.5 * spread(plain, noise)
    right = (features @ aware[0] + aware[1]).argmax(axis=1) == truth
    assert right.mean() > 0.8
