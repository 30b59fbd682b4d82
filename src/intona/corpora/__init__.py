"""Corpora: tables of utterances with emotion and speaker.

:func:`load` reads one or more of them; :func:`names` lists those known by name. Each corpus is
one small module, imported only when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona import registry
from intona.audio.damage import warn
from intona.corpora.problem import Problem, kind_of
from intona.errors import CorpusError, PlugInError, UsageError, meant
from intona.extras import require_training

if TYPE_CHECKING:
    from intona.corpora.base import Corpus
    from intona.corpora.loading import Info, Loader, Tree

__all__ = ["info", "load", "loader", "loaders", "names"]

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

    Those built in come first, then those of installed packages.

    Examples:
        >>> "ravdess" in names()
        True
    """
    others = registry.installed("corpora")
    return (*_MODULES, *sorted(name for name in others if name not in _MODULES))


def loader(name: str) -> Loader:
    """Return the loader of one corpus.

    Raises:
        UsageError: for an unknown name.
        PlugInError: it is of an installed package, and is no loader.
    """
    key = name.lower().replace("-", "").replace("_", "")
    if key in _MODULES:
        found: Loader = import_module(f"intona.corpora.named.{key}").LOADER
        return found
    from intona.corpora.loading import Loader as Kind

    try:
        made = registry.plug_in("corpora", name)
    except KeyError:
        known = names()
        raise UsageError(
            f"unknown corpus {name!r}{meant(name, known)}; known are {', '.join(known)}"
        ) from None
    if not isinstance(made, Kind):
        raise PlugInError(
            f"the corpus {name} of an installed package is no intona.corpora.loading.Loader"
        )
    return made


def info(name: str) -> Info:
    """Return what is known about one corpus without reading it.

    Raises:
        UsageError: for an unknown name.

    Examples:
        >>> info("emodb").language
        'deu'
    """
    return loader(name).info


def loaders() -> Iterator[Loader]:
    """Yield all loaders; a package whose loader is broken is told of, and does no harm."""
    for name in names():
        try:
            yield loader(name)
        except PlugInError as error:
            warn(str(error))


def load(source: Any, name: str | None = None, **options: Any) -> Corpus:
    """Read one corpus, or several into one table.

    Args:
        source: a folder, archive or table; or a data frame, an audformat database, a Hugging
            Face data set; a corpus; or a list of those. Several give one corpus whose column
            ``corpus`` tells them apart.
        name: which corpus it is: one of :func:`names`, or the form of your own data:
            ``folders``, ``table``, ``audformat``, ``huggingface``. ``None`` finds out.
        **options: options of the corpora, for example ``channel="song"`` of RAVDESS or
            ``columns="speaker=spk"`` of tables. With several an option goes to those that have it.

    Raises:
        UsageError: no such corpus name, or an option that none of the corpora has.
        CorpusError: no such path, no audio in it, or a layout that no loader knows.
        MissingExtraError: the packages of the extra ``train`` are not all installed.
    """
    require_training("reading a corpus")
    several = list(source) if isinstance(source, list | tuple) else [source]
    if not several:
        raise UsageError("no corpus given: name at least one folder")
    chosen = [_choose(each, name) for each in several]
    for option in options:
        if not any(option in each.options for each in chosen):
            kinds = ", ".join(dict.fromkeys(each.kind for each in chosen))
            raise UsageError(f"no option {option!r} for {kinds}")
    loaded = [
        each.read(**{key: options[key] for key in options if key in each.options})
        for each in chosen
    ]
    return loaded[0] if len(loaded) == 1 else _join(loaded)


@dataclass(frozen=True)
class _Choice:
    """How one source will be read."""

    kind: str
    read: Callable[..., Corpus]
    options: frozenset[str]


def _choose(source: Any, name: str | None) -> _Choice:
    """Find out how to read a source."""
    if not isinstance(source, str | Path):
        return _choose_object(source)
    from intona.corpora import archive, hub, tables

    path = Path(source)
    if not path.exists():
        raise CorpusError(f"{path}: no such file or folder")
    if path.is_dir():
        return _choose_folder(path, name)
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xls", ".ods"):
        raise CorpusError(f"{path}: a workbook is not read: save the sheet as CSV")
    if archive.is_archive(path):
        return _choose_packed(path, name)
    if suffix not in tables.SUFFIXES | {".txt"}:
        raise CorpusError(
            f"{path}: neither a folder, a zip or tar archive, nor a table (.csv, .tsv, .txt, "
            ".parquet, .json, .jsonl)"
        )
    if name in (None, "huggingface") and hub.is_hub_file(path):
        return _Choice("a data set", partial(hub.read_file, path), hub.OPTIONS)
    if name not in (None, "table"):
        raise UsageError(f"{path}: a single table is read as --corpus table, not {name}")
    return _Choice("a table", partial(tables.read, path), tables.OPTIONS)


def _choose_object(source: Any) -> _Choice:
    from intona.corpora import audtables, hub, tables
    from intona.corpora.base import Corpus

    if isinstance(source, Corpus):
        return _Choice("a corpus", lambda: source, frozenset())
    if hasattr(source, "columns") and hasattr(source, "index"):
        return _Choice("a table", partial(tables.from_frame, source), tables.OPTIONS)
    if hub.is_dataset(source):
        return _Choice("a data set", partial(hub.from_object, source), hub.OPTIONS)
    if hasattr(source, "schemes") and hasattr(source, "tables"):
        return _Choice("a database", partial(audtables.from_database, source), audtables.OPTIONS)
    raise UsageError(f"cannot read a corpus from {type(source).__name__}")


def _choose_packed(path: Path, name: str | None) -> _Choice:
    """Find out how to read an archive; messages name it, and not where it was unpacked."""
    from intona.corpora import archive

    folder = archive.cached(path)

    def named(text: str) -> str:
        return text.replace(str(folder), str(path))

    @contextmanager
    def by_its_name() -> Iterator[None]:
        try:
            yield
        except (CorpusError, UsageError) as error:
            raise type(error)(named(str(error))) from None

    with by_its_name():
        choice = _choose_folder(folder, name)

    def read(**options: Any) -> Corpus:
        with by_its_name():
            corpus = choice.read(**options)
        said = (Problem(named(problem), kind_of(problem)) for problem in corpus.problems)
        return replace(corpus, problems=tuple(said))

    return replace(choice, read=read)


def _choose_folder(path: Path, name: str | None) -> _Choice:
    from intona.corpora.beside import unread
    from intona.corpora.loading import Tree

    tree = Tree(path)
    choice = _choose_tree(tree, name)

    def read(**options: Any) -> Corpus:
        corpus = choice.read(**options)
        left = unread(tree, tables=choice.kind == "folders")
        return replace(corpus, problems=(*tree.unusual, *corpus.problems, *left))

    return replace(choice, read=read)


def _choose_tree(tree: Tree, name: str | None) -> _Choice:
    from intona.corpora import audtables, beside, folders, hub, tables

    path = tree.root
    own = {
        "audformat": _Choice("audformat", partial(audtables.read, path), audtables.OPTIONS),
        "huggingface": _Choice("huggingface", partial(hub.read, path), hub.OPTIONS),
        "folders": _Choice("folders", partial(folders.read, tree), folders.OPTIONS),
    }
    if name in own:
        return own[name]
    if name is not None:
        found: Loader | None = loader(name)
    elif (path / audtables.HEADER).is_file():
        return own["audformat"]
    elif hub.claims(tree):
        return own["huggingface"]
    elif not tree.audio:
        raise CorpusError(f"{path}: no audio file in this folder or below it{beside.hint(tree)}")
    else:
        found = _detect(tree)
    if found is not None:
        return _Choice(found.info.name, partial(found.load, tree), found.options)
    described = beside.metadata(tree)
    if described:
        return _Choice("a table", partial(_read_metadata, tree, described), tables.OPTIONS)
    if folders.claims(tree) >= _SURE:
        return own["folders"]
    raise CorpusError(
        f"{path}: cannot tell which corpus this is from names such as {tree.audio[0]}; name it "
        "(intona corpus list), put the files into one folder per emotion, or give a table"
        f"{beside.hint(tree)}"
    )


def _read_metadata(tree: Tree, paths: list[Path], **options: Any) -> Corpus:
    """Read an AudioFolder of Hugging Face: the tables called metadata, one in each part."""
    from intona.corpora import tables
    from intona.corpora.parts import own_name

    name = own_name(tree.root)
    parts = [tables.read(path, name=name, **options) for path in paths]
    return parts[0] if len(parts) == 1 else _join(parts)


def _detect(tree: Tree) -> Loader | None:
    """Return the loader that is surest of the tree, or ``None`` when none is."""
    claims = [(found.claims(tree), found) for found in loaders()]
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
        labels = frame["emotion"].groupby(level=["file", "start", "end"], dropna=False).nunique()
        problems += [
            Problem(f"{file}: labelled differently where it was given twice", "label")
            for file, *_ in labels.index[labels > 1]
        ]

    def merged(texts: Iterable[str], sign: str) -> str:
        return sign.join(dict.fromkeys(texts))

    return Corpus(
        merged((corpus.name for corpus in corpora), "+"),
        frame[~twice],
        merged((corpus.licence for corpus in corpora), "; "),
        merged((corpus.citation for corpus in corpora), "; "),
        tuple(problems),
        tuple(note for corpus in corpora for note in corpus.notes),
        {key: place for corpus in corpora[::-1] for key, place in corpus.places.items()},
    )
