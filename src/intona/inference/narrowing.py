"""Narrowing: a model's answer merged and restricted to the labels somebody wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from intona.errors import UsageError
from intona.labels import canonical, order


def narrowing(
    labels: Sequence[str], keep: Sequence[str] | None, merge: Mapping[str, str] | None
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the labels that are left and the matrix that takes a row of probabilities there.

    The model's labels are taken to be equally likely beforehand, and so are those that are left: a
    label merged of two weighs no more than another. Rows have to be divided by their sum.

    Args:
        labels: the model's.
        keep: labels to keep after merging, in any case and form; ``None`` keeps all.
        merge: old label to new label.

    Returns:
        The new labels in vocabulary order, and a matrix ``(labels, new labels)``.

    Raises:
        UsageError: a label that the model does not have, or fewer than two left.

    Examples:
        >>> left, matrix = narrowing(["neutral", "calm", "sad"], None, {"calm": "neutral"})
        >>> left, matrix.tolist()
        (('neutral', 'sad'), [[0.5, 0.0], [0.5, 0.0], [0.0, 1.0]])
    """
    merged = {canonical(old): canonical(new) for old, new in (merge or {}).items()}
    _require(merged, labels, "merge")
    targets = [merged.get(label, label) for label in labels]
    wanted = order(targets if keep is None else map(canonical, keep))
    _require(wanted, targets, "emotions")
    if len(wanted) < 2:
        raise UsageError(f"--emotions: at least two are needed, not {', '.join(wanted) or 'none'}")
    matrix = np.array([[float(target == label) for label in wanted] for target in targets])
    return wanted, matrix / matrix.sum(axis=0)


def _require(names: Mapping[str, str] | Sequence[str], present: Sequence[str], what: str) -> None:
    missing = [name for name in names if name not in present]
    if missing:
        raise UsageError(
            f"--{what}: the model does not know {', '.join(missing)}; it has "
            f"{', '.join(order(present))}"
        )
