"""From arriving audio to the windows a model shall judge, in an order fixed by time alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from intona.audio.silero import RATE as SPEECH_RATE
from intona.audio.vad import SpeechDetector, SpeechOptions, Step
from intona.errors import UsageError

# A region's end is judged by a window of its own when the last one misses this much, in seconds.
LEFT_OVER = 0.25
# What is shorter, after a cut at the maximum length, is no utterance, in seconds.
TOO_SHORT = 0.1
# Longer pushes are worked on in parts of this length, in seconds, to bound the memory.
PART = 10.0


@dataclass(frozen=True)
class TimelineOptions:
    """How speech is cut into windows and windows are merged into segments.

    Attributes:
        window: how much speech the model hears at once, in seconds; a region that is longer by no
            more than a hop, and half a window at most, is heard as a whole.
        hop: from one window to the next, in seconds; the timeline's resolution.
        min_segment: an emotion must last this long to get a segment of its own, in seconds.
        speech: what counts as speech.

    Raises:
        UsageError: when a value is out of its range.
    """

    window: float = 3.0
    hop: float = 1.5
    min_segment: float = 1.5
    speech: SpeechOptions = field(default_factory=SpeechOptions)

    def __post_init__(self) -> None:
        rules = (
            (0.5 <= self.window <= 30, "window must lie between 0.5 and 30 s"),
            (0.1 <= self.hop <= self.window, "hop must lie between 0.1 s and the window"),
            (0 <= self.min_segment <= 60, "min_segment must lie between 0 and 60 s"),
        )
        for holds, sentence in rules:
            if not holds:
                raise UsageError(f"timeline options: {sentence}")


@dataclass(frozen=True, eq=False, slots=True)
class Item:
    """Something to do, in order.

    Attributes:
        kind: ``speech_start`` and ``speech_end`` bound a region; ``window`` is a regular window,
            ``tail`` the last one of a region, ``update`` one for the live view.
        start: begin in seconds since the beginning of the stream.
        end: end in seconds.
        samples: what the model shall judge, shape ``(n,)``; empty for the bounds.
    """

    kind: Literal["speech_start", "window", "tail", "update", "speech_end"]
    start: float
    end: float
    samples: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


class Windower:
    """Detect speech in arriving audio and cut its windows.

    What it returns depends on the audio alone, not on how it was split into pushes. It keeps
    no more than a window and the push in memory.

    Args:
        rate: sample rate of what will be pushed, in Hz.
        model_rate: rate the model works at; ``None`` for the audio's own.
        options: windows and speech.
        update: also return an ``update`` item every so many seconds of speech.

    Attributes:
        rate: sample rate of the items' samples, in Hz.
    """

    def __init__(
        self,
        rate: int,
        model_rate: int | None,
        options: TimelineOptions,
        update: float | None = None,
    ) -> None:
        self._own = rate
        self._options = options
        self._update = update
        self._detector = SpeechDetector(SPEECH_RATE, options.speech)
        self._resampler = None
        if rate != SPEECH_RATE:
            self._resampler = soxr.ResampleStream(rate, SPEECH_RATE, 1, "float32", "HQ")
        self.rate = SPEECH_RATE if model_rate == SPEECH_RATE else rate
        self._buffer = np.zeros(0, np.float32)
        self._offset = 0  # samples before the buffer
        self._region: float | None = None  # start of the open region
        self._windows = 0  # cut from it
        self._updates = 0

    def push(self, samples: NDArray[np.float32]) -> Iterator[Item]:
        """Take the next samples, shape ``(n,)``; yield what they decide."""
        part = max(1, round(PART * self._own))
        for first in range(0, len(samples), part):
            yield from self._feed(samples[first : first + part], last=False)

    def flush(self) -> Iterator[Item]:
        """End the stream; yield what is left."""
        yield from self._feed(np.zeros(0, np.float32), last=True)

    def _feed(self, samples: NDArray[np.float32], last: bool) -> Iterator[Item]:
        heard = samples
        if self._resampler is not None:
            heard = self._resampler.resample_chunk(samples, last=last)
        fresh = heard if self.rate == SPEECH_RATE else samples
        self._buffer = np.concatenate([self._buffer, fresh])
        steps = self._detector.steps(heard)
        if last:
            steps += self._detector.last_steps()
        for step in steps:
            yield from self._step(step)
        self._trim(steps[-1].heard if steps else 0.0)

    def _step(self, step: Step) -> Iterator[Item]:
        for edge in step.edges:
            if edge.kind == "start":
                self._region, self._windows = edge.time, 0
                if self._update is not None:
                    self._updates = math.ceil((step.time - edge.time) / self._update - 1e-9)
                yield Item("speech_start", edge.time, edge.time)
            elif self._region is not None:
                yield from self._close(self._region, edge.time)
        if self._region is None:
            return
        yield from self._regular(self._region, step.heard)
        if self._update is None:
            return
        while (time := self._region + self._updates * self._update) <= step.time + 1e-9:
            self._updates += 1
            start = max(self._region, time - self._options.window)
            yield Item("update", start, time, self._cut(start, time))

    def _regular(self, region: float, until: float) -> Iterator[Item]:
        window, hop = self._options.window, self._options.hop
        if not self._windows and region + window + min(hop, window / 2) > until + 1e-9:
            return  # a region that ends before is heard as a whole
        while (start := region + self._windows * hop) + window <= until + 1e-9:
            self._windows += 1
            yield Item("window", start, start + window, self._cut(start, start + window))

    def _close(self, region: float, end: float) -> Iterator[Item]:
        yield from self._regular(region, end)
        window, hop = self._options.window, self._options.hop
        judged = region + (self._windows - 1) * hop + window if self._windows else region
        if end - judged > (LEFT_OVER if self._windows else TOO_SHORT):
            start = end - window if self._windows else region
            yield Item("tail", start, end, self._cut(start, end))
        yield Item("speech_end", region, end)
        self._region = None

    def _cut(self, start: float, end: float) -> NDArray[np.float32]:
        first = max(0, round(start * self.rate) - self._offset)
        return self._buffer[first : first + round((end - start) * self.rate)]

    def _trim(self, heard: float) -> None:
        """Forget what no later window can need."""
        if self._region is None:
            needed = self._detector.settled
        else:
            needed = max(self._region, heard - self._options.window - self._options.hop)
        surplus = math.floor(needed * self.rate) - self._offset
        if surplus > 0:
            self._buffer = self._buffer[surplus:].copy()
            self._offset += surplus
