"""Timelines and segments as Praat TextGrids.

Written is the long text format with interval tiers; read are the long and the short one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from intona.errors import UsageError
from intona.formats.rows import Row, single
from intona.formats.turns import Turn

if TYPE_CHECKING:
    import pandas as pd

_Parts: TypeAlias = tuple[str | Any, ...]

# A quoted string (quotes doubled), a flag, or a number standing alone.
_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"|(<\w+>)|(?<![\w.\[])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w\]])'
)


def render(table: pd.DataFrame) -> str:
    """Return the tiers ``emotion`` and ``confidence``, or an ``emotion`` tier per speaker.

    Segments that overlap go to tiers of their own, for a tier cannot hold both.
    """
    found = single(table, "textgrid")
    end = max((stop.total_seconds() for stop in table.index.get_level_values("end")), default=1.0)
    tiers: list[tuple[str, list[tuple[float, float, str]]]] = []
    by_speaker: dict[str, list[Row]] = {}
    for row in found:
        by_speaker.setdefault(row.values.get("speaker", ""), []).append(row)
    for speaker, group in (by_speaker or {"": []}).items():
        for number, layer in enumerate(_layers(group), 1):
            suffix = (f" {speaker}" if speaker else "") + (f" {number}" if number > 1 else "")
            words = [(row.start, row.end, row.emotion or row.title) for row in layer]
            tiers.append((f"emotion{suffix}", words))
            sure = [
                (row.start, row.end, "" if row.confidence is None else f"{row.confidence:.3f}")
                for row in layer
            ]
            tiers.append((f"confidence{suffix}", sure))
    return _grid(tiers, round(end, 3))


def _layers(group: list[Row]) -> list[list[Row]]:
    layers: list[list[Row]] = [[]]
    for row in sorted(group, key=lambda row: row.start):
        for layer in layers:
            if not layer or layer[-1].end <= row.start:
                layer.append(row)
                break
        else:
            layers.append([row])
    return layers


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


def read(text: str, where: str) -> list[Turn]:
    """Read the intervals with words, of all interval tiers.

    The tier's name becomes ``speaker``, the words become ``text``.

    Raises:
        UsageError: it is no TextGrid, or damaged.
    """
    tokens = [match.groups() for match in _TOKEN.finditer(text)]
    words = [token[0] for token in tokens if token[0] is not None]
    if words[:2] != ["ooTextFile", "TextGrid"]:
        raise UsageError(f"{where} is no TextGrid in Praat's text format: save it as text")
    stream = iter(tokens)
    turns: list[Turn] = []
    try:
        while next(stream)[1] != "<exists>":
            continue
        for _ in range(int(_number(stream))):
            kind, name = _string(stream), _string(stream)
            _number(stream), _number(stream)
            for _ in range(int(_number(stream))):
                start = _number(stream)
                end = _number(stream) if kind == "IntervalTier" else start
                said = _string(stream).strip()
                if said and kind == "IntervalTier":
                    turns.append(Turn(start, end, {"speaker": name, "text": said}))
    except (StopIteration, TypeError, ValueError):
        raise UsageError(f"{where} is a damaged TextGrid: save it again in Praat") from None
    return turns


def _number(stream: Iterator[_Parts]) -> float:
    return float(next(stream)[2])


def _string(stream: Iterator[_Parts]) -> str:
    return str(next(stream)[0].replace('""', '"'))
