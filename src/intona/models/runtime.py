"""Runtime: onnxruntime, quiet, and bounded in memory and time whatever graph it is given."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import cache
from queue import SimpleQueue
from types import ModuleType
from typing import Any, TypeVar

from intona.errors import ModelError

MEMORY = 2**31  # bytes for all that sessions compute with
PATIENCE = 30.0  # seconds that loading, or a call, may take
SLOWEST = 10.0  # more seconds for each second of sound in it

T = TypeVar("T")


def onnxruntime() -> ModuleType:
    """Return the module, its telemetry switched off.

    Its official builds report their use to the maker and leave a device identifier in the
    temporary folder, unless the environment says otherwise before the first import (its
    ``Privacy.md``). What people say to intona stays with them, and so does that they said it.

    Examples:
        >>> onnxruntime().get_available_providers()[-1]
        'CPUExecutionProvider'
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as module

    return module


def session_options(threads: int) -> object:
    """Return options of a session that takes ONNX only, within :data:`MEMORY`.

    Args:
        threads: of a call.
    """
    runtime = onnxruntime()
    _limit_memory()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised, not printed
    # Bytes that also are a file of onnxruntime's own form would not be the graph that was vetted.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.add_session_config_entry("session.use_env_allocators", "1")
    return options


@cache
def _limit_memory() -> None:
    """Give all sessions of this process one arena of limited size."""
    runtime = onnxruntime()
    place = runtime.OrtMemoryInfo(
        "Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
    )
    limits = runtime.OrtArenaCfg({"max_mem": MEMORY})
    runtime.create_and_register_allocator(place, limits)


def within(seconds: float, work: Callable[[], T], what: str) -> T:
    """Do something in native code, for so long at most.

    What is not ready then goes on in a thread of its own that ends with the process: native code
    cannot be stopped.

    Args:
        seconds: at most.
        work: what to do.
        what: of which model, for the message.

    Raises:
        ModelError: it takes longer.
    """
    worker = _worker()
    result = worker.begin(work)
    try:
        wait([result], seconds)
    finally:
        if result.done():
            _idle().append(worker)
        else:  # given up, or interrupted
            worker.finish()
    if not result.done():
        raise ModelError(f"{what}: its graph was given up after {seconds:.0f} s")
    return result.result()


class _Worker(threading.Thread):
    """A thread that does one thing after the other; daemonic, so that it never delays the end.

    One for each thing would begin with cold buffers and caches: a twentieth of a window's time.
    """

    def __init__(self) -> None:
        super().__init__(name="onnxruntime", daemon=True)
        self._given = SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]()
        self.start()

    def run(self) -> None:
        while (given := self._given.get()) is not None:
            work, result = given
            try:
                result.set_result(work())
            except BaseException as error:  # raised again where it was asked for
                result.set_exception(error)
            del given, work, result  # and the sound in it, while it waits

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Let it be done; return what will hold the result."""
        result = Future[T]()
        self._given.put((work, result))
        return result

    def finish(self) -> None:
        """End the thread once it has done what it was given."""
        self._given.put(None)


def _worker() -> _Worker:
    """Return a thread that is free, a new one where there is none."""
    idle = _idle()
    try:
        # Where this process was forked from another, its threads stayed behind.
        while not (worker := idle.pop()).is_alive():
            pass
    except IndexError:
        return _Worker()
    return worker


@cache
def _idle() -> list[_Worker]:
    """Return the threads of this process that wait for something to do."""
    return []
