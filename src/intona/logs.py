"""Log lines for machines: one JSON object a line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal

LogFormat = Literal["text", "json"]


def line(level: str, message: str, **facts: Any) -> str:
    """Return a log line.

    Args:
        level: ``"debug"``, ``"info"``, ``"warning"`` or ``"error"``.
        message: a sentence for people.
        facts: what a program wants to know of it, as JSON has it.

    Returns:
        A JSON object on one line, of ASCII letters, with ``time`` in UTC.
    """
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"time": time, "level": level, "message": message, **facts}
    return json.dumps(told, default=str)
