"""Features of many utterances: cached, in parallel, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intona.audio import read
from intona.engines import chosen, in_order
from intona.errors import AudioError
from intona.features.base import FrontEnd
from intona.features.cache import FeatureCache
from intona.features.joined import Joined
from intona.seal import refuse_sealed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Utterance", "extract", "extract_each", "utterances"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Utterance:
    """A stretch of a file: ``start`` and ``end`` in seconds, ``end=None`` for the whole."""

    file: str
    start: float = 0.0
    end: float | None = None


def utterances(index: pd.MultiIndex) -> list[Utterance]:
    """Return the rows of a segmented index as plain objects, times in seconds."""
    import pandas as pd

    return [
        Utterance(file, start.total_seconds(), None if pd.isna(end) else end.total_seconds())
        for file, start, end in index
    ]


def extract(
    table: pd.DataFrame,
    front_end: FrontEnd,
    *,
    workers: int = 1,
    cache: bool = True,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return the features of every row, shape ``(rows, dimension)``.

    Args:
        table: anything indexed by ``(file, start, end)``.
        front_end: what to compute.
        workers: processes; 1 computes here.
        cache: read and write the feature cache.
        progress: called as ``progress(done, total, text)``.

    Raises:
        AudioError: the first recording that cannot be read or used.
    """
    wanted = utterances(table.index)  # type: ignore[arg-type]
    rows = np.empty((len(wanted), len(front_end.names)), dtype=np.float32)
    results = extract_each(wanted, front_end, workers=workers, cache=cache)
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
    workers: int = 1,
    cache: bool = True,
) -> Iterator[NDArray[np.float32] | AudioError]:
    """Yield, in order, the features of each utterance or the error that prevented them."""
    for each in wanted:
        refuse_sealed(each.file)
    job = _job(front_end, cache)
    elsewhere = chosen()
    if elsewhere is not None and len(wanted) > 1:
        chunks = [wanted[k : k + _CHUNK] for k in range(0, len(wanted), _CHUNK)]
        parts = in_order(elsewhere, _Chunk(job), chunks)
        for part, values in zip(chunks, parts, strict=True):
            job.keep(part, values)
            yield from values
        return
    if workers <= 1 or len(wanted) < 2:
        yield from map(job, wanted)
        return
    # Spawned, not forked: forking a process with running threads can deadlock.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        chunk = max(1, min(16, len(wanted) // (4 * workers)))
        yield from pool.map(job, wanted, chunksize=chunk)


_CHUNK = 16


@dataclass(frozen=True)
class _Chunk:
    """What a worker of an engine does: several utterances at once."""

    job: _Job | _Joint

    def __call__(self, wanted: Sequence[Utterance]) -> list[NDArray[np.float32] | AudioError]:
        return [self.job(each) for each in wanted]


@dataclass(frozen=True)
class _Job:
    """What a worker does for one utterance; an object, so that it travels to a process."""

    front_end: FrontEnd
    cache: FeatureCache | None

    @property
    def width(self) -> int:
        return len(self.front_end.names)

    def __call__(self, wanted: Utterance) -> NDArray[np.float32] | AudioError:
        try:
            path = None
            if self.cache is not None:
                path = self.cache.path(wanted.file, wanted.start, wanted.end)
                stored = self.cache.get(path)
                if stored is not None:
                    return stored
            audio = read(wanted.file, rate=self.front_end.rate, start=wanted.start, end=wanted.end)
            values = np.asarray(self.front_end(audio.samples, audio.rate), dtype=np.float32)
        except AudioError as error:
            return error
        except OSError as error:
            return AudioError(f"cannot read {wanted.file}: {error.strerror or error}")
        if not np.isfinite(values).all():
            return AudioError(f"{wanted.file}: the features are not finite; is the audio damaged?")
        if self.cache is not None and path is not None:
            self.cache.put(path, values)
        return values

    def keep(
        self, wanted: Sequence[Utterance], values: Sequence[NDArray[np.float32] | AudioError]
    ) -> None:
        """Put into the cache here what was computed on another machine."""
        if self.cache is None:
            return
        for each, value in zip(wanted, values, strict=True):
            if not isinstance(value, AudioError):
                path = self.cache.path(each.file, each.start, each.end)
                if self.cache.get(path) is None:
                    self.cache.put(path, value)


@dataclass(frozen=True)
class _Joint:
    """The jobs of a joined front end: each part has its own cache."""

    jobs: tuple[_Job | _Joint, ...]

    @property
    def width(self) -> int:
        return sum(job.width for job in self.jobs)

    def __call__(self, wanted: Utterance) -> NDArray[np.float32] | AudioError:
        found = []
        for job in self.jobs:
            values = job(wanted)
            if isinstance(values, AudioError):
                return values
            found.append(values)
        return np.concatenate(found)

    def keep(
        self, wanted: Sequence[Utterance], values: Sequence[NDArray[np.float32] | AudioError]
    ) -> None:
        """Put into the caches here what was computed on another machine."""
        begin = 0
        for job in self.jobs:
            own = slice(begin, begin + job.width)
            job.keep(wanted, [v if isinstance(v, AudioError) else v[own] for v in values])
            begin = own.stop


def _job(front_end: FrontEnd, cache: bool) -> _Job | _Joint:
    if isinstance(front_end, Joined):
        return _Joint(tuple(_job(part, cache) for part in front_end.parts))
    return _Job(front_end, FeatureCache(front_end) if cache else None)
