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
from intona.errors import RecipeError, meant, reason_of
from intona.files import read_bounded
from intona.models.metadata import LABEL, shallow

__all__ = ["DEFAULT", "Recipe", "load", "names"]

DEFAULT = "head"  # where none is named, on the command line as in Python
LARGEST = 2**20  # bytes of a recipe
DEEPEST = 8  # sections and lists in each other
KEYS = {"name", "description", "front_end", "model", "training"}

# What is written elsewhere, and where it belongs in a recipe.
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("model_type", "classifier", "estimator", "kind"), '[model] kind = "..."'),
    **dict.fromkeys(("features", "feature"), '[front_end] name = "..."'),
    **dict.fromkeys(("n_mfcc", "n_mels", "n_fft", "hop", "mfcc", "chroma", "mel"), "[front_end]"),
    "hop_length": "hop under [front_end]",
    "emotions": "the option --emotions",
    "test_size": "the option --protocol random:0.25",
    "seed": "the option --seed",
    "random_state": "the option --seed",
}


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

    def layer_sets(self) -> list[list[int]]:
        """Return the sets of an encoder's layers to choose from; none where there is no choice.

        Raises:
            RecipeError: no list of layers, or a front end that has none or fixed ones.

        Examples:
            >>> Recipe("mine", {"name": "encoder"}, {}, {"layers": [4, [8, 12]]}).layer_sets()
            [[4], [8, 12]]
        """
        found = self.training.get("layers", ())
        if not found:
            return []
        several: list[Any] = list(found) if isinstance(found, list | tuple) else [None]
        sets: list[list[Any]] = [
            list(each) if isinstance(each, list | tuple) else [each] for each in several
        ]
        if not all(sets) or not all(type(k) is int and k > 0 for each in sets for k in each):
            raise RecipeError(
                f"recipe {self.name}: training.layers lists layers from 1 on, or sets of them, to "
                f"choose from, not {found}"
            )
        if self.front_end.get("name") != "encoder" or "layers" in self.front_end:
            raise RecipeError(
                f"recipe {self.name}: training.layers chooses the layers of the front end encoder: "
                "drop layers from [front_end], or from [training]"
            )
        return sets

    def widest(self) -> dict[str, Any]:
        """Return the front end's settings, with every layer that may be chosen."""
        layers = sorted({layer for each in self.layer_sets() for layer in each})
        return {**self.front_end, **({"layers": layers} if layers else {})}

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


def described() -> list[registry.Entry]:
    """Return the built-in recipes with front end, model and a line each."""
    found = map(load, names())
    return [
        registry.Entry(
            one.name,
            one.description,
            (f"front_end={one.front_end['name']}", f"model={one.model['kind']}"),
        )
        for one in found
    ]


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
            f"no recipe {name!r}{_meant(name)}: give the path of a .toml file or one of "
            f"{', '.join(names())}"
        )
    try:
        text = read_bounded(path, LARGEST).decode()
    except (OSError, ValueError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {reason_of(error)}") from None
    return _parse(text, str(path), path.stem, path.parent)


def _names_a_path(value: Any) -> bool:
    """Tell whether any name or kind in sections of a recipe is ``module:attribute``."""
    if isinstance(value, list):
        return any(map(_names_a_path, value))
    if not isinstance(value, dict):
        return False
    names = [str(value.get(key, "")) for key in ("name", "kind")]
    return any(map(registry.is_path, names)) or _names_a_path(list(value.values()))


def _meant(name: str) -> str:
    """Return what to put behind a complaint about a name that is no recipe's."""
    if registry.is_path(name) or registry.has("models", name):
        return f' (a model is named in a recipe: [model] kind = "{name}")'
    if registry.has("features", name):
        return f' (a front end is named in a recipe: [front_end] name = "{name}")'
    return meant(name, names())


def _parse(text: str, where: str, default_name: str, beside: Path | None = None) -> Recipe:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where} is not valid TOML: {error}") from None
    except (RecursionError, ValueError):
        raise RecipeError(f"{where} is nested too deeply, or holds what is no number") from None
    unknown = sorted(set(content) - KEYS)
    if unknown:
        here = _ELSEWHERE.get(unknown[0])
        near = f" (write {here})" if here else meant(unknown[0], KEYS)
        raise RecipeError(
            f"{where} has unknown keys {', '.join(unknown)}{near}; a recipe has "
            f"{', '.join(sorted(KEYS))}"
        )
    for part, key in (("front_end", "name"), ("model", "kind")):
        section = content.get(part)
        if not isinstance(section, dict) or not isinstance(section.get(key), str):
            others = ("model_type", "type", "name", "classifier", "kind", "features")
            found = [one for one in others if isinstance(section, dict) and one in section]
            instead = f", not {found[0]}" if found and key not in found else ""
            raise RecipeError(f'{where} needs a section [{part}] with {key} = "..."{instead}')
    name = content.get("name", default_name)
    if not isinstance(name, str) or not 0 < len(name) <= LABEL:
        raise RecipeError(f"{where}: its name must be a text of at most {LABEL} characters")
    if not shallow(content, DEEPEST):
        raise RecipeError(f"{where} is nested too deeply")
    if not _finite(content):
        raise RecipeError(f"{where} has numbers that are not finite, or beyond all use")
    training = content.get("training", {})
    if not isinstance(training, dict):
        raise RecipeError(f"{where}: training must be a section [training]")
    if beside is not None and _names_a_path([content["front_end"], content["model"]]):
        registry.look_beside(beside)
    return Recipe(
        name=name,
        front_end=content["front_end"],
        model=content["model"],
        training=training,
        description=str(content.get("description", "")),
    )


def _finite(value: Any) -> bool:
    """Tell whether all numbers in a value are some that one can compute with."""
    if isinstance(value, dict | list):
        return all(map(_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, int | float) or abs(value) < 2**63
