"""The rest of a body that was answered before its end: it is read and dropped, for a while.

A connection that is closed while its client still sends is reset, and a client that is told of the
reset may never look at the answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from intona.server.settings import Settings


class Farewell:
    """Middleware around everything else that ends a connection only when its client has done so.

    The whole answer is sent at once, as with any request; what waits is the end of the connection,
    for at most ``idle_seconds``.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._seconds = settings.idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
            await self._app(scope, receive, send)
            return
        begun = complete = owing = False

        async def reading() -> Message:
            nonlocal begun, complete
            begun = True
            message = await receive()
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            nonlocal owing
            if message["type"] == "http.response.start" and not complete:
                MutableHeaders(raw=message.setdefault("headers", []))["Connection"] = "close"
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                owing = not complete
                message = {**message, "more_body": owing}
            await send(message)

        await self._app(scope, reading, sending)
        if not owing:
            return
        # Who waits for leave to send the body, and has none, will not send it.
        if begun or "expect" not in headers:
            await self._read_on(reading)
        await send({"type": "http.response.body", "body": b""})

    async def _read_on(self, reading: Receive) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                while (await reading()).get("more_body", False):
                    pass
        except TimeoutError:
            return
