"""Jobs for the engine tests; a module of its own, so that worker processes can import it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Square:
    """Squares numbers; kills its worker at ``poison``, takes ``pause`` seconds a task."""

    poison: int | None = None
    pause: float = 0.0

    def setup(self) -> int:
        return os.getpid()

    def run(self, state: int, task: int) -> tuple[int, int]:
        if task == self.poison:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.pause)
        return task * task, state


@dataclass(frozen=True)
class Failing:
    """Raises."""

    def setup(self) -> None:
        return None

    def run(self, state: None, task: int) -> int:
        raise ValueError(f"no {task}")


def threads(_: object) -> list[int]:
    """Return how many threads each linear algebra library here may use."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((200, 200)) @ np.ones((200, 200))
    return [library["num_threads"] for library in threadpool_info()]


@dataclass(frozen=True)
class Sleeping:
    """Sleeps as many seconds as a task says, and tells whether Ctrl-C would be heard."""

    def setup(self) -> None:
        return None

    def run(self, state: None, task: float) -> bool:
        time.sleep(task)
        return signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
