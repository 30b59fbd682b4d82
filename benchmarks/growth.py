"""Time and memory by the number of utterances, and how fast they grow.

Run ``python benchmarks/growth.py [--sizes 1000 5000 20000] [--parts predict leaks ...]``. Synthetic
voices of 1 s, ten utterances a speaker, four emotions; every command is run as it is typed, in a
process of its own:

- ``predict``: ``intona predict TABLE's folder --out x.parquet``;
- ``train``: ``intona train`` with the recipe ``head``, its features cached by ``predict``'s like;
- ``evaluate``: ``intona evaluate --recipe classic-svm --protocol speakers:5``, features cached;
- ``intervals``: every metric with 2000 resamples of the speakers;
- ``leaks``: the leak check of five folds, fingerprints cached.

The exponent is that of the power of the size that the processor time grows with, between the
smallest and the largest size: 1 is a straight line. What starting a process takes makes it smaller.
The voices are the same each time: with INTONA_CACHE set, features computed once serve later runs.
"""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from _measure import options, run, tell

from intona.corpora import synthetic

EMOTIONS = ("neutral", "happy", "sad", "angry")
BASES = 20  # utterances spoken per emotion; the others are mixed of two
RATE = 16_000

INTERVALS = """
import sys
import numpy as np
from intona.metrics.bootstrap import intervals
from intona.metrics.clustered import of_decisions, of_probabilities
count = int(sys.argv[1])
labels = ("neutral", "happy", "sad", "angry")
random = np.random.default_rng(0)
speakers = np.arange(count) // 10
truth = random.choice(labels, count)
scores = random.normal(size=(count, 4)) + 1.0 * (truth[:, None] == np.array(labels))
chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
given = [labels[k] for k in chances.argmax(axis=1)]
found = of_decisions(truth, given, labels, speakers)
found |= of_probabilities(truth, chances, labels, speakers, given)
intervals(found, int(speakers.max()) + 1)
"""

LEAKS = """
import sys
from intona import corpora
from intona.evaluation.leaks import inspect
from intona.evaluation.protocols import parse
corpus = corpora.load(sys.argv[1])
print(len(inspect(corpus.table, parse("speakers:5").folds(corpus.table)).leaks))
"""


def main() -> None:
    given = options(
        __doc__,
        sizes=["1000", "5000", "20000"],
        parts=["predict", "train", "evaluate", "intervals", "leaks"],
    )
    sizes = [int(size) for size in given.sizes]
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        os.environ.setdefault("INTONA_CACHE", str(place / "cache"))
        for size in sizes:
            table = speak(place / str(size), size)
            for part in given.parts:
                seconds, megabytes = measured(commands(part, table, size))
                figures[f"{part}_{size}"] = {"s": round(seconds, 1), "MB": round(megabytes)}
                print(f"{part} {size}: {seconds:.1f} s, {megabytes:.0f} MB", flush=True)
    for part in given.parts:
        first, last = (figures[f"{part}_{size}"]["s"] for size in (sizes[0], sizes[-1]))  # type: ignore[index]
        if sizes[-1] > sizes[0]:
            figures[f"{part}_exponent"] = round(
                math.log(last / first) / math.log(sizes[-1] / sizes[0]), 2
            )
    tell("growth: processor time and peak memory by number of utterances", **figures)


def speak(folder: Path, count: int) -> Path:
    """Write so many utterances and their table; some are alike, which is allowed where tested."""
    folder.mkdir()
    random = np.random.default_rng(count)
    spoken = {
        emotion: [synthetic.utterance(emotion, k, seconds=1.0).samples for k in range(BASES)]
        for emotion in EMOTIONS
    }
    lines = ["file,emotion,speaker"]
    for number in range(count):
        emotion = EMOTIONS[number % len(EMOTIONS)]
        one, other = random.choice(BASES, 2, replace=False)
        share = random.uniform(0.2, 0.8)
        sound = share * spoken[emotion][one] + (1 - share) * np.roll(
            spoken[emotion][other], random.integers(RATE)
        )
        soundfile.write(folder / f"{number:06d}.wav", sound, RATE)
        lines.append(f"{number:06d}.wav,{emotion},s{number // 10}")
    table = folder / "table.csv"
    table.write_text("\n".join(lines), "utf-8")
    return table


def commands(part: str, table: Path, size: int) -> list[list[str]]:
    """Return what is run; the last command is measured, the others fill caches."""
    intona = [sys.executable, "-m", "intona"]
    if part == "predict":
        return [[*intona, "predict", str(table.parent), "--out", f"{table}.parquet"]]
    if part == "train":
        training = [*intona, "train", str(table), "--recipe", "head", "--out", f"{table}.onnx"]
        return [training, training]
    if part == "evaluate":
        evaluation = [*intona, "evaluate", str(table), "--recipe", "classic-svm"]
        evaluation += ["--protocol", "speakers:5", "--allow-leaks"]
        return [evaluation, evaluation]
    if part == "intervals":
        return [[sys.executable, "-c", INTERVALS, str(size)]]
    return [[sys.executable, "-c", LEAKS, str(table)]] * 2


def measured(commands: list[list[str]]) -> tuple[float, float]:
    """Run commands; return processor seconds and peak memory in MB of the last one."""
    for command in commands[:-1]:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(commands[-1], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _peak(process.pid))
        time.sleep(0.05)
    if process.wait():
        raise SystemExit(f"failed: {' '.join(commands[-1])}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, peak / 1024


def _peak(process: int) -> int:
    """Return the peak memory of a process in kB; 0 once it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text("utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)


if __name__ == "__main__":
    run(main)
