"""Time clips predicted one by one and several at a time, on one thread; compare their numbers.

Run: ``python benchmarks/batching.py FOLDER [--files 120] [--seconds 0.3]``. FOLDER holds audio such
as RAVDESS; every n-th file is taken, and of it the middle seconds. Times are CPU times, so a busy
machine disturbs them less. The second table is the model alone, with so many signals of similar
length in a call.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from _measure import options, recordings, run, tell, timed


def cpu(job: Callable[[], object], count: int) -> float:
    """Return the milliseconds per clip: the best of three."""
    best = float("inf")
    for _ in range(3):
        with timed() as took:
            job()
        best = min(best, took.cpu)
    return round(1e3 * best / count, 2)


def cut(files: list[Path], seconds: float, into: Path) -> list[Path]:
    """Write the middle seconds of each recording."""
    import soundfile

    from intona import audio

    made = []
    for number, file in enumerate(files):
        begin = max(0.0, (audio.read(file).duration - seconds) / 2)
        part = audio.read(file, start=begin, end=begin + seconds)
        made.append(into / f"{number}.wav")
        soundfile.write(made[-1], part.samples, part.rate)
    return made


def compare(files: list[Path]) -> dict:
    import numpy as np

    import intona
    from intona import audio
    from intona.inference.clip import predict_each
    from intona.models import session

    model = intona.load()
    alone, together = [model.predict(file) for file in files], list(predict_each(model, files))
    rows = [
        np.array([list(found.probabilities.values()) for found in side])
        for side in (alone, together)
    ]
    result: dict = {"one by one": cpu(lambda: [model.predict(file) for file in files], len(files))}
    for count in (4, 16, 32, 64):
        result[f"window of {count}"] = cpu(
            lambda count=count: list(predict_each(model, files, together=count)), len(files)
        )
    result["ratio"] = round(result["one by one"] / result["window of 32"], 2)
    result["largest_difference"] = float(np.nanmax(np.abs(rows[0] - rows[1])))
    signals = [audio.read(file, rate=16_000).samples for file in files]
    session.BUDGET, session.FILLED = 1e9, 0.0
    for count in (1, 2, 4, 8, 16):
        session.TOGETHER = count
        key = f"model alone, {count} in a call"
        result[key] = cpu(lambda: model.probabilities(signals, 16_000), len(files))
    return result


def main() -> None:
    given = options(
        __doc__, "folder", files=120, seconds=(float, "of each file; without it all of it")
    )

    files = recordings(given.folder)
    files = files[:: max(1, len(files) // given.files)]
    with tempfile.TemporaryDirectory() as scratch:
        if given.seconds is not None:
            files = cut(files, given.seconds, Path(scratch))
        found = compare(files)
    what = "CPU ms per clip, one by one and several at a time"
    tell(what, files=len(files), seconds=given.seconds, **found)


if __name__ == "__main__":
    run(main)
