"""Vetting: what a graph must not have, looked for in the bytes before anything loads it.

A graph is a program. One that intona makes is a straight line of operators with all its numbers in
the file; what could read another file, loop without end, grow without bound or call what is no
operator is refused. Field numbers are those of ``onnx.proto``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

from intona.errors import ModelError
from intona.models.wire import Value, fields

DOMAINS = (b"", b"ai.onnx", b"ai.onnx.ml")  # whose operators compute and do nothing else
NODES = 20_000
FIELDS = 2_000_000  # of all messages together; of the bundled model some thousand

_EXTERNAL = "it keeps numbers in another file"
_SPARSE = "it holds sparse numbers"
_BRANCHES = "it loops or branches"


class _RefusedError(Exception):
    """Why a graph is refused, in words."""


@dataclass
class _Count:
    """What has been seen so far.

    Attributes:
        fields: of all messages.
        nodes: of the graph.
    """

    fields: int = 0
    nodes: int = 0


def require_harmless(content: bytes, where: object) -> None:
    """Refuse a model file whose graph is more than a straight line of operators.

    Args:
        content: of the ``.onnx`` file.
        where: what to call it in messages.

    Raises:
        ModelError: damaged, or it has external data, loops, functions, operators of other domains,
            sparse numbers, numbers that are not in the file, or too many parts.
    """
    try:
        _visit(memoryview(content), _MODEL, _Count())
    except _RefusedError as error:
        raise ModelError(
            f"{where}: its graph is refused, {error}; models made by intona never do"
        ) from None
    except ValueError:
        raise ModelError(f"{where}: its graph is damaged; make the model again") from None


_Visitor = Callable[[Value, _Count], None]


def _visit(message: Value, inside: Mapping[int, _Visitor], count: _Count) -> None:
    if isinstance(message, int):
        raise ValueError("a number in place of a message")
    for number, value in _counted(message, count):
        if number in inside:
            inside[number](value, count)


def _counted(message: memoryview, count: _Count) -> Iterator[tuple[int, Value]]:
    for field in fields(message):
        count.fields += 1
        if count.fields > FIELDS:
            raise _RefusedError("it has too many parts")
        yield field


def _never(words: str) -> _Visitor:
    def refuse(_: Value, __: _Count) -> None:
        raise _RefusedError(words)

    return refuse


def _domain(value: Value, _: _Count) -> None:
    if isinstance(value, int) or bytes(value) not in DOMAINS:
        raise _RefusedError("it uses operators that are not ONNX's")


def _graph(value: Value, count: _Count) -> None:
    _visit(value, _GRAPH, count)


def _node(value: Value, count: _Count) -> None:
    count.nodes += 1
    if count.nodes > NODES:
        raise _RefusedError(f"it has more than {NODES} operators")
    _visit(value, _NODE, count)


def _attribute(value: Value, count: _Count) -> None:
    _visit(value, _ATTRIBUTE, count)


def _tensor(value: Value, count: _Count) -> None:
    """Refuse numbers that are elsewhere, or more of them than there are bytes for."""
    if isinstance(value, int):
        raise ValueError("a number in place of a message")
    sizes: list[int] = []
    for number, found in _counted(value, count):
        if number == 1:
            sizes += [found] if isinstance(found, int) else _packed(found)
        elif number == 13 or (number == 14 and found != 0):
            raise _RefusedError(_EXTERNAL)
    if any(size >= 2**63 for size in sizes) or prod(sizes) > 2 * len(value):
        raise _RefusedError("it holds fewer numbers than it says")  # the smallest have 4 bits


def _packed(value: memoryview) -> list[int]:
    """Return the sizes of a tensor that are written without a tag each; there are few."""
    found, number = [], 0
    shift = 0
    for byte in value[:1024]:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            found.append(number)
            number = shift = 0
    return found


_ATTRIBUTE: Mapping[int, _Visitor] = {
    5: _tensor,
    6: _never(_BRANCHES),
    10: _tensor,
    11: _never(_BRANCHES),
    22: _never(_SPARSE),
    23: _never(_SPARSE),
}
_NODE: Mapping[int, _Visitor] = {5: _attribute, 7: _domain}
_GRAPH: Mapping[int, _Visitor] = {1: _node, 5: _tensor, 15: _never(_SPARSE)}
_MODEL: Mapping[int, _Visitor] = {
    7: _graph,
    20: _never("it trains itself"),
    25: _never("it has functions of its own"),
}
