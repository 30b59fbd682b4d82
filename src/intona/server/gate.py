"""Access control: host names, origins, tokens; and the security headers of every answer."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from math import ceil
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from intona.server.brake import LONGEST, Brake
from intona.server.problems import PROBLEM, Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from intona.server.settings import Settings

# A browser cannot set headers on a WebSocket: the token comes as a second subprotocol.
BEARER_PROTOCOL = "bearer."
OPEN_PATHS = frozenset({"/", "/docs", "/healthz", "/readyz", "/openapi.json", "/favicon.ico"})
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """Middleware in front of everything else.

    Names other than our own are refused (DNS rebinding), requests made by other web sites
    are refused (also WebSockets, which no CORS rule covers), and the token is checked before
    a byte of the body is read.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.hosts
        self._token = settings.token.encode() if settings.token else None
        self._brake = Brake()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def signed(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                message["headers"] = headers.raw
            await send(message)

        headers = Headers(scope=scope)
        objection = _smuggled(scope, headers) or self._strangers(headers)
        objection = objection or await self._token_missing(scope, headers)
        if objection is None:
            await self._app(scope, receive, signed)
        else:
            await refuse(objection, scope, receive, signed)

    def _strangers(self, headers: Headers) -> Problem | None:
        host = headers.get("host", "").lower()
        if host and not _NETLOC.fullmatch(host):
            return Problem(400, "host", "the header Host is no host, with or without a port")
        if self._hosts is not None and _name(host) not in self._hosts:
            return Problem(421, "host", "start intona serve with --allow-host to serve this name")
        origin = headers.get("origin")
        if origin is not None:
            where = origin.lower().partition("://")[2]
            if not where or (
                where != host and not (self._hosts and _name(where) in self._hosts - _LOCAL)
            ):
                return Problem(403, "origin", "other web sites may not use this service")
        return None

    async def _token_missing(self, scope: Scope, headers: Headers) -> Problem | None:
        path = scope["path"]
        if self._token is None or path in OPEN_PATHS or path.startswith("/static/"):
            return None
        given = _bearer(headers, scope)
        if given is not None:
            if hmac.compare_digest(given, self._token):
                return None
            address, _ = scope.get("client") or ("", 0)
            if not await self._brake.hold(address):
                return Problem(
                    429,
                    "token",
                    "too many wrong tokens come from this address: try again later",
                    retry_after=ceil(LONGEST),
                    close=True,
                )
        return Problem(401, "token", "send the header Authorization: Bearer TOKEN", close=True)


_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
_NETLOC = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")


def _name(netloc: str) -> str:
    """Return the host without its port, ``""`` where it is none.

    Examples:
        >>> _name("[::1]:8765"), _name("localhost"), _name("localhost:1@evil.example")
        ('[::1]', 'localhost', '')
    """
    found = _NETLOC.fullmatch(netloc)
    return found[1] if found else ""


def _smuggled(scope: Scope, headers: Headers) -> Problem | None:
    """Refuse a body whose end a proxy may see elsewhere (RFC 9112, 6.1 and 6.3)."""
    if "transfer-encoding" not in headers:
        return None
    if "content-length" in headers or scope["http_version"] == "1.0":
        return Problem(
            400, "framing", "Transfer-Encoding goes with HTTP/1.1 and no Content-Length", close=True
        )
    return None


def _bearer(headers: Headers, scope: Scope) -> bytes | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip().encode("latin-1", "replace")
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(BEARER_PROTOCOL):
            text = protocol.removeprefix(BEARER_PROTOCOL)
            try:
                return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            except (binascii.Error, ValueError):
                return None
    return None


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or a WebSocket handshake, with a problem document."""
    scope[PROBLEM] = problem.kind
    answer = problem.answer()
    if scope["type"] == "http":
        await answer(scope, receive, send)
        return
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": problem.kind})
        return
    # The length is added on the way out; older releases of uvicorn would send it twice.
    headers = [pair for pair in answer.raw_headers if pair[0] != b"content-length"]
    await send(
        {
            "type": "websocket.http.response.start",
            "status": problem.status_code,
            "headers": headers,
        }
    )
    await send({"type": "websocket.http.response.body", "body": answer.body})
