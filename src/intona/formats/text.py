"""A timeline as a plain table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intona.files import plain
from intona.formats.rows import Row, Segmentation, rows

if TYPE_CHECKING:
    import pandas as pd


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return one line per segment, a heading per recording."""
    lines, file = [], None
    found = rows(table)
    adapted = {row.file: row.adapted for row in found if row.adapted}
    for row in found:
        if row.file != file and (row.file or adapted):
            by = f"adapted to {adapted[row.file]}" if row.file in adapted else ""
            lines.append("  ".join(part for part in (plain(row.file), by) if part))
        file = row.file
        lines.append(f"  {clock(row.start)} - {clock(row.end)}  {plain(_words(row))}")
    return "".join(line + "\n" for line in lines)


def clock(seconds: float) -> str:
    """Return a time as people read it.

    Examples:
        >>> clock(3725.25)
        '1:02:05.2'
    """
    tenths = round(seconds * 10)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}"


def _words(row: Row) -> str:
    if row.status == "no_speech":
        words = "no speech"
    else:
        words = row.title
        others = sorted(row.probabilities.items(), key=lambda item: -item[1])[1:3]
        if row.emotion is not None and others:
            # A low confidence speaks for itself; another reason takes the second runner-up's place,
            # so that the line stays within 80 columns.
            why = "" if row.reason in (None, "low confidence") else f"({row.reason}) "
            rest = ", ".join(f"{k} {100 * v:.0f} %" for k, v in others[: 1 if why else 2])
            words = f"{words:16s} {why}then {rest}"
    said = " ".join(row.values[name] for name in ("speaker", "text") if name in row.values)
    return f"{words}  {said}" if said else words
