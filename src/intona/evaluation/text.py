"""An evaluation as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from intona.evaluation.by_corpus import FOR_PAPERS, IN_PERCENT, MEASURES, NUMERIC_MEASURES
from intona.evaluation.measure import NUMERIC_HEADLINE, headline, short_name
from intona.metrics.bootstrap import Interval

if TYPE_CHECKING:
    from intona.evaluation.facts import Control, Facts
    from intona.evaluation.leaks import LeakReport
    from intona.evaluation.result import Evaluation

PERCENT = frozenset(
    {"unweighted_average_recall", "weighted_average_recall", "macro_f1", "weighted_f1"}
)
METRIC_WORDS = {
    "unweighted_average_recall": "unweighted average recall",
    "weighted_average_recall": "weighted average recall, the accuracy",
    "expected_calibration_error": "expected calibration error, 0 is best",
    "brier_score": "0 is best",
    "log_loss": "in nats, 0 is best",
    "area_under_roc": "one class against the rest, chance 0.5",
    "area_under_risk_coverage": "mean error when the surest are answered first, 0 is best",
    "concordance_correlation": "concordance correlation, 1 is best",
    "pearson_correlation": "Pearson correlation",
    "mean_absolute_error": "mean absolute error",
}


def summary(evaluation: Evaluation) -> str:
    """Return the whole result as text: metrics, classes, confusion, controls, leaks."""
    facts = evaluation.facts
    lines = [*stamp(facts), _title(evaluation), facts.protocol_words, ""]
    if facts.by_corpus:
        before = facts.enrolment.without_by_corpus if facts.enrolment is not None else None
        if before:
            lines += ["without:", *_by_corpus(before), "", f"with {facts.enrolment_name}:"]
        lines += [*_by_corpus(facts.by_corpus), "", "all corpora in one heap:"]
    lines += [*_metrics(evaluation), *_certainty(evaluation)]
    if len(facts.model_seeds) > 1:
        lines += ["", *_seeds(evaluation)]
    if not evaluation.numeric:
        lines += ["", *_classes(evaluation), "", *_confusion(evaluation)]
    if facts.mapping:
        lines += ["", *_mapping(facts.mapping)]
    if facts.controls:
        lines += ["", *_controls(facts.controls)]
    lines += ["", *_leaks(facts.leaks)]
    return "\n".join(lines) + "\n"


TRANSDUCTIVE = (
    "recordings under test were standardised by statistics of recordings under test, without "
    "labels; that needs many of them: compare only with results made likewise"
)


def _certainty(evaluation: Evaluation) -> list[str]:
    """Say how many answers are ``ok`` and how many of these are wrong."""
    if evaluation.numeric:
        return []
    predictions = evaluation.predictions
    fine = (predictions["status"] == "ok").to_numpy()
    wrong = (predictions["truth"] != predictions[evaluation.target]).to_numpy()[fine]
    share = f", {100 * wrong.mean():.0f} % of them wrong" if fine.any() else ""
    return [f"ok: {100 * fine.mean():.0f} % of the answers{share}; the others are unsure"]


def _by_corpus(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a line per corpus, and their mean, with intervals."""
    view = corpus_view(found)
    table = [["", *view["words"]], *([row["name"], *row["cells"]] for row in view["rows"])]
    first, *others = (max(map(len, column)) for column in zip(*table, strict=True))
    lines = [
        f"{name:<{first}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, others, strict=True))
        for name, *cells in table
    ]
    lines.append("intervals: of a corpus over its speakers, of the mean over corpora")
    return lines


# What is known of a corpus beside the measures, and what tables call it.
COUNTS: Mapping[str, str] = {
    "utterances": "utterances",
    "speakers": "speakers",
    "chance": "chance",
}


def corpus_view(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a table by corpus shows: ``words`` of its columns, ``rows`` with ``cells``."""
    counts, names = columns_by_corpus(found)
    shown = {name: words for name, words in names.items() if name not in FOR_PAPERS}
    rows = [
        {
            "name": corpus,
            "cells": [
                *(count_text(name, measures.get(name)) for name in counts),
                *(_cell(name, measures[name]) for name in shown),
            ],
        }
        for corpus, measures in found.items()
    ]
    return {"words": [*counts.values(), *shown.values()], "rows": rows}


def columns_by_corpus(
    found: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the columns that say something of any corpus, counts and measures, by name."""
    counts = {
        name: words
        for name, words in COUNTS.items()
        if any(measures.get(name) is not None for measures in found.values())
    }
    measures = {
        name: words
        for name, words in {**MEASURES, **NUMERIC_MEASURES}.items()
        if any(_there(measures.get(name, {}).get("value")) for measures in found.values())
    }
    return counts, measures


def count_text(name: str, value: float | None) -> str:
    """Return a count, or chance in per cent; nothing where there is none."""
    if value is None:
        return ""
    return f"{100 * value:.1f}" if name == "chance" else str(value)


def _there(value: float | None) -> bool:
    return value is not None and value == value


def _cell(name: str, bounds: Mapping[str, float | None]) -> str:
    scale, digits = (100, 1) if name in IN_PERCENT else (1, 3)
    value, low, high = (
        f"{scale * one:.{digits}f}" if _there(one := bounds[key]) and one is not None else "-"
        for key in ("value", "low", "high")
    )
    return "-" if value == "-" else f"{value} [{low}, {high}]"


def stamp(facts: Facts) -> list[str]:
    """Return the lines every output of a leaky or transductive result begins with."""
    lines = [f"NO SPEAKER: {one.text}" for one in facts.leaks.of_kind("nobody")]
    lines += [f"LEAKY: {reason}" for reason in facts.leaky_reasons]
    if facts.transductive:
        lines.append(f"TRANSDUCTIVE: {TRANSDUCTIVE}")
    return [*lines, ""] if lines else []


def stamp_word(leaky: bool, transductive: bool) -> str:
    """Return what the title of a picture begins with.

    Examples:
        >>> stamp_word(leaky=True, transductive=False)
        'LEAKY: '
    """
    words = ["LEAKY"] if leaky else []
    words += ["TRANSDUCTIVE"] if transductive else []
    return f"{', '.join(words)}: " if words else ""


def value_text(name: str, value: float | None) -> str:
    """Return a metric's value as people read it.

    Examples:
        >>> value_text("unweighted_average_recall", 0.5), value_text("log_loss", 1.5)
        ('50.0 %', '1.500')
    """
    if value is None or value != value:
        return "-"
    return f"{100 * value:.1f} %" if name in PERCENT else f"{value:.3f}"


def _title(evaluation: Evaluation) -> str:
    facts = evaluation.facts
    what = "a number" if evaluation.numeric else f"{len(evaluation.labels)} classes"
    return (
        f"{facts.recipe} on {facts.corpus}: {evaluation.target} ({what}), "
        f"{facts.corpus_details.utterances} utterances, {facts.speakers} speakers"
    )


def _metrics(evaluation: Evaluation) -> list[str]:
    lines = []
    for name, value in evaluation.metrics.items():
        words = METRIC_WORDS.get(name, "")
        if name == headline(False):
            words += f"; chance {100 * evaluation.chance:.1f} %"
        lines.append(f"{short_name(name):<12}{_with_interval(name, value)}  {words}".rstrip())
    resampled = "speakers" if evaluation.facts.speakers else "files: no speakers are known"
    lines.append(f"95 % intervals by bootstrap over {resampled}.")
    return lines


def _with_interval(name: str, value: Interval) -> str:
    low, high = (value_text(name, end).removesuffix(" %") for end in (value.low, value.high))
    return f"{value_text(name, value.value):>8}  {f'[{low}, {high}]':<16}"


def _seeds(evaluation: Evaluation) -> list[str]:
    name = NUMERIC_HEADLINE if evaluation.numeric else "weighted_average_recall"
    lines = [f"model seed  {short_name(headline(evaluation.numeric)):>8}  {short_name(name):>8}"]
    values = evaluation.per_model_seed
    both = (headline(evaluation.numeric), name)
    for seed in sorted(values, key=int):
        lines.append(
            f"{seed:>10}  " + "  ".join(f"{value_text(m, values[seed][m]):>8}" for m in both)
        )
    means = [sum(part[m] for part in values.values()) / len(values) for m in both]
    lines.append(
        f"{'mean':>10}  "
        + "  ".join(f"{value_text(m, mean):>8}" for m, mean in zip(both, means, strict=True))
    )
    return lines


def _classes(evaluation: Evaluation) -> list[str]:
    lines = [f"{'class':<12}{'recall':>8}  {'interval':<14}{'precision':>10}{'utterances':>12}"]
    for label, row in evaluation.per_class.items():
        low, high = (value_text("macro_f1", row[end]).removesuffix(" %") for end in ("low", "high"))
        recall, precision = (value_text("macro_f1", row[key]) for key in ("recall", "precision"))
        lines.append(
            f"{label:<12}{recall:>8}  {f'[{low}, {high}]':<14}{precision:>10}"
            f"{row['utterances'] // len(evaluation.facts.model_seeds):>12}"
        )
    return lines


def _confusion(evaluation: Evaluation) -> list[str]:
    labels = evaluation.labels
    width = max(6, *(len(label) for label in labels)) + 1
    lines = ["confusion in % of each row; rows: truth, columns: answers"]
    lines.append(" " * width + "".join(f"{label[:7]:>8}" for label in evaluation.answers))
    for label, row in zip(labels, evaluation.confusion, strict=True):
        total = sum(row)
        cells = (f"{100 * count / total:.0f}" if total else "-" for count in row)
        lines.append(f"{label:<{width}}" + "".join(f"{cell:>8}" for cell in cells))
    return lines


def _mapping(mapping: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["labels: corpus -> model"]
    for row in mapping:
        target = row["model"] or "(the model does not know it: left out)"
        lines.append(f"  {row['corpus']:<12} -> {target}  {row['utterances']} utterances")
    return lines


def _controls(controls: Sequence[Control]) -> list[str]:
    lines = ["controls"]
    for control in controls:
        value = value_text(control.metric, control.value)
        lines.append(
            f"  {control.name:<20}{short_name(control.metric)} {value:>8}  {control.words}"
        )
    return lines


def _leaks(leaks: LeakReport) -> list[str]:
    if not leaks.findings:
        return [f"leak check: nothing found; looked for {'; '.join(leaks.checked)}"]
    return [f"{finding.word}: {finding.text}" for finding in leaks.findings]
