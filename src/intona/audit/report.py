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
from intona.audio.transforms.codec import encode
from intona.audit.outcome import Outcome
from intona.audit.run import TESTS, AuditResult, Flip
from intona.errors import UsageError
from intona.files import atomic
from intona.formats.page import render

__all__ = ["Context", "page", "summary", "to_dict", "write"]

LISTEN_RATE = 16_000
LISTEN_BITS = 32_000
LISTEN_SECONDS = 8.0
MOST_FLIPS = 60

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

    material = result.plan.material
    passed = {name: (good, run) for name, good, run in result.ranking()}
    return {
        "intona": __version__,
        "corpus": context.corpus,
        "leaky": list(context.leaky),
        "notes": list(context.notes),
        "utterances": len(material),
        "speakers": list(material.names),
        "sampled": len(result.plan.sampled),
        "seed": result.options.seed,
        "labels": list(result.subjects[0].labels),
        "warnings": list(result.warnings),
        "skipped": list(result.skipped),
        "ranking": [name for name, _, _ in result.ranking()],
        "models": [
            {
                "name": subject.name,
                "random": subject.path is None,
                "passed": passed[subject.name][0],
                "run": passed[subject.name][1],
                "outcomes": [outcome.to_dict() for outcome in outcomes],
            }
            for subject, outcomes in zip(result.subjects, result.outcomes, strict=True)
        ],
    }


def summary(result: AuditResult, context: Context, *, failed: bool = True) -> str:
    """Return the ranking as text for the terminal, and the failed tests if wanted."""
    lines = [f"LEAKY: {reason}" for reason in context.leaky]
    lines += [f"warning: {warning}" for warning in result.warnings]
    width = max(len(subject.name) for subject in result.subjects)
    for name, good, run in result.ranking():
        share = 100 * good / max(run, 1)
        lines.append(f"{name:<{width}}  passed {good} of {run} tests ({share:.0f} %)")
    for subject, outcomes in zip(result.subjects, result.outcomes, strict=True):
        if subject.path is None or not failed:
            continue
        lines.append(f"\n{subject.name} failed:")
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic(folder / "audit.json") as temporary:
            text = json.dumps(to_dict(result, context), indent=1, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8")
        with atomic(folder / "report.html") as temporary:
            temporary.write_text(page(result, context), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    return folder / "report.html"


def page(result: AuditResult, context: Context) -> str:
    """Return the report as one self-contained HTML page."""
    view = {
        "audit": to_dict(result, context),
        "ranking": list(_ranking(result)),
        "families": list(_families(result)),
        "listening": list(_listening(result)),
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
    by_name = {s.name: o for s, o in zip(result.subjects, result.outcomes, strict=True)}
    reference = result.subjects[-1].name
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


def _listening(result: AuditResult) -> Iterator[dict[str, Any]]:
    """Yield examples, failed conditions first, the sounds made again and coded as MP3.

    The first of every model and condition come before any second one.
    """
    turn: dict[tuple[str, str], int] = {}
    turns = []
    for flip in result.flips:
        key = (flip.subject.name, flip.condition.name)
        turn[key] = turn.get(key, 0) + 1
        place = result.plan.conditions.index(flip.condition)
        turns.append((_passed(result, flip), turn[key], place))
    order = sorted(range(len(turns)), key=turns.__getitem__)
    flips = [result.flips[k] for k in order[:MOST_FLIPS]]
    emotions = result.plan.material.column("emotion")
    for flip in flips:
        question = result.plan.question(flip.row, (flip.subject,))
        clip = question.clip()
        base = flip.condition if flip.condition.reference is not None else None
        before = question.hear(clip, base, base is not None)
        after = question.hear(clip, flip.condition, False)
        yield {
            "model": flip.subject.name,
            "test": flip.condition.test,
            "case": flip.condition.case,
            "truth": emotions[flip.row],
            "said": [_said(flip, answer) for answer in (flip.before, flip.after)],
            "sounds": [_sound(*before), _sound(*after)],
            "passed": _passed(result, flip),
        }


def _passed(result: AuditResult, flip: Flip) -> bool:
    outcomes = result.outcomes[result.subjects.index(flip.subject)]
    where = (flip.condition.family, flip.condition.test, flip.condition.case)
    return all(outcome.passed for outcome in outcomes if outcome.key[:3] == where)


def _said(flip: Flip, answer: NDArray[np.float64]) -> str:
    if flip.subject.numeric:
        return f"{flip.subject.labels[0]} {answer[0]:.2f}"
    best = int(np.argmax(answer))
    return f"{flip.subject.labels[best]} {100 * answer[best]:.0f} %"


def _sound(samples: NDArray[np.float32], rate: int) -> str:
    """Return a sound as a data address for the page, at most eight seconds long."""
    heard = audio.resample(samples[: round(LISTEN_SECONDS * rate)], rate, LISTEN_RATE)
    content = encode(heard, LISTEN_RATE, "mp3", LISTEN_BITS)
    return "data:audio/mpeg;base64," + base64.b64encode(content).decode("ascii")
