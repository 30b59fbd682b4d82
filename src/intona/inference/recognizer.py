"""The recogniser: one model file in, predictions out; numpy and onnxruntime only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, resample
from intona.errors import AudioError, ModelError
from intona.features import front_end
from intona.inference.hearing import LEAST_SPEECH, Mean, hear, stretch
from intona.models.adaptation import centred, centred_log, statistics
from intona.models.artefact import read_model
from intona.models.session import onnxruntime

if TYPE_CHECKING:
    import pandas as pd

    from intona.inference.profile import Profile

__all__ = ["Prediction", "Recognizer", "load"]

SHORTEST = 0.3  # seconds; shorter signals are padded with zeros at the end
# Signals that share a call of the model. More of them are slower: their activations leave the
# processor's caches (``python benchmarks/batching.py``).
TOGETHER = 8  # signals
BUDGET = 4.0  # seconds, padding included
FILLED = 0.95  # at least so much of them must be signal


@dataclass(frozen=True)
class Prediction:
    """What the model says of one utterance.

    Attributes:
        emotion: the best guess, also when unsure; ``None`` without speech.
        confidence: its calibrated probability, in [0, 1].
        probabilities: one calibrated probability per emotion, summing to 1.
        status: ``"ok"``, ``"unsure"`` (confidence below the model's threshold, or hardly
            speech) or ``"no_speech"``.
        file: where it came from, ``None`` for samples.
        start: begin in seconds.
        end: end in seconds.
    """

    emotion: str | None
    confidence: float
    probabilities: Mapping[str, float]
    status: str
    file: str | None = None
    start: float = 0.0
    end: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy, probabilities nested."""
        return {
            "file": self.file,
            "start": self.start,
            "end": self.end,
            "emotion": self.emotion,
            "confidence": self.confidence,
            "status": self.status,
            "probabilities": dict(self.probabilities),
        }


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
        runtime = onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = runtime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises several unrelated classes
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{path}: its graph cannot be loaded ({reason})") from None
        self.path = path
        self.metadata = metadata
        self.labels: tuple[str, ...] = tuple(metadata["labels"])
        self.numeric = bool(metadata.get("numeric", False))
        self.threshold = float(metadata["threshold"])
        source = metadata["input"]
        self.rate: int | None = source.get("rate")
        self._waveform = source["kind"] == "waveform"
        self._output = "scores" if self.numeric else "probabilities"
        self._front_end = None
        self._shift: NDArray[np.float64] | None = None
        self._voice: str | None = None
        if not self._waveform:
            self._front_end = front_end(source["name"], **source.get("parameters", {}))
            if self._front_end.version != source.get("version"):
                raise ModelError(
                    f"{path} was made with version {source.get('version')} of the front end "
                    f"{source['name']}, this intona has {self._front_end.version}: train it again"
                )
        self._outputs = {node.name for node in self._session.get_outputs()}
        if self._output not in self._outputs:
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
            return self._run(signals, rate, self._output)
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
            return centred_log(self._run(signals, rate, self._output))
        if output not in self._outputs:
            raise ModelError(f"{self.path}: its graph has no output {output!r}")
        return centred(self._run(signals, rate, output))

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
            other._shift = profile.shift(self)
            known = statistics(self, profile.speech)
            other._voice = known.get("output")
            other.threshold = float(known.get("threshold", other.threshold))
        return other

    @property
    def fingerprint(self) -> str:
        """The file's content in 16 hexadecimal digits: profiles belong to one model."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]

    def embedding(self, signals: Sequence[NDArray[np.float32]], rate: int) -> NDArray[np.float64]:
        """Return the model's embedding of each signal, shape ``(signals, dimension)``.

        Raises:
            ModelError: the model has no embedding output.
        """
        if "embedding" not in self._outputs:
            raise ModelError(f"{self.path} has no embedding output")
        return self._run(signals, rate, "embedding")

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

    def _run(
        self, signals: Sequence[NDArray[np.float32]], rate: int, output: str
    ) -> NDArray[np.float64]:
        wanted = rate if self.rate is None else self.rate
        shortest = int(SHORTEST * wanted)
        ready = [resample(signal, rate, wanted) for signal in signals]
        if self._waveform:
            # An offset (a cheap sound card's) would hide the silence that the graph trims.
            ready = [signal - signal.mean() if len(signal) else signal for signal in ready]
        ready = [_at_least(signal, shortest) for signal in ready]
        if self._front_end is not None:
            rows = [self._front_end(signal, wanted) for signal in ready]
            feed = np.stack(rows) if rows else np.zeros((0, len(self._front_end.names)), np.float32)
            return self._call(feed, output)
        result: list[NDArray[np.float64] | None] = [None] * len(ready)
        for group in _alike([len(signal) for signal in ready], int(BUDGET * wanted)):
            longest = max(len(ready[k]) for k in group)
            # Each row is treated by its own length: trailing zeros do not change its answer.
            feed = np.stack([_at_least(ready[k], longest) for k in group])
            for k, value in zip(group, self._call(feed, output), strict=True):
                result[k] = value
        return np.asarray(result, dtype=np.float64).reshape(len(ready), -1)

    def _call(self, feed: NDArray[np.float32], output: str) -> NDArray[np.float64]:
        name = self._session.get_inputs()[0].name
        (values,) = self._session.run([output], {name: np.ascontiguousarray(feed, np.float32)})
        return np.asarray(values, dtype=np.float64)


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


def bundled() -> Path:
    """Return the path of the model that ships with intona."""
    return Path(str(files("intona") / "assets" / "default.onnx"))


def _at_least(signal: NDArray[np.float32], shortest: int) -> NDArray[np.float32]:
    missing = shortest - len(signal)
    return np.pad(signal, (0, missing)) if missing > 0 else signal


def _alike(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Divide signals into groups that share a call of the model: similar lengths, few samples."""
    group: list[int] = []
    total = 0
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        padded = (len(group) + 1) * lengths[number]
        full = len(group) == TOGETHER or padded > budget
        if group and (full or total + lengths[number] < FILLED * padded):
            yield group
            group, total = [], 0
        group.append(number)
        total += lengths[number]
    if group:
        yield group
