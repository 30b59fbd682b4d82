"""As many recordings as there are: predicted in parallel, resumable, exactly once.

How it survives being killed at any moment:

* Files are found as a stream, in sorted order, and cut into shards of equal size.
* A finished shard becomes one part file, by an atomic rename, in ``RESULT.parts/``. Its name holds
  the shard's number and a digest of its files' names, sizes and times, so a part is used again only
  for exactly the files it was made from.
* Started again, parts that are there are skipped. At the end all parts, in order, become the result
  by one atomic rename; then they are deleted. The result therefore equals that of an undisturbed
  run, row by row.

A file that cannot be read is one row of ``errors.parquet`` beside the result.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona import engines
from intona.audio import find
from intona.engines import Lost
from intona.errors import AudioError, UsageError
from intona.files import atomic

if TYPE_CHECKING:
    import pyarrow as pa

    from intona.recognizer import Recognizer

__all__ = ["Summary", "predict_folder"]

Progress = Callable[[int, int, str], None]

SHARD = 64
_ROWS = 65_536  # of the result held in memory at a time


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes:
        files: recordings in the result.
        errors: recordings in ``errors.parquet``.
        resumed: recordings that an earlier, interrupted run had already done.
        audio: seconds of audio in the result.
        seconds: how long this run took.
    """

    files: int
    errors: int
    resumed: int
    audio: float
    seconds: float


@dataclass(frozen=True)
class Shard:
    """A few consecutive files; ``key`` is number and digest."""

    key: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Predict:
    """The job of one worker: hold a model, predict shards.

    Attributes:
        content: the model file's bytes, so that all workers use the same one.
        metadata: its metadata, validated.
        path: where it was read from, for messages.
    """

    content: bytes = field(repr=False)
    metadata: dict[str, Any]
    path: Path

    def setup(self) -> Recognizer:
        """Load the model."""
        from intona.recognizer import Recognizer

        return Recognizer(self.content, self.metadata, self.path)

    def run(self, state: Recognizer, task: Shard) -> list[dict[str, Any]]:
        """Predict the shard's files; one row each, in order."""
        return [_row(state, file) for file in task.files]


def _row(model: Recognizer, file: str) -> dict[str, Any]:
    name = _unicode(file)
    try:
        found = model.predict(file)
    except AudioError as error:
        return {"file": name, "error": str(error).replace(file, name)}
    except OSError as error:
        return {"file": name, "error": f"cannot read {name}: {error.strerror or error}"}
    row = found.to_dict()
    return {"error": None, **row.pop("probabilities"), **row, "file": name}


def _unicode(file: str) -> str:
    """Spell out the bytes of a name that are not Unicode: a table holds nothing else."""
    return file.encode("utf-8", "backslashreplace").decode()


def predict_folder(
    model: str | Path | None,
    paths: Iterable[str | Path],
    out: str | Path,
    *,
    workers: int = 1,
    engine: str = "local",
    address: str | None = None,
    shard: int = SHARD,
    progress: Progress | None = None,
) -> Summary:
    """Predict every recording below ``paths`` into one parquet file.

    Args:
        model: model file; ``None`` for the bundled one.
        paths: recordings, and folders of them.
        out: the ``.parquet`` file; its table is that of ``intona predict``.
        workers: processes.
        engine: ``"local"`` or ``"ray"``.
        address: of the Ray cluster.
        shard: files per part file.
        progress: called as ``progress(done, total, text)``; ``total`` is what has been found so
            far until the search through the folders ends.

    Raises:
        UsageError: ``out`` is no parquet file or cannot be written, or another run is writing it.
        AudioError: a path does not exist or holds no audio.
        ModelError: the model cannot be loaded.
    """
    from intona import __version__
    from intona.artefact import read_model
    from intona.recognizer import bundled

    begin = time.monotonic()
    out = Path(out)
    if out.suffix.lower() != ".parquet":
        raise UsageError(f"{out}: many recordings are written as parquet: name a .parquet file")
    source = Path(model) if model is not None else bundled()
    content, metadata = read_model(source)
    job = Predict(content, metadata, source)
    labels = tuple(metadata["labels"])
    roots = [Path(path) for path in paths]
    runner = engines.engine(engine, workers=workers, address=address)
    made_by = {"model": hashlib.sha256(content).hexdigest(), "intona": __version__}
    with _parts_folder(out, made_by) as parts:
        tally = _Tally(progress, roots)
        keys: list[str] = []
        todo = _todo(_shards(find(roots), shard), parts, keys, tally)
        try:
            for task, rows in runner.run(job, todo):
                if isinstance(rows, Lost):
                    rows = _one_by_one(job, task, workers)
                _write_part(parts / f"{task.key}.parquet", rows, labels)
                tally.add(len(rows))
        finally:
            tally.stop()
        files, errors, audio = _assemble(parts, keys, labels, out)
    return Summary(files, errors, tally.resumed, audio, time.monotonic() - begin)


def _shards(files: Iterable[Path], size: int) -> Iterator[Shard]:
    """Cut the stream of files into shards named by number and content."""
    stream = iter(files)
    for number in range(10**9):
        chunk = list(islice(stream, size))
        if not chunk:
            return
        digest = hashlib.sha256()
        for file in chunk:
            try:
                status = file.stat()
                stamp = f"{status.st_size} {status.st_mtime_ns}"
            except OSError:
                stamp = "gone"
            digest.update(f"{file}\0{stamp}\n".encode(errors="surrogateescape"))
        key = f"{number:08d}-{digest.hexdigest()[:16]}"
        yield Shard(key, tuple(str(file) for file in chunk))


def _todo(shards: Iterable[Shard], parts: Path, keys: list[str], tally: _Tally) -> Iterator[Shard]:
    """Yield the shards without a part, and note the keys of all, in order."""
    for shard in shards:
        keys.append(shard.key)
        if _is_whole(parts / f"{shard.key}.parquet"):
            tally.skip(len(shard.files))
        else:
            yield shard


def _is_whole(path: Path) -> bool:
    """Say whether a part is there and was written to its end (not so after a power cut)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.ParquetFile(path).close()
    except (OSError, pa.ArrowInvalid):
        return False
    return True


def _one_by_one(job: Predict, shard: Shard, workers: int) -> list[dict[str, Any]]:
    """Do a shard that kills workers file by file, to find the file that does it."""
    alone = [Shard(f"{number}", (file,)) for number, file in enumerate(shard.files)]
    done = dict(engines.engine(workers=max(2, workers)).run(job, alone))
    return [
        {"file": _unicode(task.files[0]), "error": "a worker was killed while it read this file"}
        if isinstance(done[task], Lost)
        else done[task][0]
        for task in alone
    ]


class _Tally:
    """Counts what is done, and reports it; the total is counted in a thread of its own."""

    def __init__(self, progress: Progress | None, roots: list[Path]) -> None:
        self.resumed = 0
        self._progress = progress
        self._done = 0
        self._total = 0
        self._ended = threading.Event()
        if progress is not None:
            threading.Thread(target=self._count, args=(roots,), daemon=True).start()

    def _count(self, roots: list[Path]) -> None:
        try:
            for _ in find(roots):
                self._total += 1
                if self._ended.is_set():
                    return
        except AudioError:
            return  # the run itself meets the same fault, and tells

    def add(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done), "predicting")

    def skip(self, count: int) -> None:
        self.resumed += count
        self.add(count)

    def stop(self) -> None:
        self._ended.set()


@contextmanager
def _parts_folder(out: Path, job: dict[str, str]) -> Iterator[Path]:
    """Give the folder of the parts: locked while in use, kept when interrupted, then deleted."""
    parts = out.with_name(f"{out.name}.parts")
    note = parts / "job.json"
    try:
        parts.mkdir(exist_ok=True)
        lock = open(parts / "lock", "ab")  # noqa: SIM115 (held until the end)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None
    with lock:
        _lock(lock.fileno(), out)
        if note.is_file():
            if json.loads(note.read_text("utf-8")) != job:
                raise UsageError(
                    f"{parts} was left by a run with another model or version of intona: go on "
                    "with that one, or delete the folder to start again"
                )
        else:
            with atomic(note) as temporary:
                temporary.write_text(json.dumps(job), "utf-8")
        try:
            yield parts
        except BaseException:
            if not any(parts.glob("[0-9]*.parquet")):
                _clear(parts, note)
            raise
        _clear(parts, note)


def _clear(parts: Path, note: Path) -> None:
    # job.json goes last: should this be interrupted, what is left is still known as ours.
    for path in sorted(parts.iterdir(), key=lambda path: path == note):
        path.unlink(missing_ok=True)
    parts.rmdir()


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


def _schema(labels: tuple[str, ...]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("file", pa.string()),
            ("start", pa.float64()),
            ("end", pa.float64()),
            ("emotion", pa.string()),
            ("confidence", pa.float64()),
            ("status", pa.string()),
            *((label, pa.float64()) for label in labels),
            ("error", pa.string()),
        ]
    )


def _write_part(path: Path, rows: list[dict[str, Any]], labels: tuple[str, ...]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with atomic(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, _schema(labels)), temporary)


def _assemble(
    parts: Path, keys: list[str], labels: tuple[str, ...], out: Path
) -> tuple[int, int, float]:
    """Join the parts into the result and the errors; return their sizes and seconds of audio."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    counts = [0, 0]
    audio = 0.0
    whole, errors = parts / "result.parquet", parts / "errors.parquet"
    bad_schema = pa.schema([("file", pa.string()), ("error", pa.string())])
    try:
        sample = pa.Table.from_pylist([{"file": "a.wav", "start": 0.0}], _schema(labels))
        with (
            pq.ParquetWriter(whole, _as_predictions(sample, labels).schema) as good,
            pq.ParquetWriter(errors, bad_schema) as bad,
        ):
            for table in _groups(parts, keys, _schema(labels)):
                failed = pc.is_valid(table["error"])
                fine = table.filter(pc.invert(failed))
                wrong = table.filter(failed).select(["file", "error"])
                if len(fine):
                    good.write_table(_as_predictions(fine, labels))
                bad.write_table(wrong)
                counts[0] += len(fine)
                counts[1] += len(wrong)
                audio += pc.sum(pc.subtract(fine["end"], fine["start"])).as_py() or 0.0
        os.replace(errors, out.with_name("errors.parquet"))
        os.replace(whole, out)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None
    return counts[0], counts[1], audio


def _groups(parts: Path, keys: list[str], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the parts in order, some of them joined, never too many rows at once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    held: list[pa.Table] = []
    for key in keys:
        held.append(pq.read_table(parts / f"{key}.parquet", schema=schema))
        if sum(map(len, held)) >= _ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _as_predictions(table: pa.Table, labels: tuple[str, ...]) -> pa.Table:
    """Give a table the form that ``intona predict`` writes."""
    import pandas as pd
    import pyarrow as pa

    from intona.corpora.base import segmented_index

    columns = table.to_pydict()
    index = segmented_index(columns["file"], columns["start"], columns["end"])
    frame = pd.DataFrame(
        {
            "emotion": pd.Series(columns["emotion"], index=index, dtype="str"),
            "confidence": pd.Series(columns["confidence"], index=index, dtype="float64"),
            "status": pd.Series(columns["status"], index=index, dtype="str"),
            **{name: pd.Series(columns[name], index=index, dtype="float64") for name in labels},
        },
        index=index,
    )
    return pa.Table.from_pandas(frame)
