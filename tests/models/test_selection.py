"""Parameters chosen on inner folds, against a search written out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from intona import corpora
from intona.corpora.folds import InnerFolds
from intona.errors import CorpusError, RecipeError
from intona.models.recipes import Recipe
from intona.models.selection import candidates, choose, held_out_scores
from intona.models.task import Task
from intona.models.train import fit

CHOICES = (0.001, 1.0, 100.0)


@pytest.fixture(scope="module")
def material():
    """Return features, classes and speakers: three classes, six voices that differ."""
    rng = np.random.default_rng(5)
    targets = np.tile([0, 1, 2], 40)
    voices = np.repeat([f"v{k}" for k in range(6)], 20)
    features = rng.normal(size=(120, 8)) + 1.2 * np.eye(8)[targets]
    features += rng.normal(size=(6, 8))[np.repeat(np.arange(6), 20)]
    return features.astype(np.float32), targets, pd.Series(voices)


def test_the_best_of_a_nested_search_is_chosen(material) -> None:
    features, targets, voices = material
    models = candidates({"kind": "svm"}, {"C": list(CHOICES)})
    inner = InnerFolds.of(targets, voices, 3)
    scores = held_out_scores(models, features[None], targets, inner, seed=0, progress=None)
    folds = StratifiedGroupKFold(3, shuffle=True, random_state=0)
    values = []
    for C, ours in zip(CHOICES, scores, strict=True):
        theirs = np.full_like(ours, np.nan)
        for train, test in folds.split(features, targets, voices):
            assert not set(voices[train]) & set(voices[test])
            pipeline = make_pipeline(StandardScaler(), SVC(C=C))
            pipeline.fit(features[train], targets[train])
            theirs[test] = pipeline.decision_function(features[test])
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
        values.append(balanced_accuracy_score(targets, theirs.argmax(axis=1)))
    assert len(set(values)) > 1
    assert choose(scores, targets) == int(np.argmax(values))


def test_numbers_are_chosen_by_concordance() -> None:
    truth = np.array([1.0, 2.0, 3.0, 4.0])
    shifted, close = truth[:, None] + 5.0, truth[:, None] + 0.1
    assert choose([shifted, close], truth) == 1


def test_every_combination_is_a_candidate() -> None:
    found = candidates({"kind": "svm"}, {"C": [1.0, 2.0], "kernel": ["rbf", "linear"]})
    assert [(one["C"], one["kernel"]) for one in found] == [
        (1.0, "rbf"),
        (1.0, "linear"),
        (2.0, "rbf"),
        (2.0, "linear"),
    ]


@pytest.mark.parametrize(
    ("model", "select", "complaint"),
    [
        ({"kind": "svm"}, {"C": 1.0}, "C needs a list"),
        ({"kind": "svm"}, {"C": []}, "C needs a list"),
        ({"kind": "svm"}, [1.0], "section of lists"),
        ({"kind": "svm", "C": 1.0}, {"C": [1.0]}, "fixed under"),
        ({"kind": "ensemble", "members": []}, {"C": [1.0]}, "not of an ensemble"),
    ],
)
def test_unusable_choices_are_explained(model, select, complaint) -> None:
    with pytest.raises(RecipeError, match=complaint):
        candidates(model, select)


def test_a_recipe_chooses_and_says_what(voices) -> None:
    corpus = corpora.load(voices)
    front = {"name": "classic", "mel": False}
    # So narrow a kernel knows its training rows and nothing else.
    select = {"gamma": [1e6, 0.005]}
    recipe = Recipe("mine", front, {"kind": "svm"}, {"calibration_folds": 2, "select": select})
    fitted = fit(Task(recipe, corpus.table))
    assert fitted.details["selected"] == {"gamma": 0.005}
    assert fitted.details["calibration"] == "2 inner folds of held-out speakers"
    fixed = Recipe("mine", front, {"kind": "svm", "gamma": 0.005}, {"calibration_folds": 2})
    alike = fit(Task(fixed, corpus.table))
    np.testing.assert_array_equal(
        fitted.probabilities(corpus.table), alike.probabilities(corpus.table)
    )
    assert alike.details["temperature"] == fitted.details["temperature"]


def test_without_inner_folds_nothing_can_be_chosen(voices) -> None:
    corpus = corpora.load(voices)
    recipe = Recipe(
        "mine",
        {"name": "classic", "mel": False},
        {"kind": "logistic"},
        {"calibration_folds": 0, "select": {"C": [0.1, 1.0]}},
    )
    with pytest.raises(CorpusError, match="chooses C on inner folds"):
        fit(Task(recipe, corpus.table))
