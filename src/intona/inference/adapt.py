"""Adaptation to recordings: utterances found in them, and the statistics of their embeddings.

However much material there is, at most :data:`MOST` utterances are heard, spread evenly over it and
chosen by the files' names alone, so the work and the memory are bounded and a run that is resumed
finds the same ones.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, blocks
from intona.audio.channels import Channels
from intona.audio.damage import Notice, told_before, warn
from intona.audio.decode import Source, rewind
from intona.errors import AudioError
from intona.inference.clip import UTTERANCE, clips
from intona.inference.model import Adaptable
from intona.models.adaptation import Running, Statistics
from intona.tables import Prediction

MOST = 64  # utterances; more change nothing (docs/enrolment.md)
SHORTEST = 0.5  # seconds; shorter ones are left out
FEWEST = 4  # utterances before a live stream is adapted to them


def statistics_of(
    model: Adaptable,
    sources: Iterable[Source | Audio | AudioError],
    *,
    most: int = MOST,
    longest: float = UTTERANCE,
    progress: Callable[[float], object] | None = None,
    channels: Channels | None = None,
) -> Statistics:
    """Return the statistics of recordings' embeddings, for :meth:`Recognizer.adapted`.

    Args:
        model: whose embedding.
        sources: files, folders or audio. What cannot be read, and errors, are left out.
        most: utterances heard, at most.
        longest: seconds of one; longer stretches of speech are divided.
        progress: called with the seconds of a recording read so far.
        channels: what is heard of files.

    Raises:
        UsageError: the model cannot adapt.
        AudioError: no speech in any of them, or none can be read.
    """
    model.require_adaptable()
    chosen = sample((one for one in sources if not isinstance(one, AudioError)), most)
    if channels is not None:
        chosen = [one for one in channels.heard(chosen) if not isinstance(one, AudioError)]
    running = Running()
    share = max(1, most // max(len(chosen), 1))
    failed: AudioError | None = None
    silent = False
    for source in chosen:
        try:
            found = spread(utterances(source, longest, progress, told_before), share)
        except AudioError as error:
            failed = failed or error
            continue  # whoever predicts it hears of it
        silent = silent or not found
        for utterance in found:
            running.add(model.embedding([utterance.samples], utterance.rate))
        if not isinstance(source, Audio):
            rewind(source)  # it is heard again
    if not running.count:
        nothing = "there is no speech in these recordings"
        raise AudioError(f"nothing to adapt to: {failed if failed and not silent else nothing}")
    return running.statistics()


class Following:
    """A model that adapts while it hears, to all it has heard so far; for live streams.

    Of what it is asked about, only every third signal counts: the windows of a stream overlap.

    Args:
        model: the recogniser.

    Raises:
        UsageError: the model cannot adapt.
    """

    def __init__(self, model: Adaptable) -> None:
        model.require_adaptable()
        self._plain = self._model = model
        self._running = Running()
        self._asked = self._adapted_to = 0
        self.labels, self.rate, self.numeric = model.labels, model.rate, model.numeric

    def rows(self, signals: Sequence[NDArray[np.float32]], rate: int) -> NDArray[np.float64]:
        """Return one row per signal, each by what was heard before it; last, how much that was."""
        rows = []
        for signal in signals:  # one by one: however a stream is split, the answers are the same
            row, embedding = self._model.rows_and_embedding([signal], rate)
            rows.append(np.append(row[0], self._adapted_to))
            if self._asked % 3 == 0:
                self._running.add(embedding)
                if self._running.count >= FEWEST:
                    self._model = self._plain.adapted(self._running.statistics())
                    self._adapted_to = self._running.count
            self._asked += 1
        return np.array(rows)

    def prediction(
        self, row: NDArray[np.float64] | None, *words: Any, **options: Any
    ) -> Prediction:
        """Return what a row says; see :meth:`intona.inference.model.Model.prediction`."""
        if row is None:
            return self._plain.prediction(None, *words, **options)
        found = self._plain.prediction(row[:-1], *words, **options)
        return replace(found, adapted=round(float(row[-1])))


def sample(sources: Iterable[Source | Audio], most: int) -> list[Source | Audio]:
    """Return an even sample of recordings, the same whenever their names are the same.

    Folders are searched. The names' digests decide, so that the sample has no order and a folder of
    any size is walked in constant memory.

    Args:
        sources: files, folders or audio; audio is always taken.
        most: recordings, at most.
    """
    from intona.audio import find

    given = list(sources)
    sounds: list[Source | Audio] = [each for each in given if not isinstance(each, str | Path)]
    named = [Path(each) for each in given if isinstance(each, str | Path)]
    if not named:
        return sounds
    files = (file for file in find(named) if isinstance(file, Path))
    best = heapq.nsmallest(most, ((_digest(file), str(file)) for file in files))
    return [*sounds, *(Path(name) for _, name in sorted(best, key=lambda item: item[1]))]


def utterances(
    source: Source | Audio,
    longest: float = UTTERANCE,
    progress: Callable[[float], object] | None = None,
    notice: Notice = warn,
) -> Iterator[Audio]:
    """Yield a clip with speech as it is, and of a long recording the stretches of speech.

    Args:
        source: a file, or audio.
        longest: seconds; what is longer is divided evenly.
        progress: called with the seconds read so far.
        notice: told what is lost or odd, see :func:`intona.audio.read`.

    Raises:
        AudioError: the recording cannot be read.
    """
    done = 0.0
    parts = [source] if isinstance(source, Audio) else blocks(source, seconds=30.0, notice=notice)
    for part in parts:
        done += part.duration
        if progress is not None:
            progress(done)
        (heard,) = clips([part], None)
        if not heard.clear:
            continue
        if part.duration <= longest:
            yield part
        else:
            found = (one.audio for one in heard.utterances(longest))
            yield from (audio for audio in found if audio.duration >= SHORTEST)


def spread(items: Iterable[Audio], most: int) -> Sequence[Audio]:
    """Return at most so many of a stream of unknown length, spread evenly over it.

    Every second one is dropped, and from then on every second one left out, whenever there are too
    many; memory is bounded by twice ``most``.

    Examples:
        >>> spread(range(10), 3)
        [0, 4, 8]
    """
    kept: list[Audio] = []
    step = 1
    for number, item in enumerate(items):
        if number % step:
            continue
        kept.append(item)
        if len(kept) > 2 * most:
            kept, step = kept[::2], 2 * step
    return kept[:: -(-len(kept) // most)] if len(kept) > most else kept


def _digest(file: Path) -> bytes:
    return hashlib.sha256(str(file).encode(errors="surrogateescape")).digest()[:8]
