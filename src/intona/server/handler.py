"""Request handler of a worker: clips, timelines, explanations, live streams, exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from intona._version import __version__
from intona.audio import Audio, read
from intona.audio.channels import Channels
from intona.audio.decode import Source
from intona.errors import UsageError
from intona.extras import require
from intona.inference.clip import about
from intona.inference.recognizer import Recognizer
from intona.models.card import without_names
from intona.server import wire
from intona.server.choices import Choices
from intona.server.wire import ModelFacts, Reply, Request, TooMuchError, Upload, WorkerOptions
from intona.spelling import as_parameters
from intona.tables import Prediction, known

if TYPE_CHECKING:
    from intona.inference.profile import Profile
    from intona.inference.stream import Event, Stream
    from intona.server.schemas import Segment
    from intona.server.schemas import Timeline as Document

MOST_WARNINGS = 16
_DTYPES = {"s16le": "<i2", "f32le": "<f4"}


class ModelHandler:
    """One loaded model, and what clients ask of it.

    Args:
        options: of the worker.

    Raises:
        ModelError: the model cannot be loaded.
        UsageError: the model predicts numbers, which the service does not serve, or a
            profile or labels cannot be used with it.
    """

    def __init__(self, options: WorkerOptions) -> None:
        self._model = Recognizer.load(options.model)
        if self._model.numeric:
            raise UsageError(
                f"{self._model.path} predicts numbers: intona serve takes models of emotions"
            )
        self._options = options
        self._choices = Choices(self._model, options.profiles, options.emotions, options.merge)
        self._streams: dict[str, tuple[Stream, str]] = {}
        self._warm_up()

    def describe(self) -> ModelFacts:
        """Return what clients may know about the model: no path, no machine."""
        return {
            "name": Path(self._model.path).name,
            "labels": list(self._choices.model.labels),
            "threshold": self._model.threshold,
            "rate": self._model.rate,
            "identity": self._model.identity.to_dict(),
            "metadata": without_names(self._model.metadata),
            "version": __version__,
            "profiles": list(self._choices.names),
            "adaptable": self._model.adaptable,
        }

    def _warm_up(self) -> None:
        """Load what the first request would wait for, before memory is limited."""
        noise = (np.random.default_rng(0).standard_normal(16_000) / 100).astype(np.float32)
        self._model.predict(Audio(noise, 16_000))
        self._model.probabilities([noise], 16_000)

    def handle(self, request: Request, data: bytes) -> Reply:
        """Do what is asked."""
        match request:
            case wire.Predict():
                return self._predict(request, data)
            case wire.Timeline():
                return self._timeline(request, data)
            case wire.Explain():
                return self._explain(request, data)
            case wire.Export():
                return self._export(request, data)
            case wire.Open():
                return self._open(request)
            case wire.Push(name):
                stream, dtype = self._streams[name]
                return _events(stream.push(np.frombuffer(data, dtype)))
            case wire.Flush(name):
                return _events(self._streams[name][0].flush())
            case wire.Close(name):
                self._streams.pop(name, None)
                return {}, b""

    def _predict(self, request: wire.Predict, data: bytes) -> Reply:
        model, profile = self._choices.choose(request.choice)
        upload = Upload(data, request.name)
        longest = self._options.clip_seconds
        notes: list[str] = []
        channels = Channels.parse(request.choice.channels)
        heard: list[tuple[Source | Audio, Audio]] = []
        for one in channels.of(upload):
            upload.seek(0)
            audio = read(cast("Source", one), end=longest + 0.5, notice=notes.append)
            if audio.duration > longest:
                raise TooMuchError(
                    f"{upload.name} is longer than {longest:g} s: use /v1/timeline, or send a part"
                )
            heard.append((one, audio))
        if request.choice.adapt:
            from intona.inference.adapt import FEWEST

            model = _adapted(model, [audio for _, audio in heard])
            if model.adapted_to < FEWEST:
                raise UsageError(
                    f"{upload.name} is too short to be judged against itself: adapt takes at least "
                    f"{FEWEST} stretches of speech, this has {model.adapted_to}"
                )
        found = [
            replace(about(one, model.predict(audio)), file=upload.name).rounded().to_dict()
            for one, audio in heard
        ]
        said = {"file": upload.name, **_by(model, profile), "warnings": _few(notes)}
        if channels.each:
            return {"prediction": {**said, "channels": found}}, b""
        return {"prediction": {**said, **found[0]}}, b""

    def _timeline(self, request: wire.Timeline, data: bytes) -> Reply:
        from intona.inference.timeline import segments

        model, profile = self._choices.choose(request.choice)
        upload = Upload(data, request.name)
        bounded = self._bounded(upload)
        heard = Channels.parse(request.choice.channels).of(upload)
        if request.choice.adapt:
            model = _adapted(model, heard, bounded)
        notes: list[str] = []
        rows: list[Prediction] = []
        for one in heard:
            upload.seek(0)
            found = segments(model, one, progress=bounded, notice=notes.append)
            rows += [_named(row, upload.name) for row in found]
        rows.sort(key=lambda row: row.start)
        said = {"file": upload.name, **_by(model, profile), "warnings": _few(notes)}
        if request.format == "json":
            segmented = [row.rounded().to_dict() for row in rows]
            timeline = {**said, "labels": list(model.labels), "segments": segmented}
            return {"timeline": timeline}, b""
        # The service counts how sure answers are, whatever their format.
        counted = [
            {
                "emotion": row.emotion,
                "status": row.status,
                "reason": row.reason,
                "familiarity": known(row.familiarity),
                "arousal": known(row.arousal),
            }
            for row in rows
        ]
        return {**said, "segments": counted}, _written(rows, model.labels, request.format)

    def _explain(self, request: wire.Explain, data: bytes) -> Reply:
        from intona.explain.occlusion import occlude, require_speech
        from intona.features.manner import remarks

        model, profile = self._choices.choose(request.choice)
        upload = Upload(data, request.name)
        start, end = request.start, request.end
        longest = start + self._options.explain_seconds + 0.5
        notes: list[str] = []
        stop = longest if end is None else min(end, longest)
        heard = Channels.parse(request.choice.channels).one(upload, "an explanation")
        audio = read(heard, start=start, end=stop, notice=notes.append)
        if audio.duration > self._options.explain_seconds + 0.01:
            raise TooMuchError(
                f"an explanation takes at most {self._options.explain_seconds:g} s of sound: "
                "choose a stretch with start and end"
            )
        if request.choice.adapt:
            upload.seek(0)
            model = _adapted(model, [heard], self._bounded(upload))
        require_speech(audio, upload.name)
        evidence = occlude(model, audio, emotion=request.emotion)
        evidence = replace(evidence, times=evidence.times + start)
        own = profile.manner if profile is not None else {}
        explanation = {
            "file": upload.name,
            **_by(model, profile),
            "warnings": _few(notes),
            **evidence.to_dict(),
            "text": str(evidence),
            "manner": [remark.to_dict() for remark in remarks(audio, own)],
            "neutral_of": profile.name if profile is not None and own else None,
        }
        return {"explanation": explanation}, b""

    def _export(self, request: wire.Export, data: bytes) -> Reply:
        from intona.server.schemas import Timeline

        timeline = Timeline.of_json(data)
        rows = [_row(segment, timeline) for segment in timeline.segments]
        return {"file": timeline.file}, _written(rows, timeline.labels, request.format)

    def _open(self, request: wire.Open) -> Reply:
        from intona.inference.adapt import Following
        from intona.inference.stream import Stream

        model, profile = self._choices.choose(request.choice)
        heard = Following(model) if request.choice.adapt else model
        self._streams[request.stream] = (Stream(heard, request.rate), _DTYPES[request.encoding])
        return {**_by(model, profile), "labels": list(model.labels)}, b""

    def _bounded(self, upload: Upload) -> Callable[[float], None]:
        """Return what refuses a recording that has turned out too long for a timeline."""
        longest = self._options.recording_seconds

        def bounded(seconds: float) -> None:
            if seconds > longest:
                raise TooMuchError(f"{upload.name} is longer than {longest:g} s: send a part")

        return bounded


def _adapted(
    model: Recognizer,
    heard: Sequence[Source | Audio],
    progress: Callable[[float], None] | None = None,
) -> Recognizer:
    """Return the model adapted to a recording, whichever question follows: as its timeline is."""
    from intona.inference.timeline import TimelineOptions, adapted_to

    return cast("Recognizer", adapted_to(model, heard, TimelineOptions(), progress=progress))


def _by(model: Recognizer, profile: Profile | None) -> dict[str, Any]:
    return {
        "profile": None if profile is None else profile.name,
        "adapted": model.adapted_to,
        "model": model.identity.short(),
    }


def _few(notes: Sequence[str]) -> list[str]:
    """Return notes as a client reads them, each once though it is told of every channel."""
    return list(dict.fromkeys(map(as_parameters, notes)))[:MOST_WARNINGS]


def _events(events: Iterable[Event]) -> Reply:
    return {"events": [event.to_dict() for event in events]}, b""


def _named(row: Prediction, name: str) -> Prediction:
    """Return a segment with the name of its recording, its times as every format has them."""
    assert row.end is not None
    return replace(row, file=name, start=round(row.start, 3), end=round(row.end, 3))


def _written(rows: Sequence[Prediction], labels: Sequence[str], style: str) -> bytes:
    """Return a timeline in one of the formats of :mod:`intona.server.formats`."""
    from intona.formats import render
    from intona.formats.rows import Segmentation

    found = Segmentation(rows, labels)
    if style == "parquet":
        require("the format parquet", "pandas", "pyarrow")
        return found.frame().to_parquet()
    return render(found, style).encode()


def _row(segment: Segment, timeline: Document) -> Prediction:
    given = segment.probabilities
    return Prediction(
        segment.emotion,
        _number(segment.confidence),
        {label: _number(given.get(label)) for label in timeline.labels},
        segment.status,
        timeline.file,
        segment.start,
        segment.end,
        segment.reason,
        _number(segment.familiarity),
        _number(segment.arousal),
        _number(segment.valence),
        segment.adapted,
        model=None if timeline.model is None else timeline.model.model_dump(),
        values={
            name: value
            for name in ("channel", "speaker")
            if (value := getattr(segment, name)) is not None
        },
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
