"""Runtime: onnxruntime, quiet, and bounded in memory and time whatever graph it is given."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TypeVar

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
    done: list[T] = []
    failed: list[BaseException] = []

    def do() -> None:
        try:
            done.append(work())
        except BaseException as error:  # raised again below
            failed.append(error)

    thread = threading.Thread(target=do, name="onnxruntime", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise ModelError(f"{what}: its graph was given up after {seconds:.0f} s")
    return done[0]
