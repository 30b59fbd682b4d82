"""Front ends: callables from samples to features, found by name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from intona.errors import RecipeError
from intona.features.base import FrontEnd

__all__ = ["FrontEnd", "front_end", "names"]

_HOMES = {
    "classic": "intona.features.classic:Classic",
    "default": "intona.features.embedding:Embedding",
    "encoder": "intona.features.encoder:Encoder",
    "joined": "intona.features.joined:Joined",
    "light": "intona.features.light:Light",
    "opensmile": "intona.features.opensmile:OpenSmile",
    "prosody": "intona.features.prosody:Prosody",
}


def names() -> tuple[str, ...]:
    """Return the names of all front ends, sorted."""
    return tuple(sorted(_HOMES))


def front_end(name: str, **parameters: Any) -> FrontEnd:
    """Build a front end by name.

    Raises:
        RecipeError: unknown name, or parameters it does not take.

    Examples:
        >>> len(front_end("classic", chroma=False).names)
        168
    """
    if name not in _HOMES:
        raise RecipeError(f"no front end {name!r}: choose one of {', '.join(names())}")
    module, _, attribute = _HOMES[name].partition(":")
    cls = getattr(import_module(module), attribute)
    try:
        return cls(**parameters)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"front end {name}: {error}") from None
