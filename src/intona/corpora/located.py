"""Where the files named in a table lie, however their paths are written."""

from __future__ import annotations

import os
import unicodedata
from functools import partial
from pathlib import Path


def bases(folder: Path | None) -> list[Path]:
    """Return what paths may be relative to: the table's folder, four above, the working folder."""
    above = [] if folder is None else [folder, *folder.resolve().parents[:4]]
    return [*above, Path()]


def locate(name: str, folder: Path | None) -> Path | None:
    """Return where a file lies, also when it is written as Windows or another system writes it."""
    plain = [name, name.strip(), name.replace("\\", "/").strip()]
    forms = (partial(unicodedata.normalize, form) for form in ("NFC", "NFD"))
    spellings = dict.fromkeys([*plain, *(form(text) for form in forms for text in plain)])
    for text in spellings:
        for base in bases(folder):
            if text and os.path.isfile(base / text):
                return base / text
    return None
