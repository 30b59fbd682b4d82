"""Ready-made segments: who else knows where somebody speaks, and what they say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from intona.errors import UsageError


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


def checked(turns: list[Turn], where: str) -> list[Turn]:
    """Return the turns sorted by time.

    Raises:
        UsageError: there is none, or one has no length or an impossible begin.
    """
    for number, turn in enumerate(turns, 1):
        if not 0 <= turn.start < turn.end < float("inf"):
            raise UsageError(
                f"{where}: segment {number} from {turn.start:g} s to {turn.end:g} s "
                "has no length: the end must be after the start"
            )
    if not turns:
        raise UsageError(f"{where} holds no segments: leave it out to find speech automatically")
    return sorted(turns, key=lambda turn: (turn.start, turn.end))
