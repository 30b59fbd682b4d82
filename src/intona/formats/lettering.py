"""Lettering of pictures: fonts that have the letters of all words, or numbers in their place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_USUAL = "DejaVu Sans"  # comes with matplotlib
_PLACEHOLDERS = "Last Resort"  # a font that has every sign, as a box


def lettered(figure: Figure) -> None:
    """Make all words of a picture legible, before it is drawn.

    Letters that the usual font lacks are taken from another one of this machine. Where none has
    them, the labels of axes and legends become numbers in their order, and other words get a
    question mark for each such letter.
    """
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    ticks = [label for axes in figure.axes for label in _ticks(axes)]
    for text in texts:
        # A name may hold dollar signs; formulas are only in the numbers of axes.
        text.set_parse_math("\\mathdefault" in text.get_text())
    words = "".join(text.get_text() for text in (*texts, *ticks))
    if words.isascii():
        return
    families, unknown = _fonts(words)
    for text in {*texts, *ticks}:
        text.set_fontfamily([*text.get_fontfamily(), *families])
    if not unknown:
        return
    numbers: dict[str, str] = {}
    for axes in figure.axes:
        _number_ticks(axes, unknown, numbers, families)
    for text in _legend_words(figure):
        if unknown & set(text.get_text()):
            text.set_text(numbers.setdefault(text.get_text(), str(len(numbers) + 1)))
    for text in texts:
        kept = [letter if letter not in unknown else "?" for letter in text.get_text()]
        text.set_text("".join(kept))


def _ticks(axes: Axes) -> list[Text]:
    return [*axes.get_xticklabels(), *axes.get_yticklabels()]


def _number_ticks(
    axes: Axes, unknown: set[str], numbers: dict[str, str], families: list[str]
) -> None:
    """Number the labels of an axis that cannot be drawn, alike on all axes."""
    for axis in (axes.xaxis, axes.yaxis):
        labels = [label.get_text() for label in axis.get_ticklabels()]
        if not unknown & set("".join(labels)):
            continue
        shown = [
            numbers.setdefault(label, str(len(numbers) + 1)) if unknown & set(label) else label
            for label in labels
        ]
        axis.set_ticks(axis.get_majorticklocs(), shown)
        axis.set_tick_params(labelfontfamily=["sans-serif", *families])


def _legend_words(figure: Figure) -> list[Text]:
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    return [text for legend in legends if legend is not None for text in legend.get_texts()]


def _fonts(words: Iterable[str]) -> tuple[list[str], set[str]]:
    """Return families that together have the letters the usual one lacks, and what none has."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    def letters(path: str) -> set[str]:
        return {chr(code) for code in get_font(path).get_charmap()}

    missing = set(words) - {"\n"}
    missing -= letters(findfont(FontProperties(family=_USUAL)))
    families: list[str] = []
    if missing:
        for entry in sorted(fontManager.ttflist, key=lambda entry: entry.name):
            if _PLACEHOLDERS in entry.name or not os.path.isfile(entry.fname):
                continue
            if missing & (found := letters(entry.fname)):
                families.append(entry.name)
                missing -= found
            if not missing:
                break
    return families, missing
