"""Figures of an evaluation: SVG in the page's colours, the confusion matrix as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from intona.formats import palette
from intona.metrics import risk_coverage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Names = tuple[Sequence[str], Sequence[str]]
"""Of the rows and of the columns of a confusion matrix."""

SIZE = 260  # px, the side of the plotting area
LEFT, BOTTOM, TOP, RIGHT = 46, 40, 10, 12


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> str:
    """Return an SVG: share of right answers against confidence, in bins of equal size."""
    values = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    points = [(values[part].mean(), right[part].mean()) for part in parts]
    drawn = [_line([(0, 0), (1, 1)], "faint dashed"), _line(points, "curve")]
    drawn += [f'<circle class="dot" cx="{_x(a):.1f}" cy="{_y(b):.1f}" r="3.5"/>' for a, b in points]
    return _frame(drawn, "confidence", "right answers", "Reliability diagram")


def risk_coverage_curve(confidence: ArrayLike, correct: ArrayLike) -> str:
    """Return an SVG: share of errors against share of utterances answered, surest first."""
    coverage, risk = risk_coverage(confidence, correct)
    kept = np.unique(np.linspace(0, len(coverage) - 1, 200).astype(int))
    points = [(coverage[k], risk[k]) for k in kept]
    return _frame([_line(points, "curve")], "answered", "errors", "Risk-coverage curve")


def scatter(truth: ArrayLike, prediction: ArrayLike) -> str:
    """Return an SVG: predicted against true numbers, both axes with one range."""
    x, y = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    low = float(min(x.min(), y.min()))
    spread = float(max(x.max(), y.max())) - low or 1.0
    step = max(1, len(x) // 1500)
    drawn = [_line([(0, 0), (1, 1)], "faint dashed")]
    drawn += [
        f'<circle class="spot" cx="{_x((a - low) / spread):.1f}" '
        f'cy="{_y((b - low) / spread):.1f}" r="2.2"/>'
        for a, b in zip(x[::step], y[::step], strict=True)
    ]
    ticks = [f"{low + spread * k / 4:.3g}" for k in range(5)]
    return _frame(drawn, "truth", "prediction", "Prediction against truth", ticks)


def confusion(counts: ArrayLike, names: Names, title: str) -> Figure:
    """Draw a confusion matrix: each row in per cent, with how many utterances that are."""
    from matplotlib.figure import Figure

    matrix = np.asarray(counts, dtype=np.float64)
    labels, answers = names
    totals = matrix.sum(axis=1, keepdims=True)
    share = 100 * np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)
    figure = Figure(
        figsize=(2.6 + 0.8 * len(answers), 2.2 + 0.62 * len(labels)), layout="constrained"
    )
    axes = figure.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    axes.set_xticks(range(len(answers)), answers, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_title(title, fontsize="medium", wrap=True)
    for i, row in enumerate(share):
        for j, value in enumerate(row):
            colour = palette.PAPER if value > 55 else palette.INK
            axes.text(j, i, f"{value:.0f} %", ha="center", va="bottom", color=colour, size=11)
            number = f"{matrix[i, j]:.0f}"
            axes.text(j, i + 0.06, number, ha="center", va="top", color=colour, size=8)
    return figure


def _x(share: float) -> float:
    return LEFT + SIZE * share


def _y(share: float) -> float:
    return TOP + SIZE * (1 - share)


def _line(points: Sequence[tuple[float, float]], name: str) -> str:
    path = " ".join(f"{_x(a):.1f},{_y(b):.1f}" for a, b in points)
    return f'<polyline class="{name}" points="{path}"/>'


def _frame(
    drawn: Sequence[str], across: str, up: str, title: str, ticks: Sequence[str] | None = None
) -> str:
    """Return a square plot with five ticks on both axes, 0 to 100 % unless named."""
    names = ticks or [f"{25 * k} %" for k in range(5)]
    grid = []
    for k, name in enumerate(names):
        grid.append(_line([(k / 4, 0), (k / 4, 1)], "grid"))
        grid.append(_line([(0, k / 4), (1, k / 4)], "grid"))
        grid.append(
            f'<text x="{_x(k / 4):.0f}" y="{_y(0) + 16:.0f}" text-anchor="middle">{name}</text>'
        )
        grid.append(f'<text x="{LEFT - 6}" y="{_y(k / 4) + 4:.0f}" text-anchor="end">{name}</text>')
    width, height = LEFT + SIZE + RIGHT + 10, TOP + SIZE + BOTTOM
    middle = LEFT + SIZE / 2
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{''.join(grid)}{''.join(drawn)}"
        f'<text class="axis" x="{middle:.0f}" y="{height - 6}" text-anchor="middle">{across}</text>'
        f'<text class="axis" x="{LEFT + 6}" y="{TOP + 14}">{up}</text></svg>'
    )
