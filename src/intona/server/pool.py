"""Worker pools: processes that are started, asked, timed, and replaced when they die."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, BinaryIO
from uuid import uuid4

from intona.errors import ModelError
from intona.server.logs import OURS
from intona.server.wire import (
    Choice,
    Close,
    Flush,
    ModelFacts,
    Open,
    Push,
    Reply,
    Request,
    WireError,
    WorkerOptions,
    message_of,
    pack,
    receive_async,
)

LOG = logging.getLogger(OURS)
CHUNK = 256 * 1024
START_SECONDS = 120.0
LONGEST_BACKOFF = 30.0
LOOK_SECONDS = 2.0  # between two looks at whether a worker has been stopped
# Signals by which a decoder fails on a file, as opposed to being stopped from outside.
CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}
    | {getattr(signal, name) for name in ("SIGBUS", "SIGXCPU") if hasattr(signal, name)}
)


class RefusedError(Exception):
    """A worker refused a request, in order: ``kind`` says why, ``detail`` says it in words."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class WorkerDiedError(Exception):
    """A worker went away, or had to be killed, in the middle of a request.

    Attributes:
        reason: ``"crash"`` (the input is likely to blame), ``"timeout"`` or ``"lost"``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Worker:
    """One process running :mod:`intona.server.worker`.

    Attributes:
        model: what its handler says of the model.
        load: requests or streams that use it now.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lock = asyncio.Lock()
        self.model: ModelFacts
        self.load = 0

    @classmethod
    async def start(cls, options: WorkerOptions) -> Worker:
        """Start a process and wait until its model is loaded.

        Raises:
            ModelError: the model cannot be loaded, in the worker's words.
        """
        environment = {key: value for key, value in os.environ.items() if key != "INTONA_TOKEN"}
        environment.setdefault("OMP_NUM_THREADS", "1")
        # Each arena of the C library counts 64 MiB against the limit on memory.
        environment.setdefault("MALLOC_ARENA_MAX", "2")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "intona.server.worker",
            json.dumps(vars(options)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
        )
        worker = cls(process)
        try:
            hello = await asyncio.wait_for(worker._read(), START_SECONDS)
        except (WireError, TimeoutError):
            await worker.kill()
            raise ModelError(
                "a worker process did not start: run intona predict to see whether this "
                "model works here"
            ) from None
        except BaseException:
            await worker.kill()
            raise
        if not hello[0]["ok"]:
            await worker.kill()
            raise ModelError(hello[0]["detail"])
        worker.model = hello[0]["model"]
        return worker

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.returncode is None

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        code = self._process.returncode
        if code is None:
            return "still running"
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"

    @property
    def running(self) -> bool:
        """Whether the process runs: it has not ended, and has not been stopped by a signal."""
        if not self.alive:
            return False
        try:
            with open(f"/proc/{self._process.pid}/stat", encoding="utf-8") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except OSError:  # no such list of processes here, or just gone
            return self.alive
        return state not in ("T", "t")

    async def call(
        self, request: Request, body: bytes | BinaryIO = b"", *, seconds: float
    ) -> Reply:
        """Send one request and return the answer; those of one worker run one after the other.

        A worker that dies, is too slow, or whose caller is cancelled, is killed: it would
        be out of step.

        Raises:
            RefusedError: the worker answered with an error.
            WorkerDiedError: it did not answer.
        """
        async with self._lock:
            if not self.alive:
                raise WorkerDiedError("lost")
            try:
                async with asyncio.timeout(seconds):
                    await self._write(request, body)
                    answer, payload = await self._read()
            except TimeoutError:
                await self.kill()
                raise WorkerDiedError("timeout") from None
            except (WireError, OSError):
                await self.kill()
                crashed = -(self._process.returncode or 0) in CRASHES
                raise WorkerDiedError("crash" if crashed else "lost") from None
            except BaseException:
                await self.kill()
                raise
        if not answer.pop("ok", False):
            raise RefusedError(str(answer.get("kind")), str(answer.get("detail")))
        return answer, payload

    async def stop(self, seconds: float = 2.0) -> None:
        """Let the process end by itself, then make it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        await self.kill()

    async def wait(self) -> None:
        """Wait until the process has ended; one that somebody has stopped is ended."""
        while self.alive:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), LOOK_SECONDS)
            if not self.running:
                await self.kill()

    async def kill(self) -> None:
        """End the process now and wait until it is gone."""
        # A process that is just dying by a signal of its own keeps that signal as its reason.
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._process.wait()), 0.05)
        with suppress(ProcessLookupError):
            if self.alive:
                self._process.kill()
        await self._process.wait()

    async def _write(self, request: Request, body: bytes | BinaryIO) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        if isinstance(body, bytes):
            pipe.write(pack(message_of(request), len(body)))
            pipe.write(body)
            await pipe.drain()
            return
        length = body.seek(0, os.SEEK_END)
        body.seek(0)
        pipe.write(pack(message_of(request), length))
        while data := body.read(CHUNK):
            pipe.write(data)
            await pipe.drain()

    async def _read(self) -> Reply:
        assert self._process.stdout is not None
        return await receive_async(self._process.stdout)


class Pool:
    """A fixed number of workers, each replaced when it dies.

    Args:
        size: how many.
        options: what each is started with.
        on_death: called once per worker that died.

    Attributes:
        workers: those that run now.
        model: what the first one said of the model.
        waiting: how many wait to borrow one.
    """

    def __init__(self, size: int, options: WorkerOptions, on_death: Callable[[], None]) -> None:
        self._size = size
        self._options = options
        self._on_death = on_death
        self._keepers: list[asyncio.Task[None]] = []
        self._changed = asyncio.Condition()
        self.workers: list[Worker] = []
        self.model: ModelFacts
        self.waiting = 0

    async def start(self) -> None:
        """Start all workers.

        Raises:
            ModelError: the first reason why one of them did not start.
        """
        started = await asyncio.gather(
            *(Worker.start(self._options) for _ in range(self._size)), return_exceptions=True
        )
        self.workers = [item for item in started if isinstance(item, Worker)]
        for item in started:
            if isinstance(item, BaseException):
                await self.close()
                raise item
        self.model = self.workers[0].model
        self._keepers = [asyncio.create_task(self._keep(worker)) for worker in self.workers]

    async def close(self) -> None:
        """Stop all workers and wait until they are gone."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        self.workers = []

    @property
    def ready(self) -> bool:
        """Whether at least one worker can take a request."""
        return any(worker.running for worker in self.workers)

    @property
    def busy(self) -> int:
        """How many requests, or streams, have a worker now."""
        return sum(worker.load for worker in self.workers)

    @asynccontextmanager
    async def borrow(self, seconds: float, most: int | None = None) -> AsyncIterator[Worker]:
        """Lend the least loaded worker, waiting while each has ``most`` users already.

        Raises:
            WorkerDiedError: none was to be had in ``seconds``.
        """
        self.waiting += 1
        try:
            async with asyncio.timeout(seconds), self._changed:
                while (worker := self._choose(most)) is None:
                    await self._changed.wait()
                worker.load += 1
        except TimeoutError:
            raise WorkerDiedError("timeout") from None
        finally:
            self.waiting -= 1
        try:
            yield worker
        finally:
            worker.load -= 1
            async with self._changed:
                self._changed.notify_all()

    def _choose(self, most: int | None) -> Worker | None:
        able = [w for w in self.workers if w.alive and (most is None or w.load < most)]
        return min(able, key=lambda worker: worker.load, default=None)

    async def _keep(self, worker: Worker) -> None:
        """Replace this worker, and those after it, whenever one has died."""
        while True:
            await worker.wait()
            self.workers.remove(worker)
            self._on_death()
            LOG.warning("a worker process ended (%s) and is replaced", worker.ending)
            worker = await self._restart()
            self.workers.append(worker)
            LOG.debug("a new worker process is ready")
            async with self._changed:
                self._changed.notify_all()

    async def _restart(self) -> Worker:
        pause = 0.5
        while True:
            try:
                return await Worker.start(self._options)
            except (ModelError, OSError):
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_BACKOFF)


class Uploads(Pool):
    """Workers that take one upload at a time."""

    async def run(self, request: Request, body: bytes | BinaryIO, *, seconds: float) -> Reply:
        """Wait for a free worker and let it do one request; ``seconds`` covers both.

        Raises:
            RefusedError: the worker refused the request.
            WorkerDiedError: it did not finish; it is being replaced.
        """
        try:
            async with asyncio.timeout(seconds), self.borrow(seconds, 1) as worker:
                return await worker.call(request, body, seconds=seconds)
        except TimeoutError:
            raise WorkerDiedError("timeout") from None


class OpenStream:
    """One live stream of a worker.

    Attributes:
        opened: what the worker answered when it was opened.
    """

    def __init__(self, worker: Worker, name: str, opened: dict[str, Any], seconds: float) -> None:
        self._worker = worker
        self._name = name
        self._seconds = seconds
        self.opened = opened

    async def push(self, pcm: bytes) -> list[dict[str, Any]]:
        """Pass samples on; return the events they decide."""
        return await self._events(Push(self._name), pcm)

    async def flush(self) -> list[dict[str, Any]]:
        """Return the events of what is left."""
        return await self._events(Flush(self._name))

    async def _events(self, request: Request, pcm: bytes = b"") -> list[dict[str, Any]]:
        answer, _ = await self._worker.call(request, pcm, seconds=self._seconds)
        return answer["events"]


class Streams(Pool):
    """Workers that serve many live streams each, in turns."""

    @asynccontextmanager
    async def open(
        self, rate: int, encoding: str, choice: Choice, *, seconds: float
    ) -> AsyncIterator[OpenStream]:
        """Open a stream, as :class:`intona.server.wire.Open` says; each request gets ``seconds``.

        Raises:
            RefusedError: the rate, encoding or choice is not possible.
            WorkerDiedError: the worker went away; its streams end, it is being replaced.
        """
        name = uuid4().hex
        async with self.borrow(seconds) as worker:
            opening = Open(name, rate, encoding, choice)
            opened, _ = await worker.call(opening, seconds=seconds)
            try:
                yield OpenStream(worker, name, opened, seconds)
            finally:
                if worker.alive:
                    with suppress(RefusedError, WorkerDiedError):
                        await worker.call(Close(name), seconds=seconds)
