"""Worker process: reads requests from standard input, answers on standard output.

Everything that touches bytes from outside happens here, under limits: memory, processor
time, no files written, no core dumps. A worker that is killed or crashes takes one answer
with it, never the service. It holds no secret: the token is not in its environment.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

from intona.errors import AudioError, IntonaError, UsageError
from intona.server.wire import (
    Handler,
    InvalidError,
    Reply,
    TooMuchError,
    WireError,
    WorkerOptions,
    pack,
    receive,
    request_of,
)
from intona.spelling import as_parameters

MIB = 1024 * 1024


def main() -> None:
    """Serve until standard input ends. ``sys.argv[1]`` holds the options as JSON."""
    options = WorkerOptions(**json.loads(sys.argv[1]))
    # The service decides when to stop; signals sent to the whole group are not for us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    requests, replies = _private_pipes()
    _end_with(requests)
    try:
        module, _, name = options.handler.partition(":")
        handler: Handler = getattr(importlib.import_module(module), name)(options)
        replies.write(pack({"ok": True, "model": handler.describe()}))
    except IntonaError as error:
        replies.write(pack({"ok": False, "kind": "startup", "detail": str(error)}))
        return
    restrict(options.memory_mb)
    _loop(handler, requests, replies, options.cpu_seconds)


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes to ourselves: a C library that prints must not break a frame."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(silence, descriptor)
    os.close(silence)
    return requests, replies


def _end_with(pipe: BinaryIO) -> None:
    """End this process, busy or not, once nobody holds the other end of the pipe any more."""
    if not hasattr(select, "poll"):
        return
    poll = select.poll()
    poll.register(pipe, 0)  # for its end alone, not for what can be read

    def watch() -> None:
        poll.poll()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def restrict(memory_mb: int) -> None:
    """Limit this process from now on; does nothing where the system has no limits.

    Args:
        memory_mb: address space allowed on top of what is in use now, MiB.
    """
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    used = _address_space()
    if used:
        limit = _within(used + memory_mb * MIB, resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _within(limit: int, kind: int) -> int:
    """Return a limit that may be set: not above the one that this process was started with."""
    import resource

    _, hard = resource.getrlimit(kind)
    return limit if hard == resource.RLIM_INFINITY else min(limit, hard)


def _address_space() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _allow_cpu(seconds: float) -> None:
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = _within(int(time.process_time() + seconds) + 1, resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def _loop(handler: Handler, requests: BinaryIO, replies: BinaryIO, cpu_seconds: float) -> None:
    while True:
        try:
            message, data = receive(requests)
        except WireError:
            return
        _allow_cpu(cpu_seconds)
        answer, payload = guarded(lambda: handler.handle(request_of(message), data))  # noqa: B023
        del data
        try:
            replies.write(pack(answer, len(payload)))
            view = memoryview(payload)
            while view:
                view = view[replies.write(view) :]
        except BrokenPipeError:
            return


def guarded(action: Callable[[], Reply]) -> Reply:
    """Do what one request asks and turn what can go wrong into an answer."""
    try:
        answer, payload = action()
        return {"ok": True, **answer}, payload
    except TooMuchError as error:
        kind, detail = "too_much", str(error)
    except MemoryError:
        kind, detail = "too_much", "decoding this recording takes more memory than allowed"
    except AudioError as error:
        kind, detail = "audio", str(error)
    except InvalidError as error:
        kind, detail = "invalid", str(error)
    except UsageError as error:
        kind, detail = "usage", str(error)
    except Exception as error:
        # The text may quote the input: only the type leaves the worker.
        kind, detail = "internal", type(error).__name__
    return {"ok": False, "kind": kind, "detail": as_parameters(detail)}, b""


if __name__ == "__main__":
    main()
