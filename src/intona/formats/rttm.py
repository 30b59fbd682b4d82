"""Timelines and speaker turns as RTTM, the diarization format of NIST.

Fields: type, file, channel, begin, duration, orthography, subtype, name, confidence, signal
lookahead. A diarizer puts the speaker into *name*; a timeline written here puts the emotion
there, so that tools which draw speaker turns draw emotions, and the speaker into *subtype*.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from intona.errors import UsageError
from intona.formats.rows import rows
from intona.formats.turns import Turn

if TYPE_CHECKING:
    import pandas as pd

_NOTHING = "<NA>"


def render(table: pd.DataFrame) -> str:
    """Return one line per segment; files are named without folder and suffix."""
    lines = []
    for row in rows(table):
        if row.status == "no_speech":
            continue
        file = _word(PurePath(row.file).stem) if row.file else "audio"
        speaker = _word(row.values.get("speaker", _NOTHING))
        name = _word(row.emotion or _NOTHING)
        confidence = _NOTHING if row.confidence is None else f"{row.confidence:.4f}"
        span = f"{row.start:.3f} {row.end - row.start:.3f}"
        lines.append(
            f"SPEAKER {file} 1 {span} {_NOTHING} {speaker} {name} {confidence} {_NOTHING}\n"
        )
    return "".join(lines)


def read(text: str, where: str) -> list[Turn]:
    """Read the speaker turns; the name becomes ``speaker``.

    Raises:
        UsageError: a SPEAKER line is damaged.
    """
    turns = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start, length = float(fields[3]), float(fields[4])
            name = fields[7]
        except (IndexError, ValueError):
            raise UsageError(
                f"{where}, line {number}: a turn is "
                "'SPEAKER file 1 begin duration <NA> <NA> name <NA> <NA>'"
            ) from None
        values = {} if name == _NOTHING else {"speaker": name}
        turns.append(Turn(start, start + length, values, fields[1]))
    return turns


def _word(text: str) -> str:
    return re.sub(r"\s+", "_", text.strip()) or _NOTHING
