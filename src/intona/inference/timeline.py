"""Emotion over time: long recordings to a table of segments, at constant memory.

Blocks are decoded, speech is detected, cut into overlapping windows, judged many at once,
smoothed and merged. Ready-made segments can take the place of the detector.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, blocks
from intona.audio.damage import Notice, warn
from intona.audio.decode import Source, name_of, title_of
from intona.errors import AudioError, UsageError
from intona.extras import require
from intona.formats.rows import Segmentation
from intona.formats.turns import Turn, checked
from intona.inference.model import Adaptable, Model
from intona.inference.online import Online
from intona.inference.windows import TimelineOptions
from intona.tables import Prediction

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 10.0  # seconds decoded at once
BATCH = 4  # windows judged at once; more is no faster, and takes memory
TURNS = 32  # ready-made segments held at once
TOLERANCE = 0.1  # seconds; a segment may end so much later than its recording
SHORTEST = 0.05  # seconds; a shorter segment is no utterance

Progress = Callable[[float], object]
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
    if adapt:
        model = adapted_to(model, source, chosen)
    if turns is None:
        found = list(segments(model, source, chosen, progress=progress, stop=stop, notice=notice))
        return Segmentation(found, model.labels)
    given = _turns(turns, source, notice)
    rows = _judged(model, source, given, chosen, progress=progress, notice=notice)
    return Segmentation([row for _, row in rows], model.labels, [turn.values for turn, _ in rows])


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
    options = options or TimelineOptions()
    file = _name(source)
    online: Online | None = None
    done, found = 0.0, False
    for block in _blocks(source, model.rate, notice):
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


def judge_turns(
    model: Model,
    source: Source | Audio,
    turns: Sequence[Turn],
    options: TimelineOptions | None = None,
    *,
    progress: Progress | None = None,
    notice: Notice = warn,
) -> list[Prediction]:
    """Return one prediction per ready-made segment of the recording, in their order.

    Segments that begin after the recording's end are left out; one that begins in it and ends later
    ends where it does. A segment longer than a window is cut evenly, and the parts' probabilities
    are averaged. One of digital silence, or shorter than 50 ms, has the status ``no_speech``.

    Args:
        model: a :class:`intona.inference.recognizer.Recognizer`.
        source: a path, a binary file-like object, or audio.
        turns: the segments, in any order; they may overlap.
        options: the window's length counts, nothing else.
        progress: called with the seconds done so far.
        notice: told in a sentence each what was left out or cut.

    Raises:
        AudioError: the recording cannot be read, or ends before all segments begin.
    """
    rows = _judged(
        model, source, turns, options or TimelineOptions(), progress=progress, notice=notice
    )
    return [row for _, row in rows]


def _judged(
    model: Model,
    source: Source | Audio,
    turns: Sequence[Turn],
    options: TimelineOptions,
    *,
    progress: Progress | None,
    notice: Notice,
) -> list[tuple[Turn, Prediction]]:
    """Return the segments that lie in the recording, each with its prediction."""
    file = _name(source)
    totals: list[NDArray[np.float64] | float] = [0.0] * len(turns)
    weights = np.zeros(len(turns))
    duration = 0.0
    for rate, batch, duration in _turn_windows(model, source, turns, options.window, notice):
        good = [(k, samples) for k, samples in batch if _has_sound(samples, rate)]
        if good:
            rows = model.rows([samples for _, samples in good], rate)
            for (k, samples), row in zip(good, rows, strict=True):
                totals[k] = totals[k] + len(samples) / rate * row
                weights[k] += len(samples) / rate
        if progress is not None:
            progress(duration)
    _tell_of_late(turns, duration, file or "the recording", notice)
    return [
        (
            turn,
            model.prediction(
                np.asarray(totals[k] / weights[k]) if weights[k] else None,
                turn.start,
                _end(turn, duration),
                file,
                speech=weights[k],
            ),
        )
        for k, turn in enumerate(turns)
        if turn.start < duration
    ]


def _end(turn: Turn, duration: float) -> float:
    """Return where a segment ends in a recording; times of segments are not exact."""
    return turn.end if turn.end <= duration + TOLERANCE else round(duration, 3)


def _tell_of_late(turns: Sequence[Turn], duration: float, file: str, notice: Notice) -> None:
    """Tell of segments past the end, and refuse when there are no others."""
    late = [turn for turn in turns if turn.start >= duration]
    cut = sum(turn.start < duration and _end(turn, duration) != turn.end for turn in turns)
    if late and len(late) == len(turns):
        raise AudioError(
            f"{file} ends at {duration:.2f} s, before a segment that begins at "
            f"{late[0].start:.2f} s: do these segments belong to another recording?"
        )
    if late:
        notice(
            f"{file}: {len(late)} of {len(turns)} segments left out, they begin after its end at "
            f"{duration:.2f} s"
        )
    if cut:
        notice(
            f"{file}: {cut} of {len(turns)} segments end after it does and were cut at "
            f"{duration:.2f} s"
        )


def adapted_to(
    model: Model,
    source: Source | Audio,
    options: TimelineOptions,
    *,
    progress: Progress | None = None,
) -> Model:
    """Return a model adapted to the speech of a recording, cut as its timeline is.

    Args:
        model: a :class:`intona.inference.recognizer.Recognizer`.
        source: a path, a binary file-like object that can be read again, or audio.
        options: their window is the length of an utterance.
        progress: called with the seconds read so far.

    Raises:
        UsageError: the model cannot adapt.
        AudioError: the recording cannot be read, or holds no speech.
    """
    from intona.inference.adapt import statistics_of

    adaptable = cast("Adaptable", model)
    statistics = statistics_of(adaptable, [source], longest=options.window, progress=progress)
    return adaptable.adapted(statistics)


def _turns(
    turns: str | Path | Sequence[Turn], source: Source | Audio, notice: Notice
) -> Sequence[Turn]:
    if not isinstance(turns, str | Path):
        return checked(list(turns), "the list", notice)
    from intona.formats import read_turns

    return read_turns(turns, _name(source), notice)


def _name(source: Source | Audio) -> str | None:
    return None if isinstance(source, Audio) else title_of(source)


def _blocks(source: Source | Audio, rate: int | None, notice: Notice) -> Iterator[Audio]:
    if not isinstance(source, Audio):
        return blocks(source, rate=rate, seconds=BLOCK, notice=notice)
    size = round(BLOCK * source.rate)
    return (
        Audio(source.samples[first : first + size], source.rate)
        for first in range(0, len(source.samples), size)
    )


def _turn_windows(
    model: Model, source: Source | Audio, turns: Sequence[Turn], window: float, notice: Notice
) -> Iterator[tuple[int, list[tuple[int, NDArray[np.float32]]], float]]:
    """Yield ``(rate, [(turn's number, samples), ...], seconds decoded)`` block by block."""
    waiting = sorted(_parts(turns, window), reverse=True)  # the first is last
    kept = np.zeros(0, np.float32)
    offset = total = rate = 0
    for block in _blocks(source, model.rate, notice):
        rate = block.rate
        total += len(block.samples)
        kept = np.concatenate([kept, block.samples])
        batch = []
        while waiting and waiting[-1][1] * rate <= total:
            start, end, k = waiting.pop()
            batch.append((k, kept[round(start * rate) - offset : round(end * rate) - offset]))
            if len(batch) == TURNS:  # any number of segments may overlap
                yield rate, batch, total / rate
                batch = []
        needed = min(round(waiting[-1][0] * rate), total) if waiting else total
        kept = kept[needed - offset :].copy()
        offset = needed
        yield rate, batch, total / rate
    if rate:
        late = waiting[::-1]
        for first in range(0, len(late) + 1, TURNS):
            rest = [
                (k, kept[max(0, round(start * rate) - offset) : round(end * rate) - offset])
                for start, end, k in late[first : first + TURNS]
            ]
            yield rate, rest, total / rate


def _parts(turns: Sequence[Turn], window: float) -> Iterator[tuple[float, float, int]]:
    for k, turn in enumerate(turns):
        count = max(1, math.ceil((turn.end - turn.start) / window - 1e-6))
        step = (turn.end - turn.start) / count
        for part in range(count):
            yield turn.start + part * step, turn.start + (part + 1) * step, k


def _has_sound(samples: NDArray[np.float32], rate: int) -> bool:
    return len(samples) >= SHORTEST * rate and bool(np.any(samples))
