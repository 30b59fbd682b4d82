"""Log lines: text or JSON, limited, since what strangers can cause must not fill a disk."""

from __future__ import annotations

import asyncio
import copy
import logging
import logging.config
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from uvicorn.config import LOGGING_CONFIG

from intona.logs import line

if TYPE_CHECKING:
    from intona.server.settings import Settings

LOG = logging.getLogger("uvicorn.error")
OURS = "intona.server"  # workers, and with --verbose each request
OFTEN = 5  # lines of a kind that are written per period
PERIOD = 60.0  # seconds
KINDS = 256  # kinds remembered
LONGEST = 200  # letters of what a client sent, in a line
BEGIN = 40  # letters by which lines without arguments are told apart


class Sparing(logging.Filter):
    """Let few warnings and errors of each kind through, and say how many were left out.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if record.levelno < logging.WARNING:
            return True
        kind = (record.name, record.levelno, str(record.msg)[:BEGIN])
        now = self._clock()
        since, count = self._seen.get(kind, (now, 0))
        if now - since >= PERIOD:
            if count > OFTEN:
                left_out = f" ({count - OFTEN} more like it since the last)"
                record.msg, record.args = record.getMessage() + left_out, ()
            since, count = now, 0
        if len(self._seen) >= KINDS and kind not in self._seen:
            self._seen.clear()
        self._seen[kind] = (since, count + 1)
        return count < OFTEN


def _cut(record: logging.LogRecord) -> bool:
    """Cut what clients sent, such as paths, to a length that is good for a line."""
    if isinstance(record.args, tuple):
        record.args = tuple(v[:LONGEST] if isinstance(v, str) else v for v in record.args)
    return True


class Lines(logging.Formatter):
    """JSON lines: those about a request have its parts, all others the logger's name."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line."""
        level, message = record.levelname.lower(), record.getMessage()
        if record.name == "uvicorn.access" and isinstance(record.args, tuple):
            client, method, path, _, status = record.args
            return line(level, message, client=client, method=method, path=path, status=status)
        facts = getattr(record, "facts", {"logger": record.name})
        if record.exc_info:
            facts = {**facts, "exception": self.formatException(record.exc_info)}
        return line(level, message, **facts)


def set_up(settings: Settings) -> None:
    """Send all log lines to standard error, those about requests in text to standard output."""
    config = copy.deepcopy(LOGGING_CONFIG)
    if settings.log_format == "json":
        config["formatters"] = {"json": {"()": Lines}}
        stderr = {"class": "logging.StreamHandler", "formatter": "json"}
        config["handlers"] = {"default": stderr, "access": stderr}
    level = "DEBUG" if settings.verbose else "WARNING"
    config["loggers"][OURS] = {"handlers": ["default"], "level": level, "propagate": False}
    logging.config.dictConfig(config)
    _limit()


def _limit() -> None:
    """Limit what uvicorn and asyncio log; what is wrong with a form is told its sender alone."""
    for name in ("multipart", "python_multipart"):  # of older releases, of newer ones
        logging.getLogger(name).setLevel(logging.ERROR)
    sparing = Sparing()
    for name in ("uvicorn.error", "asyncio", OURS):
        logging.getLogger(name).addFilter(sparing)
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).addFilter(_cut)


def complain(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what goes wrong in an event loop; where the system lacks something, in one line."""
    error = context.get("exception")
    if isinstance(error, OSError) and "accept" in context["message"]:
        LOG.error("cannot take a connection: %s", error.strerror or error)
    else:
        loop.default_exception_handler(context)
