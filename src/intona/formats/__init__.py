"""Timelines as files: every format people open them with, and ready-made segments back in.

Written are ``text``, ``json``, ``jsonl``, ``csv``, ``parquet``, ``audformat`` (a database folder),
``vtt``, ``srt``, ``textgrid``, ``audacity``, ``rttm``, ``eaf`` (ELAN) and ``labelstudio``. Segments
are read from CSV, RTTM, TextGrid, EAF, WebVTT, SRT, Audacity labels, and from the JSON of Whisper,
WhisperX and faster-whisper. Installed packages may register more
(``intona.formats``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from intona import registry
from intona.audio.damage import Notice, warn
from intona.errors import IntonaError, PlugInError, UsageError, meant
from intona.extras import require
from intona.files import fitting, read_bounded, save_text, spelled
from intona.formats.rows import Segmentation, framed
from intona.formats.turns import Turn, checked

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FORMATS",
    "format_of",
    "names",
    "places",
    "read_turns",
    "render",
    "write",
    "write_each",
    "written",
]

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
    "eaf",
    "labelstudio",
)
LARGEST = 2**26  # bytes of segments
_SUFFIXES = {"txt": "text", "ndjson": "jsonl"}
_READ_SUFFIXES = {"txt": "audacity", "tsv": "csv", "ndjson": "jsonl"}
_NOT_TEXT = ("parquet", "audformat")
_ONE_RECORDING = ("vtt", "srt", "textgrid", "audacity", "eaf")
_TELLING = ("csv", "textgrid", "eaf")  # their readers have something to tell
_READABLE = ("csv", "rttm", "textgrid", "eaf", "vtt", "srt", "audacity", "json", "jsonl")


def names() -> tuple[str, ...]:
    """Return all formats: :data:`FORMATS`, then those of installed packages."""
    others = registry.installed("formats")
    return (*FORMATS, *sorted(name for name in others if name not in FORMATS))


def format_of(path: str | Path | None, name: str | None = None) -> str:
    """Return the format as named, else from the path's suffix, else ``text``.

    Raises:
        UsageError: no such format, or it needs a path and there is none.
        MissingExtraError: it needs packages that are not installed.

    Examples:
        >>> format_of("talk.TextGrid"), format_of("talk.ndjson"), format_of(None)
        ('textgrid', 'jsonl', 'text')
    """
    if name is None:
        suffix = Path(path).suffix.lower().lstrip(".") if path is not None else ""
        suffix = _SUFFIXES.get(suffix, suffix)
        is_one = suffix in FORMATS or (suffix and suffix in names())
        name = suffix if is_one else "text"
    if name not in FORMATS and name not in names():
        known = names()
        if name == "pipeline":
            raise UsageError(
                "the format pipeline is of whole recordings: it goes without --timeline"
            )
        raise UsageError(
            f"no format {name!r}{meant(name, known)}: choose one of {', '.join(known)}"
        )
    if name in _NOT_TEXT:
        require(f"the format {name}", "pandas", *(["pyarrow"] if name == "parquet" else []))
    if path is None and (name in _NOT_TEXT or not hasattr(_module(name), "render")):
        raise UsageError(f"{name} is not text: name a file (or folder) to write to")
    return name


def render(table: Segmentation | pd.DataFrame, format: str) -> str:
    """Return a timeline as text.

    Args:
        table: as :func:`intona.inference.timeline.timeline` or ``segmentation`` returns it.
        format: one of :data:`FORMATS`, but neither ``parquet`` nor ``audformat``.

    Raises:
        UsageError: the format is not text, or cannot hold this table.
    """
    name = format_of(None, format)
    return str(_outside(name, _module(name).render, _taken(table, name)))


def write(table: Segmentation | pd.DataFrame, path: str | Path, format: str | None = None) -> Path:
    """Write a timeline; the file appears whole or not at all.

    Args:
        table: as :func:`intona.inference.timeline.timeline` or ``segmentation`` returns it.
        path: the file, or for ``audformat`` the folder.
        format: one of :data:`FORMATS`; ``None`` goes by the suffix.

    Raises:
        UsageError: the format cannot hold this table, or the file cannot be written.
    """
    path = Path(path)
    name = format_of(path, format)
    module = _module(name)
    if not (hasattr(module, "save") or hasattr(module, "render")):
        raise UsageError(f"the format {name} is read, not written")
    try:
        if hasattr(module, "save"):
            _outside(name, module.save, _taken(table, name), path)
        else:
            save_text(path, str(_outside(name, module.render, _taken(table, name))))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
    return path


def places(files: Sequence[Path], out: str | Path, format: str | None = None) -> dict[Path, Path]:
    """Return where the timeline of each recording will be written: all to one file, or one each.

    Args:
        files: the recordings.
        out: one file for all; for the formats that hold one recording (captions, TextGrid, ELAN,
            Audacity labels) and more than one recording, a folder.
        format: one of :data:`FORMATS`; ``None`` goes by the suffix.

    Raises:
        UsageError: two recordings of the same name would get one file.
    """
    out = Path(out)
    name = format_of(out, format)
    if name not in _ONE_RECORDING or len(files) < 2:
        return dict.fromkeys(files, out)
    suffix = {"textgrid": "TextGrid", "audacity": "txt"}.get(name, name)
    found = {file: out / fitting(file.stem, f".{suffix}") for file in files}
    if len(set(found.values())) < len(found):
        raise UsageError(f"two recordings have the same name: {name} files would overwrite another")
    return found


def written(out: str | Path, format: str | None = None) -> list[Path]:
    """Return the files that :func:`write` makes of a path: one, or those of a database folder."""
    out = Path(out)
    if format_of(out, format) == "audformat":
        return [out / "db.yaml", out / "db.emotion.csv"]
    return [out]


def write_each(
    tables: Mapping[Path, Segmentation],
    where: Mapping[Path, Path],
    format: str | None = None,
) -> list[Path]:
    """Write the timelines of many recordings; one that cannot be written does not stop the rest.

    Args:
        tables: a timeline per recording.
        where: the file of each, as :func:`places` says; a folder is made if need be.
        format: one of :data:`FORMATS`; ``None`` goes by the suffix.

    Returns:
        What was written.

    Raises:
        UsageError: as :func:`write`, of the first that could not be written.
    """
    together: dict[Path, list[Segmentation]] = {}
    for file, table in tables.items():
        together.setdefault(where[file], []).append(table)
    done: list[Path] = []
    failures: list[UsageError] = []
    for path, parts in together.items():
        try:
            if len(set(where.values())) > 1:
                path.parent.mkdir(parents=True, exist_ok=True)
            done.append(write(Segmentation.joined(parts), path, format))
        except OSError as error:
            raise UsageError(
                f"one file for each recording: {path.parent} must be a folder ({error.strerror})"
            ) from None
        except UsageError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return done


def read_turns(
    path: str | Path, recording: str | Path | None = None, notice: Notice = warn
) -> list[Turn]:
    """Read ready-made segments.

    Args:
        path: ``.csv``, ``.tsv``, ``.rttm``, ``.TextGrid``, ``.eaf``, ``.vtt``, ``.srt``, ``.txt``
            (Audacity), ``.json`` or ``.jsonl`` (transcripts).
        recording: what they belong to; of a file about several recordings, only the segments
            of the one with this name (with or without folder and suffix) are taken.
        notice: told in a sentence each what was left out or understood in a special way.

    Raises:
        UsageError: missing, of no known format, damaged, or about other recordings.
    """
    path = Path(path)
    suffix = path.suffix.lower().lstrip(".")
    name = _READ_SUFFIXES.get(suffix, suffix)
    if name not in _READABLE and not (name in names() and hasattr(_module(name), "read")):
        raise UsageError(
            f"cannot read segments from {path}: use .csv, .tsv, .rttm, .TextGrid, .eaf, .vtt, "
            ".srt, .txt, .json or .jsonl"
        )
    try:
        text = _decode(read_bounded(path, LARGEST))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path}: {reason}") from None
    reader = _module(name).read
    told = {"notice": notice} if name in _TELLING else {}
    turns: list[Turn] = list(_outside(name, reader, text, str(path), **told))
    files = {turn.file for turn in turns if turn.file is not None}
    if recording is None or len(files) < 2:
        return checked(turns, str(path), notice)
    chosen = [turn for turn in turns if turn.file is None or _same(turn.file, Path(recording))]
    where = f"{path} is about {len(files)} recordings and of {Path(recording).name}"
    return checked(chosen, where, notice)


def _same(named: str, recording: Path) -> bool:
    """Whether a name in a file of segments is that of a recording, however it is written."""
    from intona.formats.rttm import word

    wanted = {str(recording), recording.name, recording.stem}
    wanted |= {word(name) for name in wanted}
    said = {named, PurePath(named).stem, PurePath(named).name}
    return not {_composed(name) for name in wanted}.isdisjoint(_composed(name) for name in said)


def _composed(name: str) -> str:
    """Return a name in one Unicode form: file systems write accents in two ways."""
    return unicodedata.normalize("NFC", spelled(name))


def _module(name: str) -> Any:
    """Return a format's module; of an installed package it may be any object that has the same."""
    if name in FORMATS:
        return import_module(f"intona.formats.{name}")
    found = registry.plug_in("formats", name)
    if not any(callable(getattr(found, each, None)) for each in ("render", "save", "read")):
        raise PlugInError(f"the format {name} of an installed package has no render, save or read")
    return found


def _taken(table: Segmentation | pd.DataFrame, name: str) -> Segmentation | pd.DataFrame:
    """Return a timeline as a format takes it: those of installed packages know tables alone."""
    return table if name in FORMATS else framed(table)


def _outside(name: str, call: Callable[..., Any], *values: Any, **more: Any) -> Any:
    """Call a format's function; what an installed package's own code raises is one sentence."""
    try:
        return call(*values, **more)
    except (IntonaError, OSError):
        raise
    except Exception as error:
        if name in FORMATS:
            raise
        raise PlugInError(f"the format {name} failed ({type(error).__name__}: {error})") from None


def _decode(data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
