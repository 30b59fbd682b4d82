"""Your own data as folders: one folder per emotion.

``angry/a.wav``, ``speaker1/angry/a.wav`` or ``angry/speaker1/a.wav``. A folder whose name is a
word of the vocabulary, or another form of one (``Anger``), gives the emotion. The speaker is the
deepest other folder that is no part (:mod:`intona.corpora.parts`: ``train``, ``fold1``, ``wav``)
and does not hold everything; or the beginning of the file's name when that reads
``speaker01_...``, ``actor3-...`` or ``spk_07_...``; or whatever the option ``speaker`` says, a
regular expression whose first group is the speaker, matched against the path below the corpus
folder. Folders called ``train``, ``val`` and ``test`` become the column ``split``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from intona.corpora.base import Corpus, table
from intona.corpora.loading import Tree
from intona.corpora.parts import is_part, split_of
from intona.corpora.tables import NO_SPEAKER
from intona.corpora.wording import remarks
from intona.errors import CorpusError, UsageError
from intona.labels import EMOTIONS, canonical, tidy

OPTIONS = frozenset({"speaker", "language"})
_SPEAKER = re.compile(r"((?:speaker|actor|spk)[-_]?\d+)(?:[-_ ].*)?", re.IGNORECASE)


def claims(tree: Tree) -> float:
    """Return the share of sampled files that lie in a folder named as an emotion."""
    inside = sum(_emotion(path) is not None for path in tree.sample)
    return inside / len(tree.sample) if tree.sample else 0.0


def read(tree: Tree, *, speaker: str | None = None, language: str | None = None) -> Corpus:
    """Read folders named by emotion.

    Args:
        tree: the folder.
        speaker: regular expression whose first group is the speaker.
        language: ISO 639-3 code; without it ``und`` (undetermined).

    Raises:
        UsageError: ``speaker`` is no regular expression with a group.
        CorpusError: when no file lies in a folder named as an emotion.
    """
    pattern = _compiled(speaker)
    name = tree.root.resolve().name or "folders"
    everywhere = _everywhere(path for path in tree.audio if _emotion(path) is not None)
    rows: list[dict[str, str | None]] = []
    problems: list[str] = []
    notes = []
    renamed: dict[str, str] = {}
    for path in tree.audio:
        folder = _emotion(path)
        if folder is None:
            problems.append(f"{path}: left out, in no folder named as an emotion")
            continue
        emotion = canonical(folder)
        if emotion != folder:
            renamed[folder] = emotion
        who = tidy(_who(path, folder, everywhere, pattern) or "") or None
        row: dict[str, str | None] = {
            "file": str(tree.root / path),
            "emotion": emotion,
            "speaker": None if who is None else f"{name}-{who}",
            "corpus": name,
            "language": language or "und",
        }
        split = next(filter(None, map(split_of, path.parts[:-1])), None)
        rows.append(row if split is None else {**row, "split": split})
    if not rows:
        raise CorpusError(
            f"{tree.root}: no audio in a folder named as one of {', '.join(EMOTIONS)}"
        )
    if renamed:
        changes = ", ".join(f"{old} as {new}" for old, new in sorted(renamed.items()))
        notes.append(f"labels were read in the words of the vocabulary: {changes}")
    problems += remarks([(str(row["file"]), row) for row in rows])
    missing = sum(row["speaker"] is None for row in rows)
    if missing:
        mend = "put each speaker into a folder, or name files speaker01_..."
        problems.insert(0, NO_SPEAKER.format(count=missing, total=len(rows), mend=mend))
    return Corpus(name, table(rows), problems=tuple(problems), notes=tuple(notes))


def _emotion(path: Path) -> str | None:
    """Return the deepest folder named as an emotion."""
    return next((part for part in path.parts[-2::-1] if canonical(part) in EMOTIONS), None)


def _everywhere(paths: Iterable[Path]) -> frozenset[str]:
    """Return the folders that hold everything."""
    levels = [frozenset(path.parts[:-1]) for path in paths]
    return frozenset.intersection(*levels) if levels else frozenset()


def _who(
    path: Path, emotion: str, everywhere: frozenset[str], pattern: re.Pattern[str] | None
) -> str | None:
    if pattern is not None:
        match = pattern.search(path.as_posix())
        return match[1] if match else None
    for part in path.parts[-2::-1]:
        if part != emotion and part not in everywhere and not is_part(part):
            return part
    match = _SPEAKER.fullmatch(path.stem)
    return match[1] if match else None


def _compiled(speaker: str | None) -> re.Pattern[str] | None:
    if speaker is None:
        return None
    try:
        pattern = re.compile(speaker)
    except re.error as error:
        raise UsageError(f"speaker={speaker!r} is no regular expression: {error}") from None
    if not pattern.groups:
        raise UsageError(f"speaker={speaker!r} needs a group in brackets that is the speaker")
    return pattern
