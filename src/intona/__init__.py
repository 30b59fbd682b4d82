"""intona: emotion in speech, for voices it has never heard, with honest numbers.

Examples:
    >>> import intona
    >>> model = intona.load()  # the bundled model: no download, no torch
    >>> len(model.labels) >= 3
    True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from intona._version import __version__

if TYPE_CHECKING:
    from intona.api import compare as compare
    from intona.api import evaluate as evaluate
    from intona.api import read_corpus as read_corpus
    from intona.api import train as train
    from intona.audio import Audio as Audio
    from intona.audit.call import audit as audit
    from intona.corpora.base import Corpus as Corpus
    from intona.errors import IntonaError as IntonaError
    from intona.evaluation.result import Evaluation as Evaluation
    from intona.features import front_end as front_end
    from intona.inference.profile import Profile as Profile
    from intona.inference.recognizer import Recognizer as Recognizer
    from intona.inference.recognizer import load as load
    from intona.models.recipes import Recipe as Recipe
    from intona.tables import Prediction as Prediction


# Imported on first use, so that `import intona` costs nothing.
_HOMES = {
    "Audio": "intona.audio",
    "Corpus": "intona.corpora.base",
    "Evaluation": "intona.evaluation.result",
    "IntonaError": "intona.errors",
    "Prediction": "intona.tables",
    "Profile": "intona.inference.profile",
    "Recipe": "intona.models.recipes",
    "Recognizer": "intona.inference.recognizer",
    "compare": "intona.api",
    "evaluate": "intona.api",
    "front_end": "intona.features",
    "load": "intona.inference.recognizer",
    "read_corpus": "intona.api",
    "train": "intona.api",
}

__all__ = [
    "Audio",
    "Corpus",
    "Evaluation",
    "IntonaError",
    "Prediction",
    "Profile",
    "Recipe",
    "Recognizer",
    "__version__",
    "audit",
    "compare",
    "evaluate",
    "front_end",
    "load",
    "read_corpus",
    "train",
]


def _module(home: str, name: str) -> Any:
    try:
        return import_module(home)
    except ModuleNotFoundError as error:
        from intona.extras import asked_for

        raise asked_for(error, f"intona.{name}") or error from None


def __getattr__(name: str) -> Any:
    if name == "audit":  # a package that can be called
        return _module("intona.audit", name)
    if name in _HOMES:
        return getattr(_module(_HOMES[name], name), name)
    raise AttributeError(f"module 'intona' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
