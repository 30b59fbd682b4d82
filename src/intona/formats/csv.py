"""Timelines and segments as CSV, times in seconds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from intona.audio.damage import Notice, warn
from intona.errors import UsageError
from intona.formats.rows import Segmentation, rows
from intona.formats.turns import Turn
from intona.tables import COLUMNS, guarded, unguarded

if TYPE_CHECKING:
    import pandas as pd


LONGEST_SEGMENT = 60.0  # seconds; sentences that take longer are counted in milliseconds


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return a header and one line per segment; what is unknown is empty.

    What a spreadsheet would take for a formula is :func:`intona.tables.guarded`.
    """
    before = [name for name in table.columns if name in COLUMNS]
    names = [name for name in table.columns if name not in COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "start", "end", *map(guarded, (*before, *names))])
    for row in rows(table):
        fixed = [_cell(row.probabilities.get(n, getattr(row, n))) for n in before]
        others = [
            f"{row.probabilities[name]:.6f}"
            if name in row.probabilities
            else guarded(row.values.get(name, ""))
            for name in names
        ]
        writer.writerow([guarded(row.file), row.start, row.end, *fixed, *others])
    return text.getvalue()


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.6f}" if isinstance(value, float) else guarded(str(value))


def read(text: str, where: str, notice: Notice = warn) -> list[Turn]:
    """Read segments from a table with the columns ``start`` and ``end``.

    Times are seconds, ``1:02:03.5`` or pandas' ``0 days 00:00:01.5``; or milliseconds, where the
    table has the form in which Whisper writes them. A column ``file`` names the recording, all
    others are kept. Comma, semicolon and tabulator separate. An apostrophe that :func:`render`
    has set before what looks like a formula is taken off.

    Raises:
        UsageError: a column is missing, or a time is none.
    """
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        heads = reader.fieldnames or ()
    except csv.Error as error:
        raise UsageError(f"{where}, line 1: not readable ({error})") from None
    names = {unguarded((name or "").strip()).lower(): name for name in heads}
    if not {"start", "end"} <= names.keys():
        raise UsageError(f"{where} needs the columns start and end (in seconds) in its first line")
    turns = []
    for number, row in enumerate(_records(reader, where), 2):
        try:
            start, end = (_seconds(row[names[key]] or "") for key in ("start", "end"))
        except ValueError:
            raise UsageError(
                f"{where}, line {number}: start and end must be seconds, for example 12.5"
            ) from None
        values = {
            name: unguarded((row[column] or "").strip())
            for name, column in names.items()
            if name not in ("file", "start", "end", "") and isinstance(row[column], str)
        }
        file = unguarded(row[names["file"]] or "") if "file" in names else None
        turns.append(Turn(start, end, {k: v for k, v in values.items() if v}, file or None))
    if _of_whisper(turns, names):
        notice(f"{where}: start and end are read as milliseconds, as Whisper writes them")
        turns = [replace(turn, start=turn.start / 1000, end=turn.end / 1000) for turn in turns]
    return turns


def _records(reader: csv.DictReader[str], where: str) -> Iterator[dict[str, str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise UsageError(f"{where}, line {reader.line_num + 1}: not readable ({error})") from None


def _of_whisper(turns: list[Turn], names: Iterable[str]) -> bool:
    """Whether a table is a transcript in milliseconds.

    Those of Whisper and its relatives have begin, end and text, all times are whole, and as seconds
    most of its segments would last for minutes.
    """
    times = [time for turn in turns for time in (turn.start, turn.end)]
    spans = [turn.end - turn.start for turn in turns if turn.end > turn.start]
    return (
        {"start", "end", "text"} <= set(names) <= {"start", "end", "text", "speaker", "id"}
        and all(time.is_integer() for time in times)
        and bool(spans)
        and median(spans) >= LONGEST_SEGMENT
    )


def _seconds(text: str) -> float:
    days, _, clock = text.strip().rpartition(" days ")
    total = 0.0
    for part in clock.split(":"):
        total = total * 60 + float(part)
    return total + 86_400 * int(days or 0)
