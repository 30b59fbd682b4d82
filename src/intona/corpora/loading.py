"""What every corpus module is made of: the facts, the folder as found, and the loader.

A corpus module is small. It holds one :class:`Info` (language, licence, citation, source and the
codes of its labels) and one :class:`Loader`, mostly made by :func:`by_pattern` from the pattern of
its file names. Nothing is guessed: a name that does not fit is left out and reported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from intona.audio import AUDIO_SUFFIXES
from intona.audio.finding import unusual
from intona.corpora.base import Corpus, table
from intona.corpora.problem import Problem
from intona.errors import CorpusError, UsageError
from intona.licences import UNSTATED, Terms, known

Fields = dict[str, Any]
"""What is known about one utterance: ``emotion``, ``speaker`` and any other column."""

Rows = tuple[list[Fields], list[str]]
"""Utterances (each with ``file``) and one sentence per problem."""

Column = str | Mapping[str, str | None] | Callable[[dict[str, str]], Any]
"""What stands in a column: always the same, a group translated, or a function of all groups."""

_USUAL: dict[str, Column] = {
    "sex": lambda groups: "female" if groups["sex"][0] in "fF" else "male",
    "age": lambda groups: int(groups["age"]),
    "repetition": lambda groups: int(groups["repetition"]),
}
_SAMPLE = 200
_LOSSLESS = frozenset({".wav", ".flac", ".aif", ".aiff"})
_SIDE_CARS = frozenset({".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".yaml", ".arrow"})
_PACKED = frozenset({".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar"})


@dataclass(frozen=True)
class Info:
    """What must be known about a corpus before it is used.

    Attributes:
        name: registry name, lower case, for example ``"emodb"``.
        title: the full name.
        language: ISO 639-3 code of the speech, for example ``"deu"``.
        licence: the licence of the audio, in words.
        terms: what it allows; a licence that :func:`intona.licences.known` knows needs none.
        citation: the paper to cite.
        url: where the corpus is published.
        example: one file name, used in messages.
        labels: the corpus's own code to the emotion it becomes.
        get: how to obtain it, for people.
        speakers: how many speakers the complete corpus has; 0 when not published.
        files: how many recordings the complete corpus has; 0 when not fixed.
        bad: patterns of paths, without suffix, of published files that are of no use, and why;
            they are always left out.
    """

    name: str
    title: str
    language: str
    licence: str
    citation: str
    url: str
    example: str
    labels: Mapping[str, str]
    get: str = ""
    terms: Terms = UNSTATED
    speakers: int = 0
    files: int = 0
    bad: Mapping[str, Problem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the terms from the words where none are given."""
        if self.terms is UNSTATED:
            object.__setattr__(self, "terms", known(self.licence) or UNSTATED)


@dataclass(frozen=True)
class Tree:
    """A folder and the files below it, listed once for all loaders that look at it."""

    root: Path

    @classmethod
    def of(cls, files: Iterable[str | Path], root: Path = Path()) -> Tree:
        """Make a tree of files that need not exist, relative to ``root``."""
        tree = cls(root)
        vars(tree)["files"] = tuple(map(Path, files))
        return tree

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Audio files, tables and archives below the root, relative to it, sorted."""
        return tuple(sorted(path for path in self._named if not unusual(self.root / path)))

    @cached_property
    def unusual(self) -> tuple[str, ...]:
        """A sentence for each name that is left out because it is no regular file."""
        found = ((path, unusual(self.root / path)) for path in self._named)
        return tuple(f"{self.root / path}: left out, it is {kind}" for path, kind in found if kind)

    @cached_property
    def _named(self) -> tuple[Path, ...]:
        return tuple(sorted(_walk(self.root)))

    @cached_property
    def audio(self) -> tuple[Path, ...]:
        """The audio files, relative to the root, sorted."""
        return tuple(path for path in self.files if path.suffix.lower() in AUDIO_SUFFIXES)

    @cached_property
    def packed(self) -> tuple[Path, ...]:
        """The archives, relative to the root, sorted."""
        return tuple(path for path in self.files if path.suffix.lower() in _PACKED)

    @cached_property
    def preferred(self) -> tuple[Path, ...]:
        """The audio files, lossless ones first: some corpora come in two formats side by side."""
        return tuple(sorted(self.audio, key=lambda path: path.suffix.lower() not in _LOSSLESS))

    @cached_property
    def sample(self) -> tuple[Path, ...]:
        """At most 200 audio files, evenly spread over the listing."""
        step = max(1, len(self.audio) // _SAMPLE)
        return self.audio[::step][:_SAMPLE]

    @cached_property
    def by_stem(self) -> dict[str, tuple[Path, ...]]:
        """The audio files by lower-case stem: tables often name another format than the files."""
        found: dict[str, list[Path]] = {}
        for path in self.preferred:
            found.setdefault(path.stem.lower(), []).append(path)
        return {stem: tuple(paths) for stem, paths in found.items()}

    def named(self, name: str) -> tuple[Path, ...]:
        """The files called ``name`` (any case, any depth), relative to the root."""
        return tuple(path for path in self.files if path.name.lower() == name.lower())

    def has_table(self, name: str, columns: set[str], sign: str = ",") -> bool:
        """Whether a table called ``name`` has these columns in its first line."""
        for path in self.named(name):
            with open(self.root / path, encoding="utf-8-sig", errors="replace") as stream:
                if columns <= {cell.strip() for cell in stream.readline().split(sign)}:
                    return True
        return False

    def with_suffix(self, suffix: str) -> tuple[Path, ...]:
        """The files with this suffix (lower case, with its dot), relative to the root."""
        return tuple(path for path in self.files if path.suffix.lower() == suffix)


_LISTED = AUDIO_SUFFIXES | _SIDE_CARS | _PACKED


def _walk(root: Path) -> Iterator[Path]:
    """Yield audio files and tables, without hidden files, following links but never in a circle."""
    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in names:
            suffix = os.path.splitext(name)[1].lower()
            if not name.startswith(".") and suffix in _LISTED:
                yield Path(folder, name).relative_to(root)


@dataclass(frozen=True)
class Loader:
    """One way to turn a folder into a :class:`~intona.corpora.base.Corpus`.

    Attributes:
        info: the facts about the corpus.
        rows: called with the tree and the options; gives utterances and problems.
        claims: called with the tree; how sure it is that this is its corpus, 0 to 1.
        options: names of the options ``rows`` takes.
    """

    info: Info
    rows: Callable[..., Rows]
    claims: Callable[[Tree], float]
    options: frozenset[str] = field(default=frozenset())

    def load(self, tree: Tree, **options: Any) -> Corpus:
        """Read the corpus below ``tree.root``.

        Speakers become unique over all corpora by the corpus's name: ``emodb-03``.

        Raises:
            UsageError: for an option the corpus does not have.
            CorpusError: when no utterance of the corpus is found.
        """
        unknown = sorted(set(options) - self.options)
        if unknown:
            known = ", ".join(sorted(self.options)) or "none"
            raise UsageError(f"{self.info.name} has no option {unknown[0]!r}; its options: {known}")
        rows, problems = self.rows(tree, **options)
        rows, useless = self._without_bad(rows)
        problems += useless
        if not rows:
            raise CorpusError(
                f"{tree.root}: nothing here is laid out as {self.info.title} is "
                f"(expected for example {self.info.example})"
            )
        for row in rows:
            row["file"] = str(tree.root / row["file"])
            row["corpus"] = self.info.name
            row.setdefault("language", self.info.language)
            if row.get("speaker") is not None:
                row["speaker"] = f"{self.info.name}-{row['speaker']}"
        info = self.info
        return Corpus(info.name, table(rows), info.licence, info.citation, tuple(problems))

    def _without_bad(self, rows: list[Fields]) -> tuple[list[Fields], list[Problem]]:
        """Leave out the published files that are known to be of no use."""
        kept = []
        problems = []
        for row in rows:
            name = PurePath(row["file"]).with_suffix("")
            why = next((why for form, why in self.info.bad.items() if name.match(form)), None)
            if why is None:
                kept.append(row)
            else:
                problems.append(Problem(f"{row['file']}: left out, {why}", why.kind))
        return kept, problems


def plain_names(tree: Tree, fields: Callable[[PurePath], Fields | None], example: str) -> Rows:
    """Read every audio file's name with ``fields``.

    A name that is not understood, and a second file of the same name and the same fields
    (copies of some corpora hold everything twice), are left out and reported; of two formats the
    lossless one is kept.
    """
    rows: list[Fields] = []
    problems: list[str] = []
    seen: dict[tuple[Any, ...], Path] = {}
    for path in tree.preferred:
        known = fields(path)
        if known is None:
            problems.append(f"{path}: left out, the name is not of the form {example}")
            continue
        key = (path.stem.lower(), *(known[name] for name in sorted(known)))
        if key in seen:
            problems.append(f"{path}: left out, the same utterance as {seen[key]}")
            continue
        seen[key] = path
        rows.append({"file": path, **known})
    return rows, problems


def by_pattern(info: Info, pattern: str, **columns: Column) -> Loader:
    """Make the loader of a corpus whose file names say everything, see :func:`reader`."""
    fields = reader(info, pattern, **columns)

    def rows(tree: Tree) -> Rows:
        return plain_names(tree, fields, info.example)

    return Loader(info, rows, share_of(fields))


def reader(info: Info, pattern: str, **columns: Column) -> Callable[[PurePath], Fields | None]:
    r"""Make a function that reads one path; it gives ``None`` when the path is malformed.

    Args:
        info: the facts about the corpus; its ``labels`` translate the emotion, in any case.
        pattern: of the name without its suffix, and of the folders above as far as it goes. Its
            named groups become the columns: ``emotion`` (another one than in ``labels`` is
            malformed) and ``speaker``, ``sex`` (which begins with f or m), ``age`` and
            ``repetition`` (numbers), and any others but those that begin with ``_``.
        **columns: how a column comes about otherwise: by translating the group of this name, by
            a function of all groups, or the same for all. A function gives ``None`` where an
            emotion is malformed.

    Examples:
        >>> info = Info("x", "X", "eng", "none", "", "", "1A.wav", {"A": "angry"})
        >>> read = reader(info, r"(?P<speaker>\d)(?P<emotion>[A-Z])", sex="female")
        >>> read(PurePath("any/1A.wav"))
        {'emotion': 'angry', 'speaker': '1', 'sex': 'female'}
        >>> read(PurePath("1B.wav"))
    """
    form = re.compile(rf"(?:.*?/)??{pattern}")
    emotions = {code.lower(): emotion for code, emotion in info.labels.items()}
    ways: dict[str, Column] = {
        "emotion": lambda groups: emotions.get(groups["emotion"].lower()),
        **{name: _USUAL[name] for name in form.groupindex if name in _USUAL},
        **columns,
    }

    def fields(path: PurePath) -> Fields | None:
        match = form.fullmatch(path.with_suffix("").as_posix())
        if match is None:
            return None
        groups = match.groupdict()
        found: Fields = {"emotion": None}
        found |= {name: text for name, text in groups.items() if not name.startswith("_")}
        for name, way in ways.items():
            if callable(way):
                found[name] = way(groups)
            else:
                found[name] = way if isinstance(way, str) else way[groups[name]]
        return None if found["emotion"] is None else found

    return fields


def share_of(fields: Callable[[PurePath], Fields | None]) -> Callable[[Tree], float]:
    """Make a ``claims`` function: the share of sampled file names that ``fields`` understands."""

    def claims(tree: Tree) -> float:
        understood = sum(fields(path) is not None for path in tree.sample)
        return understood / len(tree.sample) if tree.sample else 0.0

    return claims


def by_table(
    info: Info,
    rows: Callable[..., Rows],
    marker: Callable[[Tree], bool],
    options: frozenset[str] = frozenset(),
) -> Loader:
    """Make the loader of a corpus whose labels stand in a table beside the audio.

    Args:
        info: the facts about the corpus.
        rows: called with the tree and the options.
        marker: says whether the table that marks the corpus is there.
        options: names of the options ``rows`` takes.
    """
    return Loader(info, rows, lambda tree: 1.0 if marker(tree) else 0.0, options)
