"""Latency of one live stream, and how many fit on one core.

Run: ``python benchmarks/stream.py [--model m.onnx]``. Speech (stitched as in ``timeline.py``)
is pushed in blocks of 20 ms. Latency is from the last sample pushed to the event, so the time
of the push that returned it, at an update every 0.25 s. Then many streams, each with an update
every 0.5 s, are pushed in turn by one thread; audio seconds per CPU second is how many are live.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from _measure import options, run, tell, timed
from stitching import stitch

import intona
from intona.audio import read
from intona.inference.stream import Stream

RATE = 16_000
BLOCK = RATE // 50


def latencies(model: intona.Recognizer, samples: np.ndarray) -> np.ndarray:
    """Milliseconds of the pushes that returned events: by the clock, and of the CPU."""
    stream = Stream(model, RATE, update=0.25)
    found = []
    for first in range(0, len(samples), BLOCK):
        with timed() as took:
            events = stream.push(samples[first : first + BLOCK])
        if events:
            found.append((took.wall, took.cpu))
    return np.array(found).T * 1000


def percentiles(times: np.ndarray) -> dict[str, float]:
    named = zip(("p50", "p99", "max"), np.percentile(times, (50, 99, 100)), strict=True)
    return {name: round(float(value), 1) for name, value in named}


def capacity(model: intona.Recognizer, samples: np.ndarray, count: int, seconds: int) -> float:
    """Audio seconds that one CPU second serves, with ``count`` streams taking turns."""
    streams = [Stream(model, RATE, update=0.5) for _ in range(count)]
    shift = len(samples) // count
    with timed() as took:
        for first in range(0, seconds * RATE, BLOCK):
            for k, stream in enumerate(streams):
                at = (first + k * shift) % (len(samples) - BLOCK)
                stream.push(samples[at : at + BLOCK])
    return count * seconds / took.cpu


def main() -> None:
    given = options(
        __doc__, model=str, minutes=5.0, streams=20, corpora=["ravdess", "emodb", "nemo"]
    )
    model = intona.load(given.model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.flac"
        truth = stitch(path, given.minutes / 60, given.corpora)
        samples = read(path).samples
    latencies(model, samples[: 10 * RATE])
    clock, cpu = latencies(model, samples)
    live = capacity(model, samples, given.streams, 30)
    tell(
        "stream",
        model=str(model.metadata.get("recipe", {}).get("name", model.path.name)),
        speech_share=round(sum(t.end - t.start for t in truth) * RATE / len(samples), 2),
        events=len(clock),
        latency_ms=percentiles(clock),
        latency_ms_cpu=percentiles(cpu),  # what it would be on an idle machine
        streams_per_core=round(live, 1),
    )


if __name__ == "__main__":
    run(main)
