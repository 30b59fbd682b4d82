"""What opens a finished model again, however a program names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from intona.errors import UsageError
from intona.inference.foreign.base import Foreign
from intona.inference.opening import names_recognizer
from intona.inference.recognizer import Recognizer


def model_file(what: Any) -> str | Path | None:
    """Return the file, the bundled name or what else opens a recogniser; ``None`` for others.

    Args:
        what: a recogniser as it was loaded or opened, a file, or a name; of somebody else's what
            :func:`intona.inference.opening.open_recognizer` takes.

    Raises:
        UsageError: a recogniser that was adapted or narrowed, which its file is not.

    Examples:
        >>> model_file("mine.onnx"), model_file("small"), model_file("classic")
        ('mine.onnx', 'small', None)
        >>> model_file("mine:judge")
        'mine:judge'
    """
    if isinstance(what, Recognizer):
        if what.adapted_to or what.labels != tuple(what.metadata["labels"]):
            raise UsageError(
                "a model is tested as its file is: load it anew, and say how it is adapted or "
                "narrowed with enrol=, emotions= and merge="
            )
        return what.path
    if isinstance(what, Foreign):
        return what.path
    return what if isinstance(what, str | Path) and names_recognizer(what) else None
