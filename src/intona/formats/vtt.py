"""A timeline as WebVTT captions, for web players."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from intona.formats.captions import clock
from intona.formats.captions import read_cues as read  # noqa: F401  (a format reads and renders)
from intona.formats.rows import Segmentation, single

if TYPE_CHECKING:
    import pandas as pd


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return one cue per segment: ``angry 81 %``, in the speaker's voice where known."""
    parts = ["WEBVTT\n"]
    for row in single(table, "vtt"):
        words = escape(row.title, quote=False)
        if "speaker" in row.values:
            words = f"<v {escape(row.values['speaker'], quote=False)}>{words}"
        parts.append(f"{clock(row.start, '.')} --> {clock(row.end, '.')}\n{words}\n")
    return "\n".join(parts)
