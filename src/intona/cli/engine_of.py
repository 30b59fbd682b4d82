"""The engine that several verbs' options describe."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

__all__ = ["on_engine"]


def on_engine(name: str, workers: int, address: str | None) -> AbstractContextManager[Any]:
    """Compute within the block on another engine than this machine's processes, if so asked."""
    from intona.parallel import local as engines

    made = engines.engine(name, workers=workers, address=address)
    return nullcontext() if name == "local" else engines.using(made)
