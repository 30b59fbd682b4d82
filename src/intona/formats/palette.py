"""What all pictures share: the colours of the emotions, ink and paper, and how one is saved.

The emotions are told apart by people with common colour blindness as well (after Okabe and Ito
2008). The service's page gets the same colours by ``scripts/palette.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from intona import files
from intona.errors import UsageError
from intona.formats.lettering import lettered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EMOTIONS = {
    "neutral": "#999999",
    "calm": "#56b4e9",
    "happy": "#f0c419",
    "sad": "#0072b2",
    "angry": "#d55e00",
    "fearful": "#c77cc0",
    "disgust": "#009e73",
    "surprised": "#e69f00",
    "bored": "#7a6652",
}
OTHERS = ("#332288", "#88ccee", "#44aa99", "#ddcc77", "#aa4499", "#661100")  # labels of no name
NOTHING = "#b9bec7"  # where no emotion is told

INK = "#222222"
PAPER = "#ffffff"
SOFT = "#777777"  # words and marks of less weight
FAINT = "#c9c9c9"
MAIN = "#2f4b6e"  # the one colour of a plot that needs one
FOR, AGAINST = "#b2182b", "#2166ac"  # evidence, as the ends of matplotlib's RdBu
SECOND = "#c4553b"  # beside MAIN

_DPI = 140


def colours(labels: Iterable[str]) -> dict[str, str]:
    """Return a colour for each label; those that are no emotion take the spare ones in turn.

    Examples:
        >>> colours(["angry", "proud"])
        {'angry': '#d55e00', 'proud': '#332288'}
    """
    spare = cycle(OTHERS)
    return {label: EMOTIONS.get(label) or next(spare) for label in labels}


def save(figure: Figure, path: str | Path) -> Path:
    """Write a picture, whole or not at all; the suffix (``.png``, ``.svg``, ``.pdf``) says how.

    Raises:
        UsageError: the file cannot be written or its format is unknown.
    """
    lettered(figure)
    try:
        return files.save(path, lambda place: figure.savefig(place, dpi=_DPI))
    except ValueError as error:
        raise UsageError(f"cannot write the picture {path}: {error}") from None
