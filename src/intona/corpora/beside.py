"""What lies in a corpus's folder and is not read: tables, archives; and what to do about it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from intona.audio import AUDIO_SUFFIXES
from intona.corpora.loading import Tree
from intona.corpora.problem import Problem
from intona.corpora.tables import SUFFIXES, is_corpus_table

_METADATA = "metadata"
_TABLES = SUFFIXES - {".json"}


def metadata(tree: Tree) -> list[Path]:
    """Return the tables that name files and emotions as an AudioFolder of Hugging Face has them.

    They are called ``metadata.csv``, ``metadata.jsonl`` or ``metadata.parquet``, one in each part.
    """
    return [
        tree.root / path
        for path in tree.files
        if path.stem.lower() == _METADATA
        and path.suffix.lower() in _TABLES
        and is_corpus_table(tree.root / path)
    ]


def hint(tree: Tree) -> str:
    """Return what a folder that cannot be read holds instead, to be added to an error."""
    tables = [path for path in tree.files if path.suffix.lower() in SUFFIXES]
    sure = [path for path in tables if is_corpus_table(tree.root / path)]
    tables = sure or [path for path in tables if path.suffix.lower() in _TABLES]
    if tables:
        return f"; is it the table {tree.root / tables[0]}? name that"
    if tree.packed:
        return (
            f"; it holds the archive {tree.root / tree.packed[0]}: unpack that and name the folder"
        )
    return ""


def unread(tree: Tree, *, tables: bool) -> Iterator[Problem]:
    """Yield what lies there and is not read.

    Args:
        tree: the folder.
        tables: also look for tables of files and emotions.
    """
    names = {path.name for path in tree.files}
    for path in tree.packed:
        if not _is_unpacked(tree.root / path, names):
            yield Problem(f"{tree.root / path}: an archive, nothing in it is read", "unread")
    for path in tree.files if tables else ():
        if path.suffix.lower() in _TABLES and is_corpus_table(tree.root / path):
            yield Problem(
                f"{tree.root / path}: a table of files and emotions, which is not read: the names "
                "of folders are",
                "unread",
            )


def _is_unpacked(path: Path, names: set[str]) -> bool:
    """Tell whether all files of a zip lie beside it."""
    try:
        with zipfile.ZipFile(path) as packed:
            inside = {Path(name).name for name in packed.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, OSError, ValueError):
        return False
    sounds = {name for name in inside if Path(name).suffix.lower() in AUDIO_SUFFIXES}
    return bool(sounds) and sounds <= names
