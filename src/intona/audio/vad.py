"""Voice activity detection: where in a recording somebody speaks.

Silero's network gives every 32 ms a probability of speech; two thresholds and minimum lengths
turn these into regions, as the network's authors do. Everything streams: memory does not grow
with the recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from intona.audio.core import Audio, blocks
from intona.audio.decode import Source
from intona.audio.silero import CHUNK, RATE, Silero, each
from intona.errors import UsageError

STEP = CHUNK / RATE  # seconds


@dataclass(frozen=True)
class SpeechOptions:
    """What counts as speech.

    Attributes:
        threshold: probability at which speech begins, in (0, 1).
        hysteresis: speech goes on while the probability is above threshold minus this.
        min_speech: shorter speech is ignored, in seconds.
        min_silence: shorter silence does not end a region, in seconds.
        padding: added before and after each region, in seconds; at most half of
            ``min_silence``, so that regions never overlap.
        max_length: a longer region is cut at this length, in seconds.

    Raises:
        UsageError: when a value is out of its range.
    """

    threshold: float = 0.5
    hysteresis: float = 0.15
    min_speech: float = 0.25
    min_silence: float = 0.3
    padding: float = 0.1
    max_length: float = 60.0

    def __post_init__(self) -> None:
        rules = (
            (0 < self.threshold < 1, "threshold must lie between 0 and 1"),
            (0 <= self.hysteresis < self.threshold, "hysteresis must lie below the threshold"),
            (0 <= self.min_speech <= 10, "min_speech must lie between 0 and 10 s"),
            (0 < self.min_silence <= 10, "min_silence must lie above 0 and at most at 10 s"),
            (0 <= 2 * self.padding <= self.min_silence, "padding must be at most min_silence / 2"),
            (self.max_length >= 1, "max_length must be at least 1 s"),
        )
        for holds, sentence in rules:
            if not holds:
                raise UsageError(f"speech options: {sentence}")


@dataclass(frozen=True)
class Edge:
    """A boundary of a speech region.

    Attributes:
        kind: ``"start"`` or ``"end"``.
        time: in seconds since the beginning of the stream, padding included.
    """

    kind: Literal["start", "end"]
    time: float


class Step(NamedTuple):
    """What one more chunk of 32 ms has decided.

    Attributes:
        time: end of the chunk, in seconds since the beginning of the stream.
        heard: the open region lasts at least until here, in seconds.
        edges: boundaries decided by this chunk.
    """

    time: float
    heard: float
    edges: tuple[Edge, ...]


class SpeechDetector:
    """Find speech regions while audio arrives.

    A start is reported once the speech has lasted ``min_speech``, an end once the silence has
    lasted ``min_silence``; their times lie before the moment they are reported.

    Args:
        rate: sample rate of what will be pushed, in Hz.
        options: what counts as speech.

    Attributes:
        options: what counts as speech.
        speaking: whether a reported region is open.

    Examples:
        >>> from intona.corpora import synthetic
        >>> detector = SpeechDetector(16_000)
        >>> edges = detector.push(synthetic.utterance("happy").samples) + detector.flush()
        >>> [edge.kind for edge in edges]
        ['start', 'end']
    """

    def __init__(self, rate: int, options: SpeechOptions | None = None) -> None:
        self.options = options or SpeechOptions()
        self.speaking = False
        self._network = Silero()
        self._resampler = None
        if rate != RATE:
            self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")
        self._rest = np.zeros(0, np.float32)  # at 16 kHz, less than a chunk
        self._chunks = 0  # so many have been judged
        self._begin: float | None = None  # where the speech that goes on began
        self._last = 0.0  # where it was last heard
        self._start = 0.0  # of the reported region, padding included
        self._earliest = 0.0  # the last region ended here

    @property
    def settled(self) -> float:
        """No later report can be about a time before this, in seconds."""
        if self.speaking or self._begin is not None:
            return self._start if self.speaking else max(self._earliest, self._padded_begin())
        return max(self._earliest, self._chunks * STEP - self.options.padding)

    def push(self, samples: NDArray[np.float32]) -> list[Edge]:
        """Take the next samples, shape ``(n,)``; return the boundaries they decide."""
        return [edge for step in self.steps(samples) for edge in step.edges]

    def flush(self) -> list[Edge]:
        """End the stream: judge what is left, and close an open region."""
        return [edge for step in self.last_steps() for edge in step.edges]

    def steps(self, samples: NDArray[np.float32]) -> list[Step]:
        """Do as :meth:`push`, but say chunk by chunk what is decided when."""
        return self._feed(samples, last=False)

    def last_steps(self) -> list[Step]:
        """Do as :meth:`flush`, but say chunk by chunk what is decided when."""
        steps = self._feed(np.zeros(0, np.float32), last=True)
        duration = self._chunks * STEP + len(self._rest) / RATE
        if len(self._rest):
            padded = np.pad(self._rest, (0, CHUNK - len(self._rest)))
            (step,) = self.judge(self._network(padded[None]))
            steps.append(Step(duration, min(step.heard, duration), step.edges))
            self._rest = np.zeros(0, np.float32)
        steps.append(Step(duration, min(self._last, duration), tuple(self.close(duration))))
        return steps

    def _feed(self, samples: NDArray[np.float32], last: bool) -> list[Step]:
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        joined = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        whole = len(joined) // CHUNK
        self._rest = joined[whole * CHUNK :].copy()
        return self.judge(self._network(joined[: whole * CHUNK].reshape(whole, CHUNK)))

    def judge(self, probabilities: NDArray[np.float32]) -> list[Step]:
        """Take the network's probabilities of the next chunks instead of samples."""
        options, steps = self.options, list[Step]()
        for probability in probabilities.tolist():
            now = (self._chunks + 1) * STEP
            self._chunks += 1
            edges: list[Edge] = []
            if self._begin is None:
                if probability >= options.threshold:
                    self._begin, self._last = now - STEP, now
            elif probability >= options.threshold - options.hysteresis:
                self._last = now
            elif now - self._last >= options.min_silence:
                edges = self.close(limit=now)
            edges += self._advance(now)
            steps.append(Step(now, self._last, tuple(edges)))
        return steps

    def _advance(self, now: float) -> list[Edge]:
        """Open a region that has lasted long enough, cut one that has lasted too long."""
        edges: list[Edge] = []
        if self._begin is None:
            return edges
        if not self.speaking and self._last - self._begin >= self.options.min_speech - 1e-9:
            self.speaking = True
            self._start = self._padded_begin()
            edges.append(Edge("start", self._start))
        if self.speaking and now - self._start >= self.options.max_length:
            cut = self._start + self.options.max_length
            edges += [Edge("end", cut), Edge("start", cut)]
            self._start = self._earliest = cut
        return edges

    def close(self, limit: float) -> list[Edge]:
        """End an open region, at ``limit`` seconds at the latest."""
        speaking, self.speaking, self._begin = self.speaking, False, None
        if not speaking:
            return []
        end = min(self._last + self.options.padding, limit)
        self._earliest = max(end, self._start)
        return [Edge("end", self._earliest)]

    def _padded_begin(self) -> float:
        return max(self._earliest, (self._begin or 0.0) - self.options.padding)


def regions(
    source: Source | Audio, options: SpeechOptions | None = None
) -> list[tuple[float, float]]:
    """Find where somebody speaks.

    Args:
        source: a path, a binary file-like object (both read in blocks), or audio.
        options: what counts as speech.

    Returns:
        ``(start, end)`` in seconds, in order, not overlapping; empty without speech.

    Raises:
        AudioError: the recording cannot be read.

    Examples:
        >>> from intona.corpora import synthetic
        >>> [(start, end)] = regions(synthetic.utterance("neutral", seconds=3.0))
        >>> bool(0 < start < 0.5 and 2.5 < end <= 3)
        True
        >>> regions(Audio(np.zeros(16_000, np.float32), 16_000))
        []
    """
    parts: Iterable[Audio] = [source] if isinstance(source, Audio) else blocks(source, rate=RATE)
    rate = source.rate if isinstance(source, Audio) else RATE
    detector = SpeechDetector(rate, options)
    edges = [edge for part in parts for edge in detector.push(part.samples)]
    return _pairs(edges + detector.flush())


def chances(recordings: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return the probability of speech in every 32 ms of several recordings, found side by side.

    Args:
        recordings: samples of each at 16 kHz, shape ``(n,)``.

    Returns:
        Per recording, shape ``(ceil(n / 512),)``, in [0, 1].
    """
    padded = [np.pad(samples, (0, -len(samples) % CHUNK)) for samples in recordings]
    return each([samples.reshape(-1, CHUNK) for samples in padded])


def regions_of(
    chances: NDArray[np.float32], duration: float, options: SpeechOptions | None = None
) -> list[tuple[float, float]]:
    """Find where somebody speaks in a recording whose :func:`chances` are known.

    Args:
        chances: its probabilities.
        duration: its length in seconds.
        options: what counts as speech.

    Returns:
        As :func:`regions`.

    Examples:
        >>> regions_of(np.repeat(np.float32([0, 1, 0]), 31), 93 * 0.032)
        [(0.892, 2.084)]
    """
    detector = SpeechDetector(RATE, options)
    edges = [edge for step in detector.judge(chances) for edge in step.edges]
    return _pairs(edges + detector.close(duration))


def _pairs(edges: list[Edge]) -> list[tuple[float, float]]:
    times = [edge.time for edge in edges]
    return list(zip(times[::2], times[1::2], strict=True))
