"""Recipes: TOML files that say how a model is made; built-in ones are files like any other.

A recipe has a front end (``[front_end] name = ...`` and its parameters), a model
(``[model] kind = ...`` and its parameters) and training choices (``[training]``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from intona import registry
from intona.errors import RecipeError

__all__ = ["Recipe", "load", "names"]

KEYS = {"name", "description", "front_end", "model", "training"}


@dataclass(frozen=True)
class Recipe:
    """What ``train`` and ``evaluate`` need to make a model, and nothing else.

    Attributes:
        name: short name, written into every result.
        front_end: ``name`` and the front end's parameters.
        model: ``kind`` and the model's parameters.
        training: choices that are neither, for example ``calibration_folds``.
        description: one sentence for people.
    """

    name: str
    front_end: Mapping[str, Any]
    model: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""

    def normalised(self, by: str | None) -> Recipe:
        """Return the recipe with ``normalise = by`` among its training choices, if any."""
        return self if by is None else replace(self, training={**self.training, "normalise": by})

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy for artefacts and reports."""
        return {
            "name": self.name,
            "front_end": dict(self.front_end),
            "model": dict(self.model),
            "training": dict(self.training),
        }


def names() -> tuple[str, ...]:
    """Return the names of the built-in recipes.

    Examples:
        >>> "classic" in names()
        True
    """
    folder = files("intona.models.recipes")
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def load(name: str | Path) -> Recipe:
    """Load a built-in recipe by name, or any recipe by path.

    Raises:
        RecipeError: unknown name, unreadable file, malformed TOML, unknown or missing parts.

    Examples:
        >>> load("classic").model["kind"]
        'mlp'
    """
    name = str(name)
    if name in names():
        text = files("intona.models.recipes").joinpath(f"{name}.toml").read_text("utf-8")
        return _parse(text, f"recipe {name}", name)
    path = Path(name)
    if not path.is_file():
        raise RecipeError(
            f"no recipe {name!r}: give the path of a .toml file or one of {', '.join(names())}"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {error}") from None
    return _parse(text, str(path), path.stem, path.parent)


def _names_a_path(value: Any) -> bool:
    """Tell whether any name or kind in sections of a recipe is ``module:attribute``."""
    if isinstance(value, list):
        return any(map(_names_a_path, value))
    if not isinstance(value, dict):
        return False
    names = [str(value.get(key, "")) for key in ("name", "kind")]
    return any(map(registry.is_path, names)) or _names_a_path(list(value.values()))


def _parse(text: str, where: str, default_name: str, beside: Path | None = None) -> Recipe:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where} is not valid TOML: {error}") from None
    unknown = sorted(set(content) - KEYS)
    if unknown:
        raise RecipeError(
            f"{where} has unknown keys {', '.join(unknown)}; a recipe has {', '.join(sorted(KEYS))}"
        )
    for part, key in (("front_end", "name"), ("model", "kind")):
        section = content.get(part)
        if not isinstance(section, dict) or not isinstance(section.get(key), str):
            raise RecipeError(f'{where} needs a section [{part}] with {key} = "..."')
    training = content.get("training", {})
    if not isinstance(training, dict):
        raise RecipeError(f"{where}: training must be a section [training]")
    if beside is not None and _names_a_path([content["front_end"], content["model"]]):
        registry.look_beside(beside)
    return Recipe(
        name=str(content.get("name", default_name)),
        front_end=content["front_end"],
        model=content["model"],
        training=training,
        description=str(content.get("description", "")),
    )
