"""From a model's labels to those of an evaluation: mapped in the open, merged, restricted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import CorpusError, UsageError
from intona.labels import order

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["label_mapping", "merge_columns", "merged"]


def label_mapping(
    table: pd.DataFrame,
    target: str,
    known: Sequence[str],
    merge: Mapping[str, str] | None = None,
    keep: Sequence[str] | None = None,
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Map a corpus's labels to a model's, and drop what the model does not know.

    Returns:
        One row per corpus label (``corpus``, ``model`` or ``None``, ``utterances``), and the
        table with the model's labels.

    Raises:
        CorpusError: nothing is left.
    """
    wanted = set(known) if keep is None else set(known) & set(keep)
    rows, renamed = [], {}
    for label in order(table[target]):
        new = (merge or {}).get(label, label)
        if new in wanted:
            renamed[label] = new
        count = int((table[target] == label).sum())
        rows.append({"corpus": label, "model": renamed.get(label), "utterances": count})
    left = table[table[target].isin(list(renamed))]
    if left.empty:
        raise CorpusError(
            f"the model knows {', '.join(known)}, the corpus has {', '.join(order(table[target]))}:"
            " there is nothing to compare; rename with --merge old=new"
        )
    return rows, left.assign(**{target: left[target].map(renamed)})


def merged(
    labels: Sequence[str], merge: Mapping[str, str] | None, keep: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the labels a model answers with after merging and restricting."""
    found = order((merge or {}).get(label, label) for label in labels)
    unknown = [label for label in keep or () if label not in found]
    if unknown:
        raise UsageError(
            f"--emotions: the model does not know {', '.join(unknown)}; it knows {', '.join(found)}"
        )
    return found if keep is None else order(keep)


def merge_columns(
    rows: NDArray[np.float64],
    old: Sequence[str],
    new: Sequence[str],
    merge: Mapping[str, str] | None,
) -> NDArray[np.float64]:
    """Add up merged probabilities and make those kept sum to 1.

    Args:
        rows: ``(n, len(old))``.
        old: the model's labels.
        new: the labels to answer with.
        merge: old label to new label, where they differ.

    Returns:
        Shape ``(n, len(new))``.
    """
    values = np.zeros((len(rows), len(new)))
    for k, label in enumerate(old):
        name = (merge or {}).get(label, label)
        if name in new:
            values[:, list(new).index(name)] += rows[:, k]
    total = values.sum(axis=1, keepdims=True)
    return np.divide(values, total, out=np.full_like(values, 1 / len(new)), where=total > 0)
