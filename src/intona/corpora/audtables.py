"""Your own data as audformat: a database folder (``db.yaml``), a database, or one of its tables.

The emotion is the column of that name, or the option ``columns`` says which; the speaker is found
the same way. Relative files are relative to the database's folder. Needs ``pip install audformat``
to read a database; a table is a data frame and needs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.corpora.base import Corpus
from intona.corpora.tables import from_frame, parse_columns
from intona.errors import CorpusError, UsageError

if TYPE_CHECKING:
    import pandas as pd

HEADER = "db.yaml"
OPTIONS = frozenset({"columns", "language"})


def read(folder: Path, **options: Any) -> Corpus:
    """Read the database in a folder.

    Raises:
        UsageError: audformat is not installed.
        CorpusError: the database cannot be read or has no emotions.
    """
    try:
        import audformat
    except ImportError:
        raise UsageError("reading an audformat database needs: pip install audformat") from None
    try:
        database = audformat.Database.load(str(folder))
    except Exception as error:  # audformat lets yaml, csv and parquet errors through
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CorpusError(f"{folder}: not a readable audformat database ({reason})") from None
    return from_database(database, folder=folder, **options)


def from_database(
    database: Any,
    *,
    folder: Path | None = None,
    columns: str | Mapping[str, str] | None = None,
    language: str | None = None,
) -> Corpus:
    """Turn an ``audformat.Database`` into a corpus.

    Args:
        database: the database.
        folder: what its files are relative to; ``None`` for where it was loaded from.
        columns: ``emotion=COLUMN``, ``speaker=COLUMN``, where they are called otherwise.
        language: ISO 639-3 code; ``None`` for the database's only language.

    Raises:
        CorpusError: the database has no emotions, or no file exists.
    """
    chosen = dict((parse_columns(columns) if isinstance(columns, str) else columns) or {})
    emotion, speaker = chosen.get("emotion", "emotion"), chosen.get("speaker", "speaker")
    found: dict[str, list[pd.Series]] = {"emotion": [], "speaker": [], "sex": []}
    for key in list(database):
        found["emotion"] += _column(database[key], emotion)
        found["speaker"] += _column(database[key], speaker)
        found["sex"] += _column(database[key], "sex") + _column(database[key], "gender")
    if not found["emotion"]:
        raise CorpusError(
            f"{database.name}: no table has a column {emotion!r}; say columns emotion=COLUMN"
        )
    frame = _first(found["emotion"]).rename("emotion").to_frame()
    files = frame.index.get_level_values("file")
    for name in ("speaker", "sex"):
        by_file: dict[str, Any] = {}
        for part in found[name]:
            by_file.update(zip(part.index.get_level_values("file"), part, strict=True))
        if by_file:
            frame[name] = [by_file.get(file) for file in files]
    languages = list(database.languages or [])
    if language is None and len(languages) == 1:
        language = languages[0]
    root = folder if folder is not None else Path(database.root or ".")
    corpus = from_frame(frame, name=database.name, folder=root, language=language)
    licence = str(database.license or "unknown")
    return replace(corpus, licence=licence, citation=str(database.author or ""))


def _column(table: Any, name: str) -> list[pd.Series]:
    """Return one column of a table as a series over files or segments, as a list of 0 or 1."""
    if table.type not in ("filewise", "segmented") or name not in table.df.columns:
        return []
    return [table.df[name].dropna()]


def _first(parts: list[pd.Series]) -> pd.Series:
    """Join series over (file, start, end); the first that knows an utterance gives it."""
    import pandas as pd

    from intona.tables import segmented_index

    whole = []
    for part in parts:
        if part.index.nlevels == 1:
            part = part.set_axis(segmented_index(list(part.index)))
        whole.append(part.astype("object"))
    joined = pd.concat(whole)
    return joined[~joined.index.duplicated()]
