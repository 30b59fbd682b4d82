"""Comparison: paired tests between evaluations of the same folds, speaker by speaker."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import UsageError
from intona.evaluation import paper
from intona.evaluation.contamination import untold
from intona.evaluation.measure import clusters, headline, short_name
from intona.evaluation.result import Evaluation, without_nan
from intona.evaluation.text import PERCENT, TRANSDUCTIVE, stamp_word, value_text
from intona.files import require_folder, save_text
from intona.formats.palette import MAIN, save
from intona.metrics.bootstrap import Interval, Statistic, draws, interval
from intona.metrics.clustered import cluster_numbers, of_decisions, of_numbers

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 2000


@dataclass(frozen=True)
class Pair:
    """Two runs on the same utterances.

    Attributes:
        one: name of the first run.
        other: name of the second.
        difference: first minus second, with its interval by paired bootstrap over speakers.
        p_bootstrap: two-sided, from the same resamples.
        p_wilcoxon: signed-rank test on the metric of each speaker; NaN when no speaker differs.
        p_holm: ``p_wilcoxon`` corrected for the number of pairs.
    """

    one: str
    other: str
    difference: Interval
    p_bootstrap: float
    p_wilcoxon: float
    p_holm: float


@dataclass(frozen=True)
class Comparison:
    """Runs and all their pairs.

    Attributes:
        metric: what is compared.
        protocol: of all runs.
        runs: name to value with interval, best first.
        pairs: every two runs, the better first.
        leaky_reasons: why it must not be trusted; empty when all runs are honest.
        transductive: names of the runs that normalise by the test speaker.
        unknown: what the leak check of a run could not tell.
    """

    metric: str
    protocol: str
    runs: dict[str, Interval]
    pairs: tuple[Pair, ...]
    leaky_reasons: tuple[str, ...]
    transductive: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy."""
        return without_nan(asdict(self))

    def __repr__(self) -> str:
        ranked = ", ".join(
            f"{name} {value_text(self.metric, one.value)}" for name, one in self.runs.items()
        )
        return f"<Comparison {short_name(self.metric)}: {ranked}>"

    def __str__(self) -> str:
        return comparison_text(self)


def compare(runs: Sequence[tuple[str, Evaluation]]) -> Comparison:
    """Compare evaluations made on exactly the same folds.

    Args:
        runs: pairs of name and evaluation, at least two.

    Raises:
        UsageError: fewer than two runs, equal names, or runs that were not tested on the same
            utterances in the same folds.
    """
    if len(runs) < 2:
        raise UsageError("name at least two evaluations to compare")
    if len({name for name, _ in runs}) < len(runs):
        raise UsageError("two evaluations have one name: give folders with different names")
    first_name, first = runs[0]
    for name, run in runs[1:]:
        _same_folds(first_name, first, name, run)
    metric = headline(first.numeric)
    speakers = list(dict.fromkeys(clusters(_ordered(first))))
    statistics = {name: _statistic(run, metric, speakers) for name, run in runs}
    values = {name: interval(statistics[name], len(speakers)) for name in statistics}
    ranked = sorted(values, key=lambda name: -values[name].value)
    pairs = [
        _pair(one, other, statistics[one], statistics[other], len(speakers))
        for one, other in combinations(ranked, 2)
    ]
    corrected = holm([pair.p_wilcoxon for pair in pairs])
    reasons = [f"{name}: {reason}" for name, run in runs for reason in run.facts.leaky_reasons]
    return Comparison(
        metric,
        min((run.facts.protocol for _, run in runs), key=len),
        {name: values[name] for name in ranked},
        tuple(
            Pair(**{**vars(pair), "p_holm": p}) for pair, p in zip(pairs, corrected, strict=True)
        ),
        tuple(reasons),
        tuple(name for name, run in runs if run.facts.transductive),
        tuple(f"{name}: {text}" for name, run in runs for text in untold(run.facts)),
    )


def holm(values: Sequence[float]) -> list[float]:
    """Correct p-values for testing several pairs (Holm 1979); NaN stays NaN.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    known = sorted((value, k) for k, value in enumerate(values) if value == value)
    corrected = [float("nan")] * len(values)
    largest = 0.0
    for rank, (value, k) in enumerate(known):
        largest = max(largest, min(1.0, value * (len(known) - rank)))
        corrected[k] = largest
    return corrected


def comparison_text(comparison: Comparison) -> str:
    """Return the comparison as a table for a terminal."""
    metric = comparison.metric
    width = max(len(name) for name in comparison.runs) + 2
    lines = [f"LEAKY: {reason}." for reason in comparison.leaky_reasons]
    lines += [f"unknown: {text}." for text in comparison.unknown]
    lines += [f"TRANSDUCTIVE: {name}: {TRANSDUCTIVE}." for name in comparison.transductive]
    lines.append(f"{short_name(metric)} on the same folds ({comparison.protocol})")
    for name, value in comparison.runs.items():
        lines.append(f"{name:<{width}}{_shown(metric, value)}")
    lines += [
        "",
        f"{'pair':<{2 * width}}{'difference':>11}  {'95 % interval':<18}"
        f"{'p bootstrap':>12}{'p Wilcoxon':>12}{'Holm':>8}",
    ]
    for pair in comparison.pairs:
        difference, low, high = (
            _lead(metric, end)
            for end in (pair.difference.value, pair.difference.low, pair.difference.high)
        )
        ps = (pair.p_bootstrap, pair.p_wilcoxon, pair.p_holm)
        shown = ["-" if p != p else f"{p:.4f}" for p in ps]
        lines.append(
            f"{pair.one + ' - ' + pair.other:<{2 * width}}{difference:>11}  "
            f"{f'[{low}, {high}]':<18}{shown[0]:>12}{shown[1]:>12}{shown[2]:>8}"
        )
    lines.append(
        "Paired: speakers are resampled for both at once; Wilcoxon's signed-rank test is over "
        "the speakers, corrected for the number of pairs by Holm."
    )
    return "\n".join(lines) + "\n"


def _shown(metric: str, value: Interval) -> str:
    low, high = (value_text(metric, end) for end in (value.low, value.high))
    return f"{value_text(metric, value.value):>8}  [{low}, {high}]"


def _lead(metric: str, difference: float) -> str:
    return f"{difference:+.3f}" if metric not in PERCENT else f"{100 * difference:+.1f}"


def save_comparison(comparison: Comparison, folder: str | Path) -> Path:
    """Write ``comparison.json``, ``.txt`` and ``.png``, and tables; return the picture.

    Raises:
        UsageError: the folder cannot be written.
    """
    folder = Path(folder)
    require_folder(folder)
    save_text(folder / "comparison.json", json.dumps(comparison.to_dict(), indent=2) + "\n")
    save_text(folder / "comparison.txt", comparison_text(comparison))
    table_of(comparison).save(folder)
    return save(_drawing(comparison), folder / "comparison.png")


def table_of(comparison: Comparison) -> paper.Table:
    """Return a row per run, best first, with its difference to the best."""
    best, *_ = comparison.runs
    against = {pair.other: pair for pair in comparison.pairs if pair.one == best}
    marked = stamp_word(bool(comparison.leaky_reasons), False)
    rows: list[tuple[paper.Cell, ...]] = []
    for name, value in comparison.runs.items():
        own = f"{stamp_word(False, name in comparison.transductive)}{name}"
        cells: tuple[paper.Cell, ...] = ("", "")
        if name in against:
            pair = against[name]
            lead = pair.difference
            behind = paper.Figure(
                -lead.value, -lead.high, -lead.low, comparison.metric in PERCENT, True
            )
            p = "-" if pair.p_holm != pair.p_holm else f"{pair.p_holm:.4f}"
            cells = (behind, p)
        rows.append((own, paper.figure(comparison.metric, value), *cells))
    caption = (
        f"{marked}{short_name(comparison.metric)} on the same folds, {comparison.protocol}; 95 % "
        "intervals by bootstrap over speakers; p: Wilcoxon's signed-rank test over speakers "
        "against the first, corrected by Holm"
    )
    return paper.Table(
        caption, ("run", short_name(comparison.metric), "difference", "p"), tuple(rows)
    )


def _ordered(run: Evaluation) -> pd.DataFrame:
    """Return the predictions in an order that is the same for every run of the same folds."""
    files = run.predictions.index.get_level_values("file")
    starts = run.predictions.index.get_level_values("start")
    return run.predictions.iloc[np.lexsort((starts, files.to_numpy(dtype=str)))]


def _same_folds(one_name: str, one: Evaluation, other_name: str, other: Evaluation) -> None:
    def division(run: Evaluation) -> set[tuple[Any, ...]]:
        return set(zip(run.predictions.index, run.predictions["fold"], strict=True))

    what = ""
    if (one.target, one.labels) != (other.target, other.labels):
        what = "do not predict the same labels"
    elif set(one.predictions.index) != set(other.predictions.index):
        what = "were not tested on the same utterances"
    elif division(one) != division(other):
        what = "do not have the same folds"
    if what:
        protocols = " and ".join(run.facts.protocol for run in (one, other))
        raise UsageError(
            f"{one_name} and {other_name} {what} (protocols {protocols}): "
            "a difference between them would mean nothing"
        )


def _statistic(run: Evaluation, metric: str, speakers: Sequence[str]) -> Statistic:
    """Return the metric as a function of speaker weights, speakers in the order given."""
    table = _ordered(run)
    numbers, names = cluster_numbers(clusters(table))
    place = np.array([speakers.index(str(name)) for name in names], dtype=np.intp)
    if run.numeric:
        found = of_numbers(table["truth"], table[run.target], place[numbers])
    else:
        truth, answers = table["truth"].tolist(), table[run.target].tolist()
        found = of_decisions(truth, answers, run.labels, place[numbers])
    return found[metric]


def _pair(one: str, other: str, first: Statistic, second: Statistic, speakers: int) -> Pair:
    def difference(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return first(weights) - second(weights)

    sample = difference(draws(speakers, RESAMPLES, seed=0))
    above, below = float(np.mean(sample >= 0)), float(np.mean(sample <= 0))
    # Never exactly zero: the resamples cannot show less than one in their number.
    p_bootstrap = min(1.0, max(2 * min(above, below), 1 / RESAMPLES))
    each = difference(np.eye(speakers))
    found = interval(difference, speakers, resamples=RESAMPLES, seed=0)
    return Pair(one, other, found, p_bootstrap, _wilcoxon(each), float("nan"))


def _wilcoxon(differences: NDArray[np.float64]) -> float:
    from scipy.stats import wilcoxon

    known = differences[~np.isnan(differences)]
    if not np.any(known):
        return float("nan")
    return float(wilcoxon(known).pvalue)


def _drawing(comparison: Comparison) -> Any:
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    names = list(comparison.runs)
    figure = Figure(figsize=(8, 1.1 + 0.6 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    against = {pair.other: pair for pair in comparison.pairs if pair.one == names[0]}
    for row, value in enumerate(comparison.runs.values()):
        axes.plot([value.low, value.high], [row, row], color=MAIN, linewidth=2)
        axes.plot([value.value], [row], "o", color=MAIN)
        text = _shown(comparison.metric, value).strip()
        if names[row] in against:
            p = against[names[row]].p_holm
            text += f"\n{_lead(comparison.metric, -against[names[row]].difference.value)}"
            text += "" if p != p else f" to the first, p {p:.3f}"
        axes.annotate(text, (1.01, row), xycoords=("axes fraction", "data"), va="center")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    if comparison.metric in PERCENT:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(f"{comparison.metric.replace('_', ' ')}, 95 % interval over speakers")
    stamp = stamp_word(bool(comparison.leaky_reasons), bool(comparison.transductive))
    axes.set_title(f"{stamp}same folds, {comparison.protocol}", fontsize="medium")
    return figure
