"""What a spreadsheet would execute is text in CSV, and comes back as it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from intona import formats
from intona.features.table import save
from intona.formats import predictions
from intona.tables import Prediction, for_spreadsheets, guarded, to_table, unguarded

BAD = [
    "=1+1",
    "@SUM(1)",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "\t=x",
    "\r=x",
    "\n=x",
    "\uff1d1+1",
    "'\uff0b1",
    "\uff0d1",
    "\uff20x",
    "'=x",
    "''-x",
    "-e",
    "+",
    "=",
]
FINE = ["sad", "'tis", "a=b", "", "1-2"]
TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@pytest.mark.parametrize("text", BAD)
def test_what_looks_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert guarded(text) == "'" + text
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", [*FINE, "-1", "+2.5", "-1e-05", "-.5", "3"])
def test_words_and_numbers_stay(text: str) -> None:
    assert guarded(text) == text == unguarded(text)


@given(some.text(alphabet="'=+-@\t\r\n\uff1d\uff20a1.", max_size=6))
def test_every_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


def answer(file: str, labels: tuple[str, str]) -> Prediction:
    return Prediction(
        labels[0], 0.75, dict(zip(labels, (0.75, 0.25), strict=True)), "ok", file, 0.5, 2
    )


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_predictions(tmp_path: Path) -> None:
    labels = ("=1+1", "@SUM(1)")
    text = predictions.render([answer("-x.wav", labels), answer("+y.wav", labels)], labels, "csv")
    head, *rows = cells(text)
    assert head[-2:] == ["'=1+1", "'@SUM(1)"]
    assert [row[0] for row in rows] == ["'-x.wav", "'+y.wav"]
    assert [row[head.index("emotion")] for row in rows] == ["'=1+1"] * 2
    assert [float(row[-1]) for row in rows] == [0.25, 0.25]


def test_timelines_come_back(tmp_path: Path) -> None:
    labels = ("=1+1", "@SUM(1)")
    table = to_table([answer("=x.wav", labels)], labels, [{"speaker": "-anna", "text": "'=hi"}])
    path = formats.write(table, tmp_path / "t.csv")
    for cell in (cell for row in cells(path.read_text("utf-8")) for cell in row):
        assert not cell.startswith(TRIGGERS)
    (turn,) = formats.read_turns(path)
    assert turn.file == "=x.wav"
    assert turn.values["speaker"] == "-anna"
    assert turn.values["text"] == "'=hi"
    assert turn.values["emotion"] == "=1+1"
    assert turn.values["=1+1"] == "0.750000"


def test_features_and_findings(tmp_path: Path) -> None:
    index = to_table([answer("=x.wav", ("a", "b"))], ("a", "b")).index
    save(pd.DataFrame({"-f": [-0.5]}, index=index), tmp_path / "f.csv")
    head, row = cells((tmp_path / "f.csv").read_text("utf-8"))
    assert (row[0], head[-1], float(row[-1])) == ("'=x.wav", "'-f", -0.5)
    found = for_spreadsheets(pd.DataFrame({"file": ["@x.wav"], "detail": ["=1"], "level": [-3.5]}))
    assert cells(found.to_csv(index=False))[1] == ["'@x.wav", "'=1", "-3.5"]
