"""Your own data as a table: CSV, TSV, Parquet, JSON, JSON Lines, or a data frame.

One row is one utterance. The columns are found by their names, or named with ``columns``
(``file=path,emotion=label,speaker=spk`` on the command line):

===========  ======================================================================
``file``     path: absolute, or relative to the table's folder, to one above it or to the
             working directory; also called ``path``, ``filename``, ``audio``, ``wav``,
             ``audio_filepath``
``emotion``  the label; also ``label``, ``emo``
``speaker``  who speaks; also ``speaker_id``, ``spk``, ``spk_id``, ``actor``
``start``    begin in seconds; also ``offset``, ``start_time``
``end``      end in seconds; also ``end_time``; or ``duration`` after ``start``
``language`` ISO 639-3 code; also ``lang``
``sex``      also ``gender``
===========  ======================================================================

All other columns stay as they are. JSON Lines are read as NeMo (``audio_filepath``, ``offset``,
``duration``) and EmoBox (``wav``, ``emo``, ``start_time`` ...) write them; EmoBox's
``label_map.json``, beside the manifest or one folder up, turns its codes into words. Labels in
another form of a word in the vocabulary (``anger``, ``Happiness``) become that word, which is
reported. A table with the column ``corpus``, as intona writes them, keeps it and its speakers.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.corpora.base import Corpus, key_of, table
from intona.corpora.parts import own_name, split_of
from intona.corpora.problem import ROW, Problem, examples
from intona.corpora.sheet import SUFFIXES, Sheet, decoded, folded, is_missing, number
from intona.corpora.sheet import read as read_sheet
from intona.corpora.wording import remarks, settled
from intona.errors import CorpusError, UsageError
from intona.labels import canonical, refuse_reserved, tidy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_SPEAKER", "OPTIONS", "SUFFIXES", "from_frame", "parse_columns", "read"]

OPTIONS = frozenset({"columns", "language"})

_NAMES: dict[str, tuple[str, ...]] = {
    "file": ("file", "path", "filename", "file_name", "audio", "wav", "audio_filepath"),
    "emotion": ("emotion", "label", "emo"),
    "speaker": ("speaker", "speaker_id", "spk", "spk_id", "actor"),
    "start": ("start", "offset", "start_time"),
    "end": ("end", "end_time"),
    "duration": ("duration",),
    "language": ("language", "lang"),
    "sex": ("sex", "gender"),
}
_KNOWN = frozenset(name for names in _NAMES.values() for name in names)
_TIMES = ("start", "end", "duration")
_TEXTS = frozenset(name for ours in _NAMES if ours not in _TIMES for name in _NAMES[ours])
_LONGEST = 1e8  # seconds, three years
NO_SPEAKER = (
    "no speaker is known for {count} of {total} utterances, so no evaluation on them can be "
    "independent of the speaker and none of its numbers holds for new voices; {mend}"
)


def parse_columns(text: str) -> dict[str, str]:
    """Parse ``"file=path,emotion=label"`` into a mapping from our names to the table's.

    Raises:
        UsageError: when a part is not of the form ``name=column``, or the name is unknown.

    Examples:
        >>> parse_columns("file=path, speaker=spk")
        {'file': 'path', 'speaker': 'spk'}
    """
    columns = {}
    for part in text.split(","):
        ours, sign, theirs = (piece.strip() for piece in part.partition("="))
        if not (sign and theirs):
            raise UsageError(f"cannot read the column {part.strip()!r}: write it as name=column")
        if ours not in _NAMES:
            raise UsageError(f"no column is called {ours!r} here; there are {', '.join(_NAMES)}")
        columns[ours] = theirs
    return columns


def read(
    path: Path, *, columns: str | Mapping[str, str] | None = None, language: str | None = None
) -> Corpus:
    """Read a table or manifest.

    Args:
        path: a file with one of :data:`SUFFIXES`.
        columns: our column names to the table's, or as text for :func:`parse_columns`.
        language: ISO 639-3 code where the table has no such column.

    Raises:
        CorpusError: the file is malformed, or none of its audio exists.
        UsageError: a column that is needed is not there.
    """
    chosen = parse_columns(columns) if isinstance(columns, str) else dict(columns or {})
    others = {folded(name) for name in chosen.values()}
    times = {folded(theirs) for ours, theirs in chosen.items() if ours in _TIMES}
    sheet = read_sheet(path, known=_KNOWN | others, texts=(_TEXTS | others) - times)
    return _Reading(
        # Tables called as parts share their speakers: so they share the folder's name.
        name=path.stem if split_of(path.stem) is None else own_name(path.parent),
        folder=path.parent,
        columns=chosen,
        language=language,
        label_map=_label_map(path.parent),
        title=path.name,
    ).corpus(sheet)


def _label_map(folder: Path) -> dict[str, str]:
    path = next(
        (p for p in (folder / "label_map.json", folder.parent / "label_map.json") if p.is_file()),
        None,
    )
    if path is None:
        return {}
    try:
        content = json.loads(decoded(path.read_bytes()))
    except (ValueError, RecursionError, OSError) as error:
        raise CorpusError(f"{path}: not readable as JSON ({error})") from None
    if not isinstance(content, dict):
        raise CorpusError(f"{path}: expected an object from code to label")
    return {str(code): str(label) for code, label in content.items()}


def from_frame(
    frame: pd.DataFrame,
    *,
    name: str = "table",
    folder: Path | None = None,
    columns: str | Mapping[str, str] | None = None,
    language: str | None = None,
    label_map: Mapping[str, str] | None = None,
) -> Corpus:
    """Turn a data frame into a corpus.

    Args:
        frame: one row per utterance; an index with names counts as columns.
        name: the corpus's name, also the first part of its speakers' names.
        folder: what relative paths are relative to; ``None`` for the working directory.
        columns: our column names to the frame's, or as text for :func:`parse_columns`.
        language: ISO 639-3 code where the frame has no such column.
        label_map: codes to labels, applied first.

    Raises:
        CorpusError: when none of the audio exists.
        UsageError: when a column that is needed is not there.
    """
    return _Reading(
        name=name,
        folder=folder,
        columns=parse_columns(columns) if isinstance(columns, str) else dict(columns or {}),
        language=language,
        label_map=label_map or {},
    ).corpus(Sheet.of(frame))


@dataclass(frozen=True)
class _Reading:
    """How a table is read: see :func:`from_frame`.

    Attributes:
        title: what the table is called in messages; nothing where it is the only one.
    """

    name: str
    folder: Path | None
    columns: Mapping[str, str]
    language: str | None
    label_map: Mapping[str, str]
    title: str = ""

    def corpus(self, sheet: Sheet) -> Corpus:
        """Make the corpus of what stands in a table."""
        frame = _renamed(sheet.frame, self.title or self.name, self.columns)
        places = [f"{self.title}, {place}" if self.title else place for place in sheet.places]
        problems: list[str] = [
            Problem(f"{self.title}, {problem}" if self.title else problem, problem.kind)
            for problem in sheet.problems
        ]
        rows: list[tuple[str, dict[str, Any]]] = []
        found: dict[str, Path | None] = {}
        changed = _Changes()
        for place, record in zip(places, frame.to_dict("records"), strict=True):
            known = {str(key): _plain(value) for key, value in record.items()}
            name = known["file"]
            if name is None:
                problems.append(Problem(f"{place}: left out, it names no file", ROW))
                continue
            name = str(name)
            if name not in found:
                found[name] = _locate(name, self.folder)
            where = found[name]
            if where is None:
                problems.append(f"{name}: in the table, but there is no such file")
                continue
            known["file"] = str(where)
            try:
                self._complete(known, changed, sheet.decimal_comma)
            except ValueError as error:
                problems.append(Problem(f"{place} ({name}): left out, {error}", ROW))
                continue
            rows.append((place, known))
        self._require(rows, problems, found)
        rows, repeated = settled(rows)
        problems += [*repeated, *changed.problems(), *remarks(rows)]
        return self._finished(rows, problems, changed.notes())

    def _complete(self, known: dict[str, Any], changed: _Changes, decimal_comma: bool) -> None:
        """Fill in and clean up one row.

        Raises:
            ValueError: it makes no sense; the words follow "left out, ".
        """
        known["emotion"] = changed.label(_word(known["emotion"]), self.label_map)
        speaker = changed.speaker(_word(known.get("speaker")))
        if known.get("corpus") is None:
            known["corpus"] = self.name
            speaker = None if speaker is None else f"{self.name}-{speaker}"
        known["speaker"] = speaker
        language = _word(known.get("language"))
        known["language"] = (tidy(language) if language else None) or self.language or "und"
        _time(known, decimal_comma)

    def _require(
        self,
        rows: Sequence[tuple[str, Mapping[str, Any]]],
        problems: Sequence[str],
        found: Mapping[str, Path | None],
    ) -> None:
        """Refuse a table of which nothing is left, or whose labels cannot be told from columns."""
        where = self.title or self.name
        if rows:
            refuse_reserved({row["emotion"] for _, row in rows}, where)
            return
        missing = [name for name, place in found.items() if place is None]
        if missing:
            bases = examples([str(base) for base in _bases(self.folder)], 2)
            raise CorpusError(
                f"{where}: none of the {len(found)} files named in the table exists: "
                f"{missing[0]} was looked for in {bases}; paths may be absolute or relative to the "
                "table's folder"
            )
        if problems:
            raise CorpusError(f"{where}: none of its rows can be used: {problems[0]}")
        raise CorpusError(f"{where}: the table has no rows")

    def _finished(
        self, rows: Sequence[tuple[str, dict[str, Any]]], problems: list[str], notes: list[str]
    ) -> Corpus:
        whole = [row for _, row in rows]
        unlabelled = sum(row["emotion"] is None for row in whole)
        if unlabelled:
            problems.insert(0, f"no emotion is known for {unlabelled} of {len(rows)} utterances")
        missing = sum(row["speaker"] is None for row in whole)
        if missing:
            mend = "name the column with --columns speaker=COLUMN"
            problems.insert(0, NO_SPEAKER.format(count=missing, total=len(rows), mend=mend))
        places = {key_of(row): place for place, row in reversed(rows)}
        return Corpus(
            self.name, table(whole), problems=tuple(problems), notes=tuple(notes), places=places
        )


class _Changes:
    """Collects how labels and speakers were read otherwise than they stand there."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.speakers: dict[str, str] = {}
        self.missing: dict[str, int] = {}

    def label(self, text: str | None, label_map: Mapping[str, str]) -> str | None:
        """Return the label that a text stands for."""
        if text is None:
            return None
        label = canonical(label_map.get(text, label_map.get(tidy(text), text)))
        if is_missing(label):
            self.missing[text] = self.missing.get(text, 0) + bool(label)
            return None
        if label != text:
            self.labels[text] = label
        return label

    def speaker(self, text: str | None) -> str | None:
        """Return the speaker that a text names."""
        name = tidy(text or "")
        if text is not None and name and name != unicodedata.normalize("NFC", text):
            self.speakers[text] = name
        return name or None

    def problems(self) -> Iterable[Problem]:
        """Yield what may be meant otherwise."""
        for text, count in self.missing.items():
            if count:
                yield Problem(
                    f"the label {text!r} was taken for no label at all, {count} times: if it is "
                    "one, give it another name",
                    "label",
                )

    def notes(self) -> list[str]:
        """Return what was changed without harm."""
        notes = []
        if self.labels:
            changes = ", ".join(f"{old} as {new}" for old, new in sorted(self.labels.items()))
            notes.append(f"labels were read in the words of the vocabulary: {changes}")
        if self.speakers:
            names = examples([f"{old!r} as {new!r}" for old, new in sorted(self.speakers.items())])
            notes.append(f"white space around speakers' names was left out: {names}")
        return notes


def _bases(folder: Path | None) -> list[Path]:
    """Return what paths may be relative to: the table's folder, four above, the working folder."""
    above = [] if folder is None else [folder, *folder.resolve().parents[:4]]
    return [*above, Path()]


def _locate(name: str, folder: Path | None) -> Path | None:
    """Return where a file lies, also when it is written as Windows or another system writes it."""
    plain = [name, name.strip(), name.replace("\\", "/").strip()]
    forms = (partial(unicodedata.normalize, form) for form in ("NFC", "NFD"))
    spellings = dict.fromkeys([*plain, *(form(text) for form in forms for text in plain)])
    for text in spellings:
        for base in _bases(folder):
            if text and os.path.isfile(base / text):
                # One file, one name: or it would count as two.
                return Path(os.path.realpath(base / text)) if ".." in text else base / text
    return None


def _renamed(frame: pd.DataFrame, name: str, columns: Mapping[str, str]) -> pd.DataFrame:
    """Give the columns we know our names; explicit ones first, then by synonym."""
    present = [str(column) for column in frame.columns]
    frame = frame.set_axis(present, axis=1)
    by_name: dict[str, str] = {}
    for column in present:  # its own name before another case of it
        by_name.setdefault(folded(column), column)
    by_name |= {column: column for column in present}
    chosen: dict[str, str] = {}
    for ours, theirs in columns.items():
        column = by_name.get(theirs, by_name.get(folded(theirs)))
        if column is None:
            raise UsageError(
                f"{name}: no column {theirs!r} for {ours}; its columns are {_listed(present)}"
            )
        chosen[ours] = column
    for ours, synonyms in _NAMES.items():
        if ours not in chosen:
            found = next((by_name[text] for text in synonyms if text in by_name), None)
            if found is not None and found not in chosen.values():
                chosen[ours] = found
    for ours in ("file", "emotion"):
        if ours not in chosen:
            raise UsageError(
                f"{name}: which column holds the {ours}? its columns are {_listed(present)}; "
                f"say --columns {ours}=COLUMN"
            )
    for ours, theirs in chosen.items():
        if f"{theirs}_" in present and ours not in columns:
            raise UsageError(f"{name}: two columns are called {theirs}: rename one of them")
    taken = set(chosen.values())
    return frame.drop(columns=[c for c in chosen if c in present and c not in taken]).rename(
        columns={theirs: ours for ours, theirs in chosen.items()}
    )


def _listed(columns: Sequence[str]) -> str:
    text = ", ".join(columns[:20])
    return text if len(text) < 300 else f"{text[:300]} ..."


def _plain(value: Any) -> Any:
    """Return ``None`` for every way to say missing, and text for what is no single value."""
    import pandas as pd

    if hasattr(value, "tolist") and not hasattr(value, "item"):
        value = value.tolist()
    if isinstance(value, list | tuple | dict) or getattr(value, "ndim", 0):
        return json.dumps(value, default=_described, ensure_ascii=False)
    return None if pd.isna(value) else value


def _described(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)


def _word(value: Any) -> str | None:
    """Return a value as text; a whole number without the ``.0`` that a gap in its column adds."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None or not str(value).strip() else str(value)


def _time(row: dict[str, Any], decimal_comma: bool) -> None:
    """Turn the times into seconds, and ``start`` + ``duration`` into ``end``.

    Raises:
        ValueError: they make no segment.
    """
    for key in _TIMES:
        if row.get(key) is not None:
            row[key] = _seconds(row[key], key, decimal_comma)
    start, end, duration = (row.get(key) for key in _TIMES)
    if end is None and start is not None and duration is not None:
        row["end"] = end = start + duration
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
            seconds = number(value, decimal_comma)
        else:
            seconds = float(value)
    except (ValueError, TypeError, OverflowError):
        seconds = float("nan")
    if not abs(seconds) < _LONGEST:
        raise ValueError(f"its {key} {value!r} is not a time in seconds")
    return float(seconds)
