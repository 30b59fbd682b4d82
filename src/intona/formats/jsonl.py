"""A timeline as JSON Lines, one object per segment; transcripts back in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from intona.formats.json import as_dict
from intona.formats.rows import Segmentation, rows
from intona.formats.transcripts import read

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read", "render"]


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return one line per segment."""
    return "".join(json.dumps(as_dict(row), ensure_ascii=False) + "\n" for row in rows(table))
