"""Predictions of many recordings, written in the usual formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intona import formats
from intona.errors import UsageError, meant
from intona.extras import require
from intona.files import plain, save_text, spelled
from intona.tables import COLUMNS, Prediction, guarded, to_table

FORMATS = ("text", "json", "csv", "parquet", "pipeline")
TOP = 5  # answers of one recording as a pipeline gives them; what transformers gives


def format_of(name: str | None, out: Path | None) -> str:
    """Return the output format: as named, else from the file's suffix, else text.

    Raises:
        UsageError: an unknown format, or parquet (which :mod:`intona.inference.batch` writes)
            without a file to write to.
        MissingExtraError: it needs packages that are not installed.

    Examples:
        >>> format_of(None, Path("table.csv"))
        'csv'
    """
    if name is None:
        suffix = out.suffix.lower().lstrip(".") if out is not None else ""
        is_one = suffix in FORMATS or (suffix and suffix in _others())
        name = suffix if is_one else "text"
    if name not in FORMATS and name not in _others():
        if name in formats.FORMATS:
            raise UsageError(f"the format {name} is of timelines: it goes with --timeline")
        known = (*FORMATS, *_others())
        raise UsageError(
            f"no format {name!r}{meant(name, known)}: choose one of {', '.join(known)}"
        )
    if name == "parquet" and out is None:
        raise UsageError("parquet is binary: name a file with --out FILE")
    if name == "parquet":
        require("the format parquet", "pandas", "pyarrow")
    return name


def _others() -> tuple[str, ...]:
    """Return the formats of installed packages: they write any table of results."""
    return formats.names()[len(formats.FORMATS) :]


def render(
    predictions: Sequence[Prediction],
    labels: Sequence[str],
    style: str,
    *,
    top_k: int = TOP,
    alone: bool = False,
) -> str:
    """Return predictions as text in one of the textual formats.

    Formats of installed packages are given the table of results.

    Args:
        predictions: the answers.
        labels: of the model.
        style: ``text``, ``json``, ``csv``, or ``pipeline``: what a ``pipeline`` of transformers
            answers, per recording a list (:meth:`intona.tables.Prediction.ranked`), ``null`` for
            one that could not be used.
        top_k: labels of a ``pipeline``.
        alone: whether one recording was asked about, of which a ``pipeline`` gives the bare list.
    """
    if style == "pipeline":
        rows = [None if p.status == "error" else p.rounded().ranked(top_k) for p in predictions]
        return json.dumps(rows[0] if alone else rows, indent=2, ensure_ascii=False) + "\n"
    if style not in FORMATS:
        return formats.render(to_table(predictions, labels), style)
    if style == "json":
        found = [{**p.rounded().to_dict(), "file": _name(p)} for p in predictions]
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if style == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        beside = [name for name in COLUMNS if name not in labels]
        more = list(dict.fromkeys(name for p in predictions for name in p.values))
        writer.writerow(["file", "start", "end", *beside, *map(guarded, [*labels, *more])])
        for p in predictions:
            values = [getattr(p, name) for name in beside] + [p.probabilities[k] for k in labels]
            values += [p.values.get(name) for name in more]
            writer.writerow([guarded(_name(p) or ""), p.start, p.end, *map(_cell, values)])
        return text.getvalue()
    return "".join(line(prediction) + "\n" for prediction in predictions)


def line(prediction: Prediction) -> str:
    """Return one prediction as one line for people."""
    file = plain("  ".join(filter(None, (prediction.file, _side(prediction)))))
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    if prediction.status == "no_speech":
        return f"{file}  no speech"
    if prediction.emotion is None:
        return f"{file}  " + "  ".join(f"{k} {v:.3f}" for k, v in ranked)
    rest = "  ".join(f"{name} {100 * value:.0f} %" for name, value in ranked[1:4])
    guess = f"{prediction.emotion} {100 * prediction.confidence:.0f} %"
    mark = f"  (unsure: {prediction.reason})" if prediction.status == "unsure" else ""
    adapted = f"  adapted to {prediction.adapted}" if prediction.adapted else ""
    return f"{file}  {guess}{mark}  then {rest}{adapted}"


def _side(prediction: Prediction) -> str:
    """Say which channel it is about, where it is about one."""
    number = prediction.values.get("channel")
    return str(prediction.values.get("speaker") or (f"channel {number}" if number else ""))


def save(
    predictions: Sequence[Prediction], labels: Sequence[str], style: str, out: Path, **options: Any
) -> None:
    """Write predictions to a file in a textual format; it appears whole or not at all.

    Args:
        predictions: the answers.
        labels: of the model.
        style: of the file.
        out: the file.
        **options: of :func:`render`.

    Raises:
        UsageError: the file cannot be written.
    """
    if style in FORMATS:
        save_text(out, render(predictions, labels, style, **options))
    else:
        formats.write(to_table(predictions, labels), out, style)


def _name(prediction: Prediction) -> str | None:
    return None if prediction.file is None else spelled(prediction.file)


def _cell(value: str | float | None) -> str | float:
    if value is None or value != value:
        return ""
    return guarded(value) if isinstance(value, str) else round(value, 6)
