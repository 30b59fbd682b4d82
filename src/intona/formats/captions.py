"""What WebVTT and SRT have in common: cues with a time line and text."""

from __future__ import annotations

import re

from intona.errors import UsageError
from intona.formats.turns import Turn

_TIME = r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_SPAN = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}")
_VOICE = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]+)>")
_TAG = re.compile(r"<[^>]*>")
_NAMED = re.compile(r"^([\w][\w .'-]{0,30}):\s+(?=\S)")


def clock(seconds: float, mark: str) -> str:
    """Return ``HH:MM:SS`` and milliseconds after ``mark``.

    Examples:
        >>> clock(3725.25, ",")
        '01:02:05,250'
    """
    thousandths = round(seconds * 1000)
    hours, rest = divmod(thousandths, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def read_cues(text: str, where: str) -> list[Turn]:
    """Read the cues; ``<v Anna>`` or a leading ``Anna:`` names the speaker.

    Raises:
        UsageError: there are no cues.
    """
    turns = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.split("\n")
        for number, line in enumerate(lines):
            match = _SPAN.match(line)
            if match:
                start, end = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
                turns.append(Turn(start, end, _values(" ".join(lines[number + 1 :]))))
                break
    if not turns:
        raise UsageError(f"{where} has no cues such as 00:00:01.000 --> 00:00:02.500")
    return turns


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _values(text: str) -> dict[str, str]:
    voice = _VOICE.search(text)
    plain = re.sub(r"\s+", " ", _TAG.sub("", text)).strip()
    named = _NAMED.match(plain)
    values = {}
    if voice:
        values["speaker"] = voice.group(1).strip()
    elif named:
        values["speaker"] = named.group(1).strip()
        plain = plain[named.end() :]
    if plain:
        values["text"] = plain
    return values
