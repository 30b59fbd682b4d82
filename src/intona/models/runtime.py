"""Runtime: onnxruntime, quiet, and bounded in memory and time whatever graph it is given."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import TypeVar, cast

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
    done, result = worker.do(work, seconds)
    if not done:
        raise ModelError(f"{what}: its graph was given up after {seconds:.0f} s")
    _idle().append(worker)
    if isinstance(result, _Failure):
        raise result.error
    return cast(T, result)


@dataclass(frozen=True)
class _Failure:
    error: BaseException


class _Worker(threading.Thread):
    """A thread that does one thing after the other.

    One for each thing would begin with cold buffers and caches: a twentieth of a window's time.
    """

    def __init__(self) -> None:
        super().__init__(name="onnxruntime", daemon=True)
        self._given = SimpleQueue[Callable[[], object] | None]()
        self._made = SimpleQueue[object]()
        self.start()

    def run(self) -> None:
        while (work := self._given.get()) is not None:
            self._made.put(self._outcome(work))
            del work  # and the sound in it, while it waits

    def do(self, work: Callable[[], object], seconds: float) -> tuple[bool, object]:
        """Return whether it was done in time, and what it gave."""
        self._given.put(work)
        try:
            return True, self._made.get(timeout=seconds)
        except Empty:
            self._given.put(None)  # it ends once it is done
            return False, None

    @staticmethod
    def _outcome(work: Callable[[], object]) -> object:
        try:
            return work()
        except BaseException as error:  # raised again where it was asked for
            return _Failure(error)


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
