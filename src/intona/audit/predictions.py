"""Predictions of one model on a dataset, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intona.audit.dataset import Dataset
from intona.audit.model import AuditedModel
from intona.errors import CorpusError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """A model's predictions for utterances whose truth may be known.

    Attributes:
        model: the model.
        dataset: the utterances.
        values: probabilities ``(n, labels)``, or numbers ``(n, 1)``; a row of NaN where the
            model found no speech and so gave no answer.
    """

    model: AuditedModel
    dataset: Dataset
    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.intp]) -> Predictions:
        """Return the predictions of some rows."""
        return Predictions(self.model, self.dataset.take(rows), self.values[rows])

    def answered(self) -> NDArray[np.bool_]:
        """Return where the model gave an answer, shape ``(n,)``."""
        return ~np.isnan(self.values[:, 0])

    def known(self) -> Predictions:
        """Return the rows that can be scored.

        The truth must be known and among the model's labels; of numbers there must be an answer,
        too. Where no row can be scored all are returned.
        """
        if self.model.numeric:
            keep = self.answered() & ~np.isnan(self.true_numbers())
        else:
            keep = self.true_classes() >= 0
        rows = np.flatnonzero(keep)
        return self.take(rows) if rows.size else self

    def true_classes(self) -> NDArray[np.intp]:
        """Return the true label's number per row; -1 where the model does not know it."""
        number = {name: k for k, name in enumerate(self.model.labels)}
        truth = [number.get(name, -1) for name in self.dataset.column("emotion")]
        return np.array(truth, dtype=np.intp)

    def decisions(self) -> NDArray[np.intp]:
        """Return the number of the likeliest label per row; -1 without an answer."""
        best = np.argmax(self.values, axis=1)
        return np.where(self.answered(), best, -1)

    def true_numbers(self) -> Floats:
        """Return the true number per row, NaN where it is not known.

        Raises:
            CorpusError: when a number lies outside [0, 1].
        """
        target = self.model.labels[0]
        values = self.dataset.column(target)
        truth = np.array([np.nan if value is None else float(value) for value in values])
        if np.any((truth < 0) | (truth > 1)):
            raise CorpusError(
                f"the audit needs {target} between 0 and 1, the corpus has "
                f"{np.nanmin(truth):g} to {np.nanmax(truth):g}: rescale the column"
            )
        return truth

    def numbers(self) -> Floats:
        """Return the predicted number per row, NaN without an answer."""
        return self.values[:, 0]

    def confusion(self) -> Floats:
        """Return confusion counts per speaker, shape ``(speakers, k, k + 1)``, row = truth.

        The last column counts utterances without an answer. Rows whose truth the model does not
        know are left out.
        """
        truth, decisions = self.true_classes(), self.decisions()
        k = len(self.model.labels)
        counts = np.zeros((len(self.dataset.names), k, k + 1))
        there = truth >= 0
        # No answer is number -1, which is the last column.
        np.add.at(counts, (self.dataset.speakers[there], truth[there], decisions[there]), 1.0)
        return counts
