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
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.corpora.base import Corpus, table
from intona.errors import CorpusError, UsageError
from intona.labels import canonical

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = frozenset({".csv", ".tsv", ".parquet", ".json", ".jsonl"})
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
    import pandas as pd

    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            frame = pd.read_parquet(path)
            if any(frame.index.names):
                frame = frame.reset_index()
        elif suffix == ".json":
            frame = _from_json(json.loads(path.read_text("utf-8")))
        elif suffix == ".jsonl":
            lines = path.read_text("utf-8").splitlines()
            frame = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
        else:
            sign = "\t" if suffix == ".tsv" else ","
            frame = _numbers(pd.read_csv(path, sep=sign, encoding="utf-8-sig", dtype=str), columns)
    except (ValueError, OSError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CorpusError(f"{path}: not a readable {suffix[1:]} table ({reason})") from None
    return from_frame(
        frame,
        name=path.stem,
        folder=path.parent,
        columns=columns,
        language=language,
        label_map=_label_map(path.parent),
    )


def _from_json(content: Any) -> pd.DataFrame:
    """Make a frame of a list of objects, or of an object of objects (EmoBox)."""
    import pandas as pd

    rows = list(content.values()) if isinstance(content, dict) else content
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("expected a list of objects, or an object of objects")
    return pd.DataFrame(rows)


def _numbers(frame: pd.DataFrame, columns: str | Mapping[str, str] | None) -> pd.DataFrame:
    """Read as numbers the columns that hold nothing else, names and labels excepted."""
    import pandas as pd

    chosen = parse_columns(columns) if isinstance(columns, str) else dict(columns or {})
    texts = {name for ours in ("file", "emotion", "speaker") for name in _NAMES[ours]}
    for column in frame.columns:
        if column not in texts and column not in chosen.values():
            try:
                frame[column] = pd.to_numeric(frame[column])
            except ValueError:
                continue
    return frame


def _label_map(folder: Path) -> dict[str, str]:
    path = next(
        (p for p in (folder / "label_map.json", folder.parent / "label_map.json") if p.is_file()),
        None,
    )
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
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
    if any(frame.index.names):
        frame = frame.reset_index()
    frame = _renamed(frame, name, parse_columns(columns) if isinstance(columns, str) else columns)
    problems: list[str] = []
    notes: list[str] = []
    rows: list[dict[str, Any]] = []
    renamed: dict[str, str] = {}
    for row in frame.to_dict("records"):
        known = {str(key): _plain(value) for key, value in row.items()}
        file = Path(str(known["file"]))
        place = _locate(file, folder)
        if place is None:
            problems.append(f"{file}: in the table, but there is no such file")
            continue
        known["file"] = str(place)
        if known["emotion"] is not None:
            label = str(known["emotion"])
            known["emotion"] = canonical((label_map or {}).get(label, label))
            if known["emotion"] != label:
                renamed[label] = known["emotion"]
        speaker = known.get("speaker")
        if known.get("corpus") is None:
            known["corpus"] = name
            speaker = None if speaker is None else f"{name}-{speaker}"
        known["speaker"] = None if speaker is None else str(speaker)
        known["language"] = known.get("language") or language or "und"
        rows.append(_timed(known))
    if not rows:
        raise CorpusError(f"{name}: none of the {len(frame)} files named in the table exists")
    if renamed:
        changes = ", ".join(f"{old} as {new}" for old, new in sorted(renamed.items()))
        notes.append(f"labels were read in the words of the vocabulary: {changes}")
    unlabelled = sum(row["emotion"] is None for row in rows)
    if unlabelled:
        problems.insert(0, f"no emotion is known for {unlabelled} of {len(rows)} utterances")
    missing = sum(row["speaker"] is None for row in rows)
    if missing:
        mend = "name the column with --columns speaker=COLUMN"
        problems.insert(0, NO_SPEAKER.format(count=missing, total=len(rows), mend=mend))
    return Corpus(name, table(rows), problems=tuple(problems), notes=tuple(notes))


def _locate(file: Path, folder: Path | None) -> Path | None:
    """Return where a file lies: by the table's folder, four above it, or the working directory."""
    bases = [] if folder is None else [folder, *folder.resolve().parents[:4]]
    return next((base / file for base in [*bases, Path()] if (base / file).is_file()), None)


def _renamed(frame: pd.DataFrame, name: str, columns: Mapping[str, str] | None) -> pd.DataFrame:
    """Give the columns we know our names; explicit ones first, then by synonym."""
    present = [str(column) for column in frame.columns]
    frame = frame.set_axis(present, axis=1)
    chosen = dict(columns or {})
    for ours, theirs in chosen.items():
        if theirs not in present:
            raise UsageError(
                f"{name}: no column {theirs!r} for {ours}; its columns are {', '.join(present)}"
            )
    for ours, synonyms in _NAMES.items():
        if ours not in chosen:
            found = next((column for column in synonyms if column in present), None)
            if found is not None and found not in chosen.values():
                chosen[ours] = found
    for ours in ("file", "emotion"):
        if ours not in chosen:
            raise UsageError(
                f"{name}: which column holds the {ours}? its columns are {', '.join(present)}; "
                f"say --columns {ours}=COLUMN"
            )
    taken = set(chosen.values())
    return frame.drop(columns=[c for c in chosen if c in present and c not in taken]).rename(
        columns={theirs: ours for ours, theirs in chosen.items()}
    )


def _plain(value: Any) -> Any:
    """Return ``None`` for every way to say missing."""
    import pandas as pd

    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value)
    return None if pd.isna(value) else value


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    """Turn the times into seconds, and ``start`` + ``duration`` into ``end``."""
    for key in ("start", "end", "duration"):
        value = row.get(key)
        if value is not None:
            row[key] = value.total_seconds() if hasattr(value, "total_seconds") else _number(value)
    if row.get("end") is None and row.get("start") is not None and row.get("duration") is not None:
        row["end"] = row["start"] + row["duration"]
    return row


def _number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        raise CorpusError(f"{value!r} is not a time in seconds") from None
