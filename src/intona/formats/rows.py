"""A timeline's rows, as the writers need them; pandas is imported for none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np

from intona.errors import UsageError
from intona.files import spelled
from intona.tables import COLUMNS, Prediction, known, to_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Row:
    """One segment.

    Attributes:
        file: the recording, empty when it has no name.
        start: begin in seconds.
        end: end in seconds.
        emotion: ``None`` without speech, or of a model of numbers.
        confidence: ``None`` where there is no emotion.
        status: ``ok``, ``unsure`` or ``no_speech``.
        reason: why it is unsure; ``None`` where it is not.
        familiarity: in [0, 1]; ``None`` where the model does not say.
        arousal: in [0, 1]; ``None`` where the model does not say.
        valence: in [0, 1]; ``None`` where the model does not say.
        adapted: recordings the model was adapted to.
        model: which one answered, see :class:`intona.tables.Prediction`; ``None`` unknown.
        probabilities: per emotion (or the number); empty without speech.
        values: further columns, for example ``speaker``.
    """

    file: str
    start: float
    end: float
    emotion: str | None
    confidence: float | None
    status: str
    probabilities: Mapping[str, float]
    values: Mapping[str, str]
    reason: str | None = None
    familiarity: float | None = None
    arousal: float | None = None
    valence: float | None = None
    adapted: int = 0
    model: Mapping[str, Any] | None = None

    @property
    def title(self) -> str:
        """What a person reads: ``angry 81 %``, with a question mark where unsure."""
        if self.emotion is None or self.confidence is None:
            return "  ".join(f"{name} {value:.2f}" for name, value in self.probabilities.items())
        mark = "?" if self.status == "unsure" else ""
        return f"{self.emotion}{mark} {100 * self.confidence:.0f} %"


@dataclass(frozen=True)
class Segmentation:
    """Recordings cut into segments, and what was answered of each: a timeline without pandas.

    Attributes:
        predictions: one for each segment.
        labels: the model's.
        values: for each segment what is known of it beside its own ``values``, for example
            ``speaker``.
    """

    predictions: Sequence[Prediction]
    labels: Sequence[str]
    values: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def joined(cls, parts: Sequence[Segmentation]) -> Segmentation:
        """Return several of the same model, at least one, as one."""
        return cls(
            [row for part in parts for row in part.predictions],
            parts[0].labels,
            [values for part in parts for _, values in part._pairs()],
        )

    def __len__(self) -> int:
        return len(self.predictions)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of :meth:`frame`."""
        # A model of numbers may itself predict arousal: then the column is its own.
        fixed = [name for name in COLUMNS if name not in self.labels]
        others = (name for _, values in self._pairs() for name in values)
        return tuple(dict.fromkeys([*fixed, *self.labels, *others]))

    def frame(self) -> pd.DataFrame:
        """Return the table that :func:`intona.inference.timeline.timeline` describes."""
        return to_table(self.predictions, self.labels, self.values or None)

    def rows(self) -> list[Row]:
        """Return the rows, times rounded to milliseconds."""
        return [self._row(one, values) for one, values in self._pairs()]

    def _pairs(self) -> list[tuple[Prediction, Mapping[str, Any]]]:
        """Return each prediction with all that is known beside it."""
        given = self.values or [{}] * len(self.predictions)
        pairs = zip(self.predictions, given, strict=True)
        return [(one, {**one.values, **more}) for one, more in pairs]

    def _row(self, found: Prediction, values: Mapping[str, Any]) -> Row:
        def number(name: str) -> float | None:
            return None if name in self.labels else known(getattr(found, name))

        given = {name: known(found.probabilities[name]) for name in self.labels}
        return Row(
            spelled(found.file or ""),
            round(found.start, 3),
            round(found.end or 0.0, 3),
            found.emotion,
            known(found.confidence),
            found.status,
            {name: value for name, value in given.items() if value is not None},
            {
                name: spelled(str(value))
                for name, value in values.items()
                if value is not None and name not in (*COLUMNS, *self.labels)
            },
            found.reason,
            number("familiarity"),
            number("arousal"),
            number("valence"),
            found.adapted,
            found.model,
        )


def framed(table: Segmentation | pd.DataFrame) -> pd.DataFrame:
    """Return a timeline as a table of pandas, whatever it is."""
    return table.frame() if isinstance(table, Segmentation) else table


def rows(table: Segmentation | pd.DataFrame) -> list[Row]:
    """Return the rows of a timeline, times rounded to milliseconds."""
    if isinstance(table, Segmentation):
        return table.rows()
    import pandas as pd

    # A model of numbers may predict arousal itself: its column then stands behind the others.
    names = list(table.columns)
    # A table made before version 0.2 ends its fixed columns with the status.
    last = COLUMNS[-1] if COLUMNS[-1] in names else "status"
    others = names[names.index(last) + 1 :]
    numbers = [name for name in others if table[name].dtype.kind == "f"]
    texts = [name for name in others if name not in numbers]

    def number(record: Mapping[Any, Any], name: str) -> float | None:
        value = np.nan if name in others else record.get(name, np.nan)
        return None if pd.isna(value) else float(value)

    found = []
    for (file, start, end), record in zip(table.index, table.to_dict("records"), strict=True):
        confidence = record["confidence"]
        found.append(
            Row(
                spelled(str(file)),
                round(start.total_seconds(), 3),
                round(end.total_seconds(), 3),
                None if pd.isna(record["emotion"]) else str(record["emotion"]),
                None if pd.isna(confidence) else float(confidence),
                str(record["status"]),
                {name: float(record[name]) for name in numbers if not pd.isna(record[name])},
                {name: spelled(str(record[name])) for name in texts if not pd.isna(record[name])},
                None if pd.isna(record.get("reason")) else str(record["reason"]),
                number(record, "familiarity"),
                number(record, "arousal"),
                number(record, "valence"),
                int(record.get("adapted", 0)),
                table.attrs.get("model"),
            )
        )
    return found


def single(table: Segmentation | pd.DataFrame, format: str) -> list[Row]:
    """Return the rows that hold speech, for a format that is about one recording.

    Raises:
        UsageError: the table is about several.
    """
    found = rows(table)
    files = {row.file for row in found}
    if len(files) > 1:
        raise UsageError(
            f"{format} holds one recording, this table has {len(files)}: write one file for each"
        )
    return [row for row in found if row.status != "no_speech"]


def layered(found: list[Row]) -> list[tuple[str, int, list[Row]]]:
    """Return rows by speaker, divided so that none overlap, for formats whose tiers cannot.

    Returns:
        The speaker (empty where not known), the number of the layer from 1, and its rows by time.
    """
    by_speaker: dict[str, list[Row]] = {}
    for row in found:
        by_speaker.setdefault(row.values.get("speaker", ""), []).append(row)
    return [
        (speaker, number, layer)
        for speaker, group in by_speaker.items()
        for number, layer in enumerate(_layers(group), 1)
    ]


def _layers(group: list[Row]) -> list[list[Row]]:
    """Put each row into the first layer that is free when it begins."""
    layers: list[list[Row]] = []
    busy: list[tuple[float, int]] = []  # until when, and which
    free: list[int] = []
    for row in sorted(group, key=lambda row: row.start):
        while busy and busy[0][0] <= row.start:
            heappush(free, heappop(busy)[1])
        if not free:
            free.append(len(layers))
            layers.append([])
        first = heappop(free)
        layers[first].append(row)
        heappush(busy, (row.end, first))
    return layers
