"""The report of an audit: ``audit.json`` for programs, ``report.html`` for people."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona import audio
from intona.audio import Audio
from intona.audio.transforms.codec import encode
from intona.audit.cases import Variant
from intona.audit.model import AuditedModel
from intona.audit.outcome import Outcome
from intona.audit.run import TESTS, AuditResult, ChangedPrediction
from intona.files import require_folder, save_text
from intona.formats.page import render

WRITTEN = ("audit.json", "report.html")
LISTEN_RATE = 16_000
LISTEN_BITS = 32_000
LISTEN_SECONDS = 8.0
MOST_EXAMPLES = 60

FAMILIES: Mapping[str, str] = {
    "correctness": "Do the predictions follow the truth?",
    "fairness": "Are groups of people treated alike? Each group is compared with all together; "
    "a threshold is the largest difference a guessing model showed in 1000 simulations.",
    "robustness": "Does the prediction stay when the sound changes in a way that must not matter?",
    "everyday": "What users meet: codecs, sample rates, formats, silence, length, speed, and "
    "sound without any speech, which no emotion may be read into.",
}


@dataclass(frozen=True)
class Context:
    """What the report must say beside the outcomes.

    Attributes:
        corpus: name of the corpus or corpora.
        leaky: why the numbers are not honest; empty when they are.
        notes: remarks, one sentence each.
    """

    corpus: str
    leaky: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def to_dict(result: AuditResult, context: Context) -> dict[str, Any]:
    """Return the audit as JSON-able data."""
    from intona._version import __version__

    dataset = result.suite.dataset
    passed = {name: (good, run) for name, good, run in result.ranking()}
    return {
        "intona": __version__,
        "corpus": context.corpus,
        "leaky": list(context.leaky),
        "notes": list(context.notes),
        "utterances": len(dataset),
        "speakers": list(dataset.names),
        "sampled": len(result.suite.sampled),
        "seed": result.options.seed,
        "labels": list(result.models[0].labels),
        "warnings": list(result.warnings),
        "skipped": list(result.skipped),
        "ranking": [name for name, _, _ in result.ranking()],
        "models": [
            {
                "name": model.name,
                "model": model.said,
                "random": model.path is None,
                "passed": passed[model.name][0],
                "run": passed[model.name][1],
                "outcomes": [outcome.to_dict() for outcome in outcomes],
            }
            for model, outcomes in zip(result.models, result.outcomes, strict=True)
        ],
    }


def summary(result: AuditResult, context: Context, *, failed: bool = True) -> str:
    """Return the ranking as text for the terminal, and the failed tests if wanted."""
    lines = [f"LEAKY: {reason}" for reason in context.leaky]
    lines += [f"note: {note}" for note in context.notes]
    lines += [f"warning: {warning}" for warning in result.warnings]
    width = max(len(model.name) for model in result.models)
    for name, good, run in result.ranking():
        share = 100 * good / max(run, 1)
        lines.append(f"{name:<{width}}  passed {good} of {run} tests ({share:.0f} %)")
    for model, outcomes in zip(result.models, result.outcomes, strict=True):
        if model.path is None or not failed:
            continue
        lines.append(f"\n{model.name} failed:")
        for o in outcomes:
            if not o.passed:
                sign = ">" if o.bound == "above" else "<"
                lines.append(
                    f"  {o.family}/{o.test}, {o.case}: {o.metric} {_number(o.value)} "
                    f"[{_number(o.low)}, {_number(o.high)}], needs {sign} {_number(o.threshold)}"
                )
    return "\n".join(lines) + "\n"


def write(result: AuditResult, context: Context, folder: str | Path) -> Path:
    """Write ``audit.json`` and ``report.html`` into a folder, which is made; return the page.

    Raises:
        UsageError: the folder cannot be written.
    """
    folder = Path(folder)
    require_folder(folder)
    numbers, shown = (folder / name for name in WRITTEN)
    text = json.dumps(to_dict(result, context), indent=1, ensure_ascii=False)
    save_text(numbers, text + "\n")
    return save_text(shown, page(result, context))


def page(result: AuditResult, context: Context) -> str:
    """Return the report as one self-contained HTML page."""
    view = {
        "audit": to_dict(result, context),
        "ranking": list(_ranking(result)),
        "families": list(_families(result)),
        "listening": list(_examples(result)),
    }
    return render("intona.audit", view, number=_number)


def _number(value: float) -> str:
    """Return a number with two decimals, three below a tenth; a dash when there is none.

    Examples:
        >>> _number(0.951), _number(-0.0421), _number(float("nan"))
        ('0.95', '-0.042', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.3f}" if 0 < abs(value) < 0.1 else f"{value:.2f}"


def _ranking(result: AuditResult) -> Iterator[dict[str, Any]]:
    by_name = {
        model.name: outcomes for model, outcomes in zip(result.models, result.outcomes, strict=True)
    }
    reference = result.models[-1].name
    for name, good, run in result.ranking():
        parts = []
        for family in FAMILIES:
            own = [outcome for outcome in by_name[name] if outcome.family == family]
            if own:
                parts.append((family, sum(outcome.passed for outcome in own), len(own)))
        share = 100 * good / max(run, 1)
        yield {
            "name": name,
            "passed": good,
            "run": run,
            "share": share,
            "parts": parts,
            "random": name == reference,
        }


def _families(result: AuditResult) -> Iterator[dict[str, Any]]:
    """Yield the tables: per family its tests, per test its rows, per row a cell per model."""
    found: list[dict[tuple[str, str, str, str], Outcome]] = [
        {outcome.key: outcome for outcome in outcomes} for outcomes in result.outcomes
    ]
    keys = list(dict.fromkeys(key for outcomes in found for key in outcomes))
    for family, words in FAMILIES.items():
        tests = []
        for test in TESTS[family]:
            rows = []
            for key in (key for key in keys if key[:2] == (family, test)):
                cells = [outcomes.get(key) for outcomes in found]
                first = next(cell for cell in cells if cell is not None)
                rows.append({"first": first, "cells": cells})
            if rows:
                tests.append({"name": test, "rows": rows})
        if tests:
            yield {"name": family, "words": words, "tests": tests}


def _examples(result: AuditResult) -> Iterator[dict[str, Any]]:
    """Yield changed predictions to listen to, the sounds made again and coded as MP3."""
    emotions = result.suite.dataset.column("emotion")
    for change in _chosen(result):
        case = result.suite.case(change.row, (change.model,))
        clip = case.clip()
        compared = change.condition if change.condition.reference is not None else None
        before = case.signal(clip, Variant(compared, reference=compared is not None))
        after = case.signal(clip, Variant(change.condition))
        yield {
            "model": change.model.name,
            "test": change.condition.test,
            "case": change.condition.case,
            "truth": emotions[change.row],
            "said": [_words(change.model, values) for values in (change.before, change.after)],
            "sounds": [_sound(before), _sound(after)],
            "passed": _passed(result, change),
        }


def _chosen(result: AuditResult) -> list[ChangedPrediction]:
    """Return which changed predictions are shown: those of failed conditions first.

    The first of every model and condition come before any second one.
    """
    counts: dict[tuple[str, str], int] = {}
    ranks: list[tuple[bool, int, int]] = []
    for change in result.changes:
        key = change.model.name, change.condition.name
        counts[key] = counts.get(key, 0) + 1
        place = result.suite.conditions.index(change.condition)
        ranks.append((_passed(result, change), counts[key], place))
    best = sorted(range(len(ranks)), key=ranks.__getitem__)[:MOST_EXAMPLES]
    return [result.changes[k] for k in best]


def _passed(result: AuditResult, change: ChangedPrediction) -> bool:
    outcomes = result.outcomes[result.models.index(change.model)]
    where = (change.condition.family, change.condition.test, change.condition.case)
    return all(outcome.passed for outcome in outcomes if outcome.key[:3] == where)


def _words(model: AuditedModel, values: NDArray[np.float64]) -> str:
    """Return a prediction in words."""
    if np.isnan(values[0]):
        return "no speech"
    if model.numeric:
        return f"{model.labels[0]} {values[0]:.2f}"
    best = int(np.argmax(values))
    return f"{model.labels[best]} {100 * values[best]:.0f} %"


def _sound(clip: Audio) -> str:
    """Return a sound as a data address for the page, at most eight seconds long."""
    samples = clip.samples[: round(LISTEN_SECONDS * clip.rate)]
    content = encode(
        audio.resample(samples, clip.rate, LISTEN_RATE), LISTEN_RATE, "mp3", LISTEN_BITS
    )
    return "data:audio/mpeg;base64," + base64.b64encode(content).decode("ascii")
