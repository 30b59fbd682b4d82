"""Models under audit: a recogniser, a table of its answers, or a model that guesses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio
from intona.errors import AudioError, UsageError
from intona.evaluation.labelmap import answers
from intona.inference.foreign.table import AnswerTable
from intona.labels import order
from intona.tables import Prediction, Utterance

if TYPE_CHECKING:
    from intona.inference.foreign.base import Foreign
    from intona.inference.model import Judged
    from intona.inference.recognizer import Recognizer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AuditedModel:
    """A model under audit.

    Attributes:
        name: what the report calls it.
        labels: its emotions after merging and restricting; of a numeric model the target.
        numeric: whether it predicts a number in [0, 1].
        path: its file, or what else opens it; ``None`` is the random model.
        rate: the sample rate it works at, ``None`` for the recording's own.
        becomes: what each label of the file becomes, ``None`` for a label that is left out; see
            :func:`intona.evaluation.labelmap.shared_map`. ``None`` for numbers.
        table: its answers, where they are all there is: it can be asked about nothing else.
        said: which model it is, see :class:`intona.tables.Prediction`.
    """

    name: str
    labels: tuple[str, ...]
    numeric: bool
    path: str | None
    rate: int | None
    becomes: Mapping[str, str | None] | None = None
    table: AnswerTable | None = field(default=None, repr=False)
    said: Mapping[str, Any] | None = None

    @classmethod
    def of(
        cls,
        model: Recognizer | Foreign,
        name: str,
        becomes: Mapping[str, str | None] | None = None,
    ) -> AuditedModel:
        """Put an opened recogniser under audit; without ``becomes`` all labels stay."""
        table = model if isinstance(model, AnswerTable) else None
        path, rate = str(model.path), model.rate
        if model.numeric:
            return cls(name, model.labels, True, path, rate, said=model.said)
        becomes = {label: becomes[label] if becomes else label for label in model.labels}
        left = order(label for label in becomes.values() if label is not None)
        return cls(name, left, False, path, rate, becomes, table, model.said)

    def random(self) -> AuditedModel:
        """Return the model that guesses what this one predicts."""
        return AuditedModel("random", self.labels, self.numeric, None, self.rate)

    def predict(self, clips: Iterable[Audio]) -> Floats:
        """Return what the recogniser predicts, as users get it.

        Returns:
            Probabilities ``(clips, labels)``, or numbers ``(clips, 1)``; a row of NaN where the
            model finds no speech.

        Raises:
            UsageError: for the random model, which guesses (see :func:`chance`), and a table.
            AudioError: a clip cannot be used.
            ModelError: the recogniser failed.
        """
        if self.path is None:
            raise UsageError("the random model predicts without a recording")
        model = self.table or recognizer(self.path)
        predictions: list[Prediction] = []
        for found in model.predict_each(clips):
            if isinstance(found, AudioError):
                raise found
            predictions.append(found)
        return self._values(model, predictions)

    def looked_up(self, utterances: Sequence[Utterance]) -> Floats:
        """Return what its table says of recordings, in the form of :meth:`predict`.

        Raises:
            UsageError: it has no table, or no answer to one of them.
        """
        if self.table is None:
            raise UsageError(f"{self.name} has no table of answers")
        self.table.require(utterances)
        found = [self.table.predict(one.file, start=one.start, end=one.end) for one in utterances]
        return self._values(self.table, found)

    def _values(self, model: Judged, predictions: list[Prediction]) -> Floats:
        result = answers(predictions, model.labels, self.becomes, model.least_confidence)
        return np.where(result.silent[:, None], np.nan, result.values)


def chance(model: AuditedModel, count: int, rng: np.random.Generator) -> Floats:
    """Return what a random model predicts for ``count`` utterances.

    A uniformly random label with probability one, or a number from a normal distribution of
    mean 0.5 and standard deviation 1/6, drawn anew until it lies in [0, 1].
    """
    if not model.numeric:
        return np.eye(len(model.labels))[rng.integers(len(model.labels), size=count)]
    values = rng.normal(0.5, 1 / 6, size=count)
    while np.any(outside := (values < 0) | (values > 1)):
        values[outside] = rng.normal(0.5, 1 / 6, size=int(outside.sum()))
    return values[:, None]


@lru_cache(maxsize=4)
def recognizer(path: str) -> Judged:
    """Return the recogniser that a path opens, once per process."""
    from intona.inference.opening import open_recognizer

    return open_recognizer(path)
