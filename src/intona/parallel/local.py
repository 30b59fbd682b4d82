"""Local engine: this process, or a pool of processes on this machine."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, ClassVar

from intona.files import show_plainly
from intona.parallel.base import Job, Lost
from intona.threads import one_thread


@dataclass(frozen=True)
class Local:
    """This process, or a pool of processes on this machine.

    Attributes:
        workers: 1 runs everything here, one after the other.
    """

    workers: int = 1
    remote: ClassVar[bool] = False

    def session(self) -> AbstractContextManager[Any]:
        """Limit this process as its workers are; nothing is kept, for a pool starts fast."""
        return one_thread()

    def run(self, job: Job, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield ``(task, result)``; with several workers in any order."""
        if self.workers <= 1:
            state = job.setup()
            for task in tasks:
                yield task, job.run(state, task)
            return
        with one_thread():
            yield from self._in_pools(job, iter(tasks))

    def _in_pools(self, job: Job, tasks: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        """Run tasks in a pool; after a death in the next one."""
        while True:
            suspects: list[Any] = []
            yield from self._until_broken(job, tasks, suspects)
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
        spawn = get_context("spawn")
        until, here = spawn.Pipe(duplex=False)
        pool = ProcessPoolExecutor(
            self.workers, mp_context=spawn, initializer=_begin, initargs=(job, until)
        )
        # Workers are started by a thread: what interrupts this one leaves none half started.
        starter = ThreadPoolExecutor(1, initializer=_hear_no_interrupt)
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
                        running[starter.submit(pool.submit, _work, task).result()] = task
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
        except BaseException:  # stopped, or nobody wants more: nobody waits for what still runs
            starter.shutdown()
            here.close()
            raise
        finally:
            starter.shutdown()
            pool.shutdown(wait=False, cancel_futures=True)


HERE = Local()

_worker: deque[tuple[Job, Any]] = deque(maxlen=1)


def _hear_no_interrupt() -> None:
    """Keep Ctrl-C from processes that this thread starts: who started them ends them."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


def _begin(job: Job, until: Connection) -> None:
    """Set a worker process up; it must not outlive the process that started it."""
    threading.Thread(target=_follow, args=(until,), daemon=True).start()
    show_plainly()
    _worker.append((job, job.setup()))


def _follow(until: Connection) -> None:
    """End this process when the other end is closed, which the end of its process does too."""
    until.poll(None)
    os._exit(1)


def _work(task: Any) -> Any:
    job, state = _worker[0]
    return job.run(state, task)
