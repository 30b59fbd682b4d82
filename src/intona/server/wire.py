"""Messages between the service and its workers: JSON, and bytes that follow it.

A frame is two big-endian 32-bit lengths, the JSON object, then the payload. Nothing is
pickled: a worker that decodes hostile files must not be able to run code in the service.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, BinaryIO

__all__ = ["WireError", "pack", "receive", "receive_async"]

HEAD = struct.Struct("!II")
LARGEST_JSON = 64 * 1024 * 1024


class WireError(ConnectionError):
    """The other side went away or sent something that is no frame."""


def pack(message: dict[str, Any], payload_length: int = 0) -> bytes:
    r"""Return the frame up to the payload, whose bytes the caller sends right after.

    Examples:
        >>> pack({"op": "x"}, 3)
        b'\x00\x00\x00\n\x00\x00\x00\x03{"op":"x"}'
    """
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    return HEAD.pack(len(body), payload_length) + body


def receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """Read one frame from a blocking stream.

    Raises:
        WireError: when the stream ends or holds no frame.
    """
    size, payload = HEAD.unpack(_exactly(stream, HEAD.size))
    return _decode(_exactly(stream, size)), _exactly(stream, payload)


async def receive_async(stream: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """Read one frame from an asyncio stream.

    Raises:
        WireError: when the stream ends or holds no frame.
    """
    try:
        size, payload = HEAD.unpack(await stream.readexactly(HEAD.size))
        if size > LARGEST_JSON or payload > LARGEST_JSON:
            raise WireError("the worker sent an oversized answer")
        return _decode(await stream.readexactly(size)), await stream.readexactly(payload)
    except (asyncio.IncompleteReadError, OSError) as error:
        raise WireError("the worker went away") from error


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise WireError("the service went away")
    return data


def _decode(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise WireError("a frame holds no JSON") from error
    if not isinstance(message, dict):
        raise WireError("a frame holds no JSON object")
    return message
