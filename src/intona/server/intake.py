"""Upload limits: number, size and pace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from intona.server.gate import refuse
from intona.server.problems import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from intona.server.service import Service

OVERHEAD = 64 * 1024  # bytes around the file in a multipart form
FORM, JSON = "multipart/form-data", "application/json"
MIB = 1024 * 1024
LEAST_PACE = 8 * 1024  # bytes per second, on average, once idle_seconds have passed


class Intake:
    """Middleware that admits a bounded number of uploads and bounds each of them."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._settings = service.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        settings = self._settings
        most = settings.max_upload_bytes if kind_of(headers) == FORM else settings.max_json_bytes
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, self._bounded(receive, 0), send)
            return
        objection = self._objection(headers, most)
        if objection is not None:
            await refuse(objection, scope, receive, send)
            return
        with self._service.admit():
            await self._app(scope, self._bounded(receive, most), send)

    def _objection(self, headers: Headers, most: int) -> Problem | None:
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > most + OVERHEAD:
            return _too_large(most)
        if self._service.pending >= self._settings.max_pending:
            return Problem(
                429,
                "busy",
                f"{self._service.pending} uploads are being worked on: try again soon",
                retry_after=1,
                close=True,
            )
        return None

    def _bounded(self, receive: Receive, most: int) -> Receive:
        clock = asyncio.get_running_loop().time
        begin = clock()
        settings = self._settings
        total = 0
        complete = False

        async def bounded() -> Message:
            nonlocal total, complete
            if complete:
                return await receive()
            elapsed = clock() - begin
            slow = elapsed > settings.idle_seconds and total < elapsed * LEAST_PACE
            left = min(settings.idle_seconds, settings.upload_seconds - elapsed)
            if slow or left <= 0:
                raise _too_slow()
            try:
                async with asyncio.timeout(left):
                    message = await receive()
            except TimeoutError:
                raise _too_slow() from None
            total += len(message.get("body", b""))
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            if total > most + OVERHEAD:
                raise _too_large(most)
            return message

        return bounded


def kind_of(headers: Headers) -> str:
    """Return the media type of a body, without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        "too-large",
        f"at most {most / MIB:g} MiB are taken here: send a shorter part, or a compressed one",
        close=True,
    )


def _too_slow() -> Problem:
    return Problem(408, "too-slow", "the upload arrives too slowly: try again", close=True)
