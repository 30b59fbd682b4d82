"""Engines by name, as the command line gives them."""

from __future__ import annotations

from intona.errors import UsageError
from intona.parallel.base import Engine
from intona.parallel.local import Local

ENGINES = ("local", "ray")


def engine(name: str = "local", *, workers: int = 1, address: str | None = None) -> Engine:
    """Return an engine by name.

    Args:
        name: ``"local"`` or ``"ray"``.
        workers: processes; for Ray actors, each with one CPU.
        address: of the Ray cluster; ``None`` starts or joins one on this machine.

    Raises:
        UsageError: unknown name, or ``address`` without Ray.
        MissingExtraError: Ray is not installed.
    """
    if not isinstance(workers, int) or workers < 1:
        raise UsageError(f"workers must be a whole number, 1 or more, not {workers!r}")
    if name == "ray":
        from intona.parallel.ray import RayEngine

        return RayEngine(workers, address)
    if name != "local":
        raise UsageError(f"unknown engine {name!r}; there are {', '.join(ENGINES)}")
    if address is not None:
        raise UsageError("--address is for --engine ray")
    return Local(workers)
