"""What a recogniser is given of a recording: blocks of sound, and how much of each is speech.

Recordings longer than :data:`LONGEST` are heard block by block; blocks may also be of different
recordings and are then heard side by side, which is faster than one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, blocks, resample
from intona.audio.vad import RATE, SpeechOptions, chances, regions_of

__all__ = ["LEAST_SPEECH", "LONGEST", "Heard", "Mean", "hear", "stretch"]

LONGEST = 30.0  # seconds given to the model at once; longer recordings are averaged over blocks
LEAST_SPEECH = 0.15  # seconds of speech a recording must hold to have an emotion

# Shouting and wailing can fall below the usual threshold; what only a low threshold finds may
# also be music, so its prediction is never more than ``unsure``.
_CLEAR = SpeechOptions()
_FAINT = SpeechOptions(threshold=0.1, hysteresis=0.05, min_speech=0.1)


@dataclass(frozen=True, eq=False)
class Heard:
    """A block of sound.

    Attributes:
        audio: at the rate that was asked for.
        duration: in seconds.
        speech: seconds of it that are speech.
        clear: whether it is clearly speech.
    """

    audio: Audio
    duration: float
    speech: float
    clear: bool


class Mean:
    """Of the probabilities of blocks, weighted by their speech; clear speech outdoes faint.

    Args:
        size: of a row.
    """

    def __init__(self, size: int) -> None:
        self.duration = 0.0
        self._total = np.zeros((2, size))
        self._weight = np.zeros(2)

    def add(self, heard: Heard, row: NDArray[np.float64] | None) -> None:
        """Count a block in, with its row; ``None`` for one without speech."""
        self.duration += heard.duration
        if row is not None:
            self._total[int(heard.clear)] += heard.speech * row
            self._weight[int(heard.clear)] += heard.speech

    @property
    def clear(self) -> bool:
        """Whether there was clear speech."""
        return bool(self._weight[1])

    @property
    def row(self) -> NDArray[np.float64] | None:
        """The mean, shape ``(size,)``; ``None`` without speech."""
        kind = int(self.clear)
        return self._total[kind] / self._weight[kind] if self._weight[kind] else None


def hear(parts: Sequence[Audio], rate: int | None) -> list[Heard]:
    """Find out how much of each block is speech.

    Args:
        parts: blocks, each heard from its begin.
        rate: wanted in the results, in Hz; ``None`` for that of each block.
    """
    sounds = [resample(part.samples, part.rate, RATE) for part in parts]
    found = []
    for part, sound, row in zip(parts, sounds, chances(sounds), strict=True):
        duration = len(sound) / RATE
        seconds = _seconds(row, duration, _CLEAR)
        clear = seconds >= LEAST_SPEECH
        if not clear:
            seconds = _seconds(row, duration, _FAINT)
        if rate == RATE:
            audio = Audio(sound, RATE)
        elif rate is None:
            audio = part
        else:
            audio = Audio(resample(part.samples, part.rate, rate), rate)
        found.append(Heard(audio, part.duration, seconds, clear))
    return found


def _seconds(row: NDArray[np.float32], duration: float, options: SpeechOptions) -> float:
    return sum(stop - begin for begin, stop in regions_of(row, duration, options))


def stretch(
    source: str | Path | BinaryIO | Audio, start: float = 0.0, end: float | None = None
) -> Iterator[Audio]:
    """Yield the audio between two times, in pieces of at most :data:`LONGEST` seconds.

    Args:
        source: a path, a binary file object, or audio.
        start: begin in seconds.
        end: end in seconds; ``None`` for the end of the recording.

    Raises:
        AudioError: the recording cannot be read.
    """
    if isinstance(source, Audio):
        stop = len(source.samples) if end is None else round(end * source.rate)
        chosen = source.samples[round(start * source.rate) : stop]
        step = int(LONGEST * source.rate)
        for first in range(0, len(chosen), step):
            yield Audio(chosen[first : first + step], source.rate)
        return
    position = 0.0
    for block in blocks(source, seconds=LONGEST):
        begin, stop_at = max(start - position, 0.0), block.duration
        if end is not None:
            stop_at = min(stop_at, end - position)
        position += block.duration
        if stop_at > begin:
            low, high = round(begin * block.rate), round(stop_at * block.rate)
            yield Audio(block.samples[low:high], block.rate)
        if end is not None and position >= end:
            return
