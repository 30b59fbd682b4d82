"""Open files: how many connections they leave room for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from intona.errors import UsageError
from intona.server.routes import MOST_PARTS

if TYPE_CHECKING:
    from intona.server.settings import Settings

FEWEST = 8  # connections worth starting a service for
OWN = 48  # modules, logs, the listening socket, the event loop
PER_WORKER = 6  # pipes, and what watches over the process
BACKLOG = 128  # connections taken, or turned away, before the next look at the others


def connections_for(settings: Settings) -> tuple[int, int]:
    """Return how many connections may be open, and how many may wait to be taken.

    The limit of open files is raised as far as it may be, if need be.

    Raises:
        UsageError: the limit does not even suffice for a few.
    """
    try:
        import resource
    except ImportError:
        return settings.max_connections, BACKLOG
    workers = settings.worker_count + settings.stream_workers
    own = OWN + PER_WORKER * workers + MOST_PARTS * settings.max_pending
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return settings.max_connections, BACKLOG
    wanted = own + settings.max_connections + 2 * BACKLOG
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # Those that are turned away are open for a moment, too.
    backlog = max(1, min(BACKLOG, (soft - own) // 4))
    most = min(settings.max_connections, soft - own - 2 * backlog)
    if most < min(FEWEST, settings.max_connections):
        raise UsageError(
            f"at most {soft} files may be open at once, too few for {workers} workers and "
            f"{settings.max_pending} uploads: raise the limit (ulimit -n), or lower --workers "
            "or the queue"
        )
    if most < settings.max_connections:
        logging.getLogger("uvicorn.error").warning(
            "at most %d connections at once, not %d: only %d files may be open (ulimit -n)",
            most,
            settings.max_connections,
            soft,
        )
    return most, backlog
