"""Emotion over time: long recordings to a table of segments, at constant memory.

Blocks are decoded, speech is detected, cut into overlapping windows, judged many at once,
smoothed and merged. Ready-made segments can take the place of the detector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from intona.audio import Audio
from intona.audio.channels import Asked, Channels
from intona.audio.damage import Notice, warn
from intona.audio.decode import Source, name_of, title_of
from intona.errors import AudioError, UsageError
from intona.extras import require
from intona.formats.rows import Segmentation
from intona.formats.turns import Turn
from intona.inference.clip import about
from intona.inference.model import Adaptable, Model
from intona.inference.online import Online
from intona.inference.turns import (
    Progress,
    blocks_of,
    channel_of,
    judged,
    name_in,
    of_channel,
    turns_of,
)
from intona.inference.windows import TimelineOptions
from intona.tables import Prediction

if TYPE_CHECKING:
    import pandas as pd

BATCH = 4  # windows judged at once; more is no faster, and takes memory

Stopped = Callable[[], bool]


def timeline(
    model: Model, source: Source | Audio, options: TimelineOptions | None = None, **more: Any
) -> pd.DataFrame:
    """Return the emotion of a recording over time: :func:`segmentation` as a table of pandas.

    One row per segment, indexed ``(file, start, end)``; without speech one of status ``no_speech``.
    Columns are ``emotion``, ``confidence``, ``status`` ..., one per emotion, and what turns say.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    require("a timeline as a table", "pandas")
    return segmentation(model, source, options, **more).frame()


def segmentation(
    model: Model,
    source: Source | Audio,
    options: TimelineOptions | None = None,
    *,
    turns: str | Path | Sequence[Turn] | None = None,
    channels: Asked = None,
    adapt: bool = False,
    progress: Progress | None = None,
    stop: Stopped | None = None,
    notice: Notice = warn,
    **changes: Any,
) -> Segmentation:
    """Return the emotion of a recording over time, without pandas.

    Args:
        model: a :class:`intona.inference.recognizer.Recognizer`.
        source: a path, a binary file-like object, or audio.
        options: windows, segments and speech.
        turns: ready-made segments instead of the speech detector, one row each: a file (CSV,
            RTTM, TextGrid, WebVTT, SRT, Audacity labels) or
            :class:`intona.formats.turns.Turn` objects.
        channels: ``"left"``, ``"right"``, a number from 1, ``"mix"``, or ``"each"``: then each
            channel has rows of its own, of which the columns ``channel`` and ``speaker`` tell; see
            :class:`intona.audio.channels.Channels`. Segments with a ``channel`` are of that one.
        adapt: adapt the model to the recording first, which is then read twice; see
            :meth:`intona.inference.recognizer.Recognizer.adapt`.
        progress: called with the seconds done so far.
        stop: asked after each block; once it says ``True``, the recording ends there.
        notice: told in a sentence each what is odd about the turns, and about the recording; an
            :class:`intona.audio.Damage` where sound is lost.
        changes: single fields of the options, for example ``window=2.0``.

    Raises:
        AudioError: the recording cannot be read.
        UsageError: options or turns do not make sense.
    """
    chosen = replace(options or TimelineOptions(), **changes)
    hear = Channels.parse(channels)
    heard = list(hear.of(source))
    if adapt:
        model = adapted_to(model, heard, chosen)
    given = None if turns is None else turns_of(turns, source, notice)
    found: list[tuple[Prediction, Mapping[str, Any]]] = []
    for one in heard:
        if given is None:
            rows = segments(model, one, chosen, progress=progress, stop=stop, notice=notice)
            found += [(row, {}) for row in rows]
        elif own := of_channel(given, one):
            answers = judged(model, one, own, chosen, progress=progress, notice=notice)
            found += [(row, {**turn.values, **channel_of(one)}) for turn, row in answers]
    if not found:
        raise UsageError("no segment is of a channel that is heard: see their column channel")
    if len(heard) > 1:  # who spoke when, and not one speaker after the other
        found.sort(key=lambda item: item[0].start)
    return Segmentation([row for row, _ in found], model.labels, [more for _, more in found])


def segments(
    model: Model,
    source: Source | Audio,
    options: TimelineOptions | None = None,
    *,
    progress: Progress | None = None,
    stop: Stopped | None = None,
    notice: Notice = warn,
) -> Iterator[Prediction]:
    """Yield the segments of a recording as soon as they are complete.

    Args:
        model: a :class:`intona.inference.recognizer.Recognizer`.
        source: a path, a binary file-like object, or audio.
        options: windows, segments and speech.
        progress: called with the seconds done so far.
        stop: asked after each block; once it says ``True``, the recording ends there.
        notice: told what is lost or odd, see :func:`intona.audio.read`.

    Raises:
        AudioError: the recording cannot be read.
    """
    for found in _segments(model, source, options or TimelineOptions(), progress, stop, notice):
        yield about(source, found)


def _segments(
    model: Model,
    source: Source | Audio,
    options: TimelineOptions,
    progress: Progress | None,
    stop: Stopped | None,
    notice: Notice,
) -> Iterator[Prediction]:
    file = name_in(source)
    online: Online | None = None
    done, found = 0.0, False
    for block in blocks_of(source, model.rate, notice):
        if online is None:
            online = Online(model, block.rate, options, batch=BATCH, file=file)
        for event in online.push(block.samples):
            if event.kind == "segment" and event.prediction is not None:
                found = True
                yield event.prediction
        done += block.duration
        if progress is not None:
            progress(done)
        if stop is not None and stop():
            break
    for event in online.flush() if online is not None else ():
        if event.kind == "segment" and event.prediction is not None:
            found = True
            yield event.prediction
    if not found:
        yield model.prediction(None, 0.0, round(done, 6), file)


def timeline_each(
    model: Model,
    files: Iterable[Source | AudioError],
    options: TimelineOptions | None = None,
    *,
    turns: str | Path | None = None,
    channels: Channels | None = None,
    adapt: bool = False,
    progress: Callable[[Path, float], object] | None = None,
    stop: Stopped | None = None,
    notice: Notice = warn,
) -> Iterator[tuple[Path, Segmentation | AudioError]]:
    """Yield each recording with its timeline, or the error that prevented it.

    Args:
        model: a :class:`intona.inference.recognizer.Recognizer`.
        files: recordings, or errors of names that no file is behind, yielded in their place.
        options: windows, segments and speech.
        turns: a file of ready-made segments, see :func:`timeline`.
        channels: what is heard of each recording, see :func:`timeline`.
        adapt: adapt the model to each recording first.
        progress: called with the recording and the seconds of it done so far.
        stop: once it says ``True``, the running recording ends there, and no other begins.
        notice: told in a sentence each what is odd about the turns and recordings, see
            :func:`timeline`.

    Raises:
        UsageError: the turns cannot be read.
    """
    if turns is not None:
        from intona.formats import read_turns

        read_turns(turns, notice=lambda _: None)  # a damaged file is refused before the work
    for source in files:
        if isinstance(source, AudioError):
            yield getattr(source, "path", Path()), source
            continue
        file = Path(title_of(source) or name_of(source))
        told = None if progress is None else partial(progress, file)
        try:
            found = segmentation(
                model,
                source,
                options,
                turns=turns,
                channels=channels,
                adapt=adapt,
                progress=told,
                stop=stop,
                notice=notice,
            )
        except AudioError as error:
            yield file, error
        except UsageError as error:
            if turns is None:
                raise
            yield file, AudioError(str(error))  # they are not about this recording
        except OSError as error:
            yield file, AudioError(f"cannot read {file}: {error.strerror or error}")
        else:
            yield file, found
        if stop is not None and stop():
            return


def adapted_to(
    model: Model,
    heard: Sequence[Source | Audio],
    options: TimelineOptions,
    *,
    progress: Progress | None = None,
) -> Model:
    """Return a model adapted to the speech of a recording, cut as its timeline is.

    Args:
        model: a :class:`intona.inference.recognizer.Recognizer`.
        heard: the recording, or its channels: a path, a binary file-like object that can be read
            again, or audio.
        options: their window is the length of an utterance.
        progress: called with the seconds read so far.

    Raises:
        UsageError: the model cannot adapt.
        AudioError: the recording cannot be read, or holds no speech.
    """
    from intona.inference.adapt import statistics_of

    adaptable = cast("Adaptable", model)
    statistics = statistics_of(adaptable, heard, longest=options.window, progress=progress)
    return adaptable.adapted(statistics)
