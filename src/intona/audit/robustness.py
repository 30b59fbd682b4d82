"""Robustness: does the prediction stay when the sound changes in a way that must not matter?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audit.conditions import Condition
from intona.audit.outcome import Outcome, measure, share, uar
from intona.audit.predictions import Predictions
from intona.metrics import FROM_MOMENTS, moments
from intona.metrics.clustered import cluster_sums, of_sums

Floats = NDArray[np.float64]

TOLERANCE = 0.05
UNCHANGED = "unchanged predictions"
LEAST_PARALLEL = 10


def same(before: Predictions, after: Predictions) -> NDArray[np.bool_]:
    """Return per row whether the prediction stayed.

    The same label, or a number that moved by less than :data:`TOLERANCE`. No answer (no speech
    found) is the same as no answer, and unlike any other.
    """
    if before.model.numeric:
        neither = ~before.answered() & ~after.answered()
        return neither | (np.abs(before.numbers() - after.numbers()) < TOLERANCE)
    return before.decisions() == after.decisions()


def robustness(
    original: Predictions,
    changed: Mapping[Condition, Floats],
    reference: Mapping[Condition, Floats],
) -> Iterator[Outcome]:
    """Yield, per condition, the share of unchanged predictions and the change of UAR or CCC.

    Args:
        original: predictions for the recordings as they are.
        changed: those under each condition, in the same order of utterances.
        reference: those under the reference of the conditions that have one.
    """
    for condition, values in changed.items():
        before = replace(original, values=reference.get(condition, original.values))
        after = replace(original, values=values)
        yield share(
            same(before, after),
            original.dataset.speakers,
            (condition.family, condition.test, condition.case, UNCHANGED),
            condition.unchanged,
        )
        if condition.loss is not None:
            key = (condition.family, condition.test, condition.case)
            if original.model.numeric:
                yield from _change_of_ccc(before, after, key, condition.loss)
            else:
                yield from _change_of_uar(before, after, key, condition.loss)


def _change_of_uar(
    before: Predictions, after: Predictions, key: tuple[str, str, str], loss: float
) -> Iterator[Outcome]:
    counts = np.stack([before.confusion(), after.confusion()], axis=1)
    if not counts.any():
        return
    yield measure(
        (*key, "change of UAR"),
        of_sums(counts, lambda both: uar(both[..., 1, :, :]) - uar(both[..., 0, :, :])),
        len(counts),
        -loss,
        "above",
        int(counts[:, 0].sum()),
    )


def _change_of_ccc(
    before: Predictions, after: Predictions, key: tuple[str, str, str], loss: float
) -> Iterator[Outcome]:
    truth = before.true_numbers()
    rows = np.flatnonzero(~np.isnan(truth) & before.answered() & after.answered())
    if not rows.size:
        return
    both = [moments(truth[rows], one.numbers()[rows]) for one in (before, after)]
    sums = cluster_sums(np.stack(both, axis=1), before.dataset.take(rows).speakers)
    concordance = FROM_MOMENTS["concordance_correlation"]
    yield measure(
        (*key, "change of CCC"),
        of_sums(sums, lambda two: concordance(two[..., 1, :]) - concordance(two[..., 0, :])),
        len(sums),
        -loss,
        "above",
        len(rows),
    )


def parallel(predictions: Predictions) -> Iterator[Outcome]:
    """Yield how often simultaneous recordings of one performance get the same prediction.

    The corpus tells by its columns ``performance`` (what was recorded) and ``microphone``
    (by what). Each microphone is compared with the one that has most recordings.
    """
    rows_of = _rows_per_microphone(predictions)
    if len(rows_of) < 2:
        return
    base = min(rows_of, key=lambda name: (-len(rows_of[name]), str(name)))
    for name in sorted(set(rows_of) - {base}, key=str):
        shared = [one for one in rows_of[name] if one in rows_of[base]]
        if len(shared) < LEAST_PARALLEL:
            continue
        first, second = (
            np.array([rows_of[microphone][one] for one in shared], dtype=np.intp)
            for microphone in (base, name)
        )
        yield share(
            same(predictions.take(first), predictions.take(second)),
            predictions.dataset.speakers[first],
            ("robustness", "recording-condition", f"{name} against {base}", UNCHANGED),
            0.8,
        )


def _rows_per_microphone(predictions: Predictions) -> dict[Any, dict[Any, int]]:
    """Return for each microphone the row of each performance that it recorded."""
    performances = predictions.dataset.column("performance")
    microphones = predictions.dataset.column("microphone")
    rows_of: dict[Any, dict[Any, int]] = {}
    for row, (performance, name) in enumerate(zip(performances, microphones, strict=True)):
        if performance is not None and name is not None:
            rows_of.setdefault(name, {})[performance] = row
    return rows_of
