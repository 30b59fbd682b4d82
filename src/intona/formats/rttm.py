"""Timelines and speaker turns as RTTM, the diarization format of NIST.

Fields: type, file, channel, begin, duration, orthography, subtype, name, confidence, signal
lookahead. A diarizer puts the speaker into *name*; a timeline written here puts the emotion
there, so that tools which draw speaker turns draw emotions, and the speaker into *subtype*.

White space separates the fields, and people's files and speakers are called with white space all
the same; :func:`read` finds the two times by what stands around them.
"""

from __future__ import annotations

import math
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from intona.errors import UsageError
from intona.formats.rows import Segmentation, rows
from intona.formats.turns import Turn, lines_of
from intona.labels import EMOTIONS

if TYPE_CHECKING:
    import pandas as pd

_NOTHING = "<NA>"
_FORM = "'SPEAKER file 1 begin duration <NA> <NA> name <NA> <NA>'"


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return one line per segment; files are named without folder and suffix."""
    lines = []
    for row in rows(table):
        if row.status == "no_speech":
            continue
        file = word(PurePath(row.file).stem) if row.file else "audio"
        speaker = word(row.values.get("speaker", _NOTHING))
        name = word(row.emotion or _NOTHING)
        confidence = _NOTHING if row.confidence is None else f"{row.confidence:.4f}"
        channel = row.values.get("channel", "1")
        span = f"{row.start:.3f} {row.end - row.start:.3f}"
        rest = f"{_NOTHING} {speaker} {name} {confidence} {_NOTHING}"
        lines.append(f"SPEAKER {file} {word(channel)} {span} {rest}\n")
    return "".join(lines)


def read(text: str, where: str) -> list[Turn]:
    """Read the speaker turns; the name becomes ``speaker``, an emotion written here ``text``.

    Raises:
        UsageError: a SPEAKER line is damaged, or holds so much white space that it cannot be
            told which of its numbers are the times.
    """
    turns = []
    for number, line in enumerate(lines_of(text), 1):
        fields = _split(line)
        if not fields or fields[0] != "SPEAKER":
            continue
        found = _readings(fields)
        if not found:
            raise UsageError(f"{where}, line {number}: a turn is {_FORM}")
        if len(found) > 1:
            raise UsageError(
                f"{where}, line {number}: which of its numbers are begin and duration cannot be "
                f"told, for a name holds white space: write it with _ in place of it, as {_FORM}"
            )
        turns.append(found[0])
    return turns


def word(text: str) -> str:
    """Return a name as a field of a line, without white space."""
    return re.sub(r"\s+", "_", text.strip()) or _NOTHING


def _split(line: str) -> list[str]:
    """Return the fields; where tabulators make ten of them, spaces belong to names."""
    tabbed = [field.strip() for field in line.strip().split("\t")]
    return tabbed if len(tabbed) == 10 else [part for part in re.split(r"[ \t]+", line) if part]


def _readings(fields: list[str]) -> list[Turn]:
    """Return the ways in which a line can be understood, one where all is well."""
    ways = []
    for place in range(2, len(fields) - 5):
        rest = fields[place + 3 :]  # orthography, subtype, name, confidence, lookahead
        start, length = _seconds(fields[place + 1]), _seconds(fields[place + 2])
        if start is not None and length is not None:
            ways.append((place, start, length, rest))
    marked = [way for way in ways if way[3][0] == _NOTHING]
    ways = marked or ways
    channels = [way for way in ways if fields[way[0]].isdecimal() or fields[way[0]] == _NOTHING]
    return [
        Turn(start, start + length, _values(rest), " ".join(fields[1:place]))
        for place, start, length, rest in channels or ways
    ]


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _values(rest: list[str]) -> dict[str, str]:
    # Old files lack the last fields; a name with spaces has more than one.
    name = " ".join(rest[2:-2]) if len(rest) > 5 else rest[2]
    sure = len(rest) >= 5 and _seconds(rest[-2]) is not None
    if name in EMOTIONS and sure:  # as it is written here
        return {"text": name} if rest[1] == _NOTHING else {"speaker": rest[1], "text": name}
    return {} if name == _NOTHING else {"speaker": name}
