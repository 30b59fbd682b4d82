"""Ready-made segments: who else knows where somebody speaks, and what they say about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from intona.audio.damage import Notice, warn
from intona.errors import UsageError

MOST = 100_000  # segments
MOST_TOGETHER = 100  # of them at one time


@dataclass(frozen=True)
class Turn:
    """A stretch of a recording that somebody has marked.

    Attributes:
        start: begin in seconds.
        end: end in seconds.
        values: what is known of it, for example ``{"speaker": "anna", "text": "Hello."}``.
        file: the recording it belongs to, as its source names it; ``None`` when it does not.
    """

    start: float
    end: float
    values: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None


def checked(turns: list[Turn], where: str, notice: Notice = warn) -> list[Turn]:
    """Return the turns that a recording can have, sorted by time.

    Those without length, with their end before their begin, or that begin before the recording
    are left out.

    Args:
        turns: as read.
        where: what to call them in messages.
        notice: told in one sentence how many were left out.

    Raises:
        UsageError: none is left, or they are too many, or too many at one time.
    """
    if not turns:
        raise UsageError(f"{where} holds no segments: leave it out to find speech automatically")
    if len(turns) > MOST:
        raise UsageError(f"{where} holds more than {MOST} segments: divide it")
    good = [turn for turn in turns if _possible(turn)]
    if _together(good) > MOST_TOGETHER:
        raise UsageError(
            f"{where}: more than {MOST_TOGETHER} of its segments overlap at one time, which no "
            "recording has"
        )
    bad = next((turn for turn in turns if not _possible(turn)), None)
    if bad is None:
        return sorted(good, key=lambda turn: (turn.start, turn.end))
    example = f"for example {bad.start:g} s to {bad.end:g} s: the end must be after the start"
    if not good:
        raise UsageError(f"{where}: all of its {len(turns)} segments have no length, {example}")
    notice(
        f"{where}: {len(turns) - len(good)} of {len(turns)} segments left out, they have no "
        f"length, {example}"
    )
    return sorted(good, key=lambda turn: (turn.start, turn.end))


def _possible(turn: Turn) -> bool:
    return 0 <= turn.start < turn.end < float("inf")


def _together(turns: list[Turn]) -> int:
    """Return how many segments there are at one time, at most."""
    changes = [(turn.start, 1) for turn in turns] + [(turn.end, -1) for turn in turns]
    return max(accumulate(change for _, change in sorted(changes)), default=0)


def lines_of(text: str) -> list[str]:
    r"""Return the lines of a text; only line ends end one, not all that Unicode has for it.

    Examples:
        >>> lines_of("a b\r\nc")
        ['a b', 'c']
    """
    return re.split(r"\r\n|\r|\n", text)
