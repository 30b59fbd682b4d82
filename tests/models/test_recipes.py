from __future__ import annotations

from pathlib import Path

import pytest

from intona import features, registry
from intona.errors import RecipeError
from intona.models import recipes


def test_classic_is_exactly_the_tutorial() -> None:
    recipe = recipes.load("classic")
    assert recipe.front_end == {"name": "classic", "mfcc": True, "chroma": True, "mel": True}
    assert recipe.model == {
        "kind": "mlp",
        "standardize": False,
        "hidden_layer_sizes": [200],
        "learning_rate": "adaptive",
        "max_iter": 400,
    }


def test_every_built_in_recipe_is_valid() -> None:
    for name in recipes.names():
        recipe = recipes.load(name)
        assert recipe.name == name
        assert recipe.description
        assert recipe.front_end["name"] in features.names()
        assert recipe.model["kind"] in registry.names("models")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[front_end", "not valid TOML"),
        ("", r"section \[front_end\]"),
        ('[front_end]\nname = "classic"', r"section \[model\]"),
        ('colour = "red"\n[front_end]\nname="a"\n[model]\nkind="b"', "unknown keys colour"),
        ('training = 3\n[front_end]\nname="a"\n[model]\nkind="b"', "training must be a section"),
    ],
)
def test_malformed_recipes_are_explained(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=complaint):
        recipes.load(path)


def test_unknown_recipe_names_the_known() -> None:
    with pytest.raises(RecipeError, match="classic"):
        recipes.load("clasic")
