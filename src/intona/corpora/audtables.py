"""Your own data as audformat: a database folder (``db.yaml``), a database, or one of its tables.

The emotion is the column of that name, or the option ``columns`` says which; the speaker is found
the same way. Sex, age and language come from the tables too, or from what the database knows of
each speaker: the labels of their scheme, or the miscellaneous table it names. Relative files are
relative to the database's folder. Needs ``pip install audformat`` to read a database; a table is a
data frame and needs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_WANTED: dict[str, list[str]] = {
    "emotion": ["emotion"],
    "speaker": ["speaker"],
    "sex": ["sex", "gender"],
    "language": ["language"],
}


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
        columns: ``emotion=COLUMN``, ``speaker=COLUMN``, ``sex=COLUMN``, ``language=COLUMN``, where
            they are called otherwise.
        language: ISO 639-3 code; ``None`` for the database's only language.

    Raises:
        CorpusError: the database has no emotions, or no file exists.
    """
    chosen = dict((parse_columns(columns) if isinstance(columns, str) else columns) or {})
    wanted = {name: [chosen[name]] if name in chosen else usual for name, usual in _WANTED.items()}
    found: dict[str, list[pd.Series]] = {name: [] for name in wanted}
    about: dict[str, dict[str, Any]] = {}
    for key in list(database):
        table = database[key]
        if getattr(table, "type", None) not in ("filewise", "segmented"):
            continue  # a miscellaneous table is about something else than recordings
        for name, called in wanted.items():
            found[name] += [table.df[each].dropna() for each in called if each in table.df.columns]
        for each in wanted["speaker"]:
            if each in table.df.columns:
                about |= _about_speakers(database, table[each].scheme_id)
    if not found["emotion"]:
        raise CorpusError(
            f"{database.name}: no table has a column {wanted['emotion'][0]!r}; "
            "say columns emotion=COLUMN"
        )
    frame = _first(found["emotion"]).rename("emotion").to_frame()
    files = frame.index.get_level_values("file")
    for name in [name for name in wanted if name != "emotion"]:
        by_file: dict[str, Any] = {}
        for part in found[name]:
            by_file.update(zip(part.index.get_level_values("file"), part, strict=True))
        if by_file:
            frame[name] = [by_file.get(file) for file in files]
    for name in ("sex", "age", "language"):
        facts = [
            _fact(about.get(who), wanted.get(name, [name])) for who in frame.get("speaker", ())
        ]
        if name not in frame and any(fact is not None for fact in facts):
            frame[name] = facts
    languages = list(database.languages or [])
    if language is None and len(languages) == 1:
        language = languages[0]
    root = folder if folder is not None else Path(database.root or ".")
    corpus = from_frame(frame, name=database.name, folder=root, language=language)
    licence = str(database.license or "unknown")
    return replace(corpus, licence=licence, citation=str(database.author or ""))


def _about_speakers(database: Any, scheme: str | None) -> dict[str, dict[str, Any]]:
    """Return what the database knows of each speaker: in the labels of their scheme, or a table.

    The table is the miscellaneous one the scheme names, or one whose rows are called speakers.
    """
    labels = database.schemes[scheme].labels if scheme in database.schemes else None
    if isinstance(labels, dict):
        return {str(who): facts for who, facts in labels.items() if isinstance(facts, dict)}
    tables = database.misc_tables
    for key in tables:
        index = tables[key].df.index
        if key == labels or (not isinstance(labels, str) and "speaker" in (key, index.name)):
            return dict(zip(map(str, index), tables[key].df.to_dict("records"), strict=True))
    return {}


def _fact(known: Mapping[str, Any] | None, called: Sequence[str]) -> Any:
    """Return the first of several columns that is filled, for one speaker."""
    import pandas as pd

    values = [(known or {}).get(name) for name in called]
    return next((value for value in values if value is not None and not pd.isna(value)), None)


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
