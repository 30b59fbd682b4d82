"""Timelines as files: every format people open them with, and ready-made segments back in.

Written are ``text``, ``json``, ``jsonl``, ``csv``, ``parquet``, ``audformat`` (a database folder),
``vtt``, ``srt``, ``textgrid``, ``audacity`` and ``rttm``. Segments are read from CSV, RTTM,
TextGrid, WebVTT, SRT and Audacity labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from intona.errors import UsageError
from intona.formats.turns import Turn, checked

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "format_of", "read_turns", "render", "write", "write_each"]

# One module each, by this name; `render(table) -> str` writes, `read(text, where) -> turns` reads.
FORMATS: tuple[str, ...] = (
    "text",
    "json",
    "jsonl",
    "csv",
    "parquet",
    "audformat",
    "vtt",
    "srt",
    "textgrid",
    "audacity",
    "rttm",
)
_SUFFIXES = {"txt": "text", "ndjson": "jsonl"}
_READ_SUFFIXES = {"txt": "audacity", "tsv": "csv"}
_NOT_TEXT = ("parquet", "audformat")
_ONE_RECORDING = ("vtt", "srt", "textgrid", "audacity")
_READABLE = ("csv", "rttm", "textgrid", "vtt", "srt", "audacity")


def format_of(path: str | Path | None, name: str | None = None) -> str:
    """Return the format as named, else from the path's suffix, else ``text``.

    Raises:
        UsageError: no such format, or it needs a path and there is none.

    Examples:
        >>> format_of("talk.TextGrid"), format_of("talk.ndjson"), format_of(None)
        ('textgrid', 'jsonl', 'text')
    """
    if name is None:
        suffix = Path(path).suffix.lower().lstrip(".") if path is not None else ""
        suffix = _SUFFIXES.get(suffix, suffix)
        name = suffix if suffix in FORMATS else "text"
    if name not in FORMATS:
        raise UsageError(f"no format {name!r}: choose one of {', '.join(FORMATS)}")
    if path is None and name in _NOT_TEXT:
        raise UsageError(f"{name} is not text: name a file (or folder) to write to")
    return name


def render(table: pd.DataFrame, format: str) -> str:
    """Return a timeline as text.

    Args:
        table: as :func:`intona.inference.timeline.timeline` returns it.
        format: one of :data:`FORMATS`, but neither ``parquet`` nor ``audformat``.

    Raises:
        UsageError: the format is not text, or cannot hold this table.
    """
    return str(_module(format_of(None, format)).render(table))


def write(table: pd.DataFrame, path: str | Path, format: str | None = None) -> Path:
    """Write a timeline; the file appears whole or not at all.

    Args:
        table: as :func:`intona.inference.timeline.timeline` returns it.
        path: the file, or for ``audformat`` the folder.
        format: one of :data:`FORMATS`; ``None`` goes by the suffix.

    Raises:
        UsageError: the format cannot hold this table, or the file cannot be written.
    """
    path = Path(path)
    module = _module(format_of(path, format))
    try:
        if hasattr(module, "save"):
            module.save(table, path)
        else:
            from intona.files import atomic

            text = module.render(table)
            with atomic(path) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
    return path


def write_each(
    tables: Mapping[Path, pd.DataFrame], out: str | Path, format: str | None = None
) -> list[Path]:
    """Write the timelines of many recordings.

    Args:
        tables: a timeline per recording.
        out: one file for all; for the formats that hold one recording (captions, TextGrid,
            Audacity labels) and more than one recording, a folder, which is made if need be.
        format: one of :data:`FORMATS`; ``None`` goes by the suffix.

    Returns:
        What was written.

    Raises:
        UsageError: as :func:`write`; or two recordings of the same name.
    """
    import pandas as pd

    out = Path(out)
    name = format_of(out, format)
    if name not in _ONE_RECORDING or len(tables) < 2:
        return [write(pd.concat(list(tables.values())), out, name)] if tables else []
    suffix = {"textgrid": "TextGrid", "audacity": "txt"}.get(name, name)
    paths = {file: out / f"{file.stem}.{suffix}" for file in tables}
    if len(set(paths.values())) < len(paths):
        raise UsageError(f"two recordings have the same name: {name} files would overwrite another")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{name} holds one recording, so {out} must be a folder: {error.strerror}"
        ) from None
    return [write(table, paths[file], name) for file, table in tables.items()]


def read_turns(path: str | Path, recording: str | Path | None = None) -> list[Turn]:
    """Read ready-made segments.

    Args:
        path: ``.csv``, ``.rttm``, ``.TextGrid``, ``.vtt``, ``.srt`` or ``.txt`` (Audacity).
        recording: what they belong to; of a file about several recordings, only the segments
            of the one with this name (with or without folder and suffix) are taken.

    Raises:
        UsageError: missing, of no known format, damaged, or about other recordings.
    """
    path = Path(path)
    suffix = path.suffix.lower().lstrip(".")
    name = _READ_SUFFIXES.get(suffix, suffix)
    if name not in _READABLE:
        raise UsageError(
            f"cannot read segments from {path}: use .csv, .rttm, .TextGrid, .vtt, .srt or .txt"
        )
    try:
        text = _decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    turns = checked(_module(name).read(text, str(path)), str(path))
    files = {turn.file for turn in turns if turn.file is not None}
    if recording is None or len(files) < 2:
        return turns
    wanted = Path(recording)
    chosen = [
        turn
        for turn in turns
        if turn.file in (None, str(wanted), wanted.name, wanted.stem)
        or Path(str(turn.file)).stem == wanted.stem
    ]
    return checked(chosen, f"{path} is about {len(files)} recordings and of {wanted.name}")


def _module(name: str) -> ModuleType:
    return import_module(f"intona.formats.{name}")


def _decode(data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
