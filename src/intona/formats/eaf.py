"""Timelines and segments as ELAN annotation files (EAF, format 3.0).

The format is described in "ELAN Annotation Format: EAF Schema 3.0" (Max Planck Institute for
Psycholinguistics); times are milliseconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from intona.audio.damage import Notice, warn
from intona.errors import UsageError
from intona.formats.rows import Row, Segmentation, layered, single
from intona.formats.turns import MOST, Turn

if TYPE_CHECKING:
    import pandas as pd

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?\s*%?|nan", re.I)
MOST_ELEMENTS = 20 * MOST  # of a file


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return a tier ``emotion`` for each speaker, with tiers ``confidence`` and ``text`` below it.

    Segments that overlap go to tiers of their own, for a tier cannot hold both.
    """
    found = single(table, "eaf")
    file = next((row.file for row in found if row.file), "")
    slots: list[int] = []
    tiers: list[str] = []
    count = 0
    for speaker, number, rows in layered(found):
        name = _tier_name("emotion", speaker, number)
        marked = []
        below: dict[str, list[str]] = {"confidence": [], "text": []}
        for row in rows:
            count += 1
            slots += [round(1000 * row.start), round(1000 * row.end)]
            marked.append(_aligned(count, len(slots), row))
            sure = "" if row.confidence is None else f"{row.confidence:.3f}"
            for kind, said in (("confidence", sure), ("text", row.values.get("text", ""))):
                if said:
                    below[kind].append(_dependent(f"{kind[0]}{count}", count, said))
        tiers.append(_tier(name, "emotion", speaker, marked))
        for kind, dependent in below.items():
            if dependent:
                child = _tier_name(kind, speaker, number)
                tiers.append(_tier(child, kind, speaker, dependent, parent=name))
    order = "".join(
        f'        <TIME_SLOT TIME_SLOT_ID="ts{place}" TIME_VALUE="{time}"/>\n'
        for place, time in sorted(enumerate(slots, 1), key=lambda item: item[1])
    )
    kinds = "".join(
        f'    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="{kind}" {rest}/>\n'
        for kind, rest in (
            ("emotion", 'TIME_ALIGNABLE="true"'),
            ("confidence", 'TIME_ALIGNABLE="false" CONSTRAINTS="Symbolic_Association"'),
            ("text", 'TIME_ALIGNABLE="false" CONSTRAINTS="Symbolic_Association"'),
        )
    )
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ANNOTATION_DOCUMENT AUTHOR="intona" DATE="{date}" FORMAT="3.0" VERSION="3.0" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:noNamespaceSchemaLocation="{_SCHEMA}">\n'
        '    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">\n'
        f"{_media(file)}    </HEADER>\n"
        f"    <TIME_ORDER>\n{order}    </TIME_ORDER>\n"
        f"{''.join(tiers)}{kinds}"
        '    <CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" '
        'STEREOTYPE="Symbolic_Association"/>\n'
        "</ANNOTATION_DOCUMENT>\n"
    )


def _tier_name(kind: str, speaker: str, number: int) -> str:
    return kind + (f" {speaker}" if speaker else "") + (f" {number}" if number > 1 else "")


def _aligned(number: int, slots: int, row: Row) -> str:
    return (
        "        <ANNOTATION>\n"
        f'            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" '
        f'TIME_SLOT_REF1="ts{slots - 1}" TIME_SLOT_REF2="ts{slots}">\n'
        f"                <ANNOTATION_VALUE>{_text(row.emotion or row.title)}</ANNOTATION_VALUE>\n"
        "            </ALIGNABLE_ANNOTATION>\n"
        "        </ANNOTATION>\n"
    )


def _dependent(name: str, parent: int, said: str) -> str:
    return (
        "        <ANNOTATION>\n"
        f'            <REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="a{parent}">\n'
        f"                <ANNOTATION_VALUE>{_text(said)}</ANNOTATION_VALUE>\n"
        "            </REF_ANNOTATION>\n"
        "        </ANNOTATION>\n"
    )


def _tier(name: str, kind: str, speaker: str, marked: list[str], parent: str = "") -> str:
    above = f" PARENT_REF={_quoted(parent)}" if parent else ""
    whose = f" PARTICIPANT={_quoted(speaker)}" if speaker else ""
    head = f'<TIER LINGUISTIC_TYPE_REF="{kind}"{above}{whose} TIER_ID={_quoted(name)}>'
    return f"    {head}\n{''.join(marked)}    </TIER>\n"


def _media(file: str) -> str:
    """Return where ELAN finds the recording: where it was named, and beside the annotations."""
    if not file or file == "-":
        return ""
    kind = {".wav": "audio/x-wav", ".mp4": "video/mp4"}.get(
        PurePath(file).suffix.lower(), "unknown"
    )
    name = f"./{PurePath(file).name}"
    legible = PurePath(file).is_absolute() and _ILLEGAL.search(file) is None
    place = PurePath(file).as_uri() if legible else name
    return (
        f'        <MEDIA_DESCRIPTOR MEDIA_URL={_quoted(place)} MIME_TYPE="{kind}" '
        f"RELATIVE_MEDIA_URL={_quoted(name)}/>\n"
    )


def _text(text: str) -> str:
    return escape(_ILLEGAL.sub("\ufffd", text))


def _quoted(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("\ufffd", text))


@dataclass
class _Tier:
    name: str
    speaker: str
    parent: str | None
    turns: list[tuple[str, str, str]] = field(default_factory=list)  # time slots, and words


class _Reader:
    """Takes the elements of a file one by one; nothing outside of the file is ever opened."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.times: dict[str, float] = {}
        self.tiers: list[_Tier] = []
        self._root: str | None = None
        self._count = 0
        self._slots: tuple[str, str] | None = None
        self._words: list[str] | None = None

    def read(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._said
        parser.StartDoctypeDeclHandler = self._refuse
        parser.buffer_text = True
        try:
            parser.Parse(text.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            raise UsageError(
                f"{self.where} is no readable ELAN file (line {error.lineno}: "
                f"{expat.ErrorString(error.code)}): save it again in ELAN"
            ) from None

    def _refuse(self, *_: object) -> None:
        raise UsageError(
            f"{self.where} declares a document type, which no ELAN file does: save it again in ELAN"
        )

    def _start(self, name: str, given: Mapping[str, str]) -> None:
        self._count += 1
        if self._root is None:
            self._root = name
            if name != "ANNOTATION_DOCUMENT":
                raise UsageError(f"{self.where} is no ELAN file: it begins with <{name[:40]}>")
        if self._count > MOST_ELEMENTS:
            raise UsageError(f"{self.where} holds more than {MOST_ELEMENTS} elements: divide it")
        if name == "HEADER" and given.get("TIME_UNITS", "milliseconds") != "milliseconds":
            raise UsageError(f"{self.where} counts time in other units than milliseconds")
        if name == "TIME_SLOT":
            self.times[given.get("TIME_SLOT_ID", "")] = _seconds(given.get("TIME_VALUE"))
        elif name == "TIER":
            title = given.get("TIER_ID", "")
            speaker = given.get("PARTICIPANT", "").strip()
            self.tiers.append(_Tier(title, speaker, given.get("PARENT_REF")))
        elif name == "ALIGNABLE_ANNOTATION":
            self._slots = given.get("TIME_SLOT_REF1", ""), given.get("TIME_SLOT_REF2", "")
        elif name == "ANNOTATION_VALUE" and self._slots is not None:
            self._words = []

    def _end(self, name: str) -> None:
        if name == "ALIGNABLE_ANNOTATION" and self._slots is not None and self.tiers:
            said = "".join(self._words or ()).strip()
            self.tiers[-1].turns.append((*self._slots, said))
            self._slots = self._words = None

    def _said(self, text: str) -> None:
        if self._words is not None:
            self._words.append(text)


def _seconds(value: str | None) -> float:
    """Return a time; NaN for a slot that is not aligned."""
    try:
        return float(value) / 1000 if value else math.nan
    except ValueError:
        return math.nan


def read(text: str, where: str, notice: Notice = warn) -> list[Turn]:
    """Read the annotations that are aligned with time, of all tiers that depend on no other.

    The participant (else the tier's name) becomes ``speaker``, the words become ``text``; of the
    tiers that :func:`render` writes the speaker alone is known. A tier of numbers is a measurement
    and no speech.

    Raises:
        UsageError: it is no ELAN file, damaged, or has no such tier.
    """
    reader = _Reader(where)
    reader.read(text)
    turns: list[Turn] = []
    left: list[str] = []
    for tier in reader.tiers:
        if not tier.turns:
            continue
        numbers = all(_NUMBER.fullmatch(said) for _, _, said in tier.turns)
        if tier.parent is not None or numbers:
            left.append(tier.name)
            continue
        ours = tier.name.partition(" ")[0] == "emotion"
        speaker = tier.speaker or ("" if ours else tier.name)
        for first, last, said in tier.turns:
            start, end = (reader.times.get(slot, math.nan) for slot in (first, last))
            values = {"speaker": speaker, "text": said}
            turns.append(Turn(start, end, {name: word for name, word in values.items() if word}))
    if left:
        told = ", ".join(left)[:200]
        if not turns:
            raise UsageError(f"{where} holds no tier of speech (only {told}): mark the speech")
        notice(f"{where}: tiers that depend on another, or hold numbers, are left out: {told}")
    return turns
