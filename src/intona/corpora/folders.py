"""Your own data as folders: one folder per emotion.

``angry/a.wav``, ``speaker1/angry/a.wav`` or ``angry/speaker1/a.wav``. A folder whose name is a
word of the vocabulary, or another form of one (``Anger``), gives the emotion. The speaker is the
other folder beside it, or the beginning of the file's name when that reads ``speaker01_...``,
``actor3-...`` or ``spk_07_...``; or whatever the option ``speaker`` says, a regular expression
whose first group is the speaker, matched against the path below the corpus folder.
"""

from __future__ import annotations

import re
from pathlib import Path

from intona.corpora.base import Corpus, table
from intona.corpora.loading import Tree
from intona.corpora.tables import NO_SPEAKER
from intona.errors import CorpusError, UsageError
from intona.labels import EMOTIONS, canonical

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
    rows = []
    problems = []
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
        who = _who(path, folder, pattern)
        rows.append(
            {
                "file": str(tree.root / path),
                "emotion": emotion,
                "speaker": None if who is None else f"{name}-{who}",
                "corpus": name,
                "language": language or "und",
            }
        )
    if not rows:
        raise CorpusError(
            f"{tree.root}: no audio in a folder named as one of {', '.join(EMOTIONS)}"
        )
    if renamed:
        changes = ", ".join(f"{old} as {new}" for old, new in sorted(renamed.items()))
        notes.append(f"labels were read in the words of the vocabulary: {changes}")
    missing = sum(row["speaker"] is None for row in rows)
    if missing:
        mend = "put each speaker into a folder, or name files speaker01_..."
        problems.insert(0, NO_SPEAKER.format(count=missing, total=len(rows), mend=mend))
    return Corpus(name, table(rows), problems=tuple(problems), notes=tuple(notes))


def _emotion(path: Path) -> str | None:
    """Return the deepest folder named as an emotion."""
    return next((part for part in path.parts[-2::-1] if canonical(part) in EMOTIONS), None)


def _who(path: Path, emotion: str, pattern: re.Pattern[str] | None) -> str | None:
    if pattern is not None:
        match = pattern.search(path.as_posix())
        return match[1] if match else None
    others = [part for part in path.parts[:-1] if part != emotion]
    if others:
        return others[-1]
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
