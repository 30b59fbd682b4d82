"""Live streams over WebSocket (``/v1/stream``): sound in, events out.

The client declares ``rate``, ``encoding`` and, if it wants, ``profile``, ``adapt``, ``emotions``
and ``merge`` in the query, sends binary messages of mono samples, and gets JSON events. Each
message is worked on before the next is read, so a client that sends faster than the service works
is held back by TCP. The text message ``{"event": "end"}`` asks for what is left and ends the
stream.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from intona.server.gate import BEARER_PROTOCOL, refuse
from intona.server.pool import OpenStream, RefusedError, WorkerDiedError
from intona.server.problems import PROBLEM, Problem
from intona.server.wire import LABELS_LENGTH, Choice

if TYPE_CHECKING:
    from intona.server.service import Service
    from intona.server.wire import ModelFacts

router = APIRouter()

PARAMETERS = ("rate", "encoding", "profile", "adapt", "emotions", "merge", "channels")
ENCODINGS = {"s16le": 2, "f32le": 4}  # name to bytes per sample
SWITCH = {"true": True, "1": True, "false": False, "0": False, "": False}
RATES = (4_000, 384_000)  # Hz
MESSAGE_BYTES = 1024 * 1024
LONGEST_TEXT = 200  # letters; as deep as that, JSON can still be parsed
PUSH_SECONDS = 10.0  # a push holds at most a second of sound

GOING_AWAY = 1001
BAD_DATA = 1007
BAD_REQUEST = 1008
BROKEN = 1011
# How streams that ended before their time are counted.
ENDS = {GOING_AWAY: "ended", BAD_DATA: "bad-data", BAD_REQUEST: "invalid", BROKEN: "interrupted"}


@router.websocket("/v1/stream")
async def stream(websocket: WebSocket) -> None:
    """Serve one live stream."""
    service: Service = websocket.app.state.service
    try:
        with service.admit_stream():
            await _serve(websocket, service)
    except Problem as problem:
        await refuse(problem, websocket.scope, websocket.receive, websocket.send)
    except WebSocketDisconnect:
        return


async def _serve(websocket: WebSocket, service: Service) -> None:
    offered = [name for name in websocket.scope["subprotocols"] if name[:7] != BEARER_PROTOCOL]
    await websocket.accept(subprotocol=offered[0] if offered else None)
    try:
        rate, encoding = _declared(websocket)
        choice = _choice(websocket)
        opening = service.streams.open(rate, encoding, choice, seconds=PUSH_SECONDS)
        async with opening as stream:
            declared = {"rate": rate, "encoding": encoding, "adapt": choice.adapt}
            about = _about(service.model)
            await websocket.send_json({"event": "ready", **declared, **about, **stream.opened})
            await _talk(websocket, service, stream, rate, ENCODINGS[encoding])
    except _StreamError as error:
        await _end(websocket, error.code, error.detail)
    except RefusedError as error:
        await _end(websocket, BAD_DATA, error.detail)
    except WorkerDiedError:
        await _end(websocket, BROKEN, "the stream was interrupted: open a new one")


class _StreamError(Exception):
    """The client did something a stream cannot go on after."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def _declared(websocket: WebSocket) -> tuple[int, str]:
    given = Counter(name for name, _ in websocket.query_params.multi_items())
    for name, times in given.items():
        if name not in PARAMETERS:  # a misspelled one would be answered as if not given
            known = ", ".join(PARAMETERS)
            raise _StreamError(BAD_REQUEST, f"no parameter {name[:20]!a}: known are {known}")
        if times > 1:
            raise _StreamError(BAD_REQUEST, f"{name} is given more than once: send one")
    text = websocket.query_params.get("rate", "")
    encoding = websocket.query_params.get("encoding", "s16le")
    rate = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
    if not RATES[0] <= rate <= RATES[1]:
        raise _StreamError(BAD_REQUEST, f"declare ?rate= in Hz, {RATES[0]} to {RATES[1]}")
    if encoding not in ENCODINGS:
        raise _StreamError(BAD_REQUEST, f"encoding must be one of {', '.join(ENCODINGS)}")
    return rate, encoding


def _choice(websocket: WebSocket) -> Choice:
    said = websocket.query_params
    adapt = said.get("adapt", "false").lower()
    if adapt not in SWITCH:
        raise _StreamError(BAD_REQUEST, "adapt must be true or false")
    if said.get("channels", "mix").lower() not in ("mix", ""):
        raise _StreamError(
            BAD_REQUEST, "a stream is of one channel, mono: open one for each channel of a call"
        )
    labels = (said.get("emotions"), said.get("merge"))
    if any(len(text or "") > LABELS_LENGTH for text in labels):
        raise _StreamError(BAD_REQUEST, f"emotions and merge take {LABELS_LENGTH} letters")
    return Choice(said.get("profile"), SWITCH[adapt], *labels)


def _about(model: ModelFacts) -> dict[str, Any]:
    return {"labels": model["labels"], "threshold": model["threshold"]}


async def _talk(
    websocket: WebSocket, service: Service, stream: OpenStream, rate: int, width: int
) -> None:
    """Pass sound on and events back until either side ends it."""
    stopping = asyncio.ensure_future(service.draining.wait())
    try:
        while True:
            hearing = asyncio.ensure_future(websocket.receive())
            await asyncio.wait(
                {hearing, stopping},
                timeout=service.settings.idle_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not hearing.done():
                hearing.cancel()
                await _send(websocket, service, await stream.flush())
                reason = "stopping" if stopping.done() else "idle for too long"
                await _end(websocket, GOING_AWAY, reason)
                return
            pcm = _samples(hearing.result(), width)
            if pcm is None:
                await _send(websocket, service, await stream.flush())
                await websocket.send_json({"event": "end"})
                await websocket.close()
                return
            step = rate * width
            for first in range(0, len(pcm), step):
                await _send(websocket, service, await stream.push(pcm[first : first + step]))
            service.metrics.streamed.inc(len(pcm) / step)
    finally:
        stopping.cancel()


def _samples(message: MutableMapping[str, Any], width: int) -> bytes | None:
    """Return the samples of a message, ``None`` when it ends the stream."""
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    data = message.get("bytes")
    if data is None:
        if _is_end(message.get("text") or ""):
            return None
        raise _StreamError(BAD_DATA, 'send binary samples, or {"event": "end"}')
    if len(data) % width:
        raise _StreamError(BAD_DATA, f"a message must hold whole samples of {width} bytes")
    return data


def _is_end(text: str) -> bool:
    """Whether a text message asks for the end; a long one is not even parsed."""
    try:
        return len(text) <= LONGEST_TEXT and json.loads(text) == {"event": "end"}
    except ValueError:
        return False


async def _send(websocket: WebSocket, service: Service, events: list[dict[str, Any]]) -> None:
    service.metrics.count(event for event in events if event.get("event") == "segment")
    for event in events:
        await websocket.send_json(event)


async def _end(websocket: WebSocket, code: int, detail: str) -> None:
    websocket.scope[PROBLEM] = ENDS[code]
    await websocket.send_json({"event": "error", "message": detail})
    await websocket.close(code, detail[:100])
