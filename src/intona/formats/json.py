"""A timeline as one JSON array; transcripts back in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from intona.formats.rows import Row, Segmentation, rows
from intona.formats.transcripts import read

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_dict", "read", "render"]


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return an array of objects; times in seconds, what is unknown is ``null``."""
    return json.dumps([as_dict(row) for row in rows(table)], indent=2, ensure_ascii=False) + "\n"


def as_dict(row: Row) -> dict[str, Any]:
    """Return a row as a JSON object."""
    return {
        "file": row.file or None,
        "start": row.start,
        "end": row.end,
        "emotion": row.emotion,
        "confidence": _rounded(row.confidence),
        "status": row.status,
        "reason": row.reason,
        "familiarity": _rounded(row.familiarity),
        "arousal": _rounded(row.arousal),
        "valence": _rounded(row.valence),
        "adapted": row.adapted,
        "probabilities": {name: round(value, 6) for name, value in row.probabilities.items()},
        "model": None if row.model is None else dict(row.model),
        **{name: _whole(name, value) for name, value in row.values.items()},
    }


def _whole(name: str, value: str) -> str | int:
    """Return the number of a channel as a number, and words as they are."""
    return int(value) if name == "channel" and value.isdecimal() else value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
