"""Predictions, events, utterances, and the one table they stand in: (file, start, end).

The index is audformat's segmented index: a file, begin and end as timedeltas, ``NaT`` for the end
of the file. Corpora, features, predictions and timelines all have it. Only the functions that make
or read such a table import pandas.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from intona.errors import UsageError
from intona.extras import require
from intona.notebook import table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "emotion",
    "confidence",
    "status",
    "reason",
    "familiarity",
    "arousal",
    "valence",
    "adapted",
)
"""What a table of predictions says of each row, before one probability per emotion."""

SEGMENTED = ("file", "start", "end")
"""The names of the index of every table."""

NUMBERS = ("confidence", "familiarity", "arousal", "valence")
"""Those of :data:`COLUMNS` that are numbers in [0, 1]; NaN where there is none."""

Reason = Literal["low confidence", "unfamiliar", "hardly speech", "too short"]


@dataclass(frozen=True)
class Prediction:
    """What the model says of one utterance.

    Attributes:
        emotion: the best guess, also when unsure; ``None`` without speech.
        confidence: its calibrated probability, in [0, 1].
        probabilities: one calibrated probability per emotion, summing to 1.
        status: ``"ok"``, ``"unsure"`` (see ``reason``) or ``"no_speech"``; ``"error"`` in tables of
            many recordings, for one that cannot be used.
        file: where it came from, ``None`` for samples.
        start: begin in seconds.
        end: end in seconds.
        reason: why it is unsure: ``"unfamiliar"`` (unlike all the model was made from),
            ``"low confidence"``, ``"hardly speech"`` or ``"too short"``; what is wrong with the
            recording of an ``"error"``; else ``None``.
        familiarity: how near the sound is to what the model was made from, in [0, 1]; NaN where
            the model does not say.
        arousal: how activated the voice is, whatever the word for it, in [0, 1]: angry, happy,
            fearful and surprised speech is high, neutral, calm and sad speech low; NaN where the
            model does not say.
        valence: how pleasant the voice sounds, in [0, 1]: happy speech is high, angry, sad, fearful
            and disgusted speech low; NaN where the model does not say.
        adapted: recordings (or stretches of speech) the model was adapted to; 0 when it was not.
        notes: what is odd about the recording, a sentence each; an
            :class:`intona.audio.Damage` where sound is lost. They are in no table.
        model: which one answered, as :meth:`intona.models.identity.Identity.short` says it;
            ``None`` of a recogniser of others. In JSON alone.
        values: what else is known of the utterance, for example its ``channel`` (from 1) and
            ``speaker``; the last columns of a table.
    """

    emotion: str | None
    confidence: float
    probabilities: Mapping[str, float]
    status: str
    file: str | None = None
    start: float = 0.0
    end: float | None = None
    reason: str | None = None
    familiarity: float = math.nan
    arousal: float = math.nan
    valence: float = math.nan
    adapted: int = 0
    notes: tuple[str, ...] = ()
    model: Mapping[str, Any] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def rounded(self) -> Prediction:
        """Return a copy as files of text show it: numbers but times have six decimals."""
        return replace(
            self,
            confidence=round(self.confidence, 6),
            probabilities={name: round(value, 6) for name, value in self.probabilities.items()},
            familiarity=round(self.familiarity, 6),
            arousal=round(self.arousal, 6),
            valence=round(self.valence, 6),
        )

    def __repr__(self) -> str:
        where = "" if self.file is None else f" {self.file!r}"
        span = "" if self.end is None else f" {self.start:g}-{self.end:g} s"
        return f"<Prediction{where}{span}: {self._words}>"

    def _repr_html_(self) -> str:
        ranked = sorted(self.probabilities.items(), key=lambda item: -item[1])
        numbers = [
            (name, f"{value:.2f}")
            for name in ("familiarity", "arousal", "valence")
            if (value := getattr(self, name)) == value
        ]
        rows = [(name, f"{value:.3f}") for name, value in ranked if value == value]
        return table(self._words, [("", "probability"), *rows, *numbers], filter(None, [self.file]))

    @property
    def _words(self) -> str:
        """The answer in a few words."""
        reason = "" if self.reason is None else f" ({self.reason})"
        if self.emotion is not None:
            return f"{self.emotion} {100 * self.confidence:.0f} %, {self.status}{reason}"
        if self.status != "ok":
            return f"{self.status.replace('_', ' ')}{reason}"
        return ", ".join(f"{name} {value:.2f}" for name, value in self.probabilities.items())

    def ranked(self, top_k: int | None = None) -> list[dict[str, Any]]:
        """Return labels with their scores, best first, as a ``pipeline`` of transformers does.

        Args:
            top_k: how many at most; ``None`` for all.

        Returns:
            Per label ``score`` (its probability, in [0, 1]; of a numeric model the number) and
            ``label``; nothing where there is no speech. It cannot say that an answer is unsure.
        """
        there = {name: value for name, value in self.probabilities.items() if value == value}
        best = sorted(there.items(), key=lambda item: -item[1])[:top_k]
        return [{"score": score, "label": label} for label, score in best]

    def to_dict(self) -> dict[str, Any]:
        """Return a copy for JSON: probabilities nested, ``None`` for what is not known."""
        return {
            "file": self.file,
            "start": self.start,
            "end": self.end,
            "emotion": self.emotion,
            "confidence": known(self.confidence),
            "status": self.status,
            "reason": self.reason,
            "familiarity": known(self.familiarity),
            "arousal": known(self.arousal),
            "valence": known(self.valence),
            "adapted": self.adapted,
            "probabilities": {name: known(value) for name, value in self.probabilities.items()},
            "model": None if self.model is None else dict(self.model),
            **self.values,
        }


def known(value: float) -> float | None:
    """Return a number, or ``None`` for NaN, which JSON does not know.

    Examples:
        >>> known(0.5), known(float("nan"))
        (0.5, None)
    """
    return None if math.isnan(value) else value


Kind = Literal["speech_start", "update", "segment", "speech_end", "trouble"]


@dataclass(frozen=True)
class Event:
    """Something that happened in a stream.

    Attributes:
        kind: ``speech_start``, ``speech_end``, ``update`` (the emotion of the last seconds),
            ``segment`` (a finished row of the timeline) or ``trouble`` (with the sound).
        time: when, in seconds since the beginning of the stream.
        prediction: of an ``update`` or ``segment``.
        message: of a ``trouble``: one sentence.
    """

    kind: Kind
    time: float
    prediction: Prediction | None = None
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy without what is empty."""
        row: dict[str, Any] = {"event": self.kind, "time": round(self.time, 3)}
        if self.message:
            row["message"] = self.message
        if self.prediction is not None:
            p = self.prediction
            row |= {"start": round(p.start, 3), "end": round(p.end or 0.0, 3)}
            if p.emotion is not None:
                row |= {"emotion": p.emotion, "confidence": round(p.confidence, 4)}
            row["status"] = p.status
            for name in ("reason", "familiarity", "arousal", "valence", "adapted"):
                value = getattr(p, name)
                if value and value == value:  # neither empty nor NaN
                    row[name] = round(value, 4) if isinstance(value, float) else value
            row["probabilities"] = {k: known(round(v, 4)) for k, v in p.probabilities.items()}
            if self.kind == "segment" and p.model is not None:
                row["model"] = dict(p.model)
        return row


@dataclass(frozen=True)
class Utterance:
    """A stretch of a file: ``start`` and ``end`` in seconds, ``end=None`` for the whole."""

    file: str
    start: float = 0.0
    end: float | None = None


def segmented_index(
    files: Sequence[str | Path],
    starts: Sequence[Any] | None = None,
    ends: Sequence[Any] | None = None,
) -> pd.MultiIndex:
    """Return audformat's segmented index ``(file, start, end)``.

    Args:
        files: paths, one per utterance.
        starts: begin of each utterance in seconds (or timedeltas); default 0.
        ends: end of each utterance in seconds; ``None``/``NaT`` means the end of the file.

    Examples:
        >>> segmented_index(["a.wav"]).names
        FrozenList(['file', 'start', 'end'])
    """
    import pandas as pd

    n = len(files)
    start = pd.to_timedelta([0.0] * n if starts is None else list(starts), unit="s")
    end = pd.to_timedelta([pd.NaT] * n if ends is None else list(ends), unit="s")
    arrays = [
        pd.Index([str(file) for file in files], dtype="object"),
        start.astype("timedelta64[ns]"),
        end.astype("timedelta64[ns]"),
    ]
    return pd.MultiIndex.from_arrays(arrays, names=SEGMENTED)


def legible(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table to be written: what is no Unicode in its names and words is spelled out.

    Files may be called by bytes that are no Unicode, and no format of tables holds those.
    """
    from intona.files import spelled

    return _with_words(table, spelled)


def for_spreadsheets(table: pd.DataFrame) -> pd.DataFrame:
    """Return a :func:`legible` table to be written as CSV, names and words as :func:`guarded`."""
    from intona.files import spelled

    return _with_words(table, lambda text: guarded(spelled(text))).rename(columns=guarded)


def guarded(text: str) -> str:
    """Return a cell of CSV that no spreadsheet takes for a formula.

    What begins with ``=``, ``+``, ``-``, ``@``, one of their wide forms, a tabulator or a line end
    gets an apostrophe before it, and so does what already has one there; numbers stay as they are.

    Examples:
        >>> guarded("=1+1"), guarded("-0.5"), guarded("sad"), guarded("'=x")
        ("'=1+1", '-0.5', 'sad', "''=x")
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """Return the text of a cell that :func:`guarded` has written.

    Examples:
        >>> unguarded("'=1+1"), unguarded("''=x"), unguarded("'tis")
        ('=1+1', "'=x", "'tis")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


# The wide forms are those of East Asian keyboards, which spreadsheets take for the narrow ones.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def _with_words(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """Return a table with its words and the names of its files changed."""
    import pandas as pd

    def each(value: Any) -> Any:
        return change(value) if isinstance(value, str) else value

    words = [name for name in table.columns if table[name].dtype.kind == "O"]
    table = table.assign(**{name: table[name].map(each) for name in words})
    if isinstance(table.index, pd.MultiIndex):
        table.index = table.index.set_levels(
            [change(str(file)) for file in table.index.levels[0]],
            level="file",
            verify_integrity=False,
        )
    return table


def utterances(index: pd.MultiIndex) -> list[Utterance]:
    """Return the rows of a segmented index as plain objects, times in seconds."""
    import pandas as pd

    return [
        Utterance(file, start.total_seconds(), None if pd.isna(end) else end.total_seconds())
        for file, start, end in index
    ]


def stretches(given: Any) -> list[Utterance] | None:
    """Return the rows of a corpus, its table or its index; ``None`` for anything else.

    Raises:
        UsageError: a table with another index.
    """
    table = getattr(given, "table", given)
    index = table if hasattr(table, "names") else getattr(table, "index", None)
    if tuple(getattr(index, "names", ())) == SEGMENTED:
        return utterances(index)  # type: ignore[arg-type]
    if hasattr(table, "columns"):
        raise UsageError(
            "a table of recordings is indexed by file, start and end: give its column of paths, or "
            "read it with intona.read_corpus"
        )
    return None


def to_table(
    predictions: Iterable[Prediction],
    labels: Sequence[str],
    values: Sequence[Any] | None = None,
) -> pd.DataFrame:
    """Return predictions as a table, one row each.

    Args:
        predictions: one per row.
        labels: the probability columns.
        values: for each row a mapping of further columns, beside its own ``values``.
    """
    require("a table", "pandas")
    import pandas as pd

    rows = list(predictions)
    index = segmented_index(
        [row.file or "" for row in rows], [row.start for row in rows], [row.end for row in rows]
    )
    columns = {
        # A model of numbers may itself predict arousal: then the column is its own.
        name: pd.Series([getattr(row, name) for row in rows], index, dtype=_kind(name))
        for name in COLUMNS
        if name not in labels
    }
    for label in labels:
        column = [row.probabilities[label] for row in rows]
        columns[label] = pd.Series(column, index, dtype="float64")
    given = values or [{}] * len(rows)
    beside = [{**row.values, **more} for row, more in zip(rows, given, strict=True)]
    for name in dict.fromkeys(key for row in beside for key in row):
        if name not in columns:
            more = [row.get(name) for row in beside]
            columns[name] = pd.Series(more, index, dtype="object")
    frame = pd.DataFrame(columns, index=index)
    models = [row.model for row in rows if row.model is not None]
    if models:
        frame.attrs["model"] = dict(models[0])
    return frame


def _kind(column: str) -> str:
    return "float64" if column in NUMBERS else "int64" if column == "adapted" else "object"
