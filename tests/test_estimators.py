"""Heads and recipes as classifiers of scikit-learn."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import intona
from intona.errors import RecipeError, UsageError
from intona.estimators import HeadClassifier, IntonaClassifier
from intona.models import recipes

# What check_estimator does not check of a head, and why; all the rest must pass.
SKIPPED = {"check_array_api_input": "SCIPY_ARRAY_API is not set"}


@pytest.fixture(scope="module")
def table(voices):
    return intona.read_corpus(voices).table


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["svm", "logistic", "lda", "mlp"])
def test_heads_pass_the_checks_of_scikit_learn(kind):
    parameters = {"max_iter": 50} if kind == "mlp" else None
    checks = check_estimator(HeadClassifier(kind, parameters), on_fail=None)
    assert len(checks) > 40
    others = {
        one["check_name"]: str(one["exception"]) for one in checks if one["status"] != "passed"
    }
    assert set(others) <= set(SKIPPED)
    assert all(SKIPPED[name] in words for name, words in others.items())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["", "classic", "prosody", "light", "default"])
def test_what_takes_recordings_says_that_matrices_are_none(name):
    estimator = intona.front_end(name) if name else IntonaClassifier()
    checks = check_estimator(estimator, on_fail=None)
    assert {one["status"] for one in checks} == {"passed"}
    assert not estimator.__sklearn_tags__().input_tags.two_d_array


def test_a_head_is_the_head_of_the_recipe(table):
    front = intona.front_end("classic")
    pipeline = make_pipeline(front, HeadClassifier("svm", {"C": 10.0}))
    scores = cross_val_score(
        pipeline, table, table["emotion"], groups=table["speaker"], cv=LeaveOneGroupOut()
    )
    recipe = replace(recipes.load("classic-svm"), model={"kind": "svm", "C": 10.0})
    found = intona.evaluate(recipe, intona.read_corpus(table), "loso")
    accuracy = found.predictions["truth"] == found.predictions["emotion"]
    assert scores.mean() == pytest.approx(accuracy.mean())


def test_cross_validation_over_speakers_is_the_evaluation_of_intona(table):
    scores = cross_val_score(
        IntonaClassifier("classic-svm"),
        table,
        table["emotion"],
        groups=table["speaker"],
        cv=LeaveOneGroupOut(),
        scoring="balanced_accuracy",
    )
    found = intona.evaluate("classic-svm", intona.read_corpus(table), "loso")
    by_fold = found.predictions.groupby("fold").apply(
        lambda part: (part["truth"] == part["emotion"]).groupby(part["truth"]).mean().mean()
    )
    assert scores == pytest.approx(by_fold.to_numpy())


def test_the_labels_are_not_looked_at_when_predicting(table):
    model = IntonaClassifier("classic-svm").fit(table, table["emotion"])
    expected = model.predict_proba(table)
    assert model.classes_.tolist() == sorted(table["emotion"].unique())
    assert expected.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(model.predict_proba(table.assign(emotion="sad")), expected)
    assert np.array_equal(model.predict_proba(table.index), expected)
    assert (model.predict(table) == table["emotion"]).mean() > 0.9


def test_recordings_in_any_form_train_the_same_model(table):
    files = table.index.get_level_values("file").tolist()
    sounds = [soundfile.read(file) for file in files]
    by_file, by_sound = (
        IntonaClassifier("classic-svm").fit(given, table["emotion"]) for given in (files, sounds)
    )
    assert by_sound.predict_proba(files) == pytest.approx(by_file.predict_proba(sounds), abs=1e-5)
    again = pickle.loads(pickle.dumps(by_sound))
    assert np.array_equal(again.predict(files), by_sound.predict(sounds))


def test_any_two_classes_keep_their_labels(table):
    sad = (table["emotion"] == "sad").to_numpy()
    for labels in (sad, sad.astype(int), np.where(sad, "yes", "no")):
        model = IntonaClassifier("classic-svm").fit(table, labels)
        assert model.predict(table).dtype == labels.dtype
        assert (model.predict(table) == labels).mean() > 0.9


def test_a_search_over_recipes(table):
    search = GridSearchCV(
        IntonaClassifier(),
        {"recipe": ["classic-svm", "light"], "seed": [3]},
        cv=GroupKFold(2),
        error_score="raise",
    ).fit(table, table["emotion"], groups=table["speaker"])
    assert search.best_params_["seed"] == 3
    assert clone(search.best_estimator_).get_params() == search.best_params_


def test_what_does_not_fit_is_said(table):
    with pytest.raises(ValueError, match="48 recordings have 2 labels"):
        IntonaClassifier().fit(table, ["sad", "happy"])
    with pytest.raises(ValueError, match="one class"):
        IntonaClassifier().fit(table, ["sad"] * 48)
    with pytest.raises(RecipeError, match="no recipe 'classix'"):
        IntonaClassifier("classix").fit(table, table["emotion"])
    with pytest.raises(UsageError, match="a recording is"):
        IntonaClassifier().fit([1, 2], ["sad", "happy"])


def test_without_a_recipe_it_is_that_of_the_command_line(table, voices, tmp_path):
    from intona.models.artefact import read_model

    model = IntonaClassifier().fit(table, table["emotion"])
    written = intona.train(recipes.DEFAULT, voices, tmp_path / "m.onnx")
    assert read_model(tmp_path / "m.onnx")[1]["recipe"]["name"] == IntonaClassifier().recipe
    file = table.index.get_level_values("file")[0]
    found = model.predict_proba([file])[0]
    expected = written.probabilities(
        [intona.audio.read(file).samples], intona.audio.read(file).rate
    )
    by_label = dict(zip(written.labels, expected[0], strict=True))
    assert found == pytest.approx([by_label[label] for label in model.classes_], abs=1e-4)
