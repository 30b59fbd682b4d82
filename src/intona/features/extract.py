"""Features of many utterances: cached, in parallel, in the order of the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from intona import parallel
from intona.audio import Audio, read
from intona.audio.core import require_sound
from intona.audio.damage import Notice, warn
from intona.audio.seal import refuse_sealed
from intona.errors import AudioError
from intona.features.base import FrontEnd
from intona.features.cache import FeatureCache
from intona.parallel import HERE, Engine, Progress
from intona.tables import Utterance, utterances

if TYPE_CHECKING:
    import pandas as pd


def extract(
    table: pd.DataFrame,
    front_end: FrontEnd,
    *,
    on: Engine = HERE,
    cache: bool = True,
    progress: Progress | None = None,
    notice: Notice = warn,
) -> NDArray[np.float32]:
    """Return the features of every row, shape ``(rows, dimension)``.

    Args:
        table: anything indexed by ``(file, start, end)``.
        front_end: what to compute.
        on: where: here, in local processes, on Ray.
        cache: read and write the feature cache.
        progress: called as ``progress(done, total, text)``.
        notice: told what is lost or odd, see :func:`intona.audio.read`.

    Raises:
        AudioError: the first recording that cannot be read or used.
    """
    wanted = utterances(table.index)  # type: ignore[arg-type]
    rows = np.empty((len(wanted), len(front_end.names)), dtype=np.float32)
    results = extract_each(wanted, front_end, on=on, cache=cache, notice=notice)
    for position, result in enumerate(results):
        if isinstance(result, AudioError):
            raise result
        rows[position] = result
        if progress is not None:
            progress(position + 1, len(wanted), f"features ({front_end.name})")
    return rows


def extract_each(
    wanted: Sequence[Utterance],
    front_end: FrontEnd,
    *,
    on: Engine = HERE,
    cache: bool = True,
    notice: Notice = warn,
) -> Iterator[NDArray[np.float32] | AudioError]:
    """Yield, in order, the features of each utterance or the error that prevented them.

    ``notice`` is told what is lost or odd, see :func:`intona.audio.read`, always: features of such
    recordings are not cached.
    """
    for each in wanted:
        refuse_sealed(each.file)
    job = _job(front_end, cache)
    for each, found in zip(wanted, parallel.map(job, wanted, on=on), strict=True):
        if isinstance(found, parallel.Lost):
            yield AudioError(f"{each.file}: a worker was killed while it read this file")
            continue
        values, notes = found
        for note in notes:
            notice(note)
        if on.remote and not notes:
            job.keep(each, values)
        yield values


_Found: TypeAlias = tuple[NDArray[np.float32] | AudioError, tuple[str, ...]]


@dataclass(frozen=True)
class _Job:
    """What a worker does for one utterance; an object, so that it travels to a process."""

    front_end: FrontEnd
    cache: FeatureCache | None

    @property
    def width(self) -> int:
        return len(self.front_end.names)

    def __call__(self, wanted: Utterance) -> _Found:
        notes: list[str] = []
        try:
            path = None
            if self.cache is not None:
                path = self.cache.path(wanted.file, wanted.start, wanted.end)
                stored = self.cache.get(path)
                if stored is not None:
                    return stored, ()
            audio = read(
                wanted.file,
                rate=self.front_end.rate,
                start=wanted.start,
                end=wanted.end,
                notice=notes.append,
            )
            require_sound(audio.samples, wanted.file)
            values = self._features(audio, wanted.file)
        except AudioError as error:
            return error, ()
        except OSError as error:
            return AudioError(f"cannot read {wanted.file}: {error.strerror or error}"), ()
        if not np.isfinite(values).all():
            sentence = f"{wanted.file}: the features are not finite; is the audio damaged?"
            return AudioError(sentence), ()
        if self.cache is not None and path is not None and not notes:
            self.cache.put(path, values)
        return values, tuple(notes)

    def _features(self, audio: Audio, file: str) -> NDArray[np.float32]:
        try:
            return np.asarray(self.front_end(audio.samples, audio.rate), dtype=np.float32)
        except AudioError as error:  # which knows samples, not files
            raise AudioError(f"{file}: {error}") from None

    def keep(self, wanted: Utterance, value: NDArray[np.float32] | AudioError) -> None:
        """Put into the cache here what was computed on another machine."""
        if self.cache is None or isinstance(value, AudioError):
            return
        path = self.cache.path(wanted.file, wanted.start, wanted.end)
        if self.cache.get(path) is None:
            self.cache.put(path, value)


@dataclass(frozen=True)
class _Joint:
    """The jobs of a joined front end: each part has its own cache."""

    jobs: tuple[_Job | _Joint, ...]

    @property
    def width(self) -> int:
        return sum(job.width for job in self.jobs)

    def __call__(self, wanted: Utterance) -> _Found:
        found = []
        notes: tuple[str, ...] = ()
        for job in self.jobs:
            values, notes = job(wanted)  # all say the same
            if isinstance(values, AudioError):
                return values, ()
            found.append(values)
        return np.concatenate(found), notes

    def keep(self, wanted: Utterance, value: NDArray[np.float32] | AudioError) -> None:
        """Put into the caches here what was computed on another machine."""
        begin = 0
        for job in self.jobs:
            own = slice(begin, begin + job.width)
            job.keep(wanted, value if isinstance(value, AudioError) else value[own])
            begin = own.stop


def _job(front_end: FrontEnd, cache: bool) -> _Job | _Joint:
    parts = getattr(front_end, "parts", ())  # of several front ends as one
    if parts:
        return _Joint(tuple(_job(part, cache) for part in parts))
    return _Job(front_end, FeatureCache(front_end) if cache else None)
