"""A timeline's rows, as the writers need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from intona.errors import UsageError
from intona.files import spelled
from intona.tables import COLUMNS

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

    @property
    def title(self) -> str:
        """What a person reads: ``angry 81 %``, with a question mark where unsure."""
        if self.emotion is None or self.confidence is None:
            return "  ".join(f"{name} {value:.2f}" for name, value in self.probabilities.items())
        mark = "?" if self.status == "unsure" else ""
        return f"{self.emotion}{mark} {100 * self.confidence:.0f} %"


def rows(table: pd.DataFrame) -> list[Row]:
    """Return the rows of a timeline, times rounded to milliseconds."""
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
            )
        )
    return found


def single(table: pd.DataFrame, format: str) -> list[Row]:
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
    layers: list[list[Row]] = [[]]
    for row in sorted(group, key=lambda row: row.start):
        for layer in layers:
            if not layer or layer[-1].end <= row.start:
                layer.append(row)
                break
        else:
            layers.append([row])
    return layers
