"""Words in pictures: letters that the usual font lacks."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from intona.formats import lettering, palette


@pytest.mark.parametrize("place", ["ticks", "legend", "title"])
def test_no_boxes_and_no_warnings(tmp_path: Path, place: str) -> None:
    figure = Figure()
    axes = figure.add_subplot()
    words = ["\U000e0fff中性", "sad", "\U000e0fff高兴"]  # the first letter is in no font
    if place == "ticks":
        axes.set_xticks(range(3), words)
    elif place == "legend":
        for word in words:
            axes.plot([0, 1], label=word)
        axes.legend()
    else:
        axes.set_title("of \U000f1234")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        palette.save(figure, tmp_path / "a.png")
    if place == "ticks":
        shown = [label.get_text() for label in axes.get_xticklabels()]
        assert shown[1] == "sad"
        assert not lettering._fonts("".join(shown))[1]


def test_latin_and_greek_stay(tmp_path: Path) -> None:
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_xticks(range(2), ["fröhlich", "χαρά"])
    palette.save(figure, tmp_path / "a.png")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["fröhlich", "χαρά"]
