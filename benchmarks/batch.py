"""Time batch prediction: 1 and 2 workers, the naive loop, Ray; watch memory on 100,000 files.

Run: ``python benchmarks/batch.py FOLDER [--parts workers,naive,ray,short] [--short 100000]``.
FOLDER holds audio such as RAVDESS. All sides of a part see the same files in the same run; every
process computes on one thread, and times include the start of workers. CPU times per file tell
what a run costs also on a machine that is busy with other things. The parts:

* ``workers``: one process, then two;
* ``naive``: what tutorials do per file, librosa's 180 features, then a pickled scikit-learn MLP;
* ``ray``: the folder three times over by the pool of two processes and by two Ray actors on a
  running cluster of one node; and what a task that does nothing costs;
* ``short``: N clips of a quarter of a second (hard links to 50), memory sampled on the way.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _measure import memory, options, recordings, run, tell

NAIVE = """
import glob, pickle, sys, time
import librosa, numpy as np, soundfile
from sklearn.neural_network import MLPClassifier
def features(path):
    samples, rate = soundfile.read(path, dtype="float32")
    samples = samples.mean(axis=1) if samples.ndim > 1 else samples
    magnitude = np.abs(librosa.stft(samples))
    mfcc = librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40).T.mean(axis=0)
    chroma = librosa.feature.chroma_stft(S=magnitude, sr=rate).T.mean(axis=0)
    mel = librosa.feature.melspectrogram(y=samples, sr=rate).T.mean(axis=0)
    return np.concatenate([mfcc, chroma, mel])
files = [line.strip() for line in open(sys.argv[1])]
rows = np.stack([features(path) for path in (files * 10)[:10]])
model = MLPClassifier((200,), max_iter=20).fit(rows, list("ab") * 5)
pickled = pickle.dumps(model)
begin = time.perf_counter()
for path in files:
    pickle.loads(pickled).predict_proba(features(path)[None])
print(len(files) / (time.perf_counter() - begin), librosa.__version__)
"""


def batch(
    folder: Path,
    out: Path,
    workers: int,
    address: str | None = None,
    samples: list[dict] | None = None,
) -> dict:
    """Run intona in a process of its own; return its summary with the CPU seconds it took."""
    code = (
        "import sys, json, dataclasses\n"
        "from intona.inference.batch import predict_folder\n"
        "from intona.parallel import engine\n"
        "if __name__ == '__main__':\n"
        "    on = engine('ray' if sys.argv[4:] else 'local', workers=int(sys.argv[3]),\n"
        "                address=(sys.argv[4:] or [None])[0])\n"
        "    found = predict_folder(None, [sys.argv[1]], sys.argv[2], on=on)\n"
        "    print(json.dumps(dataclasses.asdict(found)))\n"
    )
    script = out.with_suffix(".py")
    script.write_text(code)
    command = [sys.executable, str(script), str(folder), str(out), str(workers)]
    command += [address] if address else []
    parts = out.with_name(out.name + ".parts")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while samples is not None and process.poll() is None:
        done = sum(1 for _ in parts.glob("[0-9]*.parquet")) if parts.is_dir() else 0
        samples.append({"parts": done, "mib": memory(process.pid)})
        time.sleep(2)
    text, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the batch run failed with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(text.splitlines()[-1]), "cpu": cpu}


@contextmanager
def ray_cluster() -> Iterator[str]:
    """Give the address of a Ray cluster of one node with two CPUs, already running."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        yield cluster.address
    finally:
        for node in cluster.list_all_nodes():
            cluster.remove_node(node, allow_graceful=False)


def ray_cost(scratch: Path, tasks: int = 3000) -> float:
    """Return Ray's milliseconds per task that does nothing, with two actors."""
    script = scratch / "empty.py"
    script.write_text(
        "import time\n"
        "from intona.parallel import engine, map\n"
        "made = engine('ray', workers=2)\n"
        "with made.session():\n"
        "    list(map(abs, range(100), on=made, chunk=1))\n"
        "    begin = time.perf_counter()\n"
        f"    list(map(abs, range({tasks}), on=made, chunk=1))\n"
        f"    print((time.perf_counter() - begin) / {tasks} * 1e3)\n"
    )
    told = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    return float(told.stdout.split()[-1])


def short_clips(folder: Path, count: int) -> None:
    import soundfile

    from intona.corpora import synthetic

    originals = []
    for k in range(50):
        clip = synthetic.utterance("happy", speaker=k, seconds=1.0)
        originals.append(folder / f"original{k}.wav")
        soundfile.write(originals[-1], clip.samples[4000:8000], clip.rate)
    for k in range(count - len(originals)):
        place = folder / f"{k // 1000:04d}"
        place.mkdir(exist_ok=True)
        (place / f"{k:06d}.wav").hardlink_to(originals[k % 50])


def copies(folder: Path, count: int, into: Path) -> Path:
    """Make a folder of so many links to another; it is searched like that many folders."""
    into.mkdir()
    for number in range(count):
        (into / f"{number}").symlink_to(folder.resolve())
    return into


class Report:
    """The figures, printed as they come."""

    def __init__(self) -> None:
        self.figures: dict = {}

    def add(self, title: str, count: int, summary: dict, load: float) -> float:
        """Add a run; return its files per second."""
        speed = count / summary["seconds"]
        audio = summary["audio"] / summary["seconds"]
        print(
            f"{title:<14}{speed:8.1f} files/s {audio:8.0f} s of audio per s, load {load:.1f}",
            flush=True,
        )
        self.figures[title] = {
            "files": count,
            "files_per_s": round(speed, 1),
            "audio_s_per_s": round(audio),
            "load": round(load, 1),
        }
        if "Ray" not in title:  # whose actors are no children of this process
            self.figures[title]["cpu_ms_per_file"] = round(1e3 * summary["cpu"] / count, 2)
        return speed


def of_workers(report: Report, folder: Path, files: list[str], scratch: Path) -> None:
    load = os.getloadavg()[0]
    one = report.add("1 worker", len(files), batch(folder, scratch / "1.parquet", 1), load)
    load = os.getloadavg()[0]
    two = report.add("2 workers", len(files), batch(folder, scratch / "2.parquet", 2), load)
    report.figures["ratio_2_workers_to_1"] = round(two / one, 2)


def of_naive(report: Report, files: list[str], scratch: Path) -> None:
    (scratch / "list.txt").write_text("\n".join(files))
    (scratch / "naive.py").write_text(NAIVE)
    command = [sys.executable, str(scratch / "naive.py"), str(scratch / "list.txt")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    naive = float(told[0])
    print(f"naive loop    {naive:8.1f} files/s, librosa {told[1]}", flush=True)
    report.figures |= {"naive_files_per_s": round(naive, 1), "librosa": told[1]}
    for title in ("1 worker", "2 workers"):
        if title in report.figures:
            speed = report.figures[title]["files_per_s"]
            report.figures[f"ratio_{title.replace(' ', '_')}_to_naive"] = round(speed / naive, 2)


def of_ray(report: Report, folder: Path, count: int, scratch: Path) -> None:
    load = os.getloadavg()[0]
    local = report.add("local pool", count, batch(folder, scratch / "l.parquet", 2), load)
    with ray_cluster() as address:
        load = os.getloadavg()[0]
        found = batch(folder, scratch / "r.parquet", 2, address)
        ray = report.add("2 Ray actors", count, found, load)
    report.figures["ray_overhead"] = round(local / ray - 1, 3)
    report.figures["ray_ms_per_empty_task"] = round(ray_cost(scratch), 2)


def of_short(report: Report, count: int, scratch: Path) -> None:
    (scratch / "short").mkdir()
    short_clips(scratch / "short", count)
    samples: list[dict] = []
    load = os.getloadavg()[0]
    summary = batch(scratch / "short", scratch / "s.parquet", 2, samples=samples)
    report.add("short clips", count, summary, load)
    shards = count / 64
    marks = {}
    for share in (0.1, 0.5, 0.95):
        here = [s["mib"] for s in samples if s["parts"] >= share * shards]
        marks[f"{share:.0%}"] = here[0] if here else None
    peak = [max(column) for column in zip(*(s["mib"] for s in samples[5:-1]), strict=False)]
    print(f"MiB of the driver and each worker at {marks}, peak {peak}")
    report.figures["short clips"] |= {"mib_driver_and_workers_at": marks, "peak_mib": peak}


def main() -> None:
    given = options(
        __doc__,
        "folder",
        parts="workers,naive,ray,short",
        short=(100_000, "short clips"),
        naive=(200, "files of the naive loop"),
        copies=(3, "of the folder, for Ray"),
    )
    parts = given.parts.split(",")
    files = [str(file) for file in recordings(given.folder)]
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if "workers" in parts:
            of_workers(report, given.folder, files, scratch)
        if "naive" in parts:
            of_naive(report, files[:: max(1, len(files) // given.naive)], scratch)
        if "ray" in parts:
            more = copies(given.folder, given.copies, scratch / "copies")
            of_ray(report, more, given.copies * len(files), scratch)
        if "short" in parts:
            of_short(report, given.short, scratch)
    tell("batch prediction, files per second", **report.figures)


if __name__ == "__main__":
    run(main)
