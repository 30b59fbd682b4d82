"""Timelines and segments as Audacity's labels: begin, end, words, between tabulators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from intona.errors import UsageError
from intona.formats.rows import Segmentation, single
from intona.formats.turns import Turn, lines_of

if TYPE_CHECKING:
    import pandas as pd


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return one line per segment."""
    lines = []
    for row in single(table, "audacity"):
        speaker = f"{row.values['speaker']}: " if "speaker" in row.values else ""
        words = re.sub(r"[\t\r\n]", " ", f"{speaker}{row.title}")
        lines.append(f"{row.start:.6f}\t{row.end:.6f}\t{words}\n")
    return "".join(lines)


def read(text: str, where: str) -> list[Turn]:
    """Read the labels; lines of frequencies, which begin with a backslash, are skipped.

    Raises:
        UsageError: a line has no two times.
    """
    turns = []
    for number, line in enumerate(lines_of(text), 1):
        if not line.strip() or line.startswith("\\"):
            continue
        fields = line.split("\t", 2)
        try:
            start, end = (float(field.replace(",", ".")) for field in fields[:2])
        except ValueError:
            raise UsageError(
                f"{where}, line {number}: labels need begin, end and words, with tabulators between"
            ) from None
        words = fields[2].strip() if len(fields) > 2 else ""
        turns.append(Turn(start, end, {"text": words} if words else {}))
    return turns
