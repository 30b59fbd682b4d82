"""What recognisers of other people have in common, whatever is behind them.

They are judged as they are: each recording is given to them as a whole, or in pieces of at most
30 s that are averaged by length, without our search for speech in front. Their labels are read in
the words of the vocabulary; probabilities of labels that mean the same are added up.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, resample
from intona.audio.damage import Notice, warn
from intona.audio.decode import Source, title_of
from intona.errors import AudioError, IntonaError, ModelError, UsageError
from intona.inference.clip import LONGEST, about, as_error, stretch
from intona.labels import (
    Labels,
    Merge,
    canonical,
    label_map,
    labels_of,
    merge_columns,
    merge_of,
    refuse_reserved,
)
from intona.tables import Prediction

SHORTEST = 1.0  # seconds of the rest of a long recording that is still asked about
TOLERANCE = 0.01  # by which probabilities may miss 1, as rounded ones do

Floats = NDArray[np.float64]


class Foreign(ABC):
    """A recogniser of emotions that is not a model file of ours.

    Args:
        name: as it is written on the command line.
        words: its labels, as it calls them.
        rate: sample rate it works at in Hz; ``None`` for the recording's own.

    Attributes:
        name: as it is written on the command line; what reports call it.
        path: the same: what opens it again.
        labels: its labels in words of the vocabulary, each once.
        readings: each of its own words with the label it was read as.
        rate: sample rate it works at in Hz; ``None`` for the recording's own.
        numeric: it never predicts numbers.
        target: what it predicts.
        threshold: confidence below which it is unsure, which it never is.
        priors: how likely it takes each label to be beforehand, which is not known.
        training: what it was trained on, which is not known.
        said: which model it is, which is not known.
        least: how many labels it must have.

    Raises:
        ModelError: fewer than two labels, or one that is no word.
        UsageError: a label is called like a column of the results.
    """

    numeric = False
    target = "emotion"
    threshold = 0.0
    priors: Sequence[float] | None = None
    training = None
    said: Mapping[str, Any] | None = None
    least = 2

    def __init__(self, name: str, words: Sequence[str], rate: int | None) -> None:
        if not all(isinstance(word, str) and word.strip() and word.isprintable() for word in words):
            raise ModelError(f"{name}: its labels must be words, not {_few(words)}")
        self.name = self.path = name
        self.rate = rate
        self.readings: Mapping[str, str] = {word: canonical(word) for word in words}
        self._own: tuple[str, ...] = tuple(dict.fromkeys(self.readings.values()))
        self._becomes: Sequence[str | None] = self._own
        self.labels: tuple[str, ...] = self._own
        if len(self.labels) < self.least:
            raise ModelError(f"{name} has nothing to choose from: its labels are {_few(words)}")
        refuse_reserved(self.labels, name)

    @abstractmethod
    def answers(self, signals: Sequence[NDArray[np.float32]], rate: int) -> Sequence[object]:
        """Return what it says of each signal: a mapping from its words to probabilities.

        ``None`` stands for no answer.

        Args:
            signals: mono float32 in [-1, 1], each its own copy.
            rate: their sample rate in Hz; its own where it has one.

        Raises:
            ModelError: it failed.
        """

    @abstractmethod
    def again(self) -> Callable[[], Foreign]:
        """Return what makes the same recogniser, also in another process."""

    def rows(self, signals: Sequence[NDArray[np.float32]], rate: int) -> Floats:
        """Return probabilities ``(signals, labels)``; a row of NaN where it gives no answer.

        Args:
            signals: mono float32 in [-1, 1], each of any length.
            rate: their sample rate in Hz; resampled to its own where needed.

        Raises:
            ModelError: it failed, or what it says are no probabilities of its labels.
        """
        wanted = rate if self.rate is None else self.rate
        # Copies: what it does to a signal must not be heard by another.
        copies = [np.array(resample(one, rate, wanted), dtype=np.float32) for one in signals]
        found = self.answers(copies, wanted)
        if len(found) != len(signals):
            raise ModelError(f"{self.name} gave {len(found)} answers to {len(signals)} signals")
        rows = [self._row(answer) for answer in found]
        values = np.array(rows, dtype=np.float64).reshape(len(signals), len(self._own))
        return merge_columns(values, self._becomes)[0] if self.labels != self._own else values

    def probabilities(self, signals: Sequence[NDArray[np.float32]], rate: int) -> Floats:
        """Return probabilities ``(signals, labels)``; all 0 where it gives no answer."""
        return np.nan_to_num(self.rows(signals, rate), nan=0.0)

    def prediction(
        self,
        row: Floats | None,
        start: float,
        end: float,
        file: str | None = None,
        *,
        speech: float = math.inf,
        clear: bool = True,
    ) -> Prediction:
        """Return what a row, or a mean of rows, says; see :class:`intona.inference.model.Model`."""
        if row is None:
            nothing = dict.fromkeys(self.labels, math.nan)
            return Prediction(None, math.nan, nothing, "no_speech", file, start, end)
        best = int(np.argmax(row))
        values = dict(zip(self.labels, map(float, row), strict=True))
        return Prediction(self.labels[best], float(row[best]), values, "ok", file, start, end)

    def predict(
        self,
        source: str | Path | BinaryIO | Audio,
        *,
        start: float = 0.0,
        end: float | None = None,
    ) -> Prediction:
        """Ask about one recording as a whole.

        Args:
            source: a path, a binary file object, or audio.
            start: begin in seconds.
            end: end in seconds; ``None`` for the end of the recording.

        Raises:
            AudioError: the recording cannot be read or used.
            ModelError: it failed at this recording.
        """
        return self._heard(source, start, end, warn)

    def predict_files(
        self, sources: Iterable[Source | AudioError]
    ) -> Iterator[Prediction | IntonaError]:
        """Yield one prediction per recording as a whole, or the error that prevented it.

        Args:
            sources: paths and binary file objects, or an error of a name that no file is behind,
                which is yielded in its place. What is lost or odd in a file is in the notes of its
                prediction.
        """
        for source in sources:
            if isinstance(source, AudioError):
                yield source
                continue
            said: list[str] = []
            try:
                found = self._heard(source, 0.0, None, said.append)
                yield about(source, replace(found, notes=tuple(said)))
            except ModelError as error:
                yield error
            except (AudioError, OSError) as error:
                yield as_error(source, error)

    def _heard(
        self, source: Source | Audio, start: float, end: float | None, notice: Notice
    ) -> Prediction:
        file = None if isinstance(source, Audio) else title_of(source)
        total, weight, duration = np.zeros(len(self.labels)), 0.0, 0.0
        for part in stretch(source, start, end, notice):
            if part.duration >= SHORTEST or not duration:
                try:
                    (row,) = self.rows([part.samples], part.rate)
                except ModelError as error:
                    raise error if file is None else ModelError(f"{file}: {error}") from None
                if not np.isnan(row).any():
                    total += part.duration * row
                    weight += part.duration
            duration += part.duration
        if not duration:
            raise AudioError(f"{file or 'the recording'} has no audio from {start} s to {end} s")
        mean = total / weight if weight else None
        return self.prediction(mean, start, round(start + duration, 6), file)

    def predict_each(self, sources: Iterable[Audio]) -> Iterator[Prediction | AudioError]:
        """Yield one prediction per recording, or the error that prevented it.

        Raises:
            ModelError: it failed.
        """
        clips = list(sources)
        rates = {clip.rate for clip in clips}
        if len(rates) == 1 and all(0.0 < clip.duration <= LONGEST for clip in clips):
            rows = self.rows([clip.samples for clip in clips], rates.pop())
            for clip, row in zip(clips, rows, strict=True):
                yield self.prediction(None if np.isnan(row).any() else row, 0.0, clip.duration)
            return
        for clip in clips:
            try:
                yield self.predict(clip)
            except AudioError as error:
                yield error

    @property
    def words(self) -> str:
        """What must be said of its answers: sentences, each after a space, or nothing."""
        other = [
            f"{word} as {label}" for word, label in self.readings.items() if word.lower() != label
        ]
        return f" Its labels were read as ours: {', '.join(other)}." if other else ""

    def least_confidence(self, familiarity: float) -> float:
        """Return the confidence below which an answer is unsure: none is."""
        return self.threshold

    def knowing(self, labels: Iterable[str]) -> Self:
        """Return the same recogniser, aware of the labels it will be held against.

        Args:
            labels: of the corpus.
        """
        return self

    def narrowed(self, emotions: Labels, merge: Merge = None) -> Self:
        """Return the same recogniser, answering with some labels only.

        Args:
            emotions: labels to answer with, ``"happy,sad"`` or a list; ``None`` keeps all.
            merge: labels to merge first, ``"calm=neutral"`` or a mapping from old to new.

        Raises:
            UsageError: unknown labels, or fewer than two left.
        """
        other = copy(self)
        becomes = label_map(self.labels, labels_of(emotions), merge_of(merge), owner=self.name)
        other._becomes = [None if own is None else becomes[own] for own in self._becomes]
        other.labels = merge_columns(np.zeros(len(self._own)), other._becomes)[1]
        if len(other.labels) < 2:
            raise UsageError(f"emotions: at least two are needed, not {', '.join(other.labels)}")
        return other

    def adapted(self, to: object) -> Self:
        """Refuse to adapt it.

        Raises:
            UsageError: always.
        """
        self.require_adaptable()
        return self

    def require_adaptable(self) -> None:
        """Refuse to adapt it.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self.name} cannot be adapted: only model files of ours can")

    def _row(self, answer: object) -> Floats:
        """Return an answer as probabilities of the labels; NaN for none."""
        row = np.zeros(len(self._own))
        if answer is None:
            return np.full_like(row, np.nan)
        if not isinstance(answer, Mapping):
            raise ModelError(
                f"{self.name} must answer with a mapping from label to probability (or None), "
                f"not with {described(answer)}"
            )
        for word, value in answer.items():
            if word not in self.readings:
                raise ModelError(
                    f"{self.name} answered with the label {word!r}, which is not among its labels "
                    f"({_few(list(self.readings))})"
                )
            row[self._own.index(self.readings[word])] += self._probability(word, value)
        if abs(row.sum() - 1.0) > TOLERANCE:
            raise ModelError(f"{self.name}: its probabilities sum to {row.sum():.4g}, not to 1")
        return row / row.sum()

    def _probability(self, word: str, value: object) -> float:
        try:
            if isinstance(value, str | bytes | bool):
                raise TypeError
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, RuntimeError, OverflowError):
            raise ModelError(
                f"{self.name}: the probability of {word!r} must be a number, not {described(value)}"
            ) from None
        if not -1e-6 <= number <= 1.0 + 1e-6:
            raise ModelError(
                f"{self.name}: the probability of {word!r} is {number:.4g}, not between 0 and 1"
            )
        return min(max(number, 0.0), 1.0)


def described(value: object) -> str:
    """Return a value's type and what it looks like, in short.

    Examples:
        >>> described("happy")
        "str ('happy')"
    """
    text = " ".join(repr(value).split())
    return f"{type(value).__name__} ({text if len(text) <= 60 else text[:57] + '...'})"


def _few(words: Sequence[object]) -> str:
    text = ", ".join(
        word if isinstance(word, str) and word.isprintable() and word else repr(word)
        for word in words[:12]
    )
    return f"{text} ..." if len(words) > 12 else text or "none at all"
