"""What stands in one cell of a table: a word, a number, a time, or nothing."""

from __future__ import annotations

import json
import re
from typing import Any

TIMES = ("start", "end", "duration")
LONGEST = 1e8  # seconds, three years
_MISSING = frozenset({"", "na", "nan", "none", "null", "<na>", "n/a", "nat"})
_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*", re.ASCII)


def is_missing(text: Any) -> bool:
    """Tell whether a word stands for a missing number or label.

    Examples:
        >>> is_missing("NA"), is_missing(" nan"), is_missing("sad")
        (True, True, False)
    """
    return text is None or (isinstance(text, str) and text.strip().casefold() in _MISSING)


def number_of(text: str, decimal_comma: bool = False) -> float:
    """Read a number; NaN where it is none.

    Examples:
        >>> number_of("1.5"), number_of("1,5", True), number_of("1,5")
        (1.5, 1.5, nan)
    """
    found = _NUMBER.fullmatch(text)
    if found is None or ("," in text and not decimal_comma):
        return float("nan")
    return float(text.replace(",", "."))


def plain(value: Any) -> Any:
    """Return ``None`` for every way to say missing, and text for what is no single value."""
    import numpy as np
    import pandas as pd

    if isinstance(value, list | tuple | dict | np.ndarray):
        return json.dumps(value, default=_described, ensure_ascii=False)
    return None if pd.isna(value) else value


def _described(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)


def word(value: Any) -> str | None:
    """Return a value as text; a whole number without the ``.0`` that a gap in its column adds."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None or not str(value).strip() else str(value)


def set_times(row: dict[str, Any], decimal_comma: bool) -> None:
    """Turn the times into seconds, and ``start`` + ``duration`` into ``end``.

    Raises:
        ValueError: they make no segment.
    """
    for key in TIMES:
        if row.get(key) is not None:
            row[key] = _seconds(row[key], key, decimal_comma)
    start, end, duration = (row.get(key) for key in TIMES)
    if end is None and start is not None and duration is not None:
        row["end"] = end = start + duration
        if duration <= 0:
            raise ValueError(f"it lasts {duration:g} s")
    start = start or 0.0
    if start < 0:
        raise ValueError(f"its start is negative ({start:g} s)")
    if end is not None and end <= start:
        what = "where it starts" if end == start else f"before it starts at {start:g} s"
        raise ValueError(f"it ends at {end:g} s, {what}")


def _seconds(value: Any, key: str, decimal_comma: bool) -> float | None:
    import pandas as pd

    if is_missing(value):
        return None
    try:
        if hasattr(value, "total_seconds"):
            seconds = value.total_seconds()
        elif isinstance(value, str) and ":" in value:  # as audformat and pandas write them
            seconds = pd.Timedelta(value).total_seconds()
        elif isinstance(value, str):
            seconds = number_of(value, decimal_comma)
        else:
            seconds = float(value)
    except (ValueError, TypeError, OverflowError):
        seconds = float("nan")
    if not abs(seconds) < LONGEST:
        raise ValueError(f"its {key} {value!r} is not a time in seconds")
    return float(seconds)
