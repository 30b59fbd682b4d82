"""Training options: defaults in one place, what nobody reads is refused."""

from __future__ import annotations

import pytest

from intona.errors import RecipeError
from intona.models import recipes
from intona.models.options import FeatureTraining, LinearTraining, Training
from intona.models.recipes import Recipe


def recipe(**training) -> Recipe:
    return Recipe("mine", {"name": "classic"}, {"kind": "svm"}, training)


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_of_ours_is_read(name: str) -> None:
    plan = recipes.load(name)
    kind = LinearTraining if plan.model["kind"] == "linear" else FeatureTraining
    found = kind.read(plan)
    assert {key: getattr(found, key) for key in plan.training} == plan.training


def test_defaults() -> None:
    assert FeatureTraining.read(recipe()) == FeatureTraining()
    assert (Training().calibration_folds, Training().risk) == (4, 0.25)
    assert Training(augmented_copies=3).copies == 0
    assert Training(augmentation=[{"name": "gain"}], augmented_copies=3).copies == 3


@pytest.mark.parametrize(
    ("training", "complaint"),
    [
        (
            {"epochs": 3},
            "unknown training options epochs; known are augmentation, augmented_copies",
        ),
        ({"balanced": True}, "unknown training options balanced"),
        ({"calibration_folds": "four"}, "training.calibration_folds is a whole number, not 'four'"),
        ({"calibration_folds": 2.5}, "is a whole number"),
        ({"risk": True}, "training.risk is a number"),
        ({"augmentation": {"name": "gain"}}, "training.augmentation is a list"),
        ({"select": ["C"]}, "training.select is a section"),
        ({"normalise": 1}, "training.normalise is a word"),
    ],
)
def test_what_a_recipe_must_not_say(training, complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        FeatureTraining.read(recipe(**training))


def test_shares_out_of_range() -> None:
    with pytest.raises(RecipeError, match="clean_share is above 0"):
        LinearTraining.read(recipe(clean_share=0))
    with pytest.raises(RecipeError, match="balanced is true or false"):
        LinearTraining.read(recipe(balanced=1))
