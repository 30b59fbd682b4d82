"""Ready-made segments of a recording, judged one by one while it is read once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, blocks
from intona.audio.channels import values_of
from intona.audio.damage import Notice, warn
from intona.audio.decode import Source, title_of
from intona.errors import AudioError
from intona.formats.turns import Turn, checked
from intona.inference.clip import about
from intona.inference.model import Model
from intona.inference.windows import TimelineOptions
from intona.tables import Prediction

BLOCK = 10.0  # seconds decoded at once
TURNS = 32  # ready-made segments held at once
TOLERANCE = 0.1  # seconds; a segment may end so much later than its recording
SHORTEST = 0.05  # seconds; a shorter segment is no utterance

Progress = Callable[[float], object]


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
    rows = judged(
        model, source, turns, options or TimelineOptions(), progress=progress, notice=notice
    )
    return [row for _, row in rows]


def judged(
    model: Model,
    source: Source | Audio,
    turns: Sequence[Turn],
    options: TimelineOptions,
    *,
    progress: Progress | None,
    notice: Notice,
) -> list[tuple[Turn, Prediction]]:
    """Return the segments that lie in the recording, each with its prediction."""
    file = name_in(source)
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
            about(
                source,
                model.prediction(
                    np.asarray(totals[k] / weights[k]) if weights[k] else None,
                    turn.start,
                    _end(turn, duration),
                    file,
                    speech=weights[k],
                ),
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


def of_channel(turns: Sequence[Turn], source: Source | Audio) -> list[Turn]:
    """Return the segments that are of a channel, or of none in particular."""
    own = str(values_of(source).get("channel", ""))
    return [turn for turn in turns if not own or turn.values.get("channel", own) == own]


def channel_of(source: Source | Audio) -> dict[str, Any]:
    """Return what a segment is told of its channel, whatever it says of itself."""
    return {name: value for name, value in values_of(source).items() if name == "channel"}


def turns_of(
    turns: str | Path | Sequence[Turn], source: Source | Audio, notice: Notice
) -> Sequence[Turn]:
    """Return segments, read from a file where they are in one."""
    if not isinstance(turns, str | Path):
        return checked(list(turns), "the list", notice)
    from intona.formats import read_turns

    return read_turns(turns, name_in(source), notice)


def name_in(source: Source | Audio) -> str | None:
    """Return what rows call a recording."""
    return None if isinstance(source, Audio) else title_of(source)


def blocks_of(source: Source | Audio, rate: int | None, notice: Notice) -> Iterator[Audio]:
    """Return a recording in blocks, at a rate in Hz or its own."""
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
    for block in blocks_of(source, model.rate, notice):
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
