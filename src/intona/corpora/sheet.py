"""Tables as people keep them: any separator, quoting, line ends and mark; JSON in its forms.

A :class:`Sheet` is what stands in the file and where it stands; which column means what, and what a
row must have, is said in :mod:`intona.corpora.tables`.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.corpora import labelstudio
from intona.corpora.cells import is_missing, number_of
from intona.corpora.problem import ROW, Problem
from intona.errors import CorpusError
from intona.tables import unguarded

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = frozenset({".csv", ".tsv", ".parquet", ".json", ".jsonl"})
_SEPARATORS = (",", ";", "\t", "|")
# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Sheet:
    """A table as it stands in a file.

    Attributes:
        frame: one row per row; texts are as they stand there, an empty field is ``None``.
        places: where each row stands, in words: ``row 2`` (the line of names is row 1).
        problems: rows that could not be read.
        decimal_comma: whether ``1,5`` is one and a half.
    """

    frame: pd.DataFrame
    places: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    decimal_comma: bool = False

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Sheet:
        """Take a data frame, whose rows count from 1; an index with names counts as columns."""
        if any(frame.index.names):
            frame = frame.reset_index()
        return cls(frame, tuple(f"row {number}" for number in range(1, len(frame) + 1)))


def folded(name: str) -> str:
    """Return a column's name without case, white space and signs between words.

    Examples:
        >>> folded(" File Name"), folded("Speaker-ID")
        ('file_name', 'speaker_id')
    """
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def read(path: Path, known: Collection[str] = (), texts: Collection[str] = ()) -> Sheet:
    """Read a table from a file: with one of :data:`SUFFIXES`, or text with separators.

    Args:
        path: the file.
        known: names of columns that may be expected, :func:`folded`; they decide between
            separators.
        texts: columns that stay text even where they look like numbers, :func:`folded`.

    Raises:
        CorpusError: the file cannot be read as a table.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return _of_parquet(path)
        text = decoded(path.read_bytes())
        if suffix in (".json", ".jsonl"):
            return _of_json(text, path.parent)
        return _of_text(text, known, texts, "\t" if suffix == ".tsv" else ",")
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
    except RecursionError:
        reason = "it is nested too deeply"
    except (ValueError, csv.Error, MemoryError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
    raise CorpusError(f"{path}: not a readable {suffix[1:]} table ({reason})")


def decoded(content: bytes) -> str:
    """Return text in UTF-8, or in UTF-16 or UTF-32 that say so.

    Raises:
        ValueError: it is in none of them.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in content[:2]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line} is not in {encoding.upper()}: save the table as UTF-8"
        ) from None


def _of_parquet(path: Path) -> Sheet:
    import pandas as pd

    return Sheet.of(pd.read_parquet(path))


def _of_json(text: str, folder: Path) -> Sheet:
    """Read a list of objects, an object of objects (EmoBox) or of columns, or lines of objects.

    An export of Label Studio is its utterances.
    """
    import pandas as pd

    try:
        content = json.loads(text)
    except ValueError as error:
        content, places = _lines(text, error)
    else:
        if labelstudio.is_export(content):
            marked, problems = labelstudio.rows_of(content, folder)
            frame = pd.DataFrame([row for _, row in marked], dtype="object")
            return Sheet(frame, tuple(place for place, _ in marked), tuple(problems))
        content = _rows_of(content)
        places = [f"row {number}" for number in range(1, len(content) + 1)]
    bad = [
        Problem(f"{place}: left out, it is no object of names and values", ROW)
        for place, row in zip(places, content, strict=True)
        if not isinstance(row, dict)
    ]
    rows = [(place, row) for place, row in zip(places, content, strict=True) if type(row) is dict]
    if not rows:
        raise ValueError("expected a list of objects, an object of objects, or one object a line")
    frame = pd.DataFrame([row for _, row in rows], dtype="object")
    return Sheet(frame, tuple(place for place, _ in rows), tuple(bad))


def _lines(text: str, first: ValueError) -> tuple[list[Any], list[str]]:
    """Read one object a line; a line that is none is left as text."""
    content: list[Any] = []
    places = []
    # Not splitlines: texts may hold other separators of lines, such as U+2028.
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if line.strip():
            try:
                content.append(json.loads(line))
            except ValueError:
                content.append(line)
            places.append(f"line {number}")
    if not any(isinstance(row, dict) for row in content):
        raise first
    return content, places


def _rows_of(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    if not isinstance(content, dict) or not content:
        return []
    inner = list(content.values())
    if len(inner) == 1 and isinstance(inner[0], list) and isinstance((*inner[0], 0)[0], dict):
        return inner[0]  # {"data": [...]}
    if not all(isinstance(each, dict | list) for each in inner):
        return [content]
    keys = [list(each) if isinstance(each, dict) else range(len(each)) for each in inner]
    # Columns all have the same rows, called by numbers (as pandas writes them) or only counted.
    if all(key == keys[0] for key in keys) and all(str(key).isdigit() for key in keys[0]):
        return [dict(zip(content, (each[key] for each in inner), strict=True)) for key in keys[0]]
    return inner


def _of_text(text: str, known: Collection[str], texts: Collection[str], usual: str) -> Sheet:
    """Read text with separators, of whatever dialect."""
    import pandas as pd

    told = re.match(r"sep=(.)[\r\n]+", text)  # Excel's own line before the names, not shown by it
    body = text[told.end() :] if told else text
    sign = told[1] if told else _separator(body, known, usual)
    lines = [(n, line) for n, line in enumerate(_records(body, sign), 1) if "".join(line).strip()]
    if not lines:
        raise ValueError("it is empty")
    (_, header), *rest = lines
    names = _unlike([name.strip() for name in header])
    good = [(n, line) for n, line in rest if not any(line[len(names) :])]
    bad = [
        Problem(
            f"row {n}: left out, it has {len(line)} fields where there are {len(names)} names of "
            "columns: put a field that holds the separator into quotes",
            ROW,
        )
        for n, line in rest
        if any(line[len(names) :])
    ]
    width = len(names)
    filled = [[*map(_filled, line[:width]), *[None] * (width - len(line))] for _, line in good]
    frame = pd.DataFrame(filled, columns=names, dtype="object")
    decimal_comma = sign != ","
    for column in names:
        if folded(column) not in texts:
            frame[column] = _numbers(frame[column], decimal_comma)
    return Sheet(frame, tuple(f"row {n}" for n, _ in good), tuple(bad), decimal_comma)


def _filled(field: str) -> str | None:
    return unguarded(field) if field.strip() else None


def _separator(text: str, known: Collection[str], usual: str) -> str:
    """Return what separates the names of columns: what makes most known ones, then most of all."""
    head = next((line for line in re.split(r"[\r\n]+", text) if line.strip()), "")

    def worth(sign: str) -> tuple[int, int, bool]:
        names = next(csv.reader([head], delimiter=sign), [])
        return len({folded(name) for name in names} & set(known)), len(names), sign == usual

    return max(_SEPARATORS, key=worth)


def _records(text: str, sign: str) -> list[list[str]]:
    """Return the fields of every record; quotes count unless the file does not know them.

    Tools that write without quoting leave quotes in texts as they are, and one at the beginning of
    a field would swallow the lines to the next. So where a field holds lines, or the quotes do not
    match, and each line has all fields without them, they are no quotes.
    """
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True))
        if not any("\n" in field or "\r" in field for record in records for field in record):
            return records
        fault = None
    except csv.Error as error:
        records, fault = [], error
    lines = io.StringIO(text, newline="")
    plain = list(csv.reader(lines, delimiter=sign, quoting=csv.QUOTE_NONE))
    if len({len(record) for record in plain if any(record)}) == 1:
        return plain
    if fault is not None:
        raise ValueError(f"a quotation mark is not closed, or not doubled: {fault}")
    return records


def _unlike(names: Sequence[str]) -> list[str]:
    """Give columns without a name, and a second of the same name, names of their own."""
    found: list[str] = []
    for position, name in enumerate(names, 1):
        own = name or f"column {position}"
        times = names[:position].count(name)
        found.append(f"{own} ({times})" if name and times > 1 else own)
    return found


def _numbers(column: pd.Series, decimal_comma: bool) -> pd.Series:
    """Return a column as numbers where it holds nothing else."""
    import pandas as pd

    values = [None if is_missing(value) else number_of(value, decimal_comma) for value in column]
    if any(value != value for value in values) or not any(value is not None for value in values):
        return column
    whole = all(value is not None and re.fullmatch(r"\s*-?\d{1,18}\s*", value) for value in column)
    return pd.Series(list(map(int, column)) if whole else values, index=column.index)
