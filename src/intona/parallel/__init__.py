"""Parallel work: one ``map`` over independent tasks, in this process, local processes or Ray.

An engine is given a *job* (how to set a worker up, and what a worker does with a task) and a stream
of tasks, and yields each task with its result, in any order. It holds only a few tasks at a time,
so the stream may be endless. A worker that dies costs nothing but time: what it had in hand runs
again elsewhere. A task that kills its worker when it runs alone is yielded as :class:`Lost`.
"""

from intona.parallel.base import Engine, Job, Lost, Progress, map
from intona.parallel.choice import ENGINES, engine
from intona.parallel.local import HERE, Local

__all__ = [
    "ENGINES",
    "HERE",
    "Engine",
    "Job",
    "Local",
    "Lost",
    "Progress",
    "engine",
    "map",
]
