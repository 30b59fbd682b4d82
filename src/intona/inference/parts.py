"""The part files of an unfinished table: written one by one, joined at the end.

Parts and result are put into place by a rename, so each is there as a whole or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.errors import UsageError
from intona.files import atomic, read_json
from intona.tables import COLUMNS, NUMBERS, segmented_index

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS = {name: "float64" if name in NUMBERS else "string" for name in COLUMNS} | {
    "adapted": "int64",
    "channel": "int64",
    "speaker": "string",
}
_PANDAS = {"string": "str", "float64": "float64", "int64": "int64"}
_ROWS = 65_536  # of the result held in memory at a time


def errors_of(out: Path) -> Path:
    """Return where the table of a result's errors is: beside it, under its name.

    Examples:
        >>> errors_of(Path("calls.parquet")).name
        'calls.errors.parquet'
    """
    return out.with_suffix(f".errors{out.suffix}")


class Parts:
    """The folder ``RESULT.parts/``.

    Args:
        out: the result, a ``.parquet`` file.
        labels: its probability columns.
        beside: further columns, ``channel`` and ``speaker``, where recordings are heard so.
    """

    def __init__(self, out: Path, labels: Sequence[str], beside: Sequence[str] = ()) -> None:
        self.out = out
        self.folder = out.with_name(f"{out.name}.parts")
        self._note = self.folder / "job.json"
        self._labels = tuple(labels)
        self._beside = tuple(beside)
        self._columns = tuple(name for name in COLUMNS if name not in self._labels)

    @contextmanager
    def opened(self, job: dict[str, str]) -> Iterator[None]:
        """Lock the folder within the block; keep it when interrupted, else delete it.

        Args:
            job: what makes the parts; parts that something else has made are not mixed in.

        Raises:
            UsageError: it cannot be written, is in use, or was left by another job.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            lock = open(self.folder / "lock", "ab")  # noqa: SIM115 (held until the end)
        except OSError as error:
            raise UsageError(f"cannot write {self.out}: {error.strerror or error}") from None
        with lock:
            _lock(lock.fileno(), self.out)
            self._sign(job)
            try:
                yield
            except BaseException:
                if not any(self.folder.glob("[0-9]*.parquet")):
                    self._clear()
                raise
            self._clear()

    def has(self, key: str) -> bool:
        """Say whether a part is there and was written to its end (not so after a power cut)."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            pq.ParquetFile(self._path(key)).close()
        except (OSError, pa.ArrowException):
            return False
        return True

    def write(self, key: str, rows: list[dict[str, Any]]) -> None:
        """Write a part.

        Args:
            key: its name; the parts are joined in the order of the keys given to :meth:`join`.
            rows: of the table, with ``error`` for those that are to become rows of the errors.

        Raises:
            UsageError: it cannot be written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with atomic(self._path(key)) as temporary:
                pq.write_table(pa.Table.from_pylist(rows, self._schema()), temporary)
        except OSError as error:
            raise self._unwritten(error) from None

    def join(self, keys: Iterable[str]) -> tuple[int, int, int, float]:
        """Join parts into the result and the table of its errors.

        Args:
            keys: of the parts, in order.

        Returns:
            The recordings of both, those of the result whose channels carry different speech, and
            the seconds of audio in the result.

        Raises:
            UsageError: the result cannot be written.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        counts = [0, 0, 0]
        audio = 0.0
        whole, errors = self.folder / "result.parquet", self.folder / "errors.parquet"
        bad_schema = pa.schema([("file", pa.string()), ("error", pa.string())])
        try:
            sample = pa.Table.from_pylist(
                [
                    {"file": "a.wav", "start": 0.0, "adapted": 0}
                    | ({"channel": 1} if self._beside else {})
                ],
                self._schema(),
            )
            with (
                pq.ParquetWriter(whole, self._as_predictions(sample).schema) as good,
                pq.ParquetWriter(errors, bad_schema) as bad,
            ):
                for table in self._groups(keys):
                    failed = pc.is_valid(table["error"])
                    fine = table.filter(pc.invert(failed))
                    wrong = table.filter(failed).select(["file", "error"])
                    if len(fine):
                        good.write_table(self._as_predictions(fine))
                    bad.write_table(wrong)
                    counts[0] += len(pc.unique(fine["file"])) if self._beside else len(fine)
                    counts[1] += len(wrong)
                    counts[2] += pc.sum(fine["apart"]).as_py() or 0
                    audio += pc.sum(pc.subtract(fine["end"], fine["start"])).as_py() or 0.0
            os.replace(errors, errors_of(self.out))
            os.replace(whole, self.out)
        except OSError as error:
            raise self._unwritten(error) from None
        except (pa.ArrowException, ValueError) as error:
            raise UsageError(
                f"{self.folder} holds a damaged part ({error}): delete the folder to start again"
            ) from None
        return counts[0], counts[1], counts[2], audio

    def _unwritten(self, error: OSError) -> UsageError:
        return UsageError(
            f"cannot write {self.out}: {error.strerror or error}; what was done is kept in "
            f"{self.folder}, and the same command goes on from there"
        )

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"

    def _sign(self, job: dict[str, str]) -> None:
        if not self._note.is_file():
            with atomic(self._note) as temporary:
                temporary.write_text(json.dumps(job), "utf-8")
        elif self._signed() != job:
            raise UsageError(
                f"{self.folder} was left by a run with another model or version of intona, or one "
                "asked otherwise or adapted to other recordings: go on with that one, or delete "
                "the folder to start again"
            )

    def _signed(self) -> object:
        """Return what a former run wrote; ``None`` where that is damaged."""
        try:
            return read_json(self._note, 2**20)
        except ValueError:
            return None

    def _clear(self) -> None:
        # job.json goes last: should this be interrupted, what is left is still known as ours.
        for path in sorted(self.folder.iterdir(), key=lambda path: path == self._note):
            path.unlink(missing_ok=True)
        self.folder.rmdir()

    def _groups(self, keys: Iterable[str]) -> Iterator[pa.Table]:
        """Yield the parts in order, some of them joined, never too many rows at once."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        held: list[pa.Table] = []
        rows = 0
        for key in keys:
            held.append(pq.read_table(self._path(key), schema=self._schema()))
            rows += len(held[-1])
            if rows >= _ROWS:
                yield pa.concat_tables(held)
                held, rows = [], 0
        if held:
            yield pa.concat_tables(held)

    def _schema(self) -> pa.Schema:
        import pyarrow as pa

        return pa.schema(
            [
                ("file", pa.string()),
                ("start", pa.float64()),
                ("end", pa.float64()),
                *((name, pa.type_for_alias(_KINDS[name])) for name in self._columns),
                *((label, pa.float64()) for label in self._labels),
                *((name, pa.type_for_alias(_KINDS[name])) for name in self._beside),
                ("error", pa.string()),
                ("apart", pa.bool_()),
            ]
        )

    def _as_predictions(self, table: pa.Table) -> pa.Table:
        """Give a table the form that ``intona predict`` writes."""
        import pandas as pd
        import pyarrow as pa

        columns = table.to_pydict()
        index = segmented_index(columns["file"], columns["start"], columns["end"])
        frame = pd.DataFrame(
            {
                **{
                    name: pd.Series(columns[name], index=index, dtype=_PANDAS[_KINDS[name]])
                    for name in self._columns
                },
                **{
                    name: pd.Series(columns[name], index=index, dtype="float64")
                    for name in self._labels
                },
                **{
                    name: pd.Series(columns[name], index=index, dtype=_PANDAS[_KINDS[name]])
                    for name in self._beside
                },
            },
            index=index,
        )
        found = pa.Table.from_pandas(frame)
        # Parquet has no type for durations: other readers than Arrow's see whole numbers.
        return found.replace_schema_metadata(
            {**found.schema.metadata, b"unit of start and end": b"ns"}
        )


def _lock(handle: int, out: Path) -> None:
    """Lock a file until the process ends, however it ends."""
    if os.name != "posix":
        return
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UsageError(
            f"another run is writing {out}: wait for it or name another file"
        ) from None
