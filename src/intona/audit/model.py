"""Who is audited: a recogniser from a file, or a model that guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intona.errors import UsageError
from intona.labels import order

if TYPE_CHECKING:
    from intona.inference.recognizer import Recognizer

__all__ = ["Subject", "View", "chance", "recognizer"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """How a model's columns are merged and restricted to the labels of the audit.

    Attributes:
        labels: the labels that remain, in order.
        matrix: shape ``(model's labels, labels)``, which column counts towards which label.
    """

    labels: tuple[str, ...]
    matrix: Floats

    @classmethod
    def of(
        cls,
        labels: Sequence[str],
        keep: Sequence[str] | None = None,
        merge: Mapping[str, str] | None = None,
    ) -> View:
        """Merge labels, then keep some.

        Raises:
            UsageError: when fewer than two labels are left.
        """
        merge = merge or {}
        renamed = [merge.get(label, label) for label in labels]
        left = order(label for label in renamed if keep is None or label in keep)
        if len(left) < 2:
            raise UsageError(
                f"a model that knows {', '.join(labels)} has fewer than two of the labels asked for"
            )
        return cls(left, np.array([[float(name == label) for label in left] for name in renamed]))

    def __call__(self, probabilities: Floats) -> Floats:
        """Return probabilities of the view's labels, shape ``(n, labels)``, rows summing to 1."""
        seen = probabilities @ self.matrix
        total = seen.sum(axis=1, keepdims=True)
        return np.divide(seen, total, out=np.full_like(seen, 1 / len(self.labels)), where=total > 0)


@dataclass(frozen=True)
class Subject:
    """A model under audit.

    Attributes:
        name: what the report calls it.
        labels: its emotions after merging and restricting; of a numeric model the target.
        numeric: whether it predicts a number in [0, 1].
        path: its file; ``None`` is the random model.
        rate: the sample rate it works at, ``None`` for the recording's own.
        view: how its probabilities become those of ``labels``; ``None`` for numbers.
        metadata: what the model says of itself.
    """

    name: str
    labels: tuple[str, ...]
    numeric: bool
    path: str | None
    rate: int | None
    view: View | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        model: Recognizer,
        name: str,
        keep: Sequence[str] | None = None,
        merge: Mapping[str, str] | None = None,
    ) -> Subject:
        """Put a loaded recogniser under audit."""
        view = None if model.numeric else View.of(model.labels, keep, merge)
        labels = model.labels if view is None else view.labels
        return cls(name, labels, model.numeric, str(model.path), model.rate, view, model.metadata)

    def random(self) -> Subject:
        """Return the model that guesses what this one predicts."""
        return Subject("random", self.labels, self.numeric, None, self.rate)

    def answers(self, signals: Sequence[NDArray[np.float32]], rate: int) -> Floats:
        """Return ``(signals, labels)`` probabilities, or ``(signals, 1)`` numbers.

        Raises:
            UsageError: for the random model, which does not listen: see :func:`chance`.
        """
        if self.path is None:
            raise UsageError("the random model answers without listening")
        raw = recognizer(self.path).probabilities(signals, rate)
        return raw if self.view is None else self.view(raw)


def chance(subject: Subject, count: int, rng: np.random.Generator) -> Floats:
    """Return what a random model answers to ``count`` utterances.

    A uniformly random label with probability one, or a number from a normal distribution of
    mean 0.5 and standard deviation 1/6, drawn anew until it lies in [0, 1].
    """
    if not subject.numeric:
        return np.eye(len(subject.labels))[rng.integers(len(subject.labels), size=count)]
    values = rng.normal(0.5, 1 / 6, size=count)
    while np.any(outside := (values < 0) | (values > 1)):
        values[outside] = rng.normal(0.5, 1 / 6, size=int(outside.sum()))
    return values[:, None]


@lru_cache(maxsize=4)
def recognizer(path: str) -> Recognizer:
    """Return the recogniser of a file, loaded once per process."""
    from intona.inference.recognizer import Recognizer

    return Recognizer.load(path)
