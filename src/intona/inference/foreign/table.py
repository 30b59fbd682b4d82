"""A table of answers as a recogniser: what somebody else's program said of the recordings.

CSV, TSV, Parquet, JSON or JSON Lines: a column for the file (and the times of a stretch of it), as
in tables of corpora, and one probability per label or one label (``prediction``, ``emotion``,
``label`` ...). What ``intona predict`` and ``intona evaluate`` write is such a table.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import partial
from itertools import takewhile
from pathlib import Path, PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio
from intona.corpora.cells import TIMES, is_missing, plain, set_times, word
from intona.corpora.located import locate
from intona.corpora.sheet import SUFFIXES, folded, read
from intona.corpora.tables import NAMES
from intona.errors import CorpusError, ModelError, UsageError
from intona.inference.foreign.base import TOLERANCE, Foreign
from intona.labels import EMOTIONS, RESERVED, canonical
from intona.tables import Prediction, Utterance

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.sheet import Sheet

PREFIX = "table:"
UNASKED = (
    "{} is a table: it holds answers to recordings as they are, and cannot be asked about other "
    "sounds"
)
# What an answer is called, whatever is beside it; and where there is no truth beside it.
_SURELY = (
    *("prediction", "predicted", "predicted_emotion", "predicted_label", "predicted_class"),
    *("pred", "pred_label", "y_pred", "answer"),
)
_ANSWERS = (*_SURELY, *NAMES["emotion"])
_NESTED = ("probabilities", "probs", "scores")
_STATUS = ("ok", "unsure", "no_speech")
_PLACE = ("file", *TIMES)
_TEXTS = frozenset({*NAMES["file"], *_ANSWERS, "status", "truth", "speaker", "corpus", "fold"})
# Columns of corpora and of our own tables that are no probabilities, whatever they hold.
_OTHERS = frozenset({*RESERVED, *_ANSWERS, *(name for names in NAMES.values() for name in names)})

_Times = tuple[int, int | None]  # milliseconds


class AnswerTable(Foreign):
    """A table of answers under judgement; it knows the recordings that it names, as they are.

    Args:
        text: the table's path, or ``table:`` and the path.

    Raises:
        UsageError: it holds no answers.
        ModelError: it cannot be read, or a row makes no sense.
    """

    least = 1  # whoever always says the same has chosen from more: see :meth:`knowing`

    def __init__(self, text: str) -> None:
        self.file = Path(text.removeprefix(PREFIX))
        self.name = text
        try:
            sheet = read(self.file, known=_TEXTS | set(TIMES), texts=_TEXTS)
        except CorpusError as error:
            raise ModelError(str(error)) from None
        if sheet.problems:
            raise ModelError(f"{self.file}: {sheet.problems[0]}")
        frame, words, self.open = _columns(sheet, str(self.file))
        super().__init__(text, words, None)
        self._rows: dict[str, dict[_Times, Prediction]] = {}
        # What recordings are called: a path, as it is written or in full, to the table's own name;
        # and a file's name to the full paths, of another machine, that end with it.
        self._where: dict[str, str] = {}
        self._absent: dict[str, list[str]] = {}
        for place, record in zip(sheet.places, frame.to_dict("records"), strict=True):
            self._add({str(key): plain(value) for key, value in record.items()}, place, sheet)
        if not self._rows:
            raise ModelError(f"{self.file}: the table has no rows")

    def again(self) -> Callable[[], AnswerTable]:
        """Return what makes the same recogniser, also in another process."""
        return partial(copy, self)

    @property
    def words(self) -> str:
        """What must be said of its answers; see :attr:`Foreign.words`."""
        only = " It gives a label and no probabilities, so that of the metrics only those of "
        return super().words + (f"{only}decisions say something." if self.open else "")

    def knowing(self, labels: Iterable[str]) -> Self:
        """Return the same table, aware of labels that it might have answered with and never did.

        One that gives a label and no probabilities does not say which it chose from.
        """
        other = copy(self)
        if self.open:
            new = [name for name in map(canonical, labels) if name not in self.labels]
            other.labels = (*self.labels, *dict.fromkeys(new))
        return other

    def answers(self, signals: Sequence[NDArray[np.float32]], rate: int) -> Sequence[object]:
        """Refuse: a table cannot be asked.

        Raises:
            UsageError: always.
        """
        raise UsageError(UNASKED.format(self.name))

    def predict(
        self,
        source: str | Path | BinaryIO | Audio,
        *,
        start: float = 0.0,
        end: float | None = None,
    ) -> Prediction:
        """Look a recording up.

        Args:
            source: its path.
            start: begin in seconds.
            end: end in seconds; ``None`` for the end of the recording.

        Raises:
            UsageError: what is asked about is no file, or the table has no answer to it.
        """
        if not isinstance(source, str | Path):
            raise UsageError(UNASKED.format(self.name))
        file = str(source)
        found = self._found(Utterance(file, start, end))
        if found is None:
            raise UsageError(f"{self.name} has no answer to {file}")
        if found.emotion is None:
            return self.prediction(None, start, end or start, file)
        values = {label: found.probabilities.get(label, 0.0) for label in self.labels}
        return Prediction(found.emotion, found.confidence, values, found.status, file, start, end)

    def require(self, wanted: Sequence[Utterance]) -> None:
        """Refuse to be held against utterances it has no answer to: left out, they would flatter.

        Raises:
            UsageError: it lacks some.
        """
        missing = [one for one in wanted if self._found(one) is None]
        if missing:
            first = missing[0]
            times = "" if first.end is None else f" ({first.start:g} to {first.end:g} s)"
            raise UsageError(
                f"{self.name} has no answer to {len(missing)} of the {len(wanted)} utterances, the "
                f"first is {first.file}{times}: complete it, or leave them out of the corpus (it "
                f"names for example {next(iter(self._rows))})"
            )

    def _found(self, wanted: Utterance) -> Prediction | None:
        start, end = wanted.start, wanted.end
        name = self._name_of(wanted.file)
        rows = {} if name is None else self._rows[name]
        found = rows.get(_times(start, end))
        if found is None and not start and end is None:
            # Many write how long a whole recording is.
            whole = [row for (begin, _), row in rows.items() if begin == 0]
            found = whole[0] if len(whole) == len(rows) == 1 else None
        return found

    def _add(self, row: dict[str, Any], place: str, sheet: Sheet) -> None:
        """Take a row in."""
        where = f"{self.file}, {place}"
        name = word(row.get("file"))
        if name is None:
            raise ModelError(f"{where} names no file")
        try:
            set_times(row, sheet.decimal_comma)
            answer = self._answer(row)
        except (ValueError, ModelError) as error:
            raise ModelError(f"{where}: {str(error).removeprefix(f'{self.name}: ')}") from None
        if name not in self._rows:
            here = locate(name, self.file.parent)
            spelled = PurePath(name.replace("\\", "/").strip()).as_posix()
            keys = [spelled] if here is None else [spelled, os.path.realpath(here)]
            name = next((self._where[key] for key in reversed(keys) if key in self._where), name)
            for key in keys:
                self._where.setdefault(key, name)
            there = PureWindowsPath(name)
            if here is None and there.root and name not in self._rows:
                self._absent.setdefault(there.name, []).append(name)
        times = _times(row.get("start") or 0.0, row.get("end"))
        if self._rows.setdefault(name, {}).setdefault(times, answer) != answer:
            raise ModelError(f"{where}: {name} has another answer in an earlier row")

    def _answer(self, row: Mapping[str, Any]) -> Prediction:
        label = word(row.get("answer"))
        label = None if is_missing(label) else label
        status = row.get("status")
        if self.open:
            values: Mapping[str, float] | None = None if label is None else {label: 1.0}
        else:
            cells = {name: row.get(name) for name in self.readings}
            values = None if all(cell is None for cell in cells.values()) else {
                name: 0.0 if cell is None else cell for name, cell in cells.items()
            }  # fmt: skip
        if values is None or status == "no_speech":
            return self.prediction(None, 0.0, 0.0)
        found = self.prediction(self._row(values), 0.0, 0.0)
        own = found.probabilities.get(canonical(label or found.emotion or ""))
        if own is None or own < found.confidence - TOLERANCE:
            raise ModelError(
                f"it says {label}, and {found.emotion} has the largest probability: leave out the "
                "one that does not count"
            )
        kept = status if status in _STATUS else "ok"
        return Prediction(found.emotion, found.confidence, found.probabilities, kept)

    def _name_of(self, file: str) -> str | None:
        """Return what a recording is called here: the same file, or a name its path ends with."""
        real = os.path.realpath(file)
        if real in self._where:
            return self._where[real]
        parts = PurePath(real).parts
        for first in range(len(parts)):
            path = PurePath(*parts[first:])
            for name in (path.as_posix(), path.with_suffix("").as_posix()):
                if name in self._where:
                    return self._where[name]
        return self._elsewhere(parts)

    def _elsewhere(self, parts: Sequence[str]) -> str | None:
        """Look up a recording whose whole path the table has from another machine."""
        found: dict[int, list[str]] = {}
        for name in self._absent.get(parts[-1], ()):
            both = zip(reversed(PureWindowsPath(name).parts), reversed(parts), strict=False)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))
            found.setdefault(same, []).append(name)
        best = found[max(found)] if found else []
        alone = sum(map(len, found.values())) == 1
        return best[0] if len(best) == 1 and (alone or max(found) > 1) else None


def holds_answers(text: str) -> bool | None:
    """Tell whether a path is a table of answers; ``None`` where it may be a corpus as well.

    A corpus names an emotion and, mostly, a speaker; a table of answers has probabilities, a
    confidence, or a column that is called a prediction.
    """
    path = Path(text.removeprefix(PREFIX))
    if text.startswith(PREFIX):
        return True
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    from intona.corpora.hub import is_hub_file

    if is_hub_file(path):
        return False
    try:
        frame = read(path, known=_TEXTS, texts=_TEXTS).frame
    except CorpusError:
        return False
    names = {folded(str(column)) for column in frame.columns}
    if names.isdisjoint(NAMES["file"]):
        return False
    if names & {*_SURELY, *_NESTED, "confidence", "score"}:
        return True
    labelled, spoken = names & {*NAMES["emotion"]}, names & {*NAMES["speaker"]}
    if labelled and spoken:
        return False
    if _probable(frame):
        return True
    return None if labelled else False


def _columns(sheet: Sheet, where: str) -> tuple[pd.DataFrame, list[str], bool]:
    """Return the table with our names, its labels, and whether it gives no probabilities.

    Columns are ``file``, the times, ``answer``, ``status`` and one per label, where there are such.
    """
    frame = _flat(sheet.frame)
    by_name: dict[str, str] = {}
    for column in map(str, frame.columns):
        by_name.setdefault(folded(column), column)
    chosen = {
        ours: next((by_name[name] for name in NAMES[ours] if name in by_name), None)
        for ours in _PLACE
    }
    chosen["answer"] = next((by_name[name] for name in _ANSWERS if name in by_name), None)
    chosen["status"] = by_name.get("status")
    listed = ", ".join(map(str, frame.columns[:20]))
    if chosen["file"] is None:
        raise UsageError(f"{where}: which column names the file? its columns are {listed}")
    probable = _probable(frame)
    if not probable and chosen["answer"] is None:
        raise UsageError(
            f"{where} holds no answers: it needs one probability per label, or a column "
            f"prediction; its columns are {listed}"
        )
    found = frame[list(probable)].rename(columns=probable)
    for ours, theirs in chosen.items():
        if theirs is not None and ours not in found:
            found[ours] = frame[theirs]
    if probable:
        return found, list(probable.values()), False
    texts = (word(plain(value)) for value in found["answer"])
    words = dict.fromkeys(text for text in texts if text is not None and not is_missing(text))
    if not words:
        raise UsageError(f"{where}: its column {chosen['answer']} is empty")
    return found, list(words), True


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with probabilities that stand in one cell as columns of their own."""
    import pandas as pd

    nested = next((c for c in frame.columns if folded(str(c)) in _NESTED), None)
    rows = [] if nested is None else [_pairs(value) for value in frame[nested]]
    if not any(rows):
        return frame
    inner = pd.DataFrame(rows, index=frame.index)
    return frame.drop(columns=[nested, *(c for c in inner if c in frame)]).join(inner)


def _pairs(value: Any) -> dict[str, Any]:
    """Return labels with probabilities, of an object or of the list that pipelines give."""
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, list | tuple | np.ndarray):
        return {}
    each = [one for one in value if isinstance(one, Mapping) and {"label", "score"} <= set(one)]
    return {str(one["label"]): one["score"] for one in each}


def _probable(frame: pd.DataFrame) -> dict[str, str]:
    """Return the columns that hold probabilities, with the label of each.

    These are the numbers in the columns that are called like emotions, or else in all columns that
    mean nothing else, where they sum to 1.
    """
    import pandas as pd

    numbers = {
        str(column): str(column)
        for column in frame.columns
        if folded(str(column)) not in _OTHERS
        and pd.api.types.is_numeric_dtype(values := pd.to_numeric(frame[column], errors="coerce"))
        and (values.notna() | frame[column].isna()).all()
        and values.notna().any()
    }
    if len(numbers) > 1:
        values = frame[list(numbers)].apply(pd.to_numeric)
        sums = values.sum(axis=1)[values.notna().any(axis=1)]
        inside = ((values >= 0) & (values <= 1) | values.isna()).all(axis=None)
        if inside and ((sums - 1.0).abs() <= TOLERANCE).all():
            return {column: _label(column) for column in numbers}
    named = {column: _label(column) for column in numbers if canonical(_label(column)) in EMOTIONS}
    return named if len(named) > 1 else {}


def _label(column: str) -> str:
    """Return the label that a column of probabilities is called after."""
    name = folded(column)
    for mark in ("probability_", "prob_", "p_", "score_"):
        if canonical(name.removeprefix(mark)) in EMOTIONS:
            return name.removeprefix(mark)
    for mark in ("_probability", "_prob", "_score"):
        if canonical(name.removesuffix(mark)) in EMOTIONS:
            return name.removesuffix(mark)
    return column


def _times(start: float, end: float | None) -> _Times:
    return round(1000 * start), None if end is None else round(1000 * end)
