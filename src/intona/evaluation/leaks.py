"""Leak check: what training and test parts share that they must not share.

Checked for every fold: speakers, recordings (the same file, the same bytes under another name,
the same sound by :mod:`intona.evaluation.fingerprint`) and takes (the same performance in another
version, such as RAVDESS's video). Shared sentences are a limitation, not a leak. A model file that
was trained on the corpus under test is contamination, whether it is tested or used as a front end.

Not found: a short excerpt cut out of a longer recording, speakers named differently in two corpora,
and what a foreign encoder (Whisper) was pretrained on, which its makers do not list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from intona.corpora import speakers
from intona.errors import AudioError, LeakError
from intona.parallel import HERE, Engine, Progress

if TYPE_CHECKING:
    import pandas as pd

    from intona.evaluation.split import Fold

CHECKED = (
    "speakers on both sides",
    "files, identical bytes and identical sound on both sides",
    "versions of one take on both sides",
    "sentences on both sides",
    "what the front end was trained on, where it says",
)
# What makes a performance: where a corpus counts takes, all of these together name one.
_TAKE = ("repetition", "version", "take")
_PERFORMANCE = ("corpus", "speaker", "emotion", "intensity", "statement", "vocal_channel", *_TAKE)
_SENTENCE = ("statement", "sentence", "text", "transcript")


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        kind: ``speaker``, ``file``, ``content``, ``sound``, ``take``, ``sentence``,
            ``contamination``, ``heard``, ``transductive``, ``material``, ``nobody`` (no speaker
            is known) or ``unknown``.
        leak: whether it invalidates the result, or only limits what it shows.
        text: one sentence.
        count: how many speakers, test utterances or sentences.
        examples: a few of them.
    """

    kind: str
    leak: bool
    text: str
    count: int
    examples: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What it is called before its text."""
        if self.kind in ("unknown", "nobody"):
            return "unknown"
        return "leak" if self.leak else "limitation"


@dataclass(frozen=True)
class LeakReport:
    """What was looked for and what was found."""

    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = field(default=CHECKED)

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """The findings that invalidate a result."""
        return tuple(finding for finding in self.findings if finding.leak)

    @property
    def limitations(self) -> tuple[Finding, ...]:
        """The findings that limit what a result shows."""
        return tuple(finding for finding in self.findings if not finding.leak)

    def of_kind(self, *kinds: str) -> tuple[Finding, ...]:
        """The findings of some kinds."""
        return tuple(finding for finding in self.findings if finding.kind in kinds)

    def with_findings(self, more: Iterable[Finding]) -> LeakReport:
        """Return the report with further findings, each once."""
        return LeakReport(tuple(dict.fromkeys((*self.findings, *more))), self.checked)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy."""
        return {
            "checked": list(self.checked),
            "findings": [{**asdict(f), "examples": list(f.examples)} for f in self.findings],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` returned."""
        findings = [Finding(**{**f, "examples": tuple(f["examples"])}) for f in content["findings"]]
        return cls(tuple(findings), tuple(content["checked"]))


def require_clean(report: LeakReport, *, allow: bool, remedy: str = "") -> None:
    """Stop at a leak, unless it is allowed (and then the result is stamped).

    Args:
        report: what was found.
        allow: whether to go on.
        remedy: what would make it honest, if that is known.

    Raises:
        LeakError: a leak was found and not allowed.
    """
    if report.leaks and not allow:
        texts = "; ".join(finding.text for finding in report.leaks)
        raise LeakError(
            f"{texts}. The result would not be honest; {remedy}"
            "--allow-leaks computes it all the same and stamps it LEAKY"
        )


def inspect(
    table: pd.DataFrame,
    folds: Sequence[Fold],
    *,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> LeakReport:
    """Compare both sides of every fold.

    Args:
        table: the utterances the folds' row numbers refer to.
        folds: the division.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Raises:
        AudioError: a recording cannot be read.
    """
    from intona.evaluation.fingerprint import Fingerprint, same_recordings
    from intona.features.extract import extract

    files = [str(name) for name in table.index.get_level_values("file")]
    hashes = content_hashes(files)
    spans = (f"{start} {end}" for _, start, end in table.index)
    stretches = [f"{digest} {span}" for digest, span in zip(hashes, spans, strict=True)]
    prints = extract(table, Fingerprint(), on=on, progress=progress)
    twins = [(i, j) for i, j, _ in same_recordings(prints) if stretches[i] != stretches[j]]
    found = [
        *nobody(table),
        _shared("speaker", _values(table, "speaker"), folds),
        _twice("file", _by_key(files, folds), files, "are parts of training files"),
        _twice(
            "content", _by_key(stretches, folds), files, "are byte for byte in the training part"
        ),
        _twice(
            "sound", _by_pair(twins, folds), files, "sound the same as a file in the training part"
        ),
        _twice(
            "take",
            _by_key(_takes(table), folds),
            files,
            "are other versions of takes in the training part",
        ),
        _sentences(table, folds),
    ]
    return LeakReport(tuple(finding for finding in found if finding is not None))


def nobody(table: pd.DataFrame) -> list[Finding]:
    """Say for how many utterances nobody knows who speaks; nothing where that is none."""
    text = speakers.nobody(table)
    return (
        [] if text is None else [Finding("nobody", False, text, int(table["speaker"].isna().sum()))]
    )


def content_hashes(files: Sequence[str]) -> list[str]:
    """Return the SHA-256 of each file.

    Raises:
        AudioError: a file cannot be read.
    """
    from intona.features.cache import content_hash

    found = []
    for file in files:
        try:
            found.append(content_hash(file))
        except OSError as error:
            raise AudioError(f"cannot read {file}: {error.strerror or error}") from None
    return found


def _values(table: pd.DataFrame, column: str) -> list[str | None]:
    """Return a column as text, ``None`` where it is empty or there is no such column."""
    if column not in table.columns:
        return [None] * len(table)
    empty = table[column].isna()
    return [None if no else str(value) for value, no in zip(table[column], empty, strict=True)]


def _takes(table: pd.DataFrame) -> list[str | None]:
    counted = [column for column in _TAKE if column in table.columns]
    if not counted:
        return [None] * len(table)
    known = table[counted].notna().any(axis=1)
    columns = [_values(table, column) for column in _PERFORMANCE]
    rows = zip(*columns, strict=True)
    return ["|".join(map(str, row)) if yes else None for row, yes in zip(rows, known, strict=True)]


def few(names: Sequence[str], most: int = 4) -> str:
    """Return the first names of many."""
    text = ", ".join(names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def _shared(kind: str, values: Sequence[str | None], folds: Sequence[Fold]) -> Finding | None:
    """Find values that occur on both sides of a fold."""
    column = np.array(values, dtype=object)
    shared: set[str] = set()
    for fold in folds:
        shared |= (set(column[fold.train]) & set(column[fold.test])) - {None}
    if not shared:
        return None
    names = sorted(shared)
    text = f"{len(names)} speakers are on both sides: {few(names)}"
    return Finding(kind, True, text, len(names), tuple(names[:8]))


def _by_key(keys: Sequence[str | None], folds: Sequence[Fold]) -> dict[int, int]:
    """Return test rows whose key a training row has too, each with one such row."""
    tested: dict[int, int] = {}
    for fold in folds:
        trained = {keys[row]: int(row) for row in fold.train}
        for row in fold.test:
            if keys[row] is not None and keys[row] in trained:
                tested.setdefault(int(row), trained[keys[row]])
    return tested


def _by_pair(pairs: Sequence[tuple[int, int]], folds: Sequence[Fold]) -> dict[int, int]:
    """Return test rows whose twin is a training row, each with one such row."""
    tested: dict[int, int] = {}
    for fold in folds:
        train, test = set(fold.train.tolist()), set(fold.test.tolist())
        for pair in pairs:
            for one, other in (pair, pair[::-1]):
                if one in test and other in train:
                    tested.setdefault(one, other)
    return tested


def _twice(kind: str, tested: Mapping[int, int], files: Sequence[str], text: str) -> Finding | None:
    if not tested:
        return None
    examples = tuple(f"{files[i]} = {files[j]}" for i, j in list(tested.items())[:8])
    words = f"{len(tested)} test utterances {text}, for example {examples[0]}"
    return Finding(kind, True, words, len(tested), examples)


def _sentences(table: pd.DataFrame, folds: Sequence[Fold]) -> Finding | None:
    column = next((name for name in _SENTENCE if name in table.columns), None)
    if column is None:
        return None
    values: NDArray[np.object_] = np.array(_values(table, column), dtype=object)
    shared: set[str] = set()
    everything: set[str] = set()
    for fold in folds:
        tested = set(values[fold.test]) - {None}
        shared |= tested & set(values[fold.train])
        everything |= tested
    if not shared:
        return None
    names = sorted(shared)
    return Finding(
        "sentence",
        False,
        f"{len(shared)} of {len(everything)} sentences are spoken on both sides: the result does "
        "not show how well other words would do",
        len(shared),
        tuple(names[:8]),
    )
