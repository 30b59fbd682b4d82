"""Export formats of a timeline over HTTP: names, media types, file names."""

from __future__ import annotations

from typing import Literal, get_args
from urllib.parse import quote

from intona.extras import installed

FormatName = Literal[
    "json",
    "jsonl",
    "csv",
    "parquet",
    "vtt",
    "srt",
    "textgrid",
    "audacity",
    "rttm",
    "eaf",
    "labelstudio",
    "text",
]
_TYPES = (
    ("application/json", ".json"),
    ("application/x-ndjson", ".jsonl"),
    ("text/csv", ".csv"),
    ("application/vnd.apache.parquet", ".parquet"),
    ("text/vtt", ".vtt"),
    ("application/x-subrip", ".srt"),
    ("text/plain", ".TextGrid"),
    ("text/plain", ".txt"),
    ("text/plain", ".rttm"),
    ("text/xml", ".eaf"),
    ("application/json", ".json"),
    ("text/plain", ".txt"),
)
MEDIA_TYPES: dict[str, str] = {
    name: kind for name, (kind, _) in zip(get_args(FormatName), _TYPES, strict=True)
}
TEXTS = frozenset(MEDIA_TYPES.values()) - {MEDIA_TYPES["parquet"]}
SUFFIXES = {name: suffix for name, (_, suffix) in zip(get_args(FormatName), _TYPES, strict=True)}


def available() -> list[str]:
    """Return the formats that the packages installed here can write."""
    tables = installed("pandas") and installed("pyarrow")
    return [name for name in MEDIA_TYPES if name != "parquet" or tables]


def clean(name: str | None) -> str:
    r"""Return a file name that is safe to repeat: no folders, nothing unprintable.

    Examples:
        >>> clean("C:\\voices\\clip 1.wav")
        'clip 1.wav'
    """
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:200] or "recording"


def attachment(recording: str | None, style: str) -> str:
    r"""Return the ``Content-Disposition`` of an export, named after the recording.

    Examples:
        >>> attachment("call 1.mp3", "vtt")
        'attachment; filename="call 1.vtt"; filename*=UTF-8\'\'call%201.vtt'
    """
    stem = (recording or "timeline").rpartition("/")[2]
    name = (stem.rpartition(".")[0] or stem) + SUFFIXES[style]
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
