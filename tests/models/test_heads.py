from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

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


def test_unknown_kinds_and_parameters_are_named() -> None:
    with pytest.raises(RecipeError, match=r"no model kind 'tree'"):
        Head("tree", {})
    with pytest.raises(RecipeError, match="depth"):
        Head("svm", {"depth": 3})
