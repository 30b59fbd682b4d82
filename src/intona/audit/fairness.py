"""Fairness: does the model treat groups of people alike?

Each group is compared with all groups together. As in audEERING's ser-tests, a threshold is
the largest difference that a random model, which cannot be biased, shows in 1000
simulations; here they are run with the groups and the truth of the corpus at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audit.groups import Grouping
from intona.audit.model import chance
from intona.audit.outcome import Outcome, measure, precision, recall
from intona.audit.predictions import Predictions
from intona.metrics import FROM_MOMENTS, moments
from intona.metrics.arrays import divide
from intona.metrics.clustered import of_sums

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Difference = Callable[[Floats], Floats]
"""From counts ``(..., groups, k, k + 1)`` to each group's largest difference, ``(..., groups)``."""

SIMULATIONS = 1000
LEAST = 8
BINS = 4


def fairness(predictions: Predictions, grouping: Grouping, seed: int = 0) -> Iterator[Outcome]:
    """Yield the outcomes of one grouping.

    Args:
        predictions: of a model.
        grouping: of the same utterances.
        seed: of the simulations.
    """
    inside = grouping.members >= 0
    if predictions.model.numeric:
        inside &= predictions.answered()
    rows = np.flatnonzero(inside)
    if not rows.size:
        return
    part, members = predictions.take(rows), grouping.members[rows]
    if predictions.model.numeric:
        yield from _of_numbers(part, grouping, members, seed)
        return
    truth = part.true_classes()
    if np.all(truth < 0):
        truth = np.zeros(len(part), dtype=np.intp)
        if grouping.performance:
            return
    there = np.flatnonzero(truth >= 0)
    part, members, truth = part.take(there), members[there], truth[there]
    differences = _performance() if grouping.performance else _distribution("class")
    decisions = part.decisions()
    yield from _compare(part, grouping, members, truth, decisions, differences, seed)


def _performance() -> dict[str, Difference]:
    return {
        "precision per class": lambda counts: _largest(precision, counts),
        "recall per class": lambda counts: _largest(recall, counts),
        "unweighted average recall": _uar_gap,
    }


def _distribution(what: str) -> dict[str, Difference]:
    return {f"share per {what}": _share_gap}


def _compare(
    predictions: Predictions,
    grouping: Grouping,
    members: Integers,
    truth: Integers,
    decisions: Integers,
    differences: dict[str, Difference],
    seed: int,
) -> Iterator[Outcome]:
    """Yield one outcome per group and kind of difference, thresholds simulated."""
    k = BINS if predictions.model.numeric else len(predictions.model.labels)
    size, speakers = len(grouping.groups), len(predictions.dataset.names)
    # The last column is for those without an answer, whose decision is -1.
    counts = np.zeros((speakers, size, k, k + 1))
    np.add.at(counts, (predictions.dataset.speakers, members, truth, decisions), 1.0)
    simulated = _simulate(predictions, members, truth, size, k, seed)
    for name, difference in differences.items():
        values = difference(simulated)
        if np.all(np.isnan(values)):
            continue
        threshold = float(np.nanmax(values))
        for group in range(size):
            if np.isnan(difference(counts.sum(axis=0))[group]):
                continue
            yield measure(
                ("fairness", grouping.name, grouping.groups[group], f"difference in {name}"),
                of_sums(counts, _at(difference, group)),
                speakers,
                threshold,
                "below",
                int(np.sum(members == group)),
                seed=seed,
            )


def _at(function: Difference, *place: int) -> Difference:
    index: Any = (..., *place)
    return lambda counts: function(counts)[index]


def _simulate(
    predictions: Predictions, members: Integers, truth: Integers, groups: int, k: int, seed: int
) -> Floats:
    """Return the counts of random answers, shape ``(simulations, groups, k, k + 1)``."""
    rng = np.random.default_rng(seed)
    answers = np.empty((SIMULATIONS, len(truth)), dtype=np.intp)
    for number in range(SIMULATIONS):
        guess = chance(predictions.model, len(truth), rng)
        answers[number] = (
            _bins(guess[:, 0]) if predictions.model.numeric else np.argmax(guess, axis=1)
        )
    shape = SIMULATIONS, groups, k, k + 1
    simulation = np.arange(SIMULATIONS)[:, None]
    places = np.ravel_multi_index(np.broadcast_arrays(simulation, members, truth, answers), shape)
    counts = np.bincount(places.ravel(), minlength=int(np.prod(shape))).astype(np.float64)
    return counts.reshape(shape)


def _bins(values: Floats) -> Integers:
    return np.clip((values * BINS).astype(np.intp), 0, BINS - 1)


def _enough(counts: Floats) -> NDArray[np.bool_]:
    """Tell which classes have eight true utterances in a group, shape ``(..., groups, k)``."""
    return counts.sum(axis=-1) >= LEAST


def _largest(metric: Callable[[Floats], Floats], counts: Floats) -> Floats:
    """Return each group's largest difference over the classes that it has enough of."""
    together = metric(counts.sum(axis=-3))[..., None, :]
    gap = np.where(_enough(counts), np.abs(metric(counts) - together), -1.0)
    found = np.max(np.where(np.isnan(gap), -1.0, gap), axis=-1)
    return np.where(found < 0, np.nan, found)


def _uar_gap(counts: Floats) -> Floats:
    """Return the difference in mean recall over the classes that a group has enough of."""
    enough = _enough(counts)
    own, together = recall(counts), recall(counts.sum(axis=-3))[..., None, :]
    gap = np.where(enough, own - together, 0.0).sum(axis=-1)
    return np.abs(divide(gap, enough.sum(axis=-1), np.nan))


def _share_gap(counts: Floats) -> Floats:
    """Return the largest difference in how often a class is predicted beyond its truth."""
    together = _excess(counts.sum(axis=-3))[..., None, :]
    return np.max(np.abs(_excess(counts) - together), axis=-1)


def _excess(counts: Floats) -> Floats:
    """Return the share of each class among the predictions less that among the truth."""
    difference = counts.sum(axis=-2)[..., :-1] - counts.sum(axis=-1)
    return divide(difference, counts.sum(axis=(-1, -2))[..., None], np.nan)


def _of_numbers(
    predictions: Predictions, grouping: Grouping, members: Integers, seed: int
) -> Iterator[Outcome]:
    truth = predictions.true_numbers()
    there = np.flatnonzero(~np.isnan(truth))
    if grouping.performance:
        if there.size == 0:
            return
        predictions, members, truth = predictions.take(there), members[there], truth[there]
        few = {
            "precision per bin": lambda counts: _largest(precision, counts),
            "recall per bin": lambda counts: _largest(recall, counts),
        }
        yield from _compare(
            predictions, grouping, members, _bins(truth), _bins(predictions.numbers()), few, seed
        )
        yield from _moment_gaps(
            predictions, grouping, members, truth, "concordance correlation", seed
        )
        return
    if there.size < len(predictions):
        truth = np.full(len(predictions), 0.5)
    bins = _bins(truth)
    answers = _bins(predictions.numbers())
    yield from _compare(predictions, grouping, members, bins, answers, _distribution("bin"), seed)
    yield from _moment_gaps(predictions, grouping, members, truth, "mean", seed)


def _moment_gaps(
    predictions: Predictions,
    grouping: Grouping,
    members: Integers,
    truth: Floats,
    what: str,
    seed: int,
) -> Iterator[Outcome]:
    """Yield the differences of groups in CCC, or in mean prediction beyond the mean truth."""
    size, speakers = len(grouping.groups), len(predictions.dataset.names)

    def gaps(sums: Floats) -> Floats:
        # A resample may hold nobody of a group: its difference is unknown, not an error.
        sums = np.where(sums[..., :1] > 0, sums, np.nan)
        together = np.nansum(sums, axis=-2)[..., None, :]
        if what == "mean":
            own, all_of = (-part[..., 6] / part[..., 0] for part in (sums, together))
        else:
            concordance = FROM_MOMENTS["concordance_correlation"]
            own, all_of = concordance(sums), concordance(together)
        return np.abs(own - all_of)

    parts = np.zeros((speakers, size, 8))
    np.add.at(parts, (predictions.dataset.speakers, members), moments(truth, predictions.numbers()))
    rng = np.random.default_rng(seed)
    simulated = np.zeros((SIMULATIONS, size, 8))
    for number in range(SIMULATIONS):
        guess = chance(predictions.model, len(truth), rng)[:, 0]
        np.add.at(simulated[number], members, moments(truth, guess))
    threshold = float(np.nanmax(gaps(simulated)))
    for group in range(size):
        yield measure(
            ("fairness", grouping.name, grouping.groups[group], f"difference in {what}"),
            of_sums(parts, _at(gaps, group)),
            speakers,
            threshold,
            "below",
            int(np.sum(members == group)),
            seed=seed,
        )


def sentiment(predictions: Predictions, seed: int = 0) -> Iterator[Outcome]:
    """Yield whether the wording shifts the answers more in one language than in the others.

    For a corpus with the columns ``language`` and ``sentiment`` (of the text) and at least
    two languages: the shift is the share of each class among the sentences of a sentiment
    less its share in the language; it is compared with the mean shift over the languages.
    """
    languages, tones = (predictions.dataset.column(name) for name in ("language", "sentiment"))
    names = sorted({str(name) for name in languages if name is not None})
    kinds = sorted({str(name) for name in tones if name is not None})
    if len(names) < 2 or len(kinds) < 2:
        return
    named = [a is not None and b is not None for a, b in zip(languages, tones, strict=True)]
    rows = np.flatnonzero(np.array(named, dtype=bool) & predictions.answered())
    if not rows.size:
        return
    part = predictions.take(rows)
    place = np.array([names.index(str(languages[row])) for row in rows], dtype=np.intp)
    tone = np.array([kinds.index(str(tones[row])) for row in rows], dtype=np.intp)
    k = BINS if predictions.model.numeric else len(predictions.model.labels)
    shape = (len(names), len(kinds), k)

    def shifts(counts: Floats) -> Floats:
        own = divide(counts, counts.sum(axis=-1, keepdims=True), np.nan)
        whole = counts.sum(axis=-2)
        whole = divide(whole, whole.sum(axis=-1, keepdims=True), np.nan)
        shift = own - whole[..., None, :]
        return np.max(np.abs(shift - np.mean(shift, axis=-3, keepdims=True)), axis=-1)

    def decided(answers: Floats) -> Integers:
        return _bins(answers[:, 0]) if predictions.model.numeric else np.argmax(answers, axis=1)

    counts = np.zeros((len(part.dataset.names), *shape))
    np.add.at(counts, (part.dataset.speakers, place, tone, decided(part.values)), 1.0)
    rng = np.random.default_rng(seed)
    simulated = np.zeros((SIMULATIONS, *shape))
    for number in range(SIMULATIONS):
        guess = decided(chance(predictions.model, len(rows), rng))
        np.add.at(simulated[number], (place, tone, guess), 1.0)
    limits = shifts(simulated)
    if np.all(np.isnan(limits)):
        return
    for language, name in enumerate(names):
        for kind, words in enumerate(kinds):
            yield measure(
                ("fairness", "sentiment", f"{name}, {words} words", "difference in shift"),
                of_sums(counts, _at(shifts, language, kind)),
                len(part.dataset.names),
                float(np.nanmax(limits)),
                "below",
                int(np.sum((place == language) & (tone == kind))),
                seed=seed,
            )
