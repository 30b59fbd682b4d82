"""Softmax regression against scikit-learn, weights against repetition, masks by what they mean."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from intona.models.regression import log_softmax, softmax_regression

RNG = np.random.default_rng(0)
TARGETS = RNG.integers(0, 3, 120)
FEATURES = RNG.standard_normal((120, 6)) + np.eye(6)[TARGETS]


def test_is_scikit_learns_logistic_regression() -> None:
    weights, bias = softmax_regression(FEATURES, TARGETS, 3, C=0.1)
    theirs = LogisticRegression(C=0.1, tol=1e-8, max_iter=1000).fit(FEATURES, TARGETS)
    ours = np.exp(log_softmax(FEATURES @ weights + bias))
    assert np.abs(ours - theirs.predict_proba(FEATURES)).max() < 1e-3


def test_a_weight_of_two_is_an_utterance_twice() -> None:
    weight = RNG.integers(1, 3, 120)
    once, _ = softmax_regression(FEATURES, TARGETS, 3, C=0.1, weights=weight)
    rows = np.repeat(np.arange(120), weight)
    twice, _ = softmax_regression(FEATURES[rows], TARGETS[rows], 3, C=0.1)
    assert np.abs(once - twice).max() < 1e-3


def test_nothing_is_learned_about_a_label_the_corpus_lacks() -> None:
    """With class 2 impossible everywhere it occurs never, and its weights stay at zero."""
    rows = TARGETS < 2
    possible = np.tile([True, True, False], (int(rows.sum()), 1))
    masked, _ = softmax_regression(FEATURES[rows], TARGETS[rows], 3, C=0.1, possible=possible)
    alone, _ = softmax_regression(FEATURES[rows], TARGETS[rows], 2, C=0.1)
    assert np.abs(masked[:, 2]).max() < 1e-3
    assert np.abs(masked[:, :2] - alone).max() < 1e-3


def test_columns_of_very_different_size_are_the_same_problem_and_no_longer_way() -> None:
    uneven = FEATURES * np.geomspace(0.05, 50.0, 6)
    weights, bias = softmax_regression(uneven, TARGETS, 3, C=0.1, iterations=60)
    theirs = LogisticRegression(C=0.1, tol=1e-8, max_iter=5000).fit(uneven, TARGETS)
    ours = np.exp(log_softmax(uneven @ weights + bias))
    assert np.abs(ours - theirs.predict_proba(uneven)).max() < 1e-3


def test_more_columns_than_rows_is_the_same_problem() -> None:
    wide = RNG.standard_normal((120, 300)) + 0.2 * np.eye(300)[TARGETS]
    weights, bias = softmax_regression(wide, TARGETS, 3, C=0.01)
    theirs = LogisticRegression(C=0.01, tol=1e-8, max_iter=5000).fit(wide, TARGETS)
    ours = np.exp(log_softmax(wide @ weights + bias))
    assert weights.shape == (300, 3)
    assert np.abs(ours - theirs.predict_proba(wide)).max() < 2e-3
