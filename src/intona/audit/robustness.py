"""Robustness: does the prediction stay when the sound changes in a way that must not matter?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from intona.audit.conditions import Condition
from intona.audit.outcome import Outcome, measure, of_sums, share, uar
from intona.audit.predictions import Said
from intona.metrics import FROM_MOMENTS, moments

__all__ = ["TOLERANCE", "UNCHANGED", "parallel", "robustness", "same"]

Floats = NDArray[np.float64]

TOLERANCE = 0.05
UNCHANGED = "unchanged predictions"
LEAST_PARALLEL = 10


def same(before: Said, after: Floats) -> NDArray[np.bool_]:
    """Return per row whether the prediction stayed.

    The same label, or a number that moved by less than :data:`TOLERANCE`.
    """
    if before.subject.numeric:
        return np.abs(before.predictions() - after[:, 0]) < TOLERANCE
    return before.decisions() == np.argmax(after, axis=1)


def robustness(
    before: Said, changed: Mapping[Condition, Floats], reference: Mapping[Condition, Floats]
) -> Iterator[Outcome]:
    """Yield, per condition, the share of unchanged predictions and the change of UAR or CCC.

    Args:
        before: answers on the recordings as they are.
        changed: answers under each condition, in the same order of utterances.
        reference: answers under the reference of those conditions that have one.
    """
    for condition, after in changed.items():
        start = Said(before.subject, before.material, reference.get(condition, before.answers))
        yield share(
            same(start, after),
            before.material.speakers,
            (condition.family, condition.test, condition.case, UNCHANGED),
            condition.unchanged,
        )
        if condition.loss is not None:
            yield from _change(start, after, condition)


def _change(before: Said, after: Floats, condition: Condition) -> Iterator[Outcome]:
    key = (condition.family, condition.test, condition.case)
    later = Said(before.subject, before.material, after)
    speakers = len(before.material.names)
    assert condition.loss is not None
    if not before.subject.numeric:
        both = np.stack([before.confusion(), later.confusion()], axis=1)
        if not both.any():
            return
        yield measure(
            (*key, "change of UAR"),
            of_sums(lambda counts: uar(counts[..., 1, :, :]) - uar(counts[..., 0, :, :]), both),
            speakers,
            -condition.loss,
            "above",
            int(both[:, 0].sum()),
        )
        return
    truth = before.numbers()
    there = ~np.isnan(truth)
    if not there.any():
        return
    sums = np.zeros((speakers, 2, 8))
    for side, said in enumerate((before, later)):
        values = moments(truth[there], said.predictions()[there])
        np.add.at(sums[:, side], before.material.speakers[there], values)
    concordance = FROM_MOMENTS["concordance_correlation"]
    yield measure(
        (*key, "change of CCC"),
        of_sums(lambda two: concordance(two[..., 1, :]) - concordance(two[..., 0, :]), sums),
        speakers,
        -condition.loss,
        "above",
        int(there.sum()),
    )


def parallel(said: Said) -> Iterator[Outcome]:
    """Yield how often simultaneous recordings of one performance get the same prediction.

    The corpus tells by its columns ``performance`` (what was recorded) and ``microphone``
    (by what). Each microphone is compared with the one that has most recordings.
    """
    performances = said.material.column("performance")
    microphones = said.material.column("microphone")
    places = {
        (performance, microphone): row
        for row, (performance, microphone) in enumerate(zip(performances, microphones, strict=True))
        if performance is not None and microphone is not None
    }
    sizes = {name: 0 for _, name in places}
    for _, name in places:
        sizes[name] += 1
    if len(sizes) < 2:
        return
    base = min(sizes, key=lambda name: (-sizes[name], str(name)))
    for name in sorted(set(sizes) - {base}, key=str):
        pairs = np.array(
            [
                (places[performance, base], row)
                for (performance, other), row in places.items()
                if other == name and (performance, base) in places
            ],
            dtype=np.intp,
        ).reshape(-1, 2)
        if len(pairs) < LEAST_PARALLEL:
            continue
        first = said.take(pairs[:, 0])
        yield share(
            same(first, said.answers[pairs[:, 1]]),
            first.material.speakers,
            (
                "robustness",
                "recording-condition",
                f"{name} against {base}",
                UNCHANGED,
            ),
            0.8,
        )
