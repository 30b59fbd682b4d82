"""The corpus: a table of utterances, and the index that goes through the whole program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from intona import notebook
from intona.errors import CorpusError
from intona.files import spelled
from intona.labels import Labels, Merge, labels_of, merge_of, order, relabel
from intona.tables import segmented_index

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 3  # problems and notes in a notebook
COLUMNS = ("emotion", "speaker", "corpus", "language")


def table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Build the utterance table from dicts with ``file`` and any other columns, sorted by file.

    ``start`` and ``end`` (seconds) are optional. The columns ``emotion``, ``speaker``,
    ``corpus`` and ``language`` always exist; a value a corpus does not know is ``None``.
    """
    import pandas as pd

    rows = sorted(rows, key=lambda row: (str(row["file"]), row.get("start") or 0.0))
    index = segmented_index(
        [row["file"] for row in rows],
        [row.get("start") or 0.0 for row in rows],
        [row.get("end") for row in rows],
    )
    names = dict.fromkeys(COLUMNS)
    for row in rows:
        names.update(dict.fromkeys(row))
    for key in ("file", "start", "end"):
        names.pop(key, None)
    # Speakers too may be called by bytes that are no Unicode; only files need them as they are.
    columns = {name: [_legible(row.get(name)) for row in rows] for name in names}
    frame = pd.DataFrame(columns, index=index)
    for name in COLUMNS:
        frame[name] = frame[name].astype("object")
    return frame


Key = tuple[str, float, float | None]
"""An utterance: its file, and begin and end in seconds (``None`` for the end of the file)."""


def key_of(row: Mapping[str, Any]) -> Key:
    """Return which utterance a row is about."""
    end = row.get("end")
    # A table holds whole nanoseconds, a row whatever was written.
    start = round(float(row.get("start") or 0.0), 6)
    return str(row["file"]), start, None if end is None else round(float(end), 6)


def _legible(value: Any) -> Any:
    return spelled(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Corpus:
    """A corpus: its table of utterances and what must be said about it.

    Attributes:
        name: registry name, for example ``"ravdess"``.
        table: indexed by ``(file, start, end)``; at least ``emotion``, ``speaker``,
            ``corpus`` and ``language``.
        licence: the licence of the audio, in words.
        citation: the paper to cite.
        problems: one sentence per file that was left out or looks wrong.
        notes: what was done without anything being wrong, one sentence each.
        places: where an utterance stands, for example ``mine.csv, row 3``; empty for corpora that
            are no tables.
    """

    name: str
    table: pd.DataFrame
    licence: str = "unknown"
    citation: str = ""
    problems: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    places: Mapping[Key, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Corpus {self._words}>"

    def _repr_html_(self) -> str:
        by = self.table.assign(emotion=self.table["emotion"].fillna("no label"))
        counts = by.groupby("emotion").agg(
            utterances=("emotion", "size"), speakers=("speaker", "nunique")
        )
        rows = [
            (name, *counts.loc[name])
            for name in (*self.emotions, "no label")
            if name in counts.index
        ]
        return notebook.table(
            self._words,
            [("emotion", "utterances", "speakers"), *rows],
            [f"licence: {self.licence}", *self.problems[:SHOWN], *self.notes[:SHOWN]],
        )

    @property
    def _words(self) -> str:
        return (
            f"{self.name}: {len(self.table)} utterances, {len(self.speakers)} speakers, "
            f"{', '.join(self.emotions) or 'no emotions'}"
        )

    @property
    def emotions(self) -> tuple[str, ...]:
        """The labels that occur, in vocabulary order."""
        return order(self.table["emotion"].dropna())

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers that occur, sorted."""
        return tuple(sorted(self.table["speaker"].dropna().unique()))

    def select(
        self,
        emotions: Labels = None,
        merge: Merge = None,
    ) -> Corpus:
        """Return the corpus restricted to ``emotions`` after merging labels.

        Args:
            emotions: labels to keep, ``"happy,sad"`` or a list; ``None`` keeps all.
            merge: labels to merge first, ``"calm=neutral"`` or a mapping from old to new.

        Raises:
            UsageError: what is asked does not fit the labels; see :func:`intona.labels.label_map`.
            CorpusError: nothing is left.
        """
        import pandas as pd

        labels = relabel(
            [None if pd.isna(label) else label for label in self.table["emotion"]],
            labels_of(emotions),
            merge_of(merge),
        )
        frame = self.table.assign(emotion=pd.Series(labels, index=self.table.index, dtype="object"))
        frame = frame[frame["emotion"].notna()]
        if frame.empty:
            raise CorpusError(f"no utterance of {self.name} is left after the selection")
        return replace(self, table=frame)
