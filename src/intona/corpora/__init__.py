"""Corpora: tables of utterances with emotion and speaker.

:func:`load` reads one or more of them; :func:`names` lists those known by name. Each corpus is
one small module, imported only when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.errors import CorpusError, UsageError

if TYPE_CHECKING:
    from intona.corpora.base import Corpus
    from intona.corpora.loading import Info, Loader, Tree

__all__ = ["info", "load", "loader", "names"]

# fmt: off
_MODULES = (
    "ravdess", "cremad", "tess", "savee", "emodb", "iemocap", "meld", "mspimprov", "msppodcast",
    "esd", "jlcorpus", "aesdd", "cafe", "emovo", "emovdb", "emozionalmente", "shemo", "subesco",
    "urdu", "nemo", "mesd", "asvpesd", "turevdb", "ased", "baved",
)
# fmt: on
_SURE = 0.5


def names() -> tuple[str, ...]:
    """Return the names of the corpora known, for :func:`load` and the command line.

    Examples:
        >>> "ravdess" in names()
        True
    """
    return _MODULES


def loader(name: str) -> Loader:
    """Return the loader of one corpus.

    Raises:
        UsageError: for an unknown name.
    """
    key = name.lower().replace("-", "").replace("_", "")
    if key not in names():
        raise UsageError(f"unknown corpus {name!r}; known are {', '.join(names())}")
    return import_module(f"intona.corpora.{key}").LOADER


def info(name: str) -> Info:
    """Return what is known about one corpus without reading it.

    Raises:
        UsageError: for an unknown name.

    Examples:
        >>> info("emodb").language
        'deu'
    """
    return loader(name).info


def load(
    paths: str | Path | Iterable[str | Path], name: str | None = None, **options: Any
) -> Corpus:
    """Read one corpus, or several into one table.

    Args:
        paths: a folder or archive, or several. Several give one corpus whose column ``corpus``
            tells them apart.
        name: which corpus it is (see :func:`names`); ``None`` finds out from the file names.
        **options: options of the corpora, for example ``channel="song"`` of RAVDESS. With
            several paths an option goes to those corpora that have it.

    Raises:
        UsageError: no such corpus name, or an option that none of the corpora has.
        CorpusError: no such path, no audio in it, or a layout that no loader knows.
    """
    several = [paths] if isinstance(paths, str | Path) else list(paths)
    if not several:
        raise UsageError("no corpus given: name at least one folder")
    chosen = [_choose(Path(path), name) for path in several]
    for option in options:
        if not any(option in found.options for found, _ in chosen):
            corpora = ", ".join(dict.fromkeys(found.info.name for found, _ in chosen))
            raise UsageError(f"no option {option!r} for {corpora}")
    loaded = [
        found.load(tree, **{key: options[key] for key in options if key in found.options})
        for found, tree in chosen
    ]
    return loaded[0] if len(loaded) == 1 else _join(loaded)


def _choose(path: Path, name: str | None) -> tuple[Loader, Tree]:
    """Open a path and find the loader for it."""
    tree = _open(path)
    if name is not None:
        return loader(name), tree
    if not tree.audio:
        raise CorpusError(f"{path}: no audio file in this folder or below it")
    found = _detect(tree)
    if found is None:
        raise CorpusError(
            f"{path}: cannot tell which corpus this is from names such as {tree.audio[0]}; "
            f"name it with --corpus ({', '.join(names())})"
        )
    return found, tree


def _open(path: Path) -> Tree:
    from intona.corpora import archive
    from intona.corpora.loading import Tree

    if not path.exists():
        raise CorpusError(f"{path}: no such file or folder")
    if path.is_dir():
        return Tree(path)
    if archive.is_archive(path):
        return Tree(archive.cached(path))
    raise CorpusError(f"{path}: neither a folder nor a zip or tar archive of a corpus")


def _detect(tree: Tree) -> Loader | None:
    """Return the loader that is surest of the tree, or ``None`` when none is."""
    claims = [(found.claims(tree), found) for found in map(loader, names())]
    sureness, best = max(claims, key=lambda claim: claim[0])
    return best if sureness >= _SURE else None


def _join(corpora: list[Corpus]) -> Corpus:
    """Concatenate corpora; an utterance given twice stays once."""
    import pandas as pd

    from intona.corpora.base import Corpus

    frame = pd.concat([corpus.table for corpus in corpora])
    twice = frame.index.duplicated()
    problems = [problem for corpus in corpora for problem in corpus.problems]
    if twice.any():
        problems.append(f"{int(twice.sum())} utterances were given twice; each is kept once")

    def merged(texts: Iterable[str], sign: str) -> str:
        return sign.join(dict.fromkeys(texts))

    return Corpus(
        merged((corpus.name for corpus in corpora), "+"),
        frame[~twice],
        merged((corpus.licence for corpus in corpora), "; "),
        merged((corpus.citation for corpus in corpora), "; "),
        tuple(problems),
    )
