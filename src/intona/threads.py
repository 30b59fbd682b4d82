"""Threads of linear algebra: one a process.

The matrices here are small. Threads of a BLAS that wait for each other spin: prediction on all
cores took three to eight times the processor's time and no less of the clock's. Processes share
the cores instead (``--workers``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

_NAMES = tuple(f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"))


def ask_for_one_thread() -> None:
    """Let libraries that are loaded later, here and in new processes, use one thread.

    What the environment already says is kept: it is how a user asks for more.
    """
    for name in _NAMES:
        os.environ.setdefault(name, "1")


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit linear algebra and OpenMP to one thread, here and in processes started within."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in _NAMES}
    # The environment is for libraries that are loaded later, and for new processes.
    os.environ.update(dict.fromkeys(_NAMES, "1"))
    try:
        with threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def one_blas_thread() -> AbstractContextManager[object]:
    """Return a limit of numpy's own products to one thread, entered in microseconds.

    For products on the way of every sound, in a process that may be anybody's.

    Examples:
        >>> import numpy as np
        >>> with one_blas_thread():
        ...     float(np.ones(3) @ np.ones(3))
        3.0
    """
    return _blas().limit(limits=1)


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    """Return the control of what is loaded with numpy: looking for it costs the most."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
