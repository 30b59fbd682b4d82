"""Label mapping between a corpus and a model, and the model's predictions in the mapped labels.

The rules of merging and restricting are those of :func:`intona.labels.label_map`, applied to the
labels of both sides at once. A prediction is what :meth:`~intona.inference.recognizer.Recognizer.
predict` answers; one with the status ``no_speech`` keeps it: it has no decision, which counts as
wrong, and uniform probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import CorpusError, UsageError
from intona.labels import label_map, merge_columns, order
from intona.tables import Prediction

if TYPE_CHECKING:
    import pandas as pd

NO_SPEECH = "no_speech"


@dataclass(frozen=True)
class Answers:
    """A model's predictions as arrays, in the labels of an evaluation.

    Attributes:
        labels: the columns.
        values: probabilities ``(n, labels)``, uniform without speech; numbers ``(n, 1)``, NaN
            without speech.
        status: ``ok``, ``unsure`` or ``no_speech``, shape ``(n,)``.
    """

    labels: tuple[str, ...]
    values: NDArray[np.float64]
    status: NDArray[np.object_]

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Where the model heard no speech, so that there is no decision."""
        return np.asarray(self.status == NO_SPEECH, dtype=np.bool_)


def shared_map(
    models: Sequence[Sequence[str]],
    corpus: Iterable[str],
    keep: Iterable[str] | None = None,
    merge: Mapping[str, str] | None = None,
) -> dict[str, str | None]:
    """Return what every label of a corpus and of the models tested on it becomes.

    Args:
        models: the labels of each model.
        corpus: the labels that occur in the corpus.
        keep: labels to keep on both sides, after merging; every model must know them.
        merge: old label to new label, on both sides.

    Raises:
        UsageError: what is asked does not fit, or leaves a model fewer than two labels.
    """
    known = [*(label for labels in models for label in labels), *corpus]
    becomes = label_map(known, keep, merge, owner="the corpus or the model")
    kept = {label for label in becomes.values() if label is not None}
    for labels in models:
        left = {becomes[label] for label in labels} & kept
        if keep and (unknown := order(kept - left)):
            raise UsageError(
                f"emotions: the model does not know {', '.join(unknown)}; "
                f"it knows {', '.join(labels)}"
            )
        if len(left) < 2:
            raise UsageError(
                f"a model that knows {', '.join(labels)} has fewer than two of the labels asked for"
            )
    return becomes


def mapped_table(
    table: pd.DataFrame, target: str, becomes: Mapping[str, str | None], known: Sequence[str]
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Put a corpus into a model's labels, and drop what the model does not know.

    Args:
        table: the utterances.
        target: the column of the labels.
        becomes: from :func:`shared_map`.
        known: the model's labels, merged and restricted.

    Returns:
        One row per corpus label (``corpus``, ``model`` or ``None``, ``utterances``), and the
        table with the model's labels.

    Raises:
        CorpusError: nothing is left.
    """
    counts = table[target].value_counts()
    new = {label: becomes[label] if becomes[label] in known else None for label in counts.index}
    rows = [
        {"corpus": label, "model": new[label], "utterances": int(counts[label])}
        for label in order(counts.index)
    ]
    renamed = table[target].map(new)
    left = table[renamed.notna()]
    if left.empty:
        raise CorpusError(
            f"the model knows {', '.join(known)}, the corpus has {', '.join(order(counts.index))}:"
            " there is nothing to compare; rename with --merge old=new"
        )
    return rows, left.assign(**{target: renamed[renamed.notna()]})


def answers(
    predictions: Sequence[Prediction],
    labels: Sequence[str],
    becomes: Mapping[str, str | None] | None = None,
    least: Callable[[float], float] = lambda familiarity: 0.0,
    priors: Sequence[float] | None = None,
) -> Answers:
    """Return predictions as arrays, in merged and restricted labels.

    Args:
        predictions: what :meth:`~intona.inference.recognizer.Recognizer.predict` answered.
        labels: the model's labels.
        becomes: the new label of each; ``None`` for a model of numbers.
        least: the confidence below which the model is unsure at a familiarity, also of the
            restricted answer.
        priors: of the model's labels; see :func:`intona.labels.merging_matrix`.
    """
    shape = len(predictions), len(labels)
    rows = [[one.probabilities[label] for label in labels] for one in predictions]
    values = np.array(rows, dtype=np.float64).reshape(shape)
    status = np.array([one.status for one in predictions], dtype=object)
    if becomes is None:
        return Answers(tuple(labels), values, status)
    values, kept = merge_columns(values, [becomes[label] for label in labels], priors)
    silent = status == NO_SPEECH
    values = np.where(silent[:, None], 1 / len(kept), values)
    if tuple(kept) != tuple(labels):
        # A restricted answer has a confidence of its own; what is unsure for another reason stays.
        hardly = [one.reason in ("hardly speech", "too short") for one in predictions]
        wanted = np.array([least(one.familiarity) for one in predictions])
        unsure = (values.max(axis=1) < wanted) | np.array(hardly, dtype=bool)
        status[~silent] = np.where(unsure, "unsure", "ok")[~silent]
    return Answers(kept, values, status)
