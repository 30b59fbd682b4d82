"""The engine for more than one machine: Ray actors, each holding one worker's state.

Ray restarts nothing by itself here. An actor that dies, with its node or alone, gives its tasks
back to the queue and a new actor is asked for; it is given work only when it has come up, so a
cluster that has become smaller goes on with fewer. What an actor had in hand when it died runs
alone from then on, so that no innocent task is blamed; a task that has lost three actors alone is
yielded as lost.

All machines need intona and see the audio under the same paths; results travel back to the driver,
which alone writes files.
"""

from __future__ import annotations

import logging
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from intona.errors import UsageError
from intona.extras import lacking
from intona.parallel.base import Job, Lost
from intona.threads import one_thread

_ATTEMPTS = 3
_AHEAD = 2  # tasks in hand per actor: one running, one waiting
_PATIENCE = 180.0  # seconds without any actor before giving up


@dataclass(frozen=True)
class RayEngine:
    """Runs tasks on a Ray cluster.

    Attributes:
        workers: actors, one CPU each.
        address: of the cluster; ``None`` joins the one this process is connected to, else starts
            one of its own on this machine.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    workers: int
    address: str | None = None
    remote: ClassVar[bool] = True

    def __post_init__(self) -> None:
        try:
            import ray  # noqa: F401
        except ImportError:
            raise lacking("--engine ray", "ray") from None

    def run(self, job: Job, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield ``(task, result)`` in any order; the result may be :class:`Lost`.

        Raises:
            UsageError: the cluster cannot be reached, or has no CPU for a worker.
        """
        with self.session():
            crew = _Crew(job, self.workers)
            try:
                yield from crew.run(iter(tasks))
            finally:
                crew.dismiss()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Be connected within the block; who is connected already stays so.

        Raises:
            UsageError: the cluster cannot be reached.
        """
        import ray

        started = not ray.is_initialized()
        if started:
            if self.address is not None:
                _reach(self.address)
            ray.init(
                address=self.address or "local",
                num_cpus=self.workers if self.address is None else None,
                include_dashboard=False if self.address is None else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        try:
            yield
        finally:
            if started:
                ray.shutdown()


def _reach(address: str) -> None:
    """Raise unless somebody listens there: Ray itself would wait for many minutes."""
    host, sign, port = address.removeprefix("ray://").rpartition(":")
    if not sign or not port.isdigit():
        raise UsageError(f"no Ray cluster at {address}: an address reads HOST:PORT")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise UsageError(f"no Ray cluster at {address}: {error.strerror or error}") from None


class _Crew:
    """The actors of one run, and what each has in hand."""

    def __init__(self, job: Job, size: int) -> None:
        import ray

        self._job = ray.put(job)
        make = ray.remote(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")
        self._actor: Any = make(_Worker)
        self._coming: dict[Any, Any] = {}  # reference of the first answer -> actor
        self._ready: dict[Any, list[Any]] = {}  # actor -> references in hand, oldest first
        self._running: dict[Any, tuple[Any, Any]] = {}  # reference -> actor, task
        self._again: deque[Any] = deque()
        # id of a task that was in hand when an actor died -> actors it has lost alone. It runs
        # alone from then on: of two tasks in hand, nobody knows which one it was.
        self._suspects: dict[int, int] = {}
        for _ in range(size):
            self._hire()

    def run(self, tasks: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        import ray

        more = True
        while True:
            for actor, hand in self._ready.items():
                while len(hand) < _AHEAD and not self._must_wait(hand):
                    task = self._again.popleft() if self._again else next(tasks, _END)
                    if task is _END:
                        more = False
                        break
                    reference = actor.work.remote(task)
                    self._running[reference] = (actor, task)
                    hand.append(reference)
            if not self._running and not self._again and not more:
                return
            waiting = [*self._running, *self._coming]
            patience = None if self._running else _PATIENCE
            done, _ = ray.wait(waiting, num_returns=1, timeout=patience, fetch_local=False)
            if not done:
                raise UsageError(
                    f"the Ray cluster has given no worker for {_PATIENCE:.0f} s: does it have a "
                    "free CPU?"
                )
            for reference in done:
                if reference in self._coming:
                    self._welcome(reference)
                else:
                    yield from self._collect(reference)

    def dismiss(self) -> None:
        """End all actors."""
        import ray

        for actor in [*self._ready, *self._coming.values()]:
            ray.kill(actor)

    def _hire(self) -> None:
        actor: Any = self._actor.remote(self._job)
        self._coming[actor.ready.remote()] = actor

    def _welcome(self, reference: Any) -> None:
        import ray

        actor = self._coming.pop(reference)
        try:
            ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise error.as_instanceof_cause() from None
        except ray.exceptions.RayError:
            self._hire()
        else:
            self._ready[actor] = []

    def _collect(self, reference: Any) -> Iterator[tuple[Any, Any]]:
        import ray

        actor, task = self._running.pop(reference)
        try:
            result = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise error.as_instanceof_cause() from None
        except ray.exceptions.RayError as error:
            hand = self._ready.pop(actor, None)
            if hand is not None:
                self._suspect(hand, reference, task)
                self._hire()
            if self._suspects.get(id(task), 0) < _ATTEMPTS:
                self._again.append(task)
            else:
                yield task, Lost(type(error).__name__)
        else:
            if actor in self._ready:
                self._ready[actor].remove(reference)
            self._suspects.pop(id(task), None)
            yield task, result

    def _must_wait(self, hand: list[Any]) -> bool:
        """Say whether an actor with tasks in hand must be done with them first."""
        if not hand:
            return False
        alone = id(self._running[hand[0]][1]) in self._suspects
        return alone or (bool(self._again) and id(self._again[0]) in self._suspects)

    def _suspect(self, hand: list[Any], reference: Any, task: Any) -> None:
        """Note what an actor had in hand when it died."""
        held = [task if other == reference else self._running[other][1] for other in hand]
        for each in held:
            self._suspects[id(each)] = self._suspects.get(id(each), 0) + (len(held) == 1)


_END = object()


class _Worker:
    """What runs in an actor."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._limit = one_thread()  # held as long as the actor lives
        self._limit.__enter__()
        self._state = job.setup()

    def ready(self) -> bool:
        return True

    def work(self, task: Any) -> Any:
        return self._job.run(self._state, task)
