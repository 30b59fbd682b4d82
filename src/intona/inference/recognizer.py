"""The recogniser: one model file in, predictions out; numpy and onnxruntime only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from intona.audio.channels import Asked, Channels
from intona.audio.given import Given, is_many, source_of
from intona.errors import ModelError, UsageError
from intona.inference import clip
from intona.inference.many import predict_table, recordings
from intona.labels import Labels, Merge, label_map, labels_of, merge_of, merging_matrix
from intona.models.artefact import locate, read_model
from intona.models.identity import Identity
from intona.models.metadata import Metadata
from intona.models.session import BESIDE, Session
from intona.tables import Prediction

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus
    from intona.inference.profile import Profile
    from intona.models.adaptation import Statistics

SHORT = 0.5  # seconds of speech; on less, no answer is sure


class Recognizer:
    """A trained model, ready to predict.

    Args:
        content: bytes of the ``.onnx`` file.
        metadata: its validated metadata, from :func:`intona.models.artefact.read_model`.
        path: where it was read from.
        threads: onnxruntime threads; 1 is the fastest for single clips on small machines.

    Attributes:
        labels: emotions in the order of the columns; the target's name of a model of numbers.
        numeric: whether it predicts numbers instead of emotions.
        threshold: confidence below which a prediction is ``unsure``.
        rate: sample rate the model works at in Hz, ``None`` for the recording's own.
        adapted_to: recordings (or stretches of speech) it is adapted to; 0 for none.
        metadata: everything the file says of itself.
        identity: which model it is.
        said: that, as every answer says it.
        path: the file.

    Raises:
        ModelError: the graph cannot be loaded, or does not fit its metadata.
    """

    def __init__(
        self,
        content: bytes,
        metadata: Metadata,
        path: Path,
        *,
        threads: int = 1,
    ) -> None:
        self._session = Session(content, metadata, path, threads=threads)
        self.path = path
        self.metadata = metadata
        self.labels: tuple[str, ...] = tuple(metadata["labels"])
        self.numeric = bool(metadata.get("numeric", False))
        self.threshold = float(metadata["threshold"])
        self.rate = self._session.rate
        self.identity: Identity = self._session.identity
        self.said: Mapping[str, Any] | None = self.identity.short()
        self.adapted_to = 0
        main = "scores" if self.numeric else "probabilities"
        if main not in self._session.outputs:
            raise ModelError(f"{path}: its graph has no output {main!r}")
        self._beside = tuple(name for name in BESIDE if name in self._session.outputs)
        self._outputs = (main, *self._beside)
        self._inputs: Mapping[str, NDArray[np.float32]] = {}
        self._narrowing: NDArray[np.float64] | None = None
        self._priors: Sequence[float] | None = metadata.get("priors")

    @classmethod
    def load(cls, path: str | Path | None = None, *, threads: int = 1) -> Recognizer:
        """Load a model file, or a bundled model; see :func:`load`."""
        found = locate(path)
        content, metadata = read_model(found)
        return cls(content, metadata, found, threads=threads)

    def __repr__(self) -> str:
        adapted = f", adapted to {self.adapted_to}" if self.adapted_to else ""
        return f"<Recognizer {self.path.name}: {', '.join(self.labels)}{adapted}>"

    def _repr_html_(self) -> str:
        from intona.models.card import page

        return page(self.metadata, repr(self)[1:-1])

    @property
    def adaptable(self) -> bool:
        """Whether it can be adapted to a speaker, a place or the recordings at hand."""
        return "adaptation" in self.metadata

    def rows(self, signals: Sequence[NDArray[np.float32]], rate: int) -> NDArray[np.float64]:
        """Return one row per signal: probabilities (or the number), then what is beside them.

        Rows may be averaged; :meth:`prediction` says what one means.

        Args:
            signals: mono float32 in [-1, 1], each of any length.
            rate: their sample rate in Hz; resampled to the model's where needed.
        """
        return self._narrowed(self._session.run(signals, rate, self._outputs, self._inputs))

    def probabilities(
        self, signals: Sequence[NDArray[np.float32]], rate: int
    ) -> NDArray[np.float64]:
        """Return the first columns of :meth:`rows`: shape ``(signals, labels)``."""
        return self.rows(signals, rate)[:, : len(self.labels)]

    def embedding(self, signals: Sequence[NDArray[np.float32]], rate: int) -> NDArray[np.float64]:
        """Return the model's embedding of each signal, shape ``(signals, dimension)``.

        Raises:
            ModelError: the model has no embedding output.
        """
        return self._session.run(signals, rate, ["embedding"])

    def rows_and_embedding(
        self, signals: Sequence[NDArray[np.float32]], rate: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return :meth:`rows` and :meth:`embedding`, computed at once."""
        outputs = (*self._outputs, "embedding")
        found = self._session.run(signals, rate, outputs, self._inputs)
        split = int(self.metadata["embedding"])
        return self._narrowed(found[:, :-split]), found[:, -split:]

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
            row: of :meth:`rows`; ``None`` where there is no speech.
            start: begin in seconds.
            end: end in seconds.
            file: name of the recording.
            speech: seconds of speech in it.
            clear: whether it is clearly speech.
        """
        place: dict[str, Any] = {"file": file, "start": start, "end": end}
        place["model"] = self.said
        if row is None:
            nothing = dict.fromkeys(self.labels, np.nan)
            return Prediction(None, np.nan, nothing, "no_speech", **place)
        count = len(self.labels)
        probabilities = {k: float(v) for k, v in zip(self.labels, row[:count], strict=True)}
        if self.numeric:
            return Prediction(None, np.nan, probabilities, "ok", **place)
        best = int(np.argmax(row[:count]))
        confidence = float(row[best])
        beside = {name: float(value) for name, value in zip(self._beside, row[count:], strict=True)}
        reason = None
        if not clear:
            reason = "hardly speech"
        elif speech < SHORT:
            reason = "too short"
        elif confidence < self.least_confidence(near := beside.get("familiarity", np.nan)):
            unknown = near < float(self.metadata.get("familiar", 0.0))
            reason = "unfamiliar" if unknown else "low confidence"
        return Prediction(
            self.labels[best],
            confidence,
            probabilities,
            "ok" if reason is None else "unsure",
            reason=reason,
            adapted=self.adapted_to,
            **{**place, **beside},
        )

    @overload
    def predict(  # type: ignore[overload-overlap]  # a path is also an iterable of letters
        self, source: Given, *, start: float = 0.0, end: float | None = None, channels: Asked = None
    ) -> Prediction: ...

    @overload
    def predict(
        self, source: Iterable[Given] | Corpus | pd.DataFrame, *, channels: Asked = None
    ) -> pd.DataFrame: ...

    def predict(
        self, source: Any, *, start: float = 0.0, end: float | None = None, channels: Asked = None
    ) -> Prediction | pd.DataFrame:
        """Predict the emotion of one recording as a whole, or of many, one row each.

        Of recordings longer than 30 s the regions of speech are judged, in utterances of at most
        8 s, and averaged by length; for what happens when, use the timeline.

        Args:
            source: a path, the bytes of a file, a binary file object, :class:`intona.audio.Audio`
                or ``(samples, rate)`` (:func:`intona.audio.given.audio_of` says which arrays); or
                any iterable of these, or a corpus: then the answer is a table, see
                :func:`intona.inference.many.predict_table`.
            start: begin in seconds, of one recording.
            end: end in seconds; ``None`` for the end of the recording.
            channels: ``"left"``, ``"right"``, a number from 1, ``"mix"``; or ``"each"`` for a table
                with one row for each channel.

        Raises:
            AudioError: the one recording cannot be read or used.
            UsageError: something that cannot be a recording, or an impossible stretch.
        """
        hear = Channels.parse(channels)
        if not is_many(source) and not hear.each:
            (heard,) = hear.of(source_of(source, whole=not hear.plain))
            return clip.predict(self, heard, start, end)
        if start != 0.0 or end is not None:
            raise UsageError("start and end are of one recording: give a table with an index")
        return predict_table(self, source, hear)

    def timeline(self, source: Given, **options: Any) -> pd.DataFrame:
        """Return emotion over time by segment: :func:`intona.inference.timeline.timeline`.

        Raises:
            UsageError: something that cannot be one recording, or impossible options.
            AudioError: the recording cannot be read.
        """
        from intona.inference.timeline import timeline

        plain = Channels.parse(options.get("channels")).plain
        return timeline(self, source_of(source, whole=not plain), **options)

    def stream(
        self, blocks: Iterable[NDArray[np.float32]], rate: int, **options: Any
    ) -> Iterator[Any]:
        """Yield events while live audio arrives; see :class:`intona.inference.stream.Stream`."""
        from intona.inference.stream import Stream

        live = Stream(self, rate, **options)
        for block in blocks:
            yield from live.push(block)
        yield from live.flush()

    def adapt(self, sources: Given | Iterable[Given], *, channels: Asked = None) -> Recognizer:
        """Return the same model, adapted to recordings: they are judged against each other.

        It needs no labels and assumes mixed speech: over recordings of one single emotion,
        recall falls by half. Of many recordings an even sample is heard.

        Args:
            sources: recordings (or folders) of one place or speaker, or one long one.
            channels: as of :meth:`predict`.

        Raises:
            UsageError: the model cannot adapt, or something that cannot be a recording.
            AudioError: there is no speech in them.
        """
        from intona.inference.adapt import statistics_of

        return self.adapted(
            statistics_of(self, recordings(sources), channels=Channels.parse(channels))
        )

    def adapted(self, to: Profile | Statistics | None, speech: str | None = None) -> Recognizer:
        """Return the same model, adapted to a speaker or a place; it shares everything else.

        Args:
            to: a profile, made by :func:`intona.inference.enroll.enroll` with this model, or
                the statistics of embeddings; ``None`` for the unadapted model.
            speech: kind of speech that statistics are of: ``neutral`` speech of a speaker lies
                elsewhere than ``mixed``; a profile says it itself.

        Raises:
            UsageError: the profile belongs to another model, or this one cannot adapt.
        """
        other = copy(self)
        other._inputs, other.adapted_to = {}, 0
        if to is not None:
            from intona.inference.profile import require_made_with
            from intona.models.adaptation import standardisation

            self.require_adaptable()
            require_made_with(to, self.identity, self.path)
            centre, scale = standardisation(to, self.metadata, speech)
            other._inputs = {
                "centre": centre.astype(np.float32),
                "scale": scale.astype(np.float32),
                "adapted": np.ones(1, np.float32),
            }
            other.adapted_to = to.count
        return other

    def require_adaptable(self) -> None:
        """Refuse a model that cannot be adapted.

        Raises:
            UsageError: always, of such a model.
        """
        if not self.adaptable:
            raise UsageError(
                f"{self.path} cannot be adapted: only models of emotions on the embedding of an "
                "encoder can, such as the bundled one"
            )

    def narrowed(self, emotions: Labels, merge: Merge = None) -> Recognizer:
        """Return the same model, answering with some labels only.

        Probabilities are divided by how likely the model takes each label to be beforehand, so
        that a merged label is no likelier than another, and made to sum to 1.

        Args:
            emotions: labels to answer with, ``"happy,sad"`` or a list; ``None`` keeps all.
            merge: labels to merge first, ``"calm=neutral"`` or a mapping from old to new.

        Raises:
            UsageError: unknown labels, fewer than two left, or a model of numbers.
        """
        other = copy(self)
        if emotions is None and not merge:
            return other
        if self.numeric:
            raise UsageError("emotions are chosen of a model of emotions, not of one of numbers")
        keep, merged = labels_of(emotions), merge_of(merge)
        becomes = label_map(self.labels, keep, merged, owner="the model")
        columns = [becomes[label] for label in self.labels]
        matrix, labels = merging_matrix(columns, self._priors)
        if len(labels) < 2:
            raise UsageError(f"emotions: at least two are needed, not {', '.join(labels)}")
        if labels == self.labels:
            return other
        other.labels = labels
        other._narrowing = matrix if self._narrowing is None else self._narrowing @ matrix
        other._priors = None  # divided out
        return other

    def least_confidence(self, familiarity: float) -> float:
        """Return the confidence below which an answer is ``unsure``.

        Args:
            familiarity: of the recording, in [0, 1]; NaN where the model does not say.
        """
        if "thresholds" not in self.metadata or np.isnan(familiarity):
            return self.threshold
        low, high = self.metadata["thresholds"]
        return float(low + (high - low) * familiarity)

    def _narrowed(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._narrowing is None:
            return rows
        split = len(self._narrowing)
        kept = rows[:, :split] @ self._narrowing
        total = kept.sum(axis=1, keepdims=True)
        kept = np.where(total > 0.0, kept, 1.0)  # none of them is likely at all
        return np.concatenate([kept / kept.sum(axis=1, keepdims=True), rows[:, split:]], axis=1)


def load(
    path: str | Path | None = None,
    *,
    threads: int = 1,
    profile: str | None = None,
) -> Recognizer:
    """Load a model file, or the bundled default model.

    Args:
        path: an ``.onnx`` file made by intona, or the name of a bundled model (``default`` or
            ``small``); ``None`` for the default.
        threads: onnxruntime threads.
        profile: adapt it to a speaker or place: the name of a profile from ``intona enroll``, or
            the path of one.

    Raises:
        ModelError: not a readable model of ours.
        UsageError: no such profile, or it belongs to another model.
    """
    model = Recognizer.load(path, threads=threads)
    if profile is None:
        return model
    from intona.inference.profile import find_profile

    return model.adapted(find_profile(profile))
