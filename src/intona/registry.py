"""Registry: the one place that says where what recipes and model files name is found.

A front end or trainer may live on a floor above the code that asks for it by name, so it is named
here as ``module:attribute`` and imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

_HOMES: Mapping[str, Mapping[str, str]] = {
    # Front ends: sound to numbers; `[front_end] name` of a recipe, `input` of a model file.
    "features": {
        "classic": "intona.features.classic:Classic",
        "default": "intona.models.encoders.embedding:Embedding",
        "encoder": "intona.models.encoders.encoder:Encoder",
        "joined": "intona.features.joined:Joined",
        "light": "intona.features.light:Light",
        "opensmile": "intona.features.opensmile:OpenSmile",
        "prosody": "intona.features.prosody:Prosody",
    },
    # Trainers: `[model] kind` of a recipe.
    "models": {
        "ensemble": "intona.models.feature_model:fit",
        "lda": "intona.models.feature_model:fit",
        "linear": "intona.models.linear_model:fit",
        "logistic": "intona.models.feature_model:fit",
        "mlp": "intona.models.feature_model:fit",
        "svm": "intona.models.feature_model:fit",
    },
}


def names(group: str) -> tuple[str, ...]:
    """Return the names of a group, sorted.

    Examples:
        >>> names("models")
        ('ensemble', 'lda', 'linear', 'logistic', 'mlp', 'svm')
    """
    return tuple(sorted(_HOMES[group]))


def find(group: str, name: str) -> Any:
    """Return what a name stands for.

    Args:
        group: ``features`` or ``models``.
        name: one of :func:`names`.

    Raises:
        KeyError: no such name.
    """
    module, _, attribute = _HOMES[group][name].partition(":")
    return getattr(import_module(module), attribute)
