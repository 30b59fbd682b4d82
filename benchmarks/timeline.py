"""Time a long recording's timeline on one thread, and score it against its making.

Run: ``python benchmarks/timeline.py [--hours 3] [--model m.onnx] [--dense]``, with
the corpora in the folder INTONA_DATA, or else with synthetic voices. A recording is stitched from
utterances with pauses (faint noise, noise, hum, chords) between them, so that its regions and
labels are known; with ``--dense``, almost without pauses, three utterances of one voice and
emotion in a row. A process of its own makes the timeline; its time, CPU time and peak memory are
measured there.

Scores: precision and recall of speech in 10 ms frames; the share of voiced time with the right
emotion and its mean over emotions (unweighted); the same for the same model when it is given the
true regions, which is what the detector and the windows cost.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FRAMES = 100  # per second


def measure(recording: str, model: str | None, window: float, hop: float) -> None:
    """Make a timeline and print what it took, for the parent process."""
    import intona
    from intona.inference.timeline import TimelineOptions, segments

    options = TimelineOptions(window=window, hop=hop)
    recognizer = intona.load(model)
    began, cpu = time.perf_counter(), time.process_time()
    rows = [(p.start, p.end, p.emotion, p.status) for p in segments(recognizer, recording, options)]
    took = {"wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**took, "peak_mb": peak, "rows": rows}))


def painted(spans: list[tuple[float, float, int]], duration: float) -> np.ndarray:
    frames = np.full(round(duration * FRAMES) + 1, -1)
    for start, end, label in spans:
        frames[round(start * FRAMES) : round(end * FRAMES)] = label
    return frames


def label_scores(truth: np.ndarray, found: np.ndarray, labels: int) -> tuple[float, float]:
    voiced = truth >= 0
    right = (truth == found)[voiced]
    recalls = [right[truth[voiced] == k].mean() for k in range(labels) if (truth == k).any()]
    return float(right.mean()), float(np.mean(recalls))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--model")
    parser.add_argument("--corpora", nargs="+", default=["ravdess", "emodb", "nemo"])
    parser.add_argument("--window", type=float, default=3.0, help="seconds heard at once")
    parser.add_argument("--hop", type=float, default=1.5, help="seconds between windows")
    parser.add_argument("--dense", action="store_true", help="speech without pauses")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.model, arguments.window, arguments.hop)
        return
    from stitching import stitch

    import intona
    from intona.formats.turns import Turn
    from intona.inference.timeline import judge_turns

    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "long.flac"
        truth = stitch(recording, arguments.hours, arguments.corpora, dense=arguments.dense)
        command = [sys.executable, __file__, "--measure", str(recording)]
        command += ["--window", str(arguments.window), "--hop", str(arguments.hop)]
        command += ["--model", arguments.model] if arguments.model else []
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        took = json.loads(done.stdout)
        model = intona.load(arguments.model)
        known = [one for one in truth if one.emotion in model.labels]
        given = judge_turns(model, recording, [Turn(one.start, one.end) for one in known])
    duration = truth[-1].end
    number = {label: k for k, label in enumerate(model.labels)}
    voiced = painted([(one.start, one.end, 1) for one in truth], duration) >= 0
    spoken = [row for row in took["rows"] if row[3] != "no_speech"]
    heard = painted([(start, end, 1) for start, end, _, _ in spoken], duration) >= 0
    target = painted([(one.start, one.end, number[one.emotion]) for one in known], duration)
    told = painted([(start, end, number[name]) for start, end, name, _ in spoken], duration)
    ideal = painted([(p.start, p.end or 0.0, number[str(p.emotion)]) for p in given], duration)
    weighted, unweighted = label_scores(target, told, len(number))
    best_weighted, best_unweighted = label_scores(target, ideal, len(number))
    result = {
        "benchmark": "timeline",
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, one thread used",
        "load": round(os.getloadavg()[0], 1),
        "hours": round(duration / 3600, 2),
        "speech_hours": round(float(voiced.mean()) * duration / 3600, 2),
        "corpora": arguments.corpora if "INTONA_DATA" in os.environ else ["synthetic"],
        "dense": arguments.dense,
        "window_s": arguments.window,
        "hop_s": arguments.hop,
        "model": str(model.metadata.get("recipe", {}).get("name", model.path.name)),
        "times_real_time": round(duration / took["wall_s"], 1),
        "times_real_time_cpu": round(duration / took["cpu_s"], 1),
        "peak_memory_mb": round(took["peak_mb"]),
        "segments": len(spoken),
        "speech_precision": round(float(voiced[heard].mean()), 4),
        "speech_recall": round(float(heard[voiced].mean()), 4),
        "false_alarm_share_of_pauses": round(float(heard[~voiced].mean()), 4),
        "emotion_accuracy_of_time": round(weighted, 4),
        "emotion_recall_unweighted": round(unweighted, 4),
        "same_with_true_regions": [round(best_weighted, 4), round(best_unweighted, 4)],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
