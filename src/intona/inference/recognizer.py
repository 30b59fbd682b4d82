"""The recogniser: one model file in, predictions out; numpy and onnxruntime only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio
from intona.errors import AudioError, ModelError, UsageError
from intona.inference.hearing import LEAST_SPEECH, Mean, hear, stretch
from intona.models.adaptation import centred, centred_log, shift, statistics
from intona.models.artefact import bundled, read_model
from intona.models.session import Session
from intona.tables import Prediction

if TYPE_CHECKING:
    import pandas as pd

    from intona.inference.profile import Profile

__all__ = ["Recognizer", "load"]


class Recognizer:
    """A trained model, ready to predict.

    Args:
        content: bytes of the ``.onnx`` file.
        metadata: its validated metadata, from :func:`intona.models.artefact.read_model`.
        path: where it was read from.
        threads: onnxruntime threads; 1 is the fastest for single clips on small machines.

    Attributes:
        labels: emotions in the order of the probability columns; for a model of numbers
            the target's name.
        numeric: whether it predicts numbers instead of emotions.
        threshold: confidence below which a prediction is ``unsure``.
        rate: sample rate the model works at in Hz, ``None`` for the recording's own.
        metadata: everything the file says of itself.
        path: the file.

    Raises:
        ModelError: the graph cannot be loaded, or does not fit its metadata.
    """

    def __init__(
        self, content: bytes, metadata: dict[str, Any], path: Path, *, threads: int = 1
    ) -> None:
        self._session = Session(content, metadata, path, threads=threads)
        self.path = path
        self.metadata = metadata
        self.labels: tuple[str, ...] = tuple(metadata["labels"])
        self.numeric = bool(metadata.get("numeric", False))
        self.threshold = float(metadata["threshold"])
        self.rate = self._session.rate
        self._output = "scores" if self.numeric else "probabilities"
        self._shift: NDArray[np.float64] | None = None
        self._voice: str | None = None
        if self._output not in self._session.outputs:
            raise ModelError(f"{path}: its graph has no output {self._output!r}")

    @classmethod
    def load(cls, path: str | Path | None = None, *, threads: int = 1) -> Recognizer:
        """Load a model file, or the bundled default model.

        Args:
            path: an ``.onnx`` file made by intona; ``None`` for the bundled model.
            threads: onnxruntime threads.

        Raises:
            ModelError: not a readable model of ours.
        """
        found = Path(path) if path is not None else bundled()
        content, metadata = read_model(found)
        return cls(content, metadata, found, threads=threads)

    def probabilities(
        self, signals: Sequence[NDArray[np.float32]], rate: int
    ) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(signals, labels)``; numbers ``(signals, 1)``.

        Args:
            signals: mono float32 in [-1, 1], each of any length.
            rate: their sample rate in Hz; resampled to the model's where needed.
        """
        if self._shift is None:
            return self._session.run(signals, rate, self._output)
        logs = self.voice_scores(signals, rate, self._voice) + self._shift
        shifted = np.exp(logs - logs.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)

    def voice_scores(
        self, signals: Sequence[NDArray[np.float32]], rate: int, output: str | None
    ) -> NDArray[np.float64]:
        """Return what a speaker's profile is made of and used on, ``(signals, labels)``.

        Args:
            signals: as for :meth:`probabilities`.
            rate: their sample rate in Hz.
            output: scores the graph gives for enrolled speakers, see
                :func:`intona.models.adaptation.statistics`; ``None`` for the log-probabilities.

        Raises:
            ModelError: the graph has no such output.
        """
        if output is None:
            return centred_log(self._session.run(signals, rate, self._output))
        return centred(self._session.run(signals, rate, output))

    def adapted(self, profile: Profile | None) -> Recognizer:
        """Return the same model, adapted to a speaker; it shares everything else.

        Args:
            profile: of the speaker, made by :func:`intona.inference.enroll.enroll` with this model;
                ``None`` for the unadapted model.

        Raises:
            UsageError: the profile belongs to another model, or this one cannot adapt.
        """
        other = copy(self)
        other._shift, other._voice = None, None
        other.threshold = float(self.metadata["threshold"])
        if profile is not None:
            if profile.model != self.fingerprint:
                raise UsageError(
                    f"the profile {profile.name} was made with another model than {self.path}: "
                    "enroll the speaker again with this one"
                )
            known = statistics(self.metadata, profile.speech)
            other._shift = shift(known, profile.mean, profile.count)
            other._voice = known.get("output")
            other.threshold = float(known.get("threshold", other.threshold))
        return other

    @property
    def fingerprint(self) -> str:
        """The file's content in 16 hexadecimal digits: profiles belong to one model."""
        return self._session.fingerprint

    def embedding(self, signals: Sequence[NDArray[np.float32]], rate: int) -> NDArray[np.float64]:
        """Return the model's embedding of each signal, shape ``(signals, dimension)``.

        Raises:
            ModelError: the model has no embedding output.
        """
        return self._session.run(signals, rate, "embedding")

    def judge(self, row: NDArray[np.float64]) -> tuple[str, float, str]:
        """Return emotion, confidence and status (``ok`` or ``unsure``) of one probability row."""
        best = int(np.argmax(row))
        confidence = float(row[best])
        return self.labels[best], confidence, "ok" if confidence >= self.threshold else "unsure"

    def predict(
        self,
        source: str | Path | BinaryIO | Audio,
        *,
        start: float = 0.0,
        end: float | None = None,
    ) -> Prediction:
        """Predict the emotion of one recording as a whole.

        Recordings longer than 30 s are read block by block, in constant memory, and the
        blocks' probabilities are averaged by their amount of speech; for what happens when,
        use the timeline.

        Args:
            source: a path, a binary file object, or :class:`intona.audio.Audio`.
            start: begin in seconds.
            end: end in seconds; ``None`` for the end of the recording.

        Raises:
            AudioError: the recording cannot be read or used.
        """
        file = str(source) if isinstance(source, str | Path) else None
        mean = Mean(len(self.labels))
        for block in stretch(source, start, end):
            (heard,) = hear([block], self.rate)
            spoken = heard.speech >= LEAST_SPEECH
            mean.add(heard, self.rows([heard.audio])[0] if spoken else None)
        if mean.duration == 0.0:
            raise AudioError(
                f"{file or 'the recording'} has no audio between {start} s and {end} s"
            )
        return self.conclude(mean, file, start)

    def rows(self, clips: Sequence[Audio]) -> NDArray[np.float64]:
        """Return :meth:`probabilities` of clips whose rates may differ."""
        rows = np.empty((len(clips), len(self.labels)))
        for rate in {clip.rate for clip in clips}:
            here = [number for number, clip in enumerate(clips) if clip.rate == rate]
            rows[here] = self.probabilities([clips[number].samples for number in here], rate)
        return rows

    def conclude(self, mean: Mean, file: str | None, start: float = 0.0) -> Prediction:
        """Return the prediction that follows from what was heard of a recording.

        Args:
            mean: of its blocks.
            file: its name.
            start: where it began, in seconds.
        """
        place: dict[str, Any] = {
            "file": file,
            "start": start,
            "end": round(start + mean.duration, 6),
        }
        row = mean.row
        if row is None:
            nothing = dict.fromkeys(self.labels, float("nan"))
            return Prediction(None, float("nan"), nothing, "no_speech", **place)
        probabilities = {name: float(value) for name, value in zip(self.labels, row, strict=True)}
        if self.numeric:
            return Prediction(None, float("nan"), probabilities, "ok", **place)
        emotion, confidence, status = self.judge(row)
        if not mean.clear:
            status = "unsure"
        return Prediction(emotion, confidence, probabilities, status, **place)

    def timeline(self, source: str | Path | BinaryIO | Audio, **options: Any) -> pd.DataFrame:
        """Return emotion over time, by segment: :func:`intona.inference.timeline.timeline`."""
        from intona.inference.timeline import timeline

        return timeline(self, source, **options)

    def stream(
        self, blocks: Iterable[NDArray[np.float32]], rate: int, **options: Any
    ) -> Iterator[Any]:
        """Yield events while live audio arrives; see :class:`intona.inference.stream.Stream`."""
        from intona.inference.stream import Stream

        live = Stream(self, rate, **options)
        for block in blocks:
            yield from live.push(block)
        yield from live.flush()


def load(
    path: str | Path | None = None, *, threads: int = 1, profile: str | None = None
) -> Recognizer:
    """Load a model file, or the bundled default model; see :meth:`Recognizer.load`.

    Args:
        path: an ``.onnx`` file made by intona; ``None`` for the bundled model.
        threads: onnxruntime threads.
        profile: adapt it to a speaker: the name of a profile from ``intona enroll``, or the
            path of one.

    Raises:
        ModelError: not a readable model of ours.
        UsageError: no such profile, or it belongs to another model.
    """
    model = Recognizer.load(path, threads=threads)
    if profile is None:
        return model
    from intona.inference.profile import find_profile

    return model.adapted(find_profile(profile))
