"""Groups of people and of sentences that a fair model treats alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intona.audit.dataset import Dataset

LEAST = 20
MOST_GROUPS = 40
LEAST_CLIPS = 25

PERFORMANCE = ("sex",)
DISTRIBUTION = {"language": "language", "accent": "accent", "sentence": "statement"}


@dataclass(frozen=True)
class Grouping:
    """A division of the utterances.

    Attributes:
        name: what divides them, for example ``"sex"``.
        groups: the groups' names.
        members: the group's number per utterance; -1 for those in none.
        performance: whether right answers are compared between the groups; otherwise only
            how often each answer is given.
    """

    name: str
    groups: tuple[str, ...]
    members: NDArray[np.intp]
    performance: bool


def groupings(
    dataset: Dataset, pitches: NDArray[np.float64] | None
) -> tuple[list[Grouping], list[str]]:
    """Return the groupings the corpus allows, and a sentence for each it does not.

    A group needs 20 utterances; a division needs two groups.

    Args:
        dataset: the utterances.
        pitches: mean fundamental frequency of each in Hz, NaN where unknown; ``None`` when
            it was not measured.
    """
    found, missing = [], []
    for name in PERFORMANCE:
        found.append(_grouping(name, dataset.column(name), True))
    if pitches is not None:
        found.append(_grouping("pitch", pitch_groups(dataset, pitches), True))
    for name, column in DISTRIBUTION.items():
        found.append(_grouping(name, dataset.column(column), False))
    kept = []
    for grouping in found:
        if 2 <= len(grouping.groups) <= MOST_GROUPS:
            kept.append(grouping)
        else:
            missing.append(
                f"fairness/{grouping.name}: the corpus has {len(grouping.groups)} groups of "
                f"{LEAST} utterances or more, and two at least are needed"
            )
    return kept, missing


def pitch_groups(dataset: Dataset, pitches: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return ``low`` (up to 145 Hz), ``medium`` (190) or ``high`` per utterance.

    By the mean over the speaker's utterances, of which there must be more than 25; means
    outside 50 to 350 Hz are left out as mistakes of the pitch tracker.
    """
    usable = (pitches >= 50) & (pitches <= 350)
    result = np.full(len(dataset), None, dtype=object)
    for speaker in range(len(dataset.names)):
        rows = dataset.speakers == speaker
        own = pitches[rows & usable]
        if rows.sum() > LEAST_CLIPS and own.size:
            mean = own.mean()
            result[rows & usable] = "low" if mean <= 145 else "medium" if mean <= 190 else "high"
    return result


def _grouping(name: str, values: Sequence[object] | NDArray[np.object_], fair: bool) -> Grouping:
    sizes: dict[str, int] = {}
    for value in values:
        if value is not None:
            sizes[str(value)] = sizes.get(str(value), 0) + 1
    groups = tuple(sorted(group for group, size in sizes.items() if size >= LEAST))
    number = {group: k for k, group in enumerate(groups)}
    members = [number.get(str(value), -1) if value is not None else -1 for value in values]
    return Grouping(name, groups, np.array(members, dtype=np.intp), fair)
