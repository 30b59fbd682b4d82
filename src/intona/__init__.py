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
    from intona.audio import Audio as Audio
    from intona.corpora.base import Corpus as Corpus
    from intona.errors import IntonaError as IntonaError
    from intona.inference.recognizer import Recognizer as Recognizer
    from intona.inference.recognizer import load as load
    from intona.tables import Prediction as Prediction


# Imported on first use, so that `import intona` costs nothing.
_HOMES = {
    "Audio": "intona.audio",
    "Corpus": "intona.corpora.base",
    "IntonaError": "intona.errors",
    "Prediction": "intona.tables",
    "Recognizer": "intona.inference.recognizer",
    "load": "intona.inference.recognizer",
}

__all__ = ["Audio", "Corpus", "IntonaError", "Prediction", "Recognizer", "__version__", "load"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'intona' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
