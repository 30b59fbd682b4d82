"""Time the classic front end against librosa on one thread, reading excluded.

Run: ``python benchmarks/classic_features.py [FOLDER] [--clips N]``. FOLDER holds audio such as
RAVDESS; without it, clips of 3.7 s at 48 kHz are generated. Both sides
see the same samples in the same run; librosa's compiled code is warmed up first.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numba
import numpy as np
import scipy
import soundfile
from threadpoolctl import threadpool_limits

from intona.features.classic import Classic


def synthetic(count: int) -> list[tuple[np.ndarray, int]]:
    rate = 48_000
    clips = []
    for seed in range(count):
        random = np.random.default_rng(seed)
        n = int(3.7 * rate)
        f0 = 120 + 60 * np.sin(np.arange(n) / rate * 3) + 40 * random.random()
        phase = 2 * np.pi * np.cumsum(f0 / rate)
        voice = sum(np.sin(k * phase) / k for k in range(1, 30))
        clips.append((np.float32(0.1 * voice + 0.002 * random.standard_normal(n)), rate))
    return clips


def recorded(folder: Path, count: int) -> list[tuple[np.ndarray, int]]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".wav", ".flac"})
    step = max(1, len(files) // count)
    clips = []
    for path in files[::step][:count]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        clips.append((np.ascontiguousarray(samples.mean(axis=1)), rate))
    return clips


def tutorial(samples: np.ndarray, rate: int) -> np.ndarray:
    magnitude = np.abs(librosa.stft(samples))
    mfcc = librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40).T.mean(axis=0)
    chroma = librosa.feature.chroma_stft(S=magnitude, sr=rate).T.mean(axis=0)
    mel = librosa.feature.melspectrogram(y=samples, sr=rate).T.mean(axis=0)
    return np.concatenate([mfcc, chroma, mel])


def milliseconds(
    function: Callable[[np.ndarray, int], np.ndarray], clips: list[tuple[np.ndarray, int]]
) -> list[float]:
    times = []
    for samples, rate in clips:
        start = time.perf_counter()
        function(samples, rate)
        times.append(1000 * (time.perf_counter() - start))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--clips", type=int, default=48)
    options = parser.parse_args()
    clips = recorded(options.folder, options.clips) if options.folder else synthetic(options.clips)
    ours = Classic()
    for samples, rate in clips[:3]:
        np.testing.assert_allclose(
            ours(samples, rate), tutorial(samples, rate), rtol=1e-3, atol=1e-3
        )
    mine: list[float] = []
    theirs: list[float] = []
    with threadpool_limits(1):
        for _ in range(3):  # alternate, so that a busy machine slows both sides
            theirs += milliseconds(tutorial, clips)
            mine += milliseconds(ours, clips)
    seconds = float(np.mean([len(samples) / rate for samples, rate in clips]))
    print(
        f"machine   {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )
    print(
        f"versions  librosa {librosa.__version__}, numba {numba.__version__}, "
        f"numpy {np.__version__}, scipy {scipy.__version__}"
    )
    source = options.folder.name if options.folder else "synthetic"
    print(f"clips     {len(clips)} x 3 passes of {seconds:.2f} s on average ({source}), one thread")
    ours_ms, peer_ms = float(np.median(mine)), float(np.median(theirs))
    print(f"librosa   {peer_ms:.1f} ms a clip (median)")
    print(f"intona    {ours_ms:.1f} ms a clip (median)")
    print(
        json.dumps(
            {
                "benchmark": "classic_features",
                "clips": source,
                "intona_ms": round(ours_ms, 2),
                "librosa_ms": round(peer_ms, 2),
                "ratio": round(peer_ms / ours_ms, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
