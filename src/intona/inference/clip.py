"""Clips: one prediction for each recording as a whole, any number of them side by side.

A recording longer than :data:`LONGEST` is heard as its timeline is: in constant memory, the regions
of speech alone, in utterances of at most :data:`UTTERANCE`; their rows are averaged by length.
Shorter ones that follow each other are read into a window of bounded size; voice activity is found
in all of them side by side, and clips of similar length share a call of the model. Each is treated
by its own length, so what a clip gets alone and among others differs by no more than rounding. The
same files in the same order always give the very same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, blocks, resample
from intona.audio.channels import values_of
from intona.audio.core import check_span
from intona.audio.damage import Notice, warn
from intona.audio.decode import Source, name_of, rewind, title_of
from intona.audio.vad import RATE, SpeechOptions, chances, regions_of
from intona.errors import AudioError
from intona.inference.model import Model
from intona.tables import Prediction

LONGEST = 30.0  # seconds given to the model at once; of longer recordings, utterances are
UTTERANCE = 8.0  # seconds of one, at most: the encoder's attention grows with the square
LEAST_SPEECH = 0.15  # seconds of speech a recording must hold to have an emotion
TOGETHER = 32  # clips in a window
SECONDS = 120.0  # and of audio: some 25 MB

# Shouting and wailing can fall below the usual threshold; what only a low threshold finds may
# also be music, so its prediction is never more than ``unsure``.
_CLEAR = SpeechOptions()
_FAINT = SpeechOptions(threshold=0.1, hysteresis=0.05, min_speech=0.1)


_Waiting = tuple[Source | Audio | AudioError, Audio | AudioError | None, list[str]]


@dataclass(frozen=True, eq=False)
class Clip:
    """A block of sound with its speech.

    Attributes:
        audio: at the rate that was asked for.
        duration: in seconds.
        regions: begin and end in seconds of what is speech, in order.
        clear: whether it is clearly speech.
    """

    audio: Audio
    duration: float
    regions: tuple[tuple[float, float], ...]
    clear: bool

    @property
    def speech(self) -> float:
        """Seconds of it that are speech."""
        return sum(end - begin for begin, end in self.regions)

    @property
    def spoken(self) -> bool:
        """Whether it holds enough speech to have an emotion."""
        return self.speech >= LEAST_SPEECH

    def utterances(self, longest: float = UTTERANCE) -> Iterator[Clip]:
        """Yield each region of speech; a longer one than ``longest`` seconds divided evenly."""
        for begin, end in self.regions:
            count = math.ceil((end - begin) / longest)
            for start, stop in pairwise(np.linspace(begin, end, count + 1)):
                first, last = round(start * self.audio.rate), round(stop * self.audio.rate)
                part = Audio(self.audio.samples[first:last], self.audio.rate)
                yield Clip(part, part.duration, ((0.0, part.duration),), self.clear)


class Mean:
    """The mean of clips' rows, weighted by their speech; clear speech outdoes faint.

    Attributes:
        duration: of the recording, in seconds.
    """

    def __init__(self, duration: float = 0.0) -> None:
        self.duration = duration
        self._total: list[NDArray[np.float64] | float] = [0.0, 0.0]
        self._weight = [0.0, 0.0]

    def add(self, clip: Clip, row: NDArray[np.float64]) -> None:
        """Count the row of a clip in."""
        kind = int(clip.clear)
        self._total[kind] = self._total[kind] + clip.speech * row
        self._weight[kind] += clip.speech

    def prediction(self, model: Model, file: str | None, start: float = 0.0) -> Prediction:
        """Return what the clips say together; without any, that there is no speech.

        Args:
            model: whose rows they are.
            file: name of the recording.
            start: where it began, in seconds.
        """
        clear = self._weight[1] > 0.0
        total, weight = self._total[int(clear)], self._weight[int(clear)]
        return model.prediction(
            np.asarray(total / weight) if weight else None,
            start,
            round(start + self.duration, 6),
            file,
            speech=weight,
            clear=clear,
        )


def predict(
    model: Model,
    source: Source | Audio,
    start: float = 0.0,
    end: float | None = None,
    notice: Notice = warn,
) -> Prediction:
    """Predict the emotion of one recording as a whole, in constant memory.

    Args:
        model: the recogniser.
        source: a path, a binary file object, or audio.
        start: begin in seconds.
        end: end in seconds; ``None`` for the end of the recording.
        notice: told what is lost or odd, see :func:`intona.audio.read`.

    Raises:
        AudioError: the recording cannot be read or used.
        UsageError: ``start`` or ``end`` make no sense.
    """
    check_span(start, end)
    file = None if isinstance(source, Audio) else title_of(source)
    mean = Mean()
    whole = True
    for block, more in _followed(stretch(source, start, end, notice)):
        whole = whole and not more
        mean.duration += block.duration
        (clip,) = clips([block], model.rate)
        if clip.spoken:
            parts = [clip] if whole else list(clip.utterances())
            for part, row in zip(parts, _rows(model, parts), strict=True):
                mean.add(part, row)
    if mean.duration == 0.0:
        raise AudioError(f"{file or 'the recording'} has no audio between {start} s and {end} s")
    return about(source, mean.prediction(model, file, start))


def about(source: Source | Audio, found: Prediction) -> Prediction:
    """Return an answer that says which channel of its recording it is about."""
    values = values_of(source)
    return replace(found, values={**found.values, **values}) if values else found


def predict_each(
    model: Model, sources: Iterable[Source | Audio | AudioError], *, together: int = TOGETHER
) -> Iterator[Prediction | AudioError]:
    """Yield one prediction per recording, or the error that prevented it; never stops half-way.

    Args:
        model: the recogniser.
        sources: files, audio (those longer than 30 s are predicted alone), or an error of a name
            that no file is behind, which is yielded in its place. What is lost or odd in a file
            is in the notes of its prediction.
        together: clips in a window; 1 yields each as soon as it is done.
    """
    window: list[_Waiting] = []
    seconds = 0.0
    for source in sources:
        said: list[str] = []
        found = _short(source, said.append)
        window.append((source, found, said))
        seconds += found.duration if isinstance(found, Audio) else 0.0
        if len(window) >= together or seconds >= SECONDS:
            yield from _predict_window(model, window)
            window, seconds = [], 0.0
    yield from _predict_window(model, window)


def clips(parts: Sequence[Audio], rate: int | None) -> list[Clip]:
    """Find out how much of each block is speech.

    Args:
        parts: blocks, each heard from its begin.
        rate: wanted in the results, in Hz; ``None`` for that of each block.
    """
    sounds = [resample(part.samples, part.rate, RATE) for part in parts]
    found = []
    # Nobody speaks in digital silence, of which a gap in a recording may have hours.
    heard = chances([sound if sound.any() else sound[:0] for sound in sounds])
    for part, sound, row in zip(parts, sounds, heard, strict=True):
        duration = len(sound) / RATE
        regions = regions_of(row, duration, _CLEAR)
        clear = sum(end - begin for begin, end in regions) >= LEAST_SPEECH
        if not clear:
            regions = regions_of(row, duration, _FAINT)
        if rate == RATE:
            audio = Audio(sound, RATE)
        elif rate is None:
            audio = part
        else:
            audio = Audio(resample(part.samples, part.rate, rate), rate)
        found.append(Clip(audio, part.duration, tuple(regions), clear))
    return found


def stretch(
    source: Source | Audio,
    start: float = 0.0,
    end: float | None = None,
    notice: Notice = warn,
) -> Iterator[Audio]:
    """Yield the audio between two times, in pieces of at most :data:`LONGEST` seconds.

    Args:
        source: a path, a binary file object, or audio.
        start: begin in seconds.
        end: end in seconds; ``None`` for the end of the recording.
        notice: told what is lost or odd, see :func:`intona.audio.read`.

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
    for block in blocks(source, seconds=LONGEST, notice=notice):
        begin, stop_at = max(start - position, 0.0), block.duration
        if end is not None:
            stop_at = min(stop_at, end - position)
        position += block.duration
        if stop_at > begin:
            low, high = round(begin * block.rate), round(stop_at * block.rate)
            yield Audio(block.samples[low:high], block.rate)
        if end is not None and position >= end:
            return


def _rows(model: Model, found: Sequence[Clip]) -> list[NDArray[np.float64]]:
    """Return a row per clip; their rates may differ."""
    rows: list[NDArray[np.float64]] = [np.empty(0)] * len(found)
    for rate in {clip.audio.rate for clip in found}:
        here = [k for k, clip in enumerate(found) if clip.audio.rate == rate]
        for k, row in zip(
            here, model.rows([found[k].audio.samples for k in here], rate), strict=True
        ):
            rows[k] = row
    return rows


def _short(source: Source | Audio | AudioError, notice: Notice) -> Audio | AudioError | None:
    """Return a whole recording, its error, or ``None`` for one that is too long to be held."""
    if isinstance(source, AudioError):
        return source
    if isinstance(source, Audio):
        return source if 0.0 < source.duration <= LONGEST else None
    try:
        parts = blocks(source, seconds=LONGEST, notice=notice)
        first = next(parts)
        return first if next(parts, None) is None else None
    except (AudioError, OSError) as error:
        return as_error(source, error)


def as_error(source: Source | Audio, error: AudioError | OSError) -> AudioError:
    """Return why a recording could not be read."""
    if isinstance(error, AudioError):
        return error
    name = "the audio" if isinstance(source, Audio) else name_of(source)
    return AudioError(f"cannot read {name}: {error.strerror or error}")


def _predict_window(model: Model, window: Sequence[_Waiting]) -> Iterator[Prediction | AudioError]:
    heard = clips([found for _, found, _ in window if isinstance(found, Audio)], model.rate)
    rows = iter(_rows(model, [clip for clip in heard if clip.spoken]))
    waiting = iter(heard)
    for source, found, said in window:
        if isinstance(found, AudioError):
            yield found
        elif found is None:
            assert not isinstance(source, AudioError)
            try:
                if not isinstance(source, Audio):
                    rewind(source)  # it has been looked into
                said.clear()  # it is read again
                answer = predict(model, source, notice=said.append)
                yield replace(answer, notes=tuple(said))
            except (AudioError, OSError) as error:
                yield as_error(source, error)
        else:
            clip = next(waiting)
            mean = Mean(clip.duration)
            if clip.spoken:
                mean.add(clip, next(rows))
            assert not isinstance(source, AudioError)
            named = None if isinstance(source, Audio) else title_of(source)
            yield about(source, replace(mean.prediction(model, named), notes=tuple(said)))


def _followed(parts: Iterable[Audio]) -> Iterator[tuple[Audio, bool]]:
    """Yield each part with whether another follows."""
    waiting: Audio | None = None
    for part in parts:
        if waiting is not None:
            yield waiting, True
        waiting = part
    if waiting is not None:
        yield waiting, False
