"""Front ends: callables from samples to features, found by name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from intona import registry
from intona.errors import RecipeError, meant
from intona.features.base import FrontEnd
from intona.features.plugged import Plugged

__all__ = ["FrontEnd", "front_end", "names", "of_recipe"]


def names() -> tuple[str, ...]:
    """Return the names of all front ends, built in and installed, sorted."""
    return registry.names("features")


def described() -> list[registry.Entry]:
    """Return all front ends with their parameters and a line each."""
    return [registry.entry("features", name) for name in names()]


def front_end(name: str, **parameters: Any) -> FrontEnd:
    """Build a front end by name: one that is built in, or that an installed package registers.

    Raises:
        RecipeError: unknown name, or parameters it does not take.
        PlugInError: an installed package's, and it is none.

    Examples:
        >>> len(front_end("classic", chroma=False).names)
        168
    """
    try:
        make = registry.find("features", name)
    except KeyError:
        known = names()
        raise RecipeError(
            f"no front end {name!r}{meant(name, known)}: choose one of {', '.join(known)}, or in a "
            "recipe module:Class"
        ) from None
    return _made(name, make, parameters, built_in=registry.is_built_in("features", name))


def of_recipe(settings: Mapping[str, Any]) -> FrontEnd:
    """Build a front end as a recipe's ``[front_end]`` says: by name, or by ``module:Class``.

    Raises:
        RecipeError: unknown name, or parameters it does not take.
        PlugInError: it cannot be imported, or is no front end.

    Examples:
        >>> of_recipe({"name": "intona.features.classic:Classic", "mel": False}).name
        'intona.features.classic:Classic'
    """
    parameters = dict(settings)
    name = str(parameters.pop("name", ""))
    if registry.is_path(name):
        return _made(name, registry.imported(name), parameters, built_in=False)
    if name == "joined" and isinstance(parameters.get("parts"), list):
        parameters["parts"] = [
            of_recipe(part) if isinstance(part, Mapping) and _by_path(part) else part
            for part in parameters["parts"]
        ]
    return front_end(name, **parameters)


def packages(front: FrontEnd) -> list[str]:
    """Return the installed packages, with versions, that a front end or its parts are of."""
    parts = getattr(front, "parts", ())
    if parts:
        return sorted({package for part in parts for package in packages(part)})
    known = {} if registry.is_built_in("features", front.name) else registry.installed("features")
    return [str(known[front.name])] if front.name in known else []


def paths(front: FrontEnd) -> list[str]:
    """Return the front ends, of this one and its parts, that a recipe names ``module:Class``."""
    parts = getattr(front, "parts", ())
    found = [path for part in parts for path in paths(part)]
    return [front.name] if registry.is_path(front.name) else found


def _by_path(part: Mapping[str, Any]) -> bool:
    return registry.is_path(str(part.get("name", ""))) or part.get("name") == "joined"


def _made(name: str, make: Any, parameters: Mapping[str, Any], *, built_in: bool) -> FrontEnd:
    try:
        known = list(inspect.signature(make).parameters.values())
    except (TypeError, ValueError):  # it does not say
        known = []
    takes = [one.name for one in known if one.kind is not one.VAR_KEYWORD]
    unknown = [key for key in parameters if key not in takes]
    if known and unknown and len(takes) == len(known):
        raise RecipeError(
            f"front end {name} does not take {unknown[0]}{meant(unknown[0], takes)}: its "
            f"parameters are {', '.join(takes) or 'none'}"
        )
    try:
        return make(**parameters) if built_in else Plugged(name, make, parameters)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"front end {name}: {error}") from None
