"""The contract of an engine, and the one ``map`` that runs on any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from intona.threads import one_thread

Progress = Callable[[int, int, str], None]


class Job(Protocol):
    """What workers do; sent to each worker once, so it should be small or shared."""

    def setup(self) -> Any:
        """Make what one worker keeps, for example a loaded model."""

    def run(self, state: Any, task: Any) -> Any:
        """Do one task with what :meth:`setup` made."""


@dataclass(frozen=True)
class Lost:
    """Stands for the result of a task that killed its worker."""

    reason: str


class Engine(Protocol):
    """Runs tasks somewhere.

    Attributes:
        workers: how many tasks run at a time.
        remote: whether workers may have other disks than this machine's.
    """

    @property
    def workers(self) -> int: ...  # noqa: D102

    @property
    def remote(self) -> bool: ...  # noqa: D102

    def run(self, job: Job, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield ``(task, result)`` in any order; the result may be :class:`Lost`."""

    def session(self) -> AbstractContextManager[Any]:
        """Keep what is costly to start (a connection) over several runs."""


@dataclass(frozen=True)
class _Chunks:
    """A job whose tasks are numbered groups of another's."""

    job: Job

    def setup(self) -> Any:
        return self.job.setup()

    def run(self, state: Any, task: tuple[int, tuple[Any, ...]]) -> list[Any]:
        return [self.job.run(state, each) for each in task[1]]


@dataclass(frozen=True)
class _Call:
    """The job of calling one function."""

    function: Callable[[Any], Any]

    def setup(self) -> Callable[[Any], Any]:
        return self.function

    def run(self, state: Callable[[Any], Any], task: Any) -> Any:
        return state(task)


def map(
    job: Job | Callable[[Any], Any],
    tasks: Sequence[Any],
    *,
    on: Engine,
    chunk: int = 16,
    progress: Progress | None = None,
    text: str = "",
) -> Iterator[Any]:
    """Yield the result of each task, in the order of the tasks.

    A result is :class:`Lost` where the task killed every worker that tried it; tasks that shared a
    chunk with it are done again and not lost.

    Args:
        job: what to do with a task; a plain function, importable by workers, or a :class:`Job`.
        tasks: what it is done with.
        on: where.
        chunk: tasks sent to a worker together, at most; several pay where a task is short.
        progress: called as ``progress(done, total, text)`` after each task.
        text: what the progress is called.

    Examples:
        >>> from intona.parallel import Local
        >>> list(map(abs, [-1, 2, -3], on=Local()))
        [1, 2, 3]
    """
    if not len(tasks):
        return
    work = _Chunks(job if hasattr(job, "setup") else _Call(job))  # type: ignore[arg-type]
    size = max(1, min(chunk, len(tasks) // (4 * on.workers)))
    parts = [tuple(tasks[first : first + size]) for first in range(0, len(tasks), size)]
    waiting: dict[int, list[Any]] = {}
    wanted = done = 0
    with one_thread():
        for (number, part), results in on.run(work, enumerate(parts)):
            waiting[number] = _alone(work, part, on, results)
            while wanted in waiting:
                for result in waiting.pop(wanted):
                    done += 1
                    if progress is not None:
                        progress(done, len(tasks), text)
                    yield result
                wanted += 1


def _alone(work: _Chunks, part: tuple[Any, ...], on: Engine, results: Any) -> list[Any]:
    """Return a chunk's results; of a lost chunk those of its tasks, one by one."""
    if not isinstance(results, Lost):
        return list(results)
    if len(part) == 1:
        return [results]
    found = {task[0]: one for task, one in on.run(work, ((k, (t,)) for k, t in enumerate(part)))}
    return [
        one if isinstance(one := found[number], Lost) else one[0] for number in range(len(part))
    ]
