from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from intona.errors import RecipeError
from intona.models.calibration import softmax
from intona.models.ensemble import Ensemble, new_head
from intona.models.export import add_softmax
from intona.models.heads import Head

MEMBERS = [
    {"kind": "logistic", "C": 0.1},
    {"kind": "lda", "solver": "lsqr", "shrinkage": 0.3},
    {"kind": "mlp", "hidden_layer_sizes": [8], "max_iter": 30},
    {"kind": "mlp", "hidden_layer_sizes": [8], "max_iter": 30},
]


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(150, 6)).astype(np.float32)
    return features, features[:, :3].argmax(axis=1)


def test_scores_are_the_members_mean_log_probability(data: tuple) -> None:
    features, truth = data
    together = new_head("ensemble", {"members": MEMBERS}, seed=5).fit(features, truth)
    logs = []
    for number, member in enumerate(MEMBERS):
        rest = {key: value for key, value in member.items() if key != "kind"}
        head = Head(member["kind"], rest, seed=5 + number).fit(features, truth)
        logs.append(np.log(softmax(head.scores(features), 1.0)))
    np.testing.assert_allclose(together.scores(features), np.mean(logs, axis=0), atol=1e-9)
    assert not np.allclose(logs[2], logs[3])  # two seeds


def test_export_gives_the_same_probabilities(data: tuple) -> None:
    features, truth = data
    head = Ensemble(MEMBERS).fit(features, truth)
    model = head.to_onnx(6)
    add_softmax(model, 1.3)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {"features": features})
    np.testing.assert_allclose(found, softmax(head.scores(features), 1.3), atol=1e-5)


def test_bad_recipes() -> None:
    with pytest.raises(RecipeError, match="needs its members"):
        new_head("ensemble", {})
    with pytest.raises(RecipeError, match="no model kind 'forest'"):
        new_head("ensemble", {"members": [{"kind": "forest"}]})
    with pytest.raises(RecipeError, match="not numbers"):
        new_head("ensemble", {"members": MEMBERS}, numeric=True)
    with pytest.raises(RecipeError, match="weights"):
        new_head("ensemble", {"members": MEMBERS, "weights": [1]})
