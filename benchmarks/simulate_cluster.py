"""Simulate scheduling a million shards on a cluster: one driver, many workers, failing nodes.

Run: ``python benchmarks/simulate_cluster.py [--clips 100] [--workers 2000] ...``. It plays what
``intona.parallel.ray`` does: every worker has two shards in hand, the driver serves one finished
shard after the other (collect, write the part, send the next), a failing node returns what its
workers had in hand to the queue and comes back later. Shards take lognormal times around
``clips / rate``.
Measured inputs: ``--rate`` from ``benchmarks/batch.py`` (by CPU time per file), the CPU time of
writing a part here; Ray's own cost per task (``--ray-ms``) is taken as given.
"""

from __future__ import annotations

import argparse
import heapq
import json
import platform
import random
import tempfile
import time
from collections import deque
from pathlib import Path


def part_cost(clips: int) -> float:
    """Return the milliseconds of CPU time to write one part file of so many clips."""
    from intona.inference.parts import Parts

    labels = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    rows = [
        {"file": f"/data/{k:08d}.wav", "start": 0.0, "end": 3.7, "emotion": "sad",
         "confidence": 0.5, "status": "ok", **dict.fromkeys(labels, 0.125), "error": None}
        for k in range(clips)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        parts = Parts(Path(folder) / "r.parquet", labels)
        parts.folder.mkdir()
        parts.write("warm", rows)
        begin = time.process_time()
        for k in range(20):
            parts.write(str(k), rows)
        return (time.process_time() - begin) / 20 * 1e3


def simulate(options: argparse.Namespace, driver: float) -> dict[str, float]:
    """Return what happens, times in seconds."""
    dice = random.Random(options.seed)
    mean = options.clips / options.rate
    nodes = options.workers // options.per_node
    sigma = options.spread
    repeated: deque[int] = deque()
    fresh = iter(range(options.tasks))
    # What a worker has in hand, each with the time at which the driver has sent it.
    hands: list[deque[tuple[int, float]]] = [deque() for _ in range(nodes * options.per_node)]
    life = [0] * len(hands)  # how often the worker has died: events of an earlier life are void
    up = [True] * nodes
    events: list[tuple[float, int, int, int]] = []  # time, kind, who, life
    done, lost, free, failures, busy = 0, 0, 0.0, 0, 0.0

    def duration() -> float:
        return mean * dice.lognormvariate(-sigma * sigma / 2, sigma)

    def begin(worker: int, now: float) -> None:
        nonlocal busy
        seconds = duration()
        busy += seconds
        heapq.heappush(events, (now + seconds, 0, worker, life[worker]))

    def serve(worker: int, now: float) -> None:
        """The driver fills a worker's hand; it does one thing at a time."""
        nonlocal free
        while len(hands[worker]) < 2:
            task = repeated.popleft() if repeated else next(fresh, None)
            if task is None:
                return
            free = max(free, now) + driver
            hands[worker].append((task, free))
            if len(hands[worker]) == 1:
                begin(worker, free)

    for worker in range(len(hands)):
        serve(worker, 0.0)
    for node in range(nodes):
        heapq.heappush(events, (dice.expovariate(1 / options.mtbf / 3600), 1, node, 0))
    now = 0.0
    while done < options.tasks:
        now, kind, who, age = heapq.heappop(events)
        if kind == 0:
            if age != life[who]:
                continue
            hands[who].popleft()
            done += 1
            if hands[who]:
                begin(who, max(now, hands[who][0][1]))
            serve(who, now)
        elif kind == 1 and up[who]:
            failures += 1
            up[who] = False
            for worker in range(who * options.per_node, (who + 1) * options.per_node):
                lost += len(hands[worker])
                repeated.extend(task for task, _ in hands[worker])
                hands[worker].clear()
                life[worker] += 1
            heapq.heappush(events, (now + options.repair * 60, 2, who, 0))
        elif kind == 2:
            up[who] = True
            for worker in range(who * options.per_node, (who + 1) * options.per_node):
                serve(worker, now)
            again = now + dice.expovariate(1 / options.mtbf / 3600)
            heapq.heappush(events, (again, 1, who, 0))
        if repeated and kind != 0:
            for worker in range(len(hands)):
                if up[worker // options.per_node] and not hands[worker]:
                    serve(worker, now)
    ideal = options.tasks * mean / len(hands)
    return {
        "hours": now / 3600,
        "efficiency": ideal / now,
        "driver_load": options.tasks * driver / now,
        "node_failures": failures,
        "shards_repeated": lost,
        "core_hours": busy / 3600,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000, help="shards")
    parser.add_argument("--clips", type=int, default=100, help="clips per shard")
    parser.add_argument("--rate", type=float, default=38.0, help="clips per second and core")
    parser.add_argument("--workers", type=int, default=1024)
    parser.add_argument("--per-node", type=int, default=16)
    parser.add_argument("--spread", type=float, default=0.3, help="of the log of durations")
    parser.add_argument("--mtbf", type=float, default=500.0, help="hours a node lives")
    parser.add_argument("--repair", type=float, default=10.0, help="minutes until it is back")
    parser.add_argument("--ray-ms", type=float, default=1.5, help="of the driver for one task")
    parser.add_argument("--price", type=float, default=0.04, help="of one core for one hour")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    part = part_cost(options.clips)
    begin = time.perf_counter()
    found = simulate(options, (part + options.ray_ms) / 1e3)
    clips = options.tasks * options.clips
    result = {
        "what": "simulated cluster run",
        "machine": platform.machine(),
        "clips": clips,
        "part_ms": round(part, 2),
        **{key: round(value, 3) for key, value in found.items()},
        "cost_per_million_clips": round(found["core_hours"] * options.price / clips * 1e6, 2),
        "simulated_in_s": round(time.perf_counter() - begin, 1),
        "options": vars(options),
    }
    for key, value in result.items():
        print(f"{key:<24}{value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
