"""A timeline as JSON Lines: one object per segment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from intona.formats.json import as_dict
from intona.formats.rows import Segmentation, rows

if TYPE_CHECKING:
    import pandas as pd


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return one line per segment."""
    return "".join(json.dumps(as_dict(row), ensure_ascii=False) + "\n" for row in rows(table))
