"""What one model said of a material, and the truth beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intona.audit.dataset import Material
from intona.audit.model import Subject
from intona.errors import CorpusError

__all__ = ["Said"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """A model's answers on utterances whose truth may be known.

    Attributes:
        subject: the model.
        material: the utterances.
        answers: probabilities ``(n, labels)``, or numbers ``(n, 1)``.
    """

    subject: Subject
    material: Material
    answers: Floats

    def __len__(self) -> int:
        return len(self.answers)

    def take(self, rows: NDArray[np.intp]) -> Said:
        """Return what was said of some rows."""
        return Said(self.subject, self.material.take(rows), self.answers[rows])

    def known(self) -> Said:
        """Return what was said where the truth is known and within the model's labels."""
        if self.subject.numeric:
            keep = ~np.isnan(self.numbers())
        else:
            labels = set(self.subject.labels)
            keep = np.array([name in labels for name in self.material.column("emotion")], bool)
        rows = np.flatnonzero(keep)
        return self.take(rows) if rows.size else self

    def classes(self) -> NDArray[np.intp]:
        """Return the true label's number per row; -1 where the model does not know it."""
        number = {name: k for k, name in enumerate(self.subject.labels)}
        truth = [number.get(name, -1) for name in self.material.column("emotion")]
        return np.array(truth, dtype=np.intp)

    def decisions(self) -> NDArray[np.intp]:
        """Return the number of the likeliest label per row."""
        return np.argmax(self.answers, axis=1)

    def numbers(self) -> Floats:
        """Return the true number per row, NaN where it is not known.

        Raises:
            CorpusError: when a number lies outside [0, 1].
        """
        target = self.subject.labels[0]
        values = self.material.column(target)
        truth = np.array([np.nan if value is None else float(value) for value in values])
        if np.any((truth < 0) | (truth > 1)):
            raise CorpusError(
                f"the audit needs {target} between 0 and 1, the corpus has "
                f"{np.nanmin(truth):g} to {np.nanmax(truth):g}: rescale the column"
            )
        return truth

    def predictions(self) -> Floats:
        """Return the predicted number per row."""
        return self.answers[:, 0]

    def confusion(self) -> Floats:
        """Return confusion counts per speaker, shape ``(speakers, k, k)``, row = truth.

        Rows whose truth the model does not know are left out.
        """
        truth, decisions = self.classes(), self.decisions()
        k = len(self.subject.labels)
        counts = np.zeros((len(self.material.names), k, k))
        there = truth >= 0
        places = (self.material.speakers[there], truth[there], decisions[there])
        np.add.at(counts, places, 1.0)
        return counts
