"""The door to recognisers: model files, and those of other people, by what is written.

=============================  ==========================================================
``model.onnx``, ``default``    a model file of ours, a bundled one
``package.module:function``    a Python function (:mod:`intona.inference.foreign.callables`)
``hf:NAME``, ``hf:FOLDER``     of the Hugging Face hub or a folder: a model file of ours where it
                               holds one (:mod:`intona.models.hub`), else somebody else's
                               (:mod:`intona.inference.foreign.hub`)
``answers.csv``, ``table:X``   a table of answers (:mod:`intona.inference.foreign.table`)
=============================  ==========================================================

Reading a model file never imports or runs anything it names; only the form with a colon does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from intona.errors import UsageError
from intona.inference.foreign import callables, hub, table
from intona.inference.foreign.base import Foreign
from intona.inference.own import OwnModel
from intona.models.artefact import LARGEST, locate, names_model, read_model
from intona.models.hub import UnreachedError, fetch


def open_recognizer(text: str | Path | None) -> OwnModel | Foreign:
    """Open what is written; ``None`` is the bundled default model.

    Raises:
        ModelError: it is no model, or no working recogniser.
        UsageError: there is no such module, function, folder or table.
        MissingExtraError: a model of the hub, and transformers is not installed.
    """
    kind = _foreign(str(text)) if text is not None else None
    path = _ours(str(text)) if kind is hub.HubModel else None
    if kind is not None and path is None:
        return kind(str(text))
    path = path or locate(text)
    return OwnModel(*read_model(path), path, called=str(text) if kind else None)


def _ours(text: str) -> Path | None:
    """Return the file of a model of ours on the hub; ``None`` for somebody else's."""
    try:
        return fetch(text, LARGEST)
    except UnreachedError:  # somebody else's may be kept here
        return None


def names_recognizer(text: str | Path) -> bool:
    """Tell whether a word on a command line is written as a recogniser rather than a corpus.

    A table is one where :func:`intona.inference.foreign.table.holds_answers` says so.
    """
    return names_model(text) or _foreign(str(text), tables=False) is not None


def require_askable(text: str | Path | None) -> None:
    """Refuse a table of answers where other sounds must be asked about.

    Raises:
        UsageError: it is one.
    """
    if text is not None and _foreign(str(text)) is table.AnswerTable:
        raise UsageError(table.UNASKED.format(text))


def files_behind(text: str | Path) -> list[Path]:
    """Return the files that a recogniser is read from, as far as they are named."""
    if str(text).startswith(table.PREFIX):
        return [Path(str(text).removeprefix(table.PREFIX))]
    return [Path(text)] if os.path.isfile(text) else []


def _foreign(text: str, *, tables: bool = True) -> Callable[[str], Foreign] | None:
    if text.startswith(hub.PREFIX):
        return hub.HubModel
    if text.startswith(table.PREFIX):
        return table.AnswerTable
    if callables.names_function(text) and not os.path.exists(text):
        return callables.Function
    if tables and Path(text).suffix.lower() in table.SUFFIXES:
        return table.AnswerTable
    return None
