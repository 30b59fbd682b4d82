"""A timeline as SRT captions, for video players."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intona.formats.captions import clock
from intona.formats.captions import read_cues as read  # noqa: F401  (a format reads and renders)
from intona.formats.rows import Segmentation, single

if TYPE_CHECKING:
    import pandas as pd


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return one cue per segment: ``angry 81 %``, after the speaker where known."""
    parts = []
    for number, row in enumerate(single(table, "srt"), 1):
        speaker = f"{row.values['speaker']}: " if "speaker" in row.values else ""
        span = f"{clock(row.start, ',')} --> {clock(row.end, ',')}"
        parts.append(f"{number}\n{span}\n{speaker}{row.title}\n")
    return "\n".join(parts)
