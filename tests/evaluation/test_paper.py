"""Tables for papers say what the terminal says."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from intona.evaluation.compare import compare, table_of
from intona.evaluation.paper import NAMES, Figure, Table, of_evaluation, tex
from intona.evaluation.report import write_report


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"[-+]?\d+\.\d+", text)]


def test_an_evaluation_is_one_row(result):
    table = of_evaluation(result)
    assert table.head[:2] == ("recipe", "UAR")
    (row,) = table.rows
    value = result.headline
    assert str(row[1]) == f"{100 * value.value:.1f} [{100 * value.low:.1f}, {100 * value.high:.1f}]"
    assert result.facts.recipe in table.caption
    (line,) = csv.DictReader(io.StringIO(table.csv()))
    assert float(line["UAR"]) == value.value
    assert float(line["UAR low"]) == value.low
    assert float(line["ECE high"]) == result.metrics["expected_calibration_error"].high


def test_a_run_called_like_a_formula_is_text_in_csv(result):
    table = of_evaluation(result)
    named = replace(table, rows=tuple(("=1+1", *row[1:]) for row in table.rows))
    (line,) = csv.DictReader(io.StringIO(named.csv()))
    assert line["recipe"] == "'=1+1"


def test_by_corpus_every_corpus_is_a_row(result):
    bounds = {"value": 0.5, "low": None, "high": 0.75}
    found = dict.fromkeys(("unweighted_average_recall", "expected_calibration_error"), bounds)
    nothing = {"coverage": {"value": None, "low": None, "high": None}}
    row = {"utterances": 12, "speakers": 2, "chance": 0.25, **found, **nothing}
    facts = replace(result.facts, by_corpus={"a_b": row, "mean over corpora": found})
    table = of_evaluation(replace(result, facts=facts))
    assert table.head == ("corpus", "utterances", "speakers", "chance", "UAR", "ECE")
    one, mean, heap = ([str(cell) for cell in cells] for cells in table.rows)
    assert one == ["a_b", "12", "2", "25.0", "50.0 [-, 75.0]", "0.500 [-, 0.750]"]
    assert mean == ["mean over corpora", "", "", "", "50.0 [-, 75.0]", "0.500 [-, 0.750]"]
    assert heap[0] == "all in one heap"
    assert heap[4].startswith(f"{100 * result.headline.value:.1f} [")
    assert r"a\_b & 12 & 2 & 25.0 & 50.0 [-, 75.0]" in table.latex()


def test_what_must_not_be_trusted_is_called_so(result):
    facts = replace(result.facts, leaky_reasons=("one speaker on both sides",))
    table = of_evaluation(replace(result, facts=facts))
    assert table.caption.startswith("LEAKY: ")
    assert str(table.rows[0][0]).startswith("LEAKY: ")
    pair = compare([("honest", result), ("leaky", replace(result, facts=facts))])
    assert table_of(pair).caption.startswith("LEAKY: ")


def test_a_comparison_gives_differences_to_the_best(result):
    flipped = result.predictions.copy()
    flipped["emotion"] = flipped["emotion"].sample(frac=1, random_state=0).to_numpy()
    found = compare([("mixed", replace(result, predictions=flipped)), ("right", result)])
    best, other = table_of(found).rows
    assert (best[0], best[2], best[3]) == ("right", "", "")
    assert other[0] == "mixed"
    (pair,) = found.pairs
    assert isinstance(other[2], Figure)
    assert other[2].value == -pair.difference.value < 0
    assert other[2].low == -pair.difference.high <= other[2].value <= other[2].high
    assert str(other[2]).startswith("-")


def test_latex_is_spelled_out():
    assert tex(r"50 % of a_b & {c} \d ~ ^ # $") == (
        r"50 \% of a\_b \& \{c\} \textbackslash{}d \textasciitilde{} \textasciicircum{} \# \$"
    )
    text = Table("50 %", ("run", "UAR"), (("a&b", Figure(0.5, 0.4, 0.6, percent=True)),)).latex()
    assert text.count(r"\\") == 2
    assert r"\toprule" in text
    assert r"a\&b & 50.0 [40.0, 60.0] \\" in text


def test_bars_in_names_do_not_end_a_cell():
    text = Table("", ("run", "UAR"), (("a|b", Figure(0.5, float("nan"), 0.6)),)).markdown()
    assert r"| a\|b | 0.500 [-, 0.600] |" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_report_holds_them(result, tmp_path, name):
    write_report(result, tmp_path)
    shown = numbers((tmp_path / name).read_text("utf-8"))
    scale = 1.0 if name.endswith("csv") else 100.0
    assert any(value == pytest.approx(scale * result.headline.value, abs=0.05) for value in shown)
