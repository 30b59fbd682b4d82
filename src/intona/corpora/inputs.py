"""The files a corpus is made of: no result may be written in the place of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from intona.corpora.base import Corpus
from intona.corpora.loading import Tree


def files_of(paths: Iterable[str | Path], corpus: Corpus | None = None) -> Iterator[Path]:
    """Yield the files of corpora: what is named, what lies in named folders, what tables name.

    Args:
        paths: folders, archives and tables.
        corpus: what was read from them.
    """
    for path in map(Path, paths):
        if os.path.isdir(path):
            tree = Tree(path)
            yield from (path / file for file in tree.files)
        else:
            yield path
    if corpus is not None:
        yield from map(Path, corpus.table.index.unique("file"))
