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

import heapq
import random
import tempfile
from argparse import Namespace
from collections import deque
from pathlib import Path

from _measure import options, run, tell, timed


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
        with timed() as took:
            for k in range(20):
                parts.write(str(k), rows)
    return took.cpu / 20 * 1e3


def simulate(given: Namespace, driver: float) -> dict[str, float]:
    """Return what happens, times in seconds."""
    dice = random.Random(given.seed)
    mean = given.clips / given.rate
    nodes = given.workers // given.per_node
    sigma = given.spread
    repeated: deque[int] = deque()
    fresh = iter(range(given.tasks))
    # What a worker has in hand, each with the time at which the driver has sent it.
    hands: list[deque[tuple[int, float]]] = [deque() for _ in range(nodes * given.per_node)]
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
        heapq.heappush(events, (dice.expovariate(1 / given.mtbf / 3600), 1, node, 0))
    now = 0.0
    while done < given.tasks:
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
            for worker in range(who * given.per_node, (who + 1) * given.per_node):
                lost += len(hands[worker])
                repeated.extend(task for task, _ in hands[worker])
                hands[worker].clear()
                life[worker] += 1
            heapq.heappush(events, (now + given.repair * 60, 2, who, 0))
        elif kind == 2:
            up[who] = True
            for worker in range(who * given.per_node, (who + 1) * given.per_node):
                serve(worker, now)
            again = now + dice.expovariate(1 / given.mtbf / 3600)
            heapq.heappush(events, (again, 1, who, 0))
        if repeated and kind != 0:
            for worker in range(len(hands)):
                if up[worker // given.per_node] and not hands[worker]:
                    serve(worker, now)
    ideal = given.tasks * mean / len(hands)
    return {
        "hours": now / 3600,
        "efficiency": ideal / now,
        "driver_load": given.tasks * driver / now,
        "node_failures": failures,
        "shards_repeated": lost,
        "core_hours": busy / 3600,
    }


def main() -> None:
    given = options(
        __doc__,
        tasks=(1_000_000, "shards"),
        clips=(100, "clips per shard"),
        rate=(38.0, "clips per second and core"),
        workers=1024,
        per_node=16,
        spread=(0.3, "of the log of durations"),
        mtbf=(500.0, "hours a node lives"),
        repair=(10.0, "minutes until it is back"),
        ray_ms=(1.5, "of the driver for one task"),
        price=(0.04, "of one core for one hour"),
        seed=0,
    )
    part = part_cost(given.clips)
    with timed() as took:
        found = simulate(given, (part + given.ray_ms) / 1e3)
    clips = given.tasks * given.clips
    tell(
        "simulated cluster run",
        clips=clips,
        part_ms=round(part, 2),
        **{key: round(value, 3) for key, value in found.items()},
        cost_per_million_clips=round(found["core_hours"] * given.price / clips * 1e6, 2),
        simulated_in_s=round(took.wall, 1),
        options=vars(given),
    )


if __name__ == "__main__":
    run(main)
