"""Time our prosody against openSMILE's eGeMAPSv02 on one thread, reading excluded.

Run: ``python benchmarks/prosody.py [FOLDER] [--clips N]``. FOLDER holds audio such as RAVDESS;
without it, clips of 3.7 s at 48 kHz are generated. Both sides get the same samples in the same
run; openSMILE through its Python package, which resamples nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import opensmile
from threadpoolctl import threadpool_limits

from intona.audio import find, read
from intona.corpora import synthetic
from intona.features.prosody import Prosody

Clip = tuple[np.ndarray, int]


def clips_of(folder: Path | None, count: int) -> list[Clip]:
    if folder is None:
        emotions = ("neutral", "happy", "sad", "angry")
        made = [
            synthetic.utterance(emotions[i % 4], speaker=i // 4, rate=48_000, seconds=3.7)
            for i in range(count)
        ]
    else:
        files = list(find([folder]))
        made = [read(path) for path in files[:: max(1, len(files) // count)][:count]]
    return [(audio.samples, audio.rate) for audio in made]


def milliseconds(function: Callable[[np.ndarray, int], object], clips: list[Clip]) -> list[float]:
    times = []
    for samples, rate in clips:
        start = time.perf_counter()
        function(samples, rate)
        times.append(1000 * (time.perf_counter() - start))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--clips", type=int, default=32)
    options = parser.parse_args()
    clips = clips_of(options.folder, options.clips)
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    ours = Prosody()
    mine: list[float] = []
    theirs: list[float] = []
    with threadpool_limits(1):
        milliseconds(smile.process_signal, clips[:2])  # warm up both
        milliseconds(ours, clips[:2])
        for _ in range(3):  # alternate, so that a busy machine slows both sides
            theirs += milliseconds(smile.process_signal, clips)
            mine += milliseconds(ours, clips)
    seconds = float(np.mean([len(samples) / rate for samples, rate in clips]))
    source = options.folder.name if options.folder else "synthetic"
    ours_ms, peer_ms = float(np.median(mine)), float(np.median(theirs))
    python = platform.python_version()
    print(f"machine    {platform.machine()}, {os.cpu_count()} cores, Python {python}")
    print(f"versions   opensmile {opensmile.__version__}, numpy {np.__version__}")
    print(
        f"clips      {len(clips)} x 3 passes of {seconds:.2f} s on average ({source}), one thread"
    )
    print(f"openSMILE  {peer_ms:.1f} ms a clip (median), {len(smile.feature_names)} values")
    print(f"intona     {ours_ms:.1f} ms a clip (median), prosody, {len(ours.names)} values")
    result = {
        "benchmark": "prosody",
        "clips": source,
        "intona_ms": round(ours_ms, 2),
        "opensmile_ms": round(peer_ms, 2),
        "ratio": round(peer_ms / ours_ms, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
