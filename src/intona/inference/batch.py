"""As many recordings as there are: predicted in parallel, resumable, exactly once.

How it survives being killed at any moment:

* Files are found as a stream, in sorted order, and cut into shards: so many files at most, and no
  more once they seem to hold ten minutes.
* A finished shard becomes one part file, by an atomic rename, in ``RESULT.parts/``. Its name holds
  the shard's number and a digest of its files' names, sizes and times, so a part is used again only
  for exactly the files it was made from.
* Started again, parts that are there are skipped. At the end all parts, in order, become the result
  by one atomic rename; then they are deleted. The result therefore equals that of an undisturbed
  run, row by row.

A file that cannot be read is one row of ``RESULT.errors.parquet`` beside ``RESULT.parquet``; so is
what is lost of one that is damaged, which is in the result too.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.audio import Damage, files, find
from intona.audio.channels import Channels
from intona.audio.damage import Apart, warn
from intona.audio.decode import Source
from intona.audio.finding import Found, UnheardError, require_some
from intona.errors import AudioError, IntonaError, UsageError
from intona.extras import require
from intona.files import require_apart, require_writable, spelled
from intona.inference.choice import Choice
from intona.inference.foreign.base import Foreign
from intona.inference.parts import Parts, errors_of
from intona.parallel import HERE, Engine, Local, Lost

if TYPE_CHECKING:
    from intona.inference.recognizer import Recognizer
    from intona.models.adaptation import Statistics
    from intona.tables import Prediction

Progress = Callable[[int, int, str], None]

SHARD = 64  # files in one, at most
SECONDS = 600.0  # of sound that its files seem to hold by their sizes: what a kill can cost
# Bytes a second: of 16 bits at 16 kHz, and of codecs at the rate of speech.
PLAIN, CODED = 32_000, 4_000
_PLAIN_SUFFIXES = frozenset({".wav", ".wave", ".flac", ".aif", ".aiff", ".aifc", ".au", ".w64"})


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes:
        files: recordings in the result.
        errors: rows of the table of errors: recordings that failed, or are damaged.
        apart: recordings whose two channels carry different speech, and were mixed.
        resumed: recordings that an earlier, interrupted run had already done.
        audio: seconds of audio in the result.
        seconds: how long this run took.
    """

    files: int
    errors: int
    apart: int
    resumed: int
    audio: float
    seconds: float


@dataclass(frozen=True)
class Shard:
    """A few consecutive files, or errors in place of some; ``key`` is number and digest."""

    key: str
    files: tuple[str | UnheardError, ...]


@dataclass(frozen=True)
class Predict:
    """The job of one worker: hold a model, predict shards.

    Attributes:
        again: makes the model, the same in all workers.
        choice: what the model is asked.
        statistics: what it is adapted to, the same for all workers.
    """

    again: Callable[[], Recognizer | Foreign] = field(repr=False)
    choice: Choice
    statistics: Statistics | None = None

    def setup(self) -> Recognizer | Foreign:
        """Load the model."""
        model = self.again()
        if self.statistics is not None:
            model = model.adapted(self.statistics)
        return model.narrowed(self.choice.emotions, self.choice.merge)

    def run(self, state: Recognizer | Foreign, task: Shard) -> list[dict[str, Any]]:
        """Predict the shard's files; a row each, or each channel, and one more of each damage."""
        from intona.inference.asking import predict_files

        heard = [(file, one) for file in task.files for one in self._heard(file)]
        found = zip(predict_files(state, [one for _, one in heard]), heard, strict=True)
        rows = [row for answer, (file, _) in found for row in _rows(answer, file)]
        # What is damaged in a recording is told of each of its channels.
        told: set[tuple[str, str]] = set()
        return [row for row in rows if row["error"] is None or _is_new(row, told)]

    def _heard(self, file: str | UnheardError) -> Iterator[Source | AudioError]:
        yield from self.choice.channels.heard([file])


def _is_new(row: dict[str, Any], told: set[tuple[str, str]]) -> bool:
    """Tell whether an error has not been told of the file yet, and note that it is now."""
    new = (row["file"], row["error"]) not in told
    told.add((row["file"], row["error"]))
    return new


def _rows(found: Prediction | IntonaError, file: str | UnheardError) -> Iterator[dict[str, Any]]:
    name = _name(file)
    if isinstance(found, IntonaError):
        yield {"file": name, "error": spelled(str(found))}
        return
    row = found.to_dict()
    probabilities = row.pop("probabilities")
    apart = any(isinstance(note, Apart) for note in found.notes)
    yield {"error": None, "apart": apart, **row, **probabilities, "file": name}
    for note in found.notes:
        if isinstance(note, Damage):
            yield {"file": name, "error": spelled(note)}
        elif not isinstance(note, Apart):
            warn(note)


def _name(file: str | UnheardError) -> str:
    return spelled(str(file.path) if isinstance(file, UnheardError) else file)


def predict_folder(
    model: str | Path | None,
    paths: Iterable[str | Path],
    out: str | Path,
    *,
    choice: Choice | None = None,
    on: Engine = HERE,
    shard: int = SHARD,
    progress: Progress | None = None,
) -> Summary:
    """Predict every recording below ``paths`` into one parquet file.

    Args:
        model: model file, name of a bundled one, or a function or model of others (which is
            asked anew about all recordings when a run was stopped: whether it is still the same
            cannot be known); ``None`` for the default.
        paths: recordings, and folders of them.
        out: the ``.parquet`` file; its table is that of ``intona predict``.
        choice: labels to answer with, what is heard of recordings with several channels (of
            ``each`` there are as many rows), and whether to adapt to them: then an even
            sample of them is heard first, the same whenever the names are the same.
        on: where: here, in local processes, on Ray.
        shard: files per part file, at most.
        progress: called as ``progress(done, total, text)``; ``total`` is what has been found so
            far until the search through the folders ends.

    Raises:
        UsageError: ``out`` is no parquet file, has the name of a table of errors, cannot be written
            or is an input, another run is writing it, or ``shard`` is not positive.
        AudioError: none of the paths exists.
        ModelError: the model cannot be loaded.
        MissingExtraError: pandas or pyarrow is not installed.
    """
    from intona._version import __version__
    from intona.inference.opening import open_recognizer, require_askable

    begin = time.monotonic()
    out = Path(out)
    require("a batch", "pandas", "pyarrow")
    require_parquet(out)
    if shard < 1:
        raise UsageError(f"a shard holds at least 1 file, not {shard}")
    require_askable(model)
    opened = open_recognizer(model)
    choice = choice or Choice()
    roots = [Path(path) for path in paths]
    require_some(roots)
    require_writable(out)
    require_apart([out, errors_of(out)], (*files(roots), Path(opened.path)))
    job = Predict(opened.again(), choice)
    recognizer = job.setup()
    if choice.adapt:
        from intona.inference.adapt import statistics_of

        if isinstance(recognizer, Foreign):
            recognizer.require_adaptable()
        else:
            statistics = statistics_of(recognizer, roots, channels=choice.channels)
            job = replace(job, statistics=statistics)
    made_by = {
        # Whether a recogniser of others is still the same cannot be known: its parts serve once.
        "model": uuid.uuid4().hex if isinstance(opened, Foreign) else opened.identity.content,
        "intona": __version__,
        "asked": repr(choice),
        "adapted": _digest(job.statistics),
    }
    parts = Parts(out, recognizer.labels, _beside(choice.channels))
    with parts.opened(made_by):
        tally = _Tally(progress, roots)
        keys: list[str] = []
        todo = _todo(_cut(find(roots), shard), parts, keys, tally)
        try:
            for task, rows in on.run(job, todo):
                if isinstance(rows, Lost):
                    rows = _one_by_one(job, task, on)
                parts.write(task.key, rows)
                tally.add(len(task.files))
        finally:
            tally.stop()
        good, errors, apart, audio = parts.join(keys)
    return Summary(good, errors, apart, tally.resumed, audio, time.monotonic() - begin)


def _beside(channels: Channels) -> tuple[str, ...]:
    """Return the columns that tell of channels."""
    if channels.plain:
        return ()
    return ("channel", "speaker") if channels.each else ("channel",)


def require_parquet(out: Path) -> None:
    """Refuse the name of a result, before the work.

    Raises:
        UsageError: no parquet file, or the name of a table of errors.
    """
    if out.suffix.lower() != ".parquet":
        raise UsageError(f"{out}: many recordings are written as parquet: name a .parquet file")
    if out.stem.lower() == "errors" or out.stem.lower().endswith(".errors"):
        raise UsageError(f"{out} is the name of a table of errors: name the result differently")


def _cut(files: Iterable[Found], size: int) -> Iterator[Shard]:
    """Cut the stream of files into shards named by number and content."""
    stream = iter(files)
    for number in range(10**9):
        digest = hashlib.sha256()
        names: list[str | UnheardError] = []
        seconds = 0.0
        for file in stream:
            if not isinstance(file, Path | UnheardError):
                raise UsageError("a batch is made of files: name them, not what is piped in")
            names.append(str(file) if isinstance(file, Path) else file)
            place = file if isinstance(file, Path) else file.path
            try:
                status = os.stat(place)
                stamp = f"{status.st_size} {status.st_mtime_ns}"
                seconds += status.st_size / _bytes_a_second(place)
            except OSError:
                stamp = "gone"
            digest.update(f"{file}\0{stamp}\n".encode(errors="surrogateescape"))
            if len(names) == size or seconds >= SECONDS:
                break
        if not names:
            return
        yield Shard(f"{number:08d}-{digest.hexdigest()[:16]}", tuple(names))


def _bytes_a_second(file: Path) -> int:
    return PLAIN if file.suffix.lower() in _PLAIN_SUFFIXES else CODED


def _todo(shards: Iterable[Shard], parts: Parts, keys: list[str], tally: _Tally) -> Iterator[Shard]:
    """Yield the shards without a part, and note the keys of all, in order."""
    for shard in shards:
        keys.append(shard.key)
        if parts.has(shard.key):
            tally.skip(len(shard.files))
        else:
            yield shard


def _one_by_one(job: Predict, shard: Shard, on: Engine) -> list[dict[str, Any]]:
    """Do a shard that kills workers file by file, to find the file that does it."""
    alone = [Shard(f"{number}", (file,)) for number, file in enumerate(shard.files)]
    done = dict(Local(max(2, on.workers)).run(job, alone))
    return [
        row
        for task in alone
        for row in (
            [{"file": _name(task.files[0]), "error": "a worker was killed while it read this file"}]
            if isinstance(done[task], Lost)
            else done[task]
        )
    ]


def _digest(statistics: Statistics | None) -> str:
    """Say what a run was adapted to: parts adapted to other recordings are not mixed in."""
    if statistics is None:
        return ""
    values = (statistics.mean, statistics.deviation)
    return hashlib.sha256(b"".join(value.astype("<f4").tobytes() for value in values)).hexdigest()


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
        for _ in find(roots):
            self._total += 1
            if self._ended.is_set():
                return

    def add(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done), "predicting")

    def skip(self, count: int) -> None:
        self.resumed += count
        self.add(count)

    def stop(self) -> None:
        self._ended.set()
