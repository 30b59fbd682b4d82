"""The model protocol: what clips, timelines, streams and explanations need of a recogniser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio
from intona.errors import AudioError
from intona.models.adaptation import Statistics
from intona.tables import Prediction

if TYPE_CHECKING:
    from intona.models.lineage import Training


class Model(Protocol):
    """A :class:`intona.inference.recognizer.Recognizer`, or what stands for one in a test.

    Attributes:
        labels: emotions in the order of a row; for a model of numbers the target's name.
        rate: sample rate it works at in Hz, ``None`` for the recording's own.
        numeric: whether it predicts numbers instead of emotions.
    """

    labels: tuple[str, ...]
    rate: int | None
    numeric: bool

    def rows(self, signals: Sequence[NDArray[np.float32]], rate: int) -> NDArray[np.float64]:
        """Return one row per signal, shape ``(signals, columns)``.

        Rows may be averaged. The first columns are the labels' probabilities; what follows is
        the model's own business and returns to it through :meth:`prediction`.

        Args:
            signals: mono float32 in [-1, 1], each of any length.
            rate: their sample rate in Hz.
        """
        ...

    def prediction(
        self,
        row: NDArray[np.float64] | None,
        start: float,
        end: float,
        file: str | None = None,
        *,
        speech: float = np.inf,
        clear: bool = True,
    ) -> Prediction:
        """Return what a row, or a mean of rows, says of a stretch of time.

        Args:
            row: shape ``(columns,)``; ``None`` where there is no speech.
            start: begin in seconds.
            end: end in seconds.
            file: name of the recording.
            speech: seconds of speech in it.
            clear: whether it is clearly speech.
        """
        ...


class Adaptable(Model, Protocol):
    """A model whose embedding can be standardised by other statistics than the training's."""

    def embedding(self, signals: Sequence[NDArray[np.float32]], rate: int) -> NDArray[np.float64]:
        """Return the embedding of each signal, shape ``(signals, dimension)``."""
        ...

    def rows_and_embedding(
        self, signals: Sequence[NDArray[np.float32]], rate: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return :meth:`rows` and :meth:`embedding`, computed at once."""
        ...

    def adapted(self, to: Statistics | None) -> Self:
        """Return the same model, adapted."""
        ...

    def require_adaptable(self) -> None:
        """Raise :class:`intona.errors.UsageError` where the model cannot be adapted."""
        ...


class Judged(Model, Protocol):
    """What evaluations and audits need of a recogniser, ours or somebody else's.

    Attributes:
        threshold: confidence below which it is unsure, at no familiarity in particular.
        said: which model it is, see :class:`intona.tables.Prediction`.
    """

    threshold: float
    said: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def path(self) -> str | Path:
        """What opens it again."""
        ...

    @property
    def target(self) -> str:
        """The column it predicts."""
        ...

    @property
    def priors(self) -> Sequence[float] | None:
        """What it answers on average where all labels are as frequent; ``None`` unknown."""
        ...

    @property
    def training(self) -> Training | None:
        """What it was trained on; ``None`` where nothing is known."""
        ...

    def again(self) -> Callable[[], Judged]:
        """Return what makes the same recogniser, also in another process."""
        ...

    def least_confidence(self, familiarity: float) -> float:
        """Return the confidence below which it is unsure at a familiarity."""
        ...

    def predict(
        self, source: str | Path | BinaryIO | Audio, *, start: float = 0.0, end: float | None = None
    ) -> Prediction:
        """Predict one recording, or a stretch of it, as a whole."""
        ...

    def predict_each(self, sources: Iterable[Audio]) -> Iterator[Prediction | AudioError]:
        """Yield one prediction per recording, or the error that prevented it."""
        ...

    def require_adaptable(self) -> None:
        """Raise :class:`intona.errors.UsageError` where it cannot be adapted."""
        ...
