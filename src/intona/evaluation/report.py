"""An evaluation as a folder people read: one self-contained page, a picture, the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from intona.evaluation import figures, paper
from intona.evaluation.facts import Facts
from intona.evaluation.measure import headline, short_name
from intona.evaluation.result import JSON, TABLE
from intona.evaluation.text import (
    METRIC_WORDS,
    TRANSDUCTIVE,
    corpus_view,
    stamp_word,
    value_text,
)
from intona.evaluation.worst import worst
from intona.files import save_text
from intona.formats import page, palette
from intona.metrics.bootstrap import Interval

if TYPE_CHECKING:
    from intona.evaluation.result import Evaluation
    from intona.explain.occlusion import Model

PAGE = "report.html"
CONFUSION = ("confusion.png", "confusion.svg")
WRITTEN = (PAGE, *CONFUSION, JSON, TABLE, *paper.NAMES)


def write_report(evaluation: Evaluation, folder: str | Path, *, model: Model | None = None) -> Path:
    """Write the report: a page, the confusion matrix as picture, the numbers, tables, predictions.

    Args:
        evaluation: the result.
        folder: where to.
        model: the finished model that was tested, to draw why it made its worst mistakes.

    Returns:
        The page.

    Raises:
        UsageError: the folder cannot be written.
    """
    folder = evaluation.save(folder)
    save_text(folder / PAGE, render(evaluation, folder, model=model))
    paper.of_evaluation(evaluation).save(folder)
    if not evaluation.numeric:
        facts = evaluation.facts
        title = f"{stamp_word(facts.leaky, facts.transductive)}{_title(evaluation)}"
        for name in CONFUSION:
            drawn = figures.confusion(
                evaluation.confusion,
                (evaluation.labels, evaluation.answers),
                f"{title}, {facts.protocol}",
            )
            palette.save(drawn, folder / name)
    return folder / PAGE


def render(evaluation: Evaluation, folder: str | Path, *, model: Model | None = None) -> str:
    """Return the page; it needs no network, and finds local recordings from ``folder``."""
    view = _view(evaluation, Path(folder), model)
    return page.render("intona.evaluation", view, sentence=_sentence)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _by_corpus(facts: Facts) -> list[dict[str, Any]]:
    """Return the tables by corpus, each with its ``title``: as it is, and without profiles."""
    tables = []
    if facts.by_corpus:
        title = f"with {facts.enrolment_name}" if facts.enrolment_name else ""
        tables.append({"title": title, **corpus_view(facts.by_corpus)})
    if facts.enrolment is not None and facts.enrolment.without_by_corpus:
        tables.append({"title": "without", **corpus_view(facts.enrolment.without_by_corpus)})
    return tables


def _view(evaluation: Evaluation, folder: Path, model: Model | None) -> dict[str, Any]:
    """Return what the template shows, all text ready."""
    facts = evaluation.facts
    main = headline(evaluation.numeric)
    speakers = facts.speakers
    return {
        "title": _title(evaluation),
        "facts": facts,
        "transductive_words": TRANSDUCTIVE,
        "by_corpus": _by_corpus(facts),
        "numeric": evaluation.numeric,
        "labels": evaluation.labels,
        "answers": evaluation.answers,
        "chance": None if evaluation.numeric else f"{100 * evaluation.chance:.1f} %",
        "resampled": "resampling speakers" if speakers else "resampling files: no speakers known",
        "headline": _metric(main, evaluation.headline),
        "metrics": [_metric(name, value) for name, value in evaluation.metrics.items()],
        "confusion": _confusion(evaluation),
        "pictures": CONFUSION,
        "tables": _tables(evaluation, main),
        "figures": _figures(evaluation),
        "controls": [
            {
                "name": control.name,
                "words": control.words,
                "short": short_name(control.metric),
                "text": value_text(control.metric, control.value),
            }
            for control in facts.controls
        ],
        "mistakes": worst(evaluation, folder, model),
        "explained": model is not None,
        "mistakes_words": (
            "The largest errors."
            if evaluation.numeric
            else "Wrong answers the model was surest of. Listen: some are hard for people too."
        ),
        "folds": [_fold(fold, main) for fold in evaluation.to_dict()["folds"]],
    }


def _title(evaluation: Evaluation) -> str:
    facts = evaluation.facts
    return f"{evaluation.target.capitalize()} by {facts.recipe} on {facts.corpus}"


def _metric(name: str, value: Interval) -> dict[str, Any]:
    low, high = (value_text(name, end).removesuffix(" %") for end in (value.low, value.high))
    return {
        "short": short_name(name),
        "text": value_text(name, value.value),
        "interval": f"[{low}, {high}]",
        "words": METRIC_WORDS.get(name, ""),
    }


def _confusion(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows = []
    for k, (label, counts) in enumerate(
        zip(evaluation.labels, evaluation.confusion, strict=not evaluation.numeric)
    ):
        total = sum(counts)
        cells = [
            {"count": count, "share": round(100 * count / total) if total else 0, "right": k == j}
            for j, count in enumerate(counts)
        ]
        rows.append({"label": label, "cells": cells, "total": total})
    return rows


def _tables(evaluation: Evaluation, main: str) -> list[dict[str, Any]]:
    tables = []
    if not evaluation.numeric:
        rows = [
            _row(name, main, part["recall"], part["utterances"], part["low"], part["high"])
            for name, part in evaluation.per_class.items()
            if part["utterances"]
        ]
        note = "The thin line is the 95 % interval."
        tables.append(_table("Recall per emotion", "emotion", "recall", rows, note))
    for column, parts in evaluation.groups.items():
        if column == "corpus" and evaluation.facts.by_corpus:
            continue  # has a table of its own, with intervals
        rows = [_row(name, main, part[main], part["utterances"]) for name, part in parts.items()]
        words = column.replace("_", " ")
        tables.append(_table(f"By {words}", words, short_name(main), rows))
    speakers = sorted(evaluation.per_speaker.items(), key=lambda item: item[1][main])
    if len(speakers) > 1:
        rows = [_row(name, main, part[main], part["utterances"]) for name, part in speakers]
        tables.append(_table("Per speaker, hardest first", "speaker", short_name(main), rows))
    return tables


def _table(
    title: str, column: str, metric: str, rows: list[dict[str, Any]], note: str = ""
) -> dict[str, Any]:
    return {"title": title, "column": column, "metric": metric, "rows": rows, "note": note}


def _row(
    name: str,
    metric: str,
    value: float,
    count: int,
    low: float = float("nan"),
    high: float = float("nan"),
) -> dict[str, Any]:
    def place(number: float) -> float:
        return 0.0 if np.isnan(number) else round(100 * min(max(number, 0.0), 1.0), 1)

    return {
        "name": name,
        "text": value_text(metric, value),
        "count": count,
        "bar": place(value),
        "low": place(low),
        "high": place(high),
        "interval": not np.isnan(low),
    }


def _figures(evaluation: Evaluation) -> list[dict[str, str]]:
    predictions = evaluation.predictions
    if evaluation.numeric:
        return [
            {
                "title": "Prediction against truth",
                "svg": figures.scatter(predictions["truth"], predictions[evaluation.target]),
                "words": "On the dashed line prediction and truth are equal.",
            }
        ]
    confidence = predictions["confidence"]
    right = predictions["truth"] == predictions[evaluation.target]
    return [
        {
            "title": "Reliability",
            "svg": figures.reliability(confidence, right),
            "words": "On the dashed line an answer of 70 % confidence is right 70 % of the time; "
            "below it the model is too sure. Each dot is a tenth of the utterances.",
        },
        {
            "title": "Risk and coverage",
            "svg": figures.risk_coverage_curve(confidence, right),
            "words": "Errors among the answers when only the surest share is answered.",
        },
    ]


def _fold(fold: Mapping[str, Any], main: str) -> dict[str, Any]:
    speakers = fold.get("test_speakers", [])
    shown = ", ".join(speakers[:6])
    selected = fold.get("chosen_inside", {}).get("selected", {})
    return {
        "name": fold["name"],
        "speakers": shown if len(speakers) <= 6 else f"{shown} and {len(speakers) - 6} more",
        "train": fold.get("train_utterances", ""),
        "test": fold["test_utterances"],
        "text": value_text(main, fold.get(main)),
        "chosen": ", ".join(f"{name} = {value}" for name, value in selected.items()),
    }
