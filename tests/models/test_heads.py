from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from intona.errors import RecipeError
from intona.models.calibration import softmax
from intona.models.export import add_softmax
from intona.models.heads import Head

RECIPES = [
    ("mlp", {"hidden_layer_sizes": [20], "max_iter": 30, "standardize": False}),
    ("svm", {"C": 5.0}),
    ("logistic", {"C": 0.1}),
]


def run(model: object, features: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())  # type: ignore[attr-defined]
    return session.run(None, {"features": features})[0]


@pytest.mark.parametrize(("kind", "parameters"), RECIPES)
@pytest.mark.parametrize("classes", [2, 4])
def test_exported_probabilities_equal_scikit_learn(
    kind: str, parameters: dict, classes: int
) -> None:
    rng = np.random.default_rng(classes)
    features = rng.normal(size=(120, 6)).astype(np.float32)
    truth = features[:, :classes].argmax(axis=1)
    head = Head(kind, parameters).fit(features, truth)
    scores = head.scores(features)
    assert scores.shape == (120, classes)
    # The decision is scikit-learn's own.
    assert (scores.argmax(axis=1) == head._pipeline.predict(features)).mean() > 0.99
    model = head.to_onnx(6)
    add_softmax(model, 1.7)
    np.testing.assert_allclose(run(model, features), softmax(scores, 1.7), atol=1e-5)


@pytest.mark.parametrize(("kind", "parameters"), RECIPES)
def test_exported_numbers_equal_scikit_learn(kind: str, parameters: dict) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(80, 5)).astype(np.float32)
    keep = {k: v for k, v in parameters.items() if k != "C" or kind != "logistic"}
    head = Head(kind, keep, numeric=True).fit(features, features @ np.arange(5.0))
    np.testing.assert_allclose(
        run(head.to_onnx(5), features), head.scores(features), rtol=1e-4, atol=1e-4
    )


WIDE = [
    ("logistic", {"C": 0.01, "max_iter": 5000, "tol": 1e-8, "class_weight": "balanced"}),
    ("logistic", {"C": 10.0, "max_iter": 5000, "tol": 1e-8, "standardize": False}),
    ("svm", {"C": 3.0}),
    ("svm", {"C": 3.0, "kernel": "linear", "standardize": False}),
    ("svm", {"C": 1.0, "kernel": "poly", "gamma": "auto", "coef0": 1.0}),
]


@pytest.mark.parametrize(("kind", "parameters"), WIDE)
def test_more_columns_than_rows_is_scikit_learns_solution(kind: str, parameters: dict) -> None:
    rng = np.random.default_rng(3)
    targets = rng.integers(0, 4, 90)
    features = rng.normal(size=(90, 400)) + 0.5 * np.eye(400)[targets] + 2.0
    features[1] = features[0]  # a duplicate makes the rows' products singular
    unheard = rng.normal(size=(50, 400)) + 2.0
    head = Head(kind, parameters).fit(features, targets)
    keywords = {key: value for key, value in parameters.items() if key != "standardize"}
    estimator = {"logistic": LogisticRegression, "svm": SVC}[kind](**keywords)
    steps = [StandardScaler()] if parameters.get("standardize", True) else []
    theirs = make_pipeline(*steps, estimator).fit(features, targets)
    expected = theirs.decision_function(unheard)
    np.testing.assert_allclose(head.scores(unheard), expected, rtol=1e-3, atol=1e-4)
    exported = run(head.to_onnx(400), unheard.astype(np.float32))
    np.testing.assert_allclose(exported, expected, rtol=1e-3, atol=1e-3)


def test_unknown_kinds_and_parameters_are_named() -> None:
    with pytest.raises(RecipeError, match=r"no model kind 'tree'"):
        Head("tree", {})
    with pytest.raises(RecipeError, match="depth"):
        Head("svm", {"depth": 3})
