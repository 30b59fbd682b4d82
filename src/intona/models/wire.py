"""Wire format of Protocol Buffers, read without a schema and without trusting the bytes.

An ONNX file is a Protocol Buffers message (``onnx.proto``); this is what it takes to look into one
before anything loads it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Value = int | memoryview


def fields(view: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield ``(field number, value)`` of a message; see :func:`located`."""
    for number, value, _, _ in located(view):
        yield number, value


def located(view: memoryview) -> Iterator[tuple[int, Value, int, int]]:
    """Yield ``(field number, value, begin, end)`` of a message, skipping over nested content.

    Of equal numbers of 4 bytes that follow each other (the weights of a support vector machine are
    kept so, one by one) only the first is given.

    Args:
        view: the message, bytes; a field is ``view[begin:end]``.

    Raises:
        ValueError: not such a message, or cut off.
    """
    position = 0
    while position < len(view):
        begin = position
        tag, position = _varint(view, position)
        number, wire = tag >> 3, tag & 7
        value: Value
        if wire == 0:
            value, position = _varint(view, position)
        elif wire == 2:
            length, position = _varint(view, position)
            value, position = _taken(view, position, length)
        elif wire in (1, 5):
            value, position = _taken(view, position, 8 if wire == 1 else 4)
            if wire == 5 and position - begin == 5:
                position = _after_alike(view, begin)
        else:
            raise ValueError("not a Protocol Buffers message")
        yield number, value, begin, position


def _taken(view: memoryview, position: int, length: int) -> tuple[memoryview, int]:
    if length > len(view) - position:
        raise ValueError("truncated message")
    return view[position : position + length], position + length


def _after_alike(view: memoryview, begin: int) -> int:
    """Return where a run of fields of 5 bytes, all with the tag of the first, ends."""
    count = (len(view) - begin) // 5
    tags = np.frombuffer(view, np.uint8, 5 * count, begin)[::5]
    step = 256  # most runs are short
    done = 0
    while done < count:
        other = np.flatnonzero(tags[done : done + step] != tags[0])
        if other.size:
            return begin + 5 * (done + int(other[0]))
        done += step
        step *= 2
    return begin + 5 * count


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(view):
            raise ValueError("truncated message")
        byte = view[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if not byte & 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("not a Protocol Buffers message")
