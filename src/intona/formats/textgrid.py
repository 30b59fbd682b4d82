"""Timelines and segments as Praat TextGrids.

Written is the long text format with interval tiers; read are the long and the short one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from intona.audio.damage import Notice, warn
from intona.errors import UsageError
from intona.formats.rows import Segmentation, layered, rows, single
from intona.formats.turns import Turn

if TYPE_CHECKING:
    import pandas as pd

_Parts: TypeAlias = tuple[str | Any, ...]

# A quoted string (quotes doubled), a flag, or a number standing alone.
_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"|(<\w+>)|(?<![\w.\[])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w\]])'
)

_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?\s*%?|nan|--undefined--", re.I)


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return the tiers ``emotion`` and ``confidence``, or an ``emotion`` tier per speaker.

    Segments that overlap go to tiers of their own, for a tier cannot hold both.
    """
    found = single(table, "textgrid")
    end = max((row.end for row in rows(table)), default=1.0)
    tiers: list[tuple[str, list[tuple[float, float, str]]]] = []
    for speaker, number, layer in layered(found) or [("", 1, [])]:
        suffix = (f" {speaker}" if speaker else "") + (f" {number}" if number > 1 else "")
        words = [(row.start, row.end, row.emotion or row.title) for row in layer]
        tiers.append((f"emotion{suffix}", words))
        sure = [
            (row.start, row.end, "" if row.confidence is None else f"{row.confidence:.3f}")
            for row in layer
        ]
        tiers.append((f"confidence{suffix}", sure))
    return _grid(tiers, end)


def _grid(tiers: list[tuple[str, list[tuple[float, float, str]]]], end: float) -> str:
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {end:g}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, marked) in enumerate(tiers, 1):
        intervals = _filled(marked, end)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f'        name = "{_quoted(name)}"',
            "        xmin = 0",
            f"        xmax = {end}",
            f"        intervals: size = {len(intervals)}",
        ]
        for place, (start, stop, words) in enumerate(intervals, 1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {start}",
                f"            xmax = {stop}",
                f'            text = "{_quoted(words)}"',
            ]
    return "".join(line + "\n" for line in lines)


def _filled(marked: list[tuple[float, float, str]], end: float) -> list[tuple[float, float, str]]:
    """Fill the gaps with empty intervals, for a tier has none."""
    filled, position = [], 0.0
    for start, stop, words in marked:
        if start > position:
            filled.append((position, start, ""))
        filled.append((start, stop, words))
        position = stop
    if position < end or not filled:
        filled.append((position, end, ""))
    return filled


def _quoted(text: str) -> str:
    return text.replace('"', '""')


def read(text: str, where: str, notice: Notice = warn) -> list[Turn]:
    """Read the intervals with words, of all interval tiers.

    The tier's name becomes ``speaker``, the words become ``text``. A tier of numbers is a
    measurement and no speech; so are the tiers ``confidence`` that :func:`render` writes.

    Raises:
        UsageError: it is no TextGrid, damaged, or has tiers of numbers only.
    """
    tiers = _tiers(text, where)
    names = {name for name, _ in tiers}
    turns, numbers = [], []
    for name, marked in tiers:
        rest = name.removeprefix("emotion")
        ours = rest != name and f"confidence{rest}" in names
        if name.startswith("confidence") and f"emotion{name.removeprefix('confidence')}" in names:
            continue
        if marked and all(_is_number(said) for _, _, said in marked):
            numbers.append(name)
            continue
        speaker = _speaker(name, names) if ours else name
        values = {"speaker": speaker} if speaker else {}
        turns += [Turn(start, end, {**values, "text": said}) for start, end, said in marked]
    if numbers:
        told = ", ".join(numbers)
        if not turns:
            raise UsageError(f"{where} holds numbers and no speech (tiers {told}): mark the speech")
        notice(f"{where}: tiers of numbers are no speech and left out: {told}")
    return turns


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _speaker(name: str, names: set[str]) -> str:
    """Return whose tier it is, of a pair that :func:`render` wrote; empty for nobody's."""
    speaker, _, layer = name.rpartition(" ")
    if layer.isdecimal() and speaker in names:  # overlapping segments of one speaker
        name = speaker
    return name.removeprefix("emotion").strip()


def _tiers(text: str, where: str) -> list[tuple[str, list[tuple[float, float, str]]]]:
    """Return the name and the marked intervals of each interval tier."""
    tokens = [match.groups() for match in _TOKEN.finditer(text)]
    words = [token[0] for token in tokens if token[0] is not None]
    if words[:2] != ["ooTextFile", "TextGrid"]:
        raise UsageError(f"{where} is no TextGrid in Praat's text format: save it as text")
    stream = iter(tokens)
    tiers: list[tuple[str, list[tuple[float, float, str]]]] = []
    try:
        while next(stream)[1] != "<exists>":
            continue
        for _ in range(int(_number(stream))):
            kind, name = _string(stream), _string(stream)
            _number(stream), _number(stream)
            marked = []
            for _ in range(int(_number(stream))):
                start = _number(stream)
                end = _number(stream) if kind == "IntervalTier" else start
                said = _string(stream).strip()
                if said and kind == "IntervalTier":
                    marked.append((start, end, said))
            if kind == "IntervalTier":
                tiers.append((name, marked))
    except (StopIteration, TypeError, ValueError):
        raise UsageError(f"{where} is a damaged TextGrid: save it again in Praat") from None
    return tiers


def _number(stream: Iterator[_Parts]) -> float:
    return float(next(stream)[2])


def _string(stream: Iterator[_Parts]) -> str:
    return str(next(stream)[0].replace('""', '"'))
