"""Engines: where independent tasks run. One contract for this process, a pool, or a Ray cluster.

An engine is given a *job* (how to set a worker up, and what a worker does with a task) and a stream
of tasks, and yields each task with its result, in any order. It holds only a few tasks at a time,
so the stream may be endless. A worker that dies costs nothing but time: what it had in hand runs
again elsewhere. A task that kills its worker when it runs alone is yielded as :class:`Lost`.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import Any, Protocol

from intona.errors import IntonaError, UsageError

__all__ = ["ENGINES", "Engine", "Job", "Local", "Lost", "chosen", "engine", "in_order", "using"]

ENGINES = ("local", "ray")


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
    """Runs tasks somewhere."""

    def run(self, job: Job, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield ``(task, result)`` in any order; the result may be :class:`Lost`."""

    def session(self) -> AbstractContextManager[Any]:
        """Keep what is costly to start (a connection) over several runs."""


_chosen: ContextVar[Engine | None] = ContextVar("engine", default=None)


def chosen() -> Engine | None:
    """Return the engine that :func:`using` has set, ``None`` outside of it."""
    return _chosen.get()


@contextmanager
def using(engine: Engine) -> Iterator[None]:
    """Within this block, features and folds are computed on ``engine``.

    Examples:
        >>> with using(Local(2)):
        ...     chosen()
        Local(workers=2)
    """
    with engine.session():
        token = _chosen.set(engine)
        try:
            yield
        finally:
            _chosen.reset(token)


@dataclass(frozen=True)
class _Call:
    """The job of calling one function."""

    function: Callable[[Any], Any]

    def setup(self) -> Callable[[Any], Any]:
        return self.function

    def run(self, state: Callable[[Any], Any], task: tuple[int, Any]) -> Any:
        return state(task[1])


def in_order(engine: Engine, function: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Any]:
    """Yield ``function(task)`` of each task, in the order of the tasks.

    Args:
        engine: where.
        function: importable by the workers.
        tasks: what it is called with.

    Raises:
        IntonaError: a task kills every worker it is given to.
    """
    waiting: dict[int, Any] = {}
    wanted = 0
    for (number, _), result in engine.run(_Call(function), enumerate(tasks)):
        if isinstance(result, Lost):
            raise IntonaError(
                f"task {number + 1} of {len(tasks)} kills its worker: {result.reason}"
            )
        waiting[number] = result
        while wanted in waiting:
            yield waiting.pop(wanted)
            wanted += 1


def engine(name: str = "local", *, workers: int = 1, address: str | None = None) -> Engine:
    """Return an engine by name.

    Args:
        name: ``"local"`` or ``"ray"``.
        workers: processes; for Ray actors, each with one CPU.
        address: of the Ray cluster; ``None`` starts or joins one on this machine.

    Raises:
        UsageError: unknown name, or ``address`` without Ray.
        MissingExtraError: Ray is not installed.
    """
    if workers < 1:
        raise UsageError(f"workers must be 1 or more, not {workers}")
    if name == "ray":
        from intona.parallel.ray import RayEngine

        return RayEngine(workers, address)
    if name != "local":
        raise UsageError(f"unknown engine {name!r}; there are {', '.join(ENGINES)}")
    if address is not None:
        raise UsageError("--address is for --engine ray")
    return Local(workers)


@dataclass(frozen=True)
class Local:
    """This process, or a pool of processes on this machine.

    Attributes:
        workers: 1 runs everything here, one after the other.
    """

    workers: int = 1

    def session(self) -> AbstractContextManager[Any]:
        """Nothing is kept: a pool starts fast."""
        return nullcontext()

    def run(self, job: Job, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield ``(task, result)``; with several workers in any order."""
        if self.workers <= 1:
            state = job.setup()
            for task in tasks:
                yield task, job.run(state, task)
            return
        rest = iter(tasks)
        while True:
            suspects: list[Any] = []
            yield from self._until_broken(job, rest, suspects)
            if not suspects:
                return
            # One of these killed its worker, and with it the whole pool: alone, it shows itself.
            for task in suspects:
                guilty: list[Any] = []
                yield from Local(1)._until_broken(job, iter([task]), guilty)
                if guilty:
                    yield task, Lost("the worker was killed by this task")

    def _until_broken(
        self, job: Job, tasks: Iterator[Any], unfinished: list[Any]
    ) -> Iterator[tuple[Any, Any]]:
        """Run tasks until they end or a worker dies; then list what was in hand."""
        running: dict[Future[Any], Any] = {}
        # Spawned, not forked: forking a process with running threads can deadlock.
        pool = ProcessPoolExecutor(
            self.workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(job,)
        )
        try:
            more = True
            while True:
                while more and len(running) < 2 * self.workers:
                    try:
                        task = next(tasks)
                    except StopIteration:
                        more = False
                        break
                    try:
                        running[pool.submit(_work, task)] = task
                    except BrokenProcessPool:
                        unfinished.append(task)
                        raise
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running[future], future.result()
                    del running[future]
        except BrokenProcessPool:
            unfinished += running.values()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_worker: deque[tuple[Job, Any]] = deque(maxlen=1)


def _begin(job: Job) -> None:
    """Set a worker process up; it must not outlive the process that started it."""
    threading.Thread(target=_follow, daemon=True).start()
    _worker.append((job, job.setup()))


def _follow() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(task: Any) -> Any:
    job, state = _worker[0]
    return job.run(state, task)
