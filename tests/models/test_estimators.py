"""Estimators from outside, by path: trained as they are written, exported or refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from intona import corpora
from intona.errors import RecipeError, UsageError
from intona.models import recipes
from intona.models.calibration import softmax
from intona.models.export import add_softmax
from intona.models.heads import Head
from intona.models.train import train

RNG = np.random.default_rng(5)
FEATURES = RNG.normal(size=(150, 6)).astype(np.float32)
SPLITTER = {"kind": "sklearn.tree:DecisionTreeClassifier", "max_depth": 2}
STEPS = [
    {"kind": "sklearn.preprocessing:StandardScaler"},
    {"kind": "sklearn.decomposition:PCA", "n_components": 3},
    {"kind": "sklearn.linear_model:LogisticRegression", "name": "last"},
]
KINDS = [
    ("sklearn.svm:LinearSVC", {"C": 0.5}),
    ("sklearn.svm:SVC", {}),
    ("sklearn.ensemble:RandomForestClassifier", {"n_estimators": 7}),
    ("sklearn.naive_bayes:GaussianNB", {}),
    ("sklearn.neighbors:KNeighborsClassifier", {}),
    ("sklearn.linear_model:SGDClassifier", {}),
    ("sklearn.ensemble:BaggingClassifier", {"estimator": SPLITTER, "n_estimators": 5}),
    ("sklearn.pipeline:Pipeline", {"steps": STEPS, "last__C": 0.1}),
]


@pytest.mark.parametrize(("kind", "parameters"), KINDS)
@pytest.mark.parametrize("classes", [2, 4])
def test_the_graph_answers_as_scikit_learn(kind: str, parameters: dict, classes: int) -> None:
    truth = FEATURES[:, :classes].argmax(axis=1)
    head = Head(kind, parameters, seed=3).fit(FEATURES, truth)
    scores = head.scores(FEATURES)
    assert scores.shape == (150, classes)
    assert (scores.argmax(axis=1) == head._pipeline.predict(FEATURES)).mean() > 0.97
    model = head.to_onnx(6)
    add_softmax(model, 1.3)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found = session.run(None, {"features": FEATURES})[0]
    np.testing.assert_allclose(found, softmax(scores, 1.3), atol=1e-4)


def test_what_is_written_is_what_is_trained() -> None:
    from sklearn.pipeline import Pipeline

    head = Head("sklearn.pipeline:Pipeline", {"steps": STEPS, "last__C": 0.1})
    assert [name for name, _ in head._pipeline.steps] == [
        "standardscaler",
        "pca",
        "logisticregression",
    ]
    assert head._pipeline[-1].C == 0.1
    plain = Head("sklearn.ensemble:RandomForestClassifier", {"standardize": False}, seed=8)
    assert len(plain._pipeline) == 1
    assert plain._pipeline[-1].random_state == 8
    fixed = Head("sklearn.ensemble:RandomForestClassifier", {"random_state": 1}, seed=8)
    assert fixed._pipeline[-1].random_state == 1
    bag = Head("sklearn.ensemble:BaggingClassifier", {"estimator": SPLITTER}, seed=8)
    assert bag._pipeline[-1].estimator.get_params()["max_depth"] == 2
    assert isinstance(bag._pipeline, Pipeline)


def test_numbers() -> None:
    head = Head("sklearn.ensemble:RandomForestRegressor", {"n_estimators": 5}, numeric=True)
    values = FEATURES @ np.arange(6.0)
    expected = head.fit(FEATURES, values).scores(FEATURES)
    session = onnxruntime.InferenceSession(head.to_onnx(6).SerializeToString())
    found = session.run(None, {"features": FEATURES})[0]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "parameters", "numeric", "sentence"),
    [
        ("sklearn.svm:SVC", {"kernl": "rbf"}, False, r"take kernl \(did you mean kernel\?\)"),
        ("sklearn.svm:SVR", {}, False, "is a regressor: a classifier needs predict_proba"),
        ("sklearn.svm:SVC", {}, True, "is a classifier, and the target is a number"),
        ("sklearn.cluster:DBSCAN", {}, False, "no fit and predict"),
        ("os:getcwd", {}, False, "no fit and predict"),
        ("sklearn.pipeline:Pipeline", {"steps": [*STEPS, {"kind": "os:nope"}]}, False, "os:nope"),
        ("sklearn.svm:SVC", {"gamma__x": 1}, False, "model sklearn.svm:SVC: "),
        ("sklearn.ensemble:VotingClassifier", {}, False, "missing 1 required positional argument"),
    ],
)
def test_what_does_not_fit_is_said(
    kind: str, parameters: dict, numeric: bool, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        Head(kind, parameters, numeric=numeric)
    assert "\n" not in str(caught.value)


def test_a_failing_fit_is_one_sentence() -> None:
    head = Head("sklearn.svm:SVC", {"C": -1.0})
    with pytest.raises(RecipeError, match="SVC cannot be fitted: ") as caught:
        head.fit(FEATURES, np.arange(150) % 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("sklearn.semi_supervised:LabelSpreading", "cannot be written as ONNX"),
        ("odd:Odd", "cannot be written as ONNX"),
    ],
)
def test_what_has_no_graph_is_refused_before_the_work(
    voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, sentence: str
) -> None:
    (tmp_path / "odd.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\nclass Odd(GaussianNB):\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("intona.models.feature_model.extract", _never)
    plan = recipes.Recipe("odd", {"name": "classic"}, {"kind": kind})
    with pytest.raises(RecipeError, match=sentence):
        train(plan, corpora.load(voices), tmp_path / "out.onnx")


def test_a_graph_that_answers_differently_is_refused(
    voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Head, "_scores", lambda self, features: np.eye(4)[[0] * len(features)] * 9)
    monkeypatch.setattr("intona.models.feature_model.extract", _never)
    plan = recipes.Recipe("odd", {"name": "classic"}, {"kind": "sklearn.svm:LinearSVC"})
    with pytest.raises(RecipeError, match="would answer differently than scikit-learn"):
        train(plan, corpora.load(voices), tmp_path / "out.onnx")


@pytest.mark.parametrize(
    "front", ['name = "peaks:Peaks"', 'name = "joined"\nparts = [{name = "peaks:Peaks"}]']
)
def test_a_front_end_that_is_a_path_is_evaluated_and_not_exported(
    voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, intona: Callable, front: str
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "peaks", raising=False)
    (tmp_path / "peaks.py").write_text(
        "class Peaks:\n    names = ('peak', 'power')\n"
        "    def __call__(self, x, rate):\n        return [abs(x).max(), (x ** 2).mean()]\n"
    )
    recipe = tmp_path / "mine.toml"
    recipe.write_text(f'[front_end]\n{front}\n[model]\nkind = "logistic"\n')
    done = intona("train", voices, "--recipe", recipe, "--out", tmp_path / "out.onnx")
    assert (done.code, done.out) == (2, "")
    assert "peaks:Peaks is a path: register it as an entry point" in done.err
    done = intona("evaluate", voices, "--recipe", recipe, "--protocol", "speakers:2")
    assert (done.code, done.err) == (0, "")


def test_normalising_by_speaker_is_refused_before_the_work(
    voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intona.models.feature_model.extract", _never)
    plan = recipes.load("classic-svm").normalised("speaker")
    with pytest.raises(RecipeError, match="not made into a model file"):
        train(plan, corpora.load(voices), tmp_path / "out.onnx")


def _never(*_: object, **__: object) -> None:
    raise AssertionError("the work has begun")
