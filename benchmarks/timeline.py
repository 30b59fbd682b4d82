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

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _measure import options, run, tell, timed

FRAMES = 100  # per second


def measure(recording: str, model: str | None, window: float, hop: float) -> None:
    """Make a timeline and print what it took, for the parent process."""
    import intona
    from intona.inference.timeline import TimelineOptions, segments

    settings = TimelineOptions(window=window, hop=hop)
    recognizer = intona.load(model)
    with timed() as took:
        found = list(segments(recognizer, recording, settings))
    rows = [(p.start, p.end, p.emotion, p.status) for p in found]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**vars(took), "peak_mb": peak, "rows": rows}))


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
    given = options(
        __doc__,
        hours=3.0,
        model=str,
        corpora=["ravdess", "emodb", "nemo"],
        window=(3.0, "seconds heard at once"),
        hop=(1.5, "seconds between windows"),
        dense=(False, "speech without pauses"),
        measure=(str, "for its own process: make the timeline of this recording"),
    )
    if given.measure:
        measure(given.measure, given.model, given.window, given.hop)
        return
    from stitching import stitch

    import intona
    from intona.formats.turns import Turn
    from intona.inference.turns import judge_turns

    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "long.flac"
        truth = stitch(recording, given.hours, given.corpora, dense=given.dense)
        command = [sys.executable, __file__, "--measure", str(recording)]
        command += ["--window", str(given.window), "--hop", str(given.hop)]
        command += ["--model", given.model] if given.model else []
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        took = json.loads(done.stdout)
        model = intona.load(given.model)
        known = [one for one in truth if one.emotion in model.labels]
        known_regions = judge_turns(model, recording, [Turn(one.start, one.end) for one in known])
    duration = truth[-1].end
    number = {label: k for k, label in enumerate(model.labels)}
    voiced = painted([(one.start, one.end, 1) for one in truth], duration) >= 0
    spoken = [row for row in took["rows"] if row[3] != "no_speech"]
    heard = painted([(start, end, 1) for start, end, _, _ in spoken], duration) >= 0
    target = painted([(one.start, one.end, number[one.emotion]) for one in known], duration)
    told = painted([(start, end, number[name]) for start, end, name, _ in spoken], duration)
    ideal = painted(
        [(p.start, p.end or 0.0, number[str(p.emotion)]) for p in known_regions], duration
    )
    weighted, unweighted = label_scores(target, told, len(number))
    best_weighted, best_unweighted = label_scores(target, ideal, len(number))
    tell(
        "timeline",
        hours=round(duration / 3600, 2),
        speech_hours=round(float(voiced.mean()) * duration / 3600, 2),
        corpora=given.corpora if "INTONA_DATA" in os.environ else ["synthetic"],
        dense=given.dense,
        window_s=given.window,
        hop_s=given.hop,
        model=str(model.metadata.get("recipe", {}).get("name", model.path.name)),
        times_real_time=round(duration / took["wall"], 1),
        times_real_time_cpu=round(duration / took["cpu"], 1),
        peak_memory_mb=round(took["peak_mb"]),
        segments=len(spoken),
        speech_precision=round(float(voiced[heard].mean()), 4),
        speech_recall=round(float(heard[voiced].mean()), 4),
        false_alarm_share_of_pauses=round(float(heard[~voiced].mean()), 4),
        emotion_accuracy_of_time=round(weighted, 4),
        emotion_recall_unweighted=round(unweighted, 4),
        same_with_true_regions=[round(best_weighted, 4), round(best_unweighted, 4)],
    )


if __name__ == "__main__":
    run(main)
