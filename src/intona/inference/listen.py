"""Listening live: sound in, events shown, moods acted upon, a timeline left behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from typing import Protocol

import numpy as np

from intona.audio.capture import Live
from intona.inference.model import Model
from intona.inference.reactions import Change, Mood
from intona.inference.stream import Stream
from intona.tables import Event, Prediction

SAVE = 60.0  # seconds between two savings of the diary
LOUD = 0.01  # amplitude, root mean square, of sound that ought to be a voice
PUZZLED = 30.0  # seconds of such sound without speech after which something must be wrong
NO_VOICE = (
    f"{PUZZLED:.0f} s of sound and no speech in it: is it the right device, and the right rate?"
)


class Reaction(Protocol):
    """Something done when the mood changes."""

    def react(self, change: Change) -> None:
        """Do it, without making the sound wait."""
        ...

    def close(self) -> None:
        """Finish what is under way."""
        ...


class Diary:
    """The timeline of what has been heard, as a file that is whole at any time.

    Args:
        path: where; the suffix is the format, see :mod:`intona.formats`.
        labels: the model's.

    Raises:
        UsageError: the file cannot be written.
    """

    def __init__(self, path: str | Path, labels: Sequence[str]) -> None:
        self._path = Path(path)
        self._labels = labels
        self._segments: list[Prediction] = []
        self._changed = True
        self.save()
        self._saved = time.monotonic()

    def take(self, event: Event) -> None:
        """Note a segment; once a minute the file is brought up to date."""
        if event.kind == "segment" and event.prediction is not None:
            self._segments.append(event.prediction)
            self._changed = True
        if self._changed and time.monotonic() - self._saved > SAVE:
            self.save()

    def save(self) -> None:
        """Bring the file up to date."""
        from intona.formats import write
        from intona.formats.rows import Segmentation

        if self._changed:
            write(Segmentation(self._segments, self._labels), self._path)
        self._changed, self._saved = False, time.monotonic()


def listen(
    model: Model,
    source: Live,
    show: Callable[[Event], object],
    *,
    update: float = 0.5,
    diary: Diary | None = None,
    mood: Mood | None = None,
    reactions: Sequence[Reaction] = (),
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Listen until the sound ends or somebody stops it, and leave everything whole.

    Args:
        model: a :class:`intona.inference.recognizer.Recognizer`.
        source: a microphone or a pipe.
        show: called with each event.
        update: seconds of speech between updates.
        diary: keeps the timeline.
        mood: turns events into changes.
        reactions: called with each change.
        stop: asked often.

    Raises:
        AudioError: the sound cannot be had.
    """
    mood = mood or Mood()
    stream = Stream(model, source.rate, update=update)
    now = puzzled = 0.0

    def tell(events: Sequence[Event]) -> None:
        for event in events:
            show(event)
            if diary is not None:
                diary.take(event)
            change = mood.take(event)
            if change is not None:
                for reaction in reactions:
                    reaction.react(change)

    try:
        for block in source.blocks(stop):
            if isinstance(block, str):
                tell([Event("trouble", now, message=block)])
            else:
                seconds = len(block) / source.rate
                now += seconds
                events = stream.push(block)
                tell(events)
                if any(event.kind == "speech_start" for event in events):
                    puzzled = -inf
                elif seconds and float(np.std(block)) > LOUD:
                    puzzled += seconds
                if puzzled >= PUZZLED:
                    puzzled = -inf
                    tell([Event("trouble", now, message=NO_VOICE)])
        tell(stream.flush())
    finally:
        if diary is not None:
            diary.save()
        for reaction in reactions:
            reaction.close()
