"""Results as the tables that papers print: Markdown, LaTeX (booktabs) and CSV.

The same figures as in the terminal; what is LEAKY or TRANSDUCTIVE is called so in the caption, and
in the name of its row.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from intona.evaluation.by_corpus import IN_PERCENT
from intona.evaluation.measure import short_name
from intona.evaluation.text import PERCENT, columns_by_corpus, count_text, stamp_word
from intona.files import save_text
from intona.metrics.bootstrap import Interval
from intona.tables import guarded

if TYPE_CHECKING:
    from intona.evaluation.result import Evaluation

NAMES = ("table.md", "table.tex", "table.csv")

_TEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
}


@dataclass(frozen=True)
class Figure:
    """A number with its interval.

    Attributes:
        value: NaN where there is none.
        low: of the 95 % interval.
        high: of it.
        percent: whether it is shown in per cent.
        signed: whether a plus is shown.
    """

    value: float
    low: float
    high: float
    percent: bool = False
    signed: bool = False

    def __str__(self) -> str:
        if self.value != self.value:
            return "-"
        return f"{self._text(self.value)} [{self._text(self.low)}, {self._text(self.high)}]"

    def _text(self, value: float) -> str:
        if value != value:
            return "-"
        sign = "+" if self.signed else ""
        return f"{100 * value:{sign}.1f}" if self.percent else f"{value:{sign}.3f}"


Cell = str | Figure


@dataclass(frozen=True)
class Table:
    """A table to be printed.

    Attributes:
        caption: what it shows.
        head: names of the columns.
        rows: of as many cells.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def markdown(self) -> str:
        """Return it in Markdown.

        Examples:
            >>> print(Table("Runs", ("run", "UAR"), (("a", Figure(0.5, 0.4, 0.6)),)).markdown())
            Runs
            <BLANKLINE>
            | run | UAR |
            |---|---|
            | a | 0.500 [0.400, 0.600] |
            <BLANKLINE>
        """
        lines = [self.head, *(tuple(map(str, row)) for row in self.rows)]
        cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        head, *rows = [f"| {' | '.join(line)} |" for line in cells]
        rule = "|" + "---|" * len(self.head)
        return "\n".join([self.caption, "", head, rule, *rows]) + "\n"

    def latex(self) -> str:
        """Return it in LaTeX, for the package booktabs."""
        lines = [self.head, *(tuple(map(str, row)) for row in self.rows)]
        head, *rows = (" & ".join(map(tex, row)) + r" \\" for row in lines)
        columns = "l" + "r" * (len(self.head) - 1)
        inside = [r"\toprule", head, r"\midrule", *rows, r"\bottomrule"]
        return (
            "\n".join(
                [
                    "% needs \\usepackage{booktabs}",
                    r"\begin{table}",
                    r"\centering",
                    rf"\caption{{{tex(self.caption)}}}",
                    rf"\begin{{tabular}}{{{columns}}}",
                    *inside,
                    r"\end{tabular}",
                    r"\end{table}",
                ]
            )
            + "\n"
        )

    def csv(self) -> str:
        """Return it as CSV: every figure as value, low and high, in full precision."""
        figures = {
            column
            for column in range(len(self.head))
            if any(isinstance(row[column], Figure) for row in self.rows)
        }
        lines = [
            [
                guarded(part)
                for column, name in enumerate(self.head)
                for part in ([name, f"{name} low", f"{name} high"] if column in figures else [name])
            ]
        ]
        for row in self.rows:
            line: list[str] = []
            for column, cell in enumerate(row):
                if isinstance(cell, Figure):
                    values = (cell.value, cell.low, cell.high)
                    line += ["" if value != value else repr(float(value)) for value in values]
                else:
                    said = guarded(str(cell))
                    line += [said, "", ""] if column in figures else [said]
            lines.append(line)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        return text.getvalue()

    def save(self, folder: Path) -> None:
        """Write ``table.md``, ``table.tex`` and ``table.csv``.

        Raises:
            UsageError: they cannot be written.
        """
        for name, text in zip(NAMES, (self.markdown(), self.latex(), self.csv()), strict=True):
            save_text(folder / name, text)


def tex(text: str) -> str:
    """Return text with what LaTeX takes for commands spelled out."""
    return re.sub(r"[&%$#_{}\\~^]", lambda found: _TEX[found[0]], text)


def of_evaluation(evaluation: Evaluation) -> Table:
    """Return one row; of several corpora a row each, their mean, and all in one heap."""
    facts = evaluation.facts
    marked = stamp_word(facts.leaky, facts.transductive)
    protocol = (
        facts.protocol
        if not facts.enrolment_name
        else (f"{facts.protocol}, with {facts.enrolment_name}")
    )
    caption = (
        f"{marked}{facts.recipe} on {facts.corpus}, {protocol}: "
        f"{facts.corpus_details.utterances} utterances, {facts.speakers} speakers; "
        "95 % intervals by bootstrap over speakers"
    )
    metrics = evaluation.metrics
    if facts.by_corpus:
        counts, names = columns_by_corpus(facts.by_corpus)
        rows: list[tuple[Cell, ...]] = [
            (
                f"{marked}{corpus}",
                *(count_text(name, found.get(name)) for name in counts),
                *(_measure(name, found[name]) for name in names),
            )
            for corpus, found in facts.by_corpus.items()
        ]
        heap = {
            "utterances": facts.corpus_details.utterances,
            "speakers": facts.speakers,
            "chance": evaluation.chance,
        }
        none = Figure(math.nan, math.nan, math.nan)
        rows.append(
            (
                f"{marked}all in one heap",
                *(count_text(name, heap[name]) for name in counts),
                *(figure(name, metrics[name]) if name in metrics else none for name in names),
            )
        )
        return Table(caption, ("corpus", *counts.values(), *names.values()), tuple(rows))
    head = tuple(short_name(name) for name in metrics)
    row = tuple(figure(name, value) for name, value in metrics.items())
    return Table(caption, ("recipe", *head), ((f"{marked}{facts.recipe}", *row),))


def figure(name: str, value: Interval) -> Figure:
    """Return a metric with its interval."""
    return Figure(value.value, value.low, value.high, name in PERCENT)


def _measure(name: str, bounds: Mapping[str, float | None]) -> Figure:
    value, low, high = (
        float("nan") if bounds[key] is None else float(bounds[key] or 0.0)
        for key in ("value", "low", "high")
    )
    return Figure(value, low, high, name in IN_PERCENT)
