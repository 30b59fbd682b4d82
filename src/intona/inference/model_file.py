"""The file behind a finished model, however a program names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from intona.errors import UsageError
from intona.inference.recognizer import Recognizer
from intona.models.artefact import names_model


def model_file(what: Any) -> str | Path | None:
    """Return the file, or the bundled name, of a finished model; ``None`` for anything else.

    Args:
        what: a recogniser as it was loaded, a file, or a name.

    Raises:
        UsageError: a recogniser that was adapted or narrowed, which its file is not.

    Examples:
        >>> model_file("mine.onnx"), model_file("small"), model_file("classic")
        ('mine.onnx', 'small', None)
    """
    if isinstance(what, Recognizer):
        if what.adapted_to or what.labels != tuple(what.metadata["labels"]):
            raise UsageError(
                "a model is tested as its file is: load it anew, and say how it is adapted or "
                "narrowed with enrol=, emotions= and merge="
            )
        return what.path
    return what if isinstance(what, str | Path) and names_model(what) else None
