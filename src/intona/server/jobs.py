"""What the worker process and its engine share: an upload, a refusal, the engine's shape."""

from __future__ import annotations

import io
from typing import Any, Protocol

from intona.errors import IntonaError

__all__ = ["EngineLike", "TooMuchError", "Upload"]


class TooMuchError(IntonaError):
    """A recording is longer or larger than the service takes."""


class Upload(io.BytesIO):
    """The bytes of one upload, with the name the client gave them."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


class EngineLike(Protocol):
    """What a worker runs: made from the worker's options, asked by operation name."""

    def describe(self) -> dict[str, Any]:
        """Return what clients may know about the model."""
        ...

    def handle(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        """Do ``request["op"]`` and return the answer as JSON and bytes."""
        ...
