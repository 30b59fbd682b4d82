"""Front ends: callables from samples to features, found by name."""

from __future__ import annotations

from typing import Any

from intona import registry
from intona.errors import RecipeError
from intona.features.base import FrontEnd

__all__ = ["FrontEnd", "front_end", "names"]


def names() -> tuple[str, ...]:
    """Return the names of all front ends, sorted."""
    return registry.names("features")


def front_end(name: str, **parameters: Any) -> FrontEnd:
    """Build a front end by name.

    Raises:
        RecipeError: unknown name, or parameters it does not take.

    Examples:
        >>> len(front_end("classic", chroma=False).names)
        168
    """
    if name not in names():
        raise RecipeError(f"no front end {name!r}: choose one of {', '.join(names())}")
    try:
        return registry.find("features", name)(**parameters)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"front end {name}: {error}") from None
