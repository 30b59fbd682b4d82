"""Your own data as a table: CSV, TSV, Parquet, JSON, JSON Lines, or a data frame.

One row is one utterance. The columns are found by their names, or named with ``columns``
(``file=path,emotion=label,speaker=spk`` on the command line):

===========  ======================================================================
``file``     path: absolute, or relative to the table's folder, to one above it or to the
             working directory; also called ``path``, ``filename``, ``wav_path``
             and the like (:data:`NAMES`)
``emotion``  the label; also ``label``, ``emo``, ``class``
``speaker``  who speaks; also ``spk``, ``actor``, ``participant``, ``subject`` (and ``_id``)
``start``    begin in seconds; also ``offset``, ``start_time``
``end``      end in seconds; also ``end_time``; or ``duration`` after ``start``
``language`` ISO 639-3 code; also ``lang``
``sex``      also ``gender``
===========  ======================================================================

All other columns stay as they are; names of columns are known in any case. JSON Lines are read as
NeMo (``audio_filepath``, ``offset``, ``duration``) and EmoBox (``wav``, ``emo``, ``start_time``
...) write them; EmoBox's ``label_map.json``, beside the manifest or one folder up, turns its codes
into words. Labels in another form of a word in the vocabulary (``anger``, ``Happiness``) become
that word, which is reported. A table with the column ``corpus``, as intona writes them, keeps it
and its speakers.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.corpora.base import Corpus, key_of, table
from intona.corpora.cells import TIMES, is_missing, plain, set_times, word
from intona.corpora.located import bases, locate
from intona.corpora.parts import own_name, whole_of
from intona.corpora.problem import ROW, Problem, examples
from intona.corpora.sheet import SUFFIXES, Sheet, decoded, folded
from intona.corpora.sheet import read as read_sheet
from intona.corpora.wording import listed, proposal, remarks, settled
from intona.errors import CorpusError, UsageError
from intona.labels import canonical, parse_list, refuse_reserved, tidy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_SPEAKER", "OPTIONS", "SUFFIXES", "from_frame", "parse_columns", "read"]

OPTIONS = frozenset({"columns", "language"})

NAMES: dict[str, tuple[str, ...]] = {
    "file": (
        *("file", "path", "filename", "file_name", "file_path", "filepath", "audio", "wav"),
        *("audio_filepath", "audio_path", "audio_file", "wav_path", "wav_file", "wavfile"),
    ),
    "emotion": ("emotion", "label", "emo", "emotions", "labels", "class", "emotion_label"),
    "speaker": (
        *("speaker", "speaker_id", "spk", "spk_id", "actor", "actor_id", "speakerid"),
        *("participant", "participant_id", "subject", "subject_id"),
    ),
    "start": ("start", "offset", "start_time"),
    "end": ("end", "end_time"),
    "duration": ("duration",),
    "language": ("language", "lang"),
    "sex": ("sex", "gender"),
}
DIMENSIONS = frozenset({"arousal", "valence", "dominance"})  # of emotion, as numbers
_KNOWN = frozenset(name for names in NAMES.values() for name in names)
_TEXTS = frozenset(name for ours in NAMES if ours not in TIMES for name in NAMES[ours])
NO_SPEAKER = (
    "no speaker is known for {count} of {total} utterances, so no evaluation on them can be "
    "independent of the speaker and none of its numbers holds for new voices; {mend}"
)


def parse_columns(text: str) -> dict[str, str]:
    """Parse ``"file=path,emotion=label"`` into a mapping from our names to the table's.

    A column whose name holds a comma stands in quotes: ``'"emotion=label, first"'``.

    Raises:
        UsageError: when a part is not of the form ``name=column``, or the name is unknown.

    Examples:
        >>> parse_columns("file=path, speaker=spk")
        {'file': 'path', 'speaker': 'spk'}
    """
    columns = {}
    for part in parse_list(text) or ("",):
        ours, sign, theirs = (piece.strip() for piece in part.partition("="))
        if not (sign and theirs):
            raise UsageError(f"cannot read the column {part.strip()!r}: write it as name=column")
        if ours not in NAMES:
            raise UsageError(f"no column is called {ours!r} here; there are {', '.join(NAMES)}")
        columns[ours] = theirs
    return columns


def read(
    path: Path,
    *,
    name: str | None = None,
    columns: str | Mapping[str, str] | None = None,
    language: str | None = None,
) -> Corpus:
    """Read a table or manifest.

    Args:
        path: a file with one of :data:`SUFFIXES`.
        name: what the corpus is called; ``None`` for the table's name without ``train``, ``test``
            and the like, or the folder's where nothing is left: so parts share their speakers.
        columns: our column names to the table's, or as text for :func:`parse_columns`.
        language: ISO 639-3 code where the table has no such column.

    Raises:
        CorpusError: the file is malformed, or none of its audio exists.
        UsageError: a column that is needed is not there.
    """
    chosen = parse_columns(columns) if isinstance(columns, str) else dict(columns or {})
    others = {folded(name) for name in chosen.values()}
    times = {folded(theirs) for ours, theirs in chosen.items() if ours in TIMES}
    sheet = read_sheet(path, known=_KNOWN | others, texts=(_TEXTS | others) - times)
    return _Reading(
        name=name or whole_of(path.stem) or own_name(path.parent),
        folder=path.parent,
        columns=chosen,
        language=language,
        label_map=_label_map(path.parent),
        title=path.name,
    ).corpus(sheet)


def is_corpus_table(path: Path) -> bool:
    """Tell whether a file is a table with columns for files and emotions."""
    try:
        columns = read_sheet(path, known=_KNOWN).frame.columns
    except CorpusError:
        return False
    names = {folded(str(column)) for column in columns}
    return not (names.isdisjoint(NAMES["file"]) or names.isdisjoint(NAMES["emotion"]))


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
        title=name,
    ).corpus(Sheet.of(frame))


@dataclass(frozen=True)
class _Reading:
    """How a table is read: see :func:`from_frame`.

    Attributes:
        title: what the table is called in messages.
    """

    name: str
    folder: Path | None
    columns: Mapping[str, str]
    language: str | None
    label_map: Mapping[str, str]
    title: str

    def corpus(self, sheet: Sheet) -> Corpus:
        """Make the corpus of what stands in a table."""
        frame = _renamed(sheet.frame, self.title, self.columns)
        problems: list[str] = list(sheet.problems)
        rows: list[tuple[str, dict[str, Any]]] = []
        found: dict[str, Path | None] = {}
        changed = _Changes()
        for place, record in zip(sheet.places, frame.to_dict("records"), strict=True):
            known = {str(key): plain(value) for key, value in record.items()}
            name = known["file"]
            if name is None:
                problems.append(Problem(f"{place}: left out, it names no file", ROW))
                continue
            name = str(name)
            if name not in found:
                found[name] = locate(name, self.folder)
            where = found[name]
            if where is None:
                problems.append(f"{name}: in the table, but there is no such file")
                continue
            known["file"] = str(where)
            try:
                self._complete(known, place, changed, sheet.decimal_comma)
            except ValueError as error:
                problems.append(Problem(f"{place} ({name}): left out, {error}", ROW))
                continue
            rows.append((place, known))
        self._require(rows, problems, found)
        rows, repeated = settled(rows)
        problems += [*repeated, *changed.problems(), *remarks(rows)]
        return self._finished(rows, [*map(self._titled, problems)], changed.notes())

    def _titled(self, problem: str) -> str:
        """Say in which table a problem is, where it does not say it itself."""
        if not isinstance(problem, Problem):
            return problem
        return Problem(f"{self.title}, {problem}", problem.kind)

    def _complete(
        self, known: dict[str, Any], place: str, changed: _Changes, decimal_comma: bool
    ) -> None:
        """Fill in and clean up one row.

        Raises:
            ValueError: it makes no sense; the words follow "left out, ".
        """
        known["emotion"] = changed.label(word(known["emotion"]), self.label_map, place)
        speaker = changed.speaker(word(known.get("speaker")))
        if known.get("corpus") is None:
            known["corpus"] = self.name
            speaker = None if speaker is None else f"{self.name}-{speaker}"
        known["speaker"] = speaker
        language = word(known.get("language"))
        known["language"] = (tidy(language) if language else None) or self.language or "und"
        set_times(known, decimal_comma)

    def _require(
        self,
        rows: Sequence[tuple[str, Mapping[str, Any]]],
        problems: Sequence[str],
        found: Mapping[str, Path | None],
    ) -> None:
        """Refuse a table of which nothing is left, or whose labels cannot be told from columns."""
        where = self.title
        if rows:
            refuse_reserved({row["emotion"] for _, row in rows}, where)
            return
        missing = [name for name, place in found.items() if place is None]
        if missing:
            looked = dict.fromkeys(str(base.resolve()) for base in bases(self.folder))
            raise CorpusError(
                f"{where}: none of the {len(found)} files named in the table exists: "
                f"{missing[0]} was looked for in {examples([*looked], 2)}; write paths absolute "
                "or relative to the table's folder"
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
        places = {key_of(row): f"{self.title}, {place}" for place, row in reversed(rows)}
        return Corpus(
            self.name, table(whole), problems=tuple(problems), notes=tuple(notes), places=places
        )


class _Changes:
    """Collects how labels and speakers were read otherwise than they stand there."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.speakers: dict[str, str] = {}
        self.missing: dict[str, list[str]] = {}

    def label(self, text: str | None, label_map: Mapping[str, str], place: str) -> str | None:
        """Return the label that a text stands for."""
        if text is None:
            return None
        label = canonical(label_map.get(text, label_map.get(tidy(text), text)))
        if is_missing(label):
            if label:
                self.missing.setdefault(text, []).append(place)
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
        for text, places in self.missing.items():
            yield Problem(
                f"{examples(places)}: the label {text!r} was taken for no label at all: if it is "
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
        if theirs not in by_name and folded(theirs) not in by_name:
            raise UsageError(
                f"{name}: no column {theirs!r} for {ours}; its columns are {listed(present)}"
            )
        column = by_name[theirs if theirs in by_name else folded(theirs)]
        if column in chosen.values():
            raise UsageError(f"--columns: {column} cannot be two things at once")
        chosen[ours] = column
    for ours, synonyms in NAMES.items():
        if ours not in chosen:
            found = next((by_name[text] for text in synonyms if text in by_name), None)
            if found is not None and found not in chosen.values():
                chosen[ours] = found
    if "emotion" not in chosen and not DIMENSIONS.isdisjoint(by_name):  # numbers alone
        frame = frame.assign(emotion=None)
        chosen["emotion"] = "emotion"
    missing = [ours for ours in ("file", "emotion") if ours not in chosen]
    if missing:
        mend = proposal(frame, {*missing, *({"speaker"} - set(chosen))}, set(chosen.values()))
        raise UsageError(
            f"{name}: which column holds the {' and which the '.join(missing)}? its columns are "
            f"{listed(present)}; {mend}"
        )
    for ours, theirs in chosen.items():
        alike = [c for c in present if folded(c) == folded(theirs) or c == f"{theirs} (2)"]
        if len(alike) > 1 and ours not in columns:
            raise UsageError(
                f"{name}: two columns are called {theirs} ({', '.join(alike)}): say --columns "
                f"{ours}=COLUMN, or rename one"
            )
    taken = set(chosen.values())
    return frame.drop(columns=[c for c in chosen if c in present and c not in taken]).rename(
        columns={theirs: ours for ours, theirs in chosen.items()}
    )
