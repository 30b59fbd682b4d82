"""Run the service with uvicorn: time limits per connection, and a quiet end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from intona.errors import UsageError
from intona.server.app import create_app
from intona.server.live import MESSAGE_BYTES
from intona.server.service import HANDLER, Service
from intona.server.settings import Settings

STREAM_GRACE = 3.0  # seconds open streams get to say their last events
TOO_MANY = (
    b'{"type":"urn:intona:problem:connections","title":"The service cannot answer now",'
    b'"status":503,"detail":"too many connections"}'
)
TOO_MANY_HEAD = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n"
    b"Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n" % len(TOO_MANY)
)


class _AbortsStuckReaders(asyncio.Protocol):
    """Drop a peer that does not read its answer for ``idle_seconds``."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    config: uvicorn.Config
    _stuck: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(_limits(self.config).idle_seconds, self._abort)

    def resume_writing(self) -> None:
        self._unstick()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unstick()
        super().connection_lost(exc)

    def _abort(self) -> None:
        self.transport.abort()

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


class GuardedHTTP(_AbortsStuckReaders, H11Protocol):
    """HTTP/1.1 with a limit on connections and on the time a request's head may take."""

    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take a connection, or turn it away when there are too many."""
        super().connection_made(transport)
        if len(self.connections) > _limits(self.config).max_connections:
            transport.write(TOO_MANY_HEAD + TOO_MANY)
            transport.close()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and start or stop the clock of the request's head."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._head is not None:
            self._head.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        waiting = self.conn.their_state is h11.IDLE
        if waiting and self._head is None:
            self._head = self.loop.call_later(_limits(self.config).idle_seconds, self._abort)
        elif not waiting and self._head is not None:
            self._head.cancel()
            self._head = None


class GuardedWebSocket(_AbortsStuckReaders, WebSocketsSansIOProtocol):
    """WebSockets whose peers must read."""


class Server(uvicorn.Server):
    """uvicorn, letting live streams end properly before it closes connections."""

    ready: Callable[[str], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say where."""
        await super().startup(sockets)
        if self.ready is not None:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self.ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, let streams say their last events, then finish what runs."""
        service = _service(self.config)
        for server in self.servers:
            server.close()
        service.draining.set()
        deadline = asyncio.get_running_loop().time() + STREAM_GRACE
        while service.live and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)


def serve(
    settings: Settings, *, handler: str = HANDLER, ready: Callable[[str], None] | None = None
) -> None:
    """Serve until told to stop by SIGINT or SIGTERM.

    Args:
        settings: limits and addresses.
        handler: ``module:Class`` of what the workers run.
        ready: called with the address once connections are accepted.

    Raises:
        ModelError: the model cannot be loaded.
        UsageError: the address cannot be bound.
    """
    app = create_app(settings, handler=handler)
    config = uvicorn.Config(
        app,
        http=GuardedHTTP,
        ws=GuardedWebSocket,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=settings.access_log,
        log_level="info" if settings.access_log else "warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.request_seconds) + 10,
    )
    server = Server(config)
    server.ready = ready

    async def run(listener: socket.socket) -> None:
        await app.state.service.start()
        await server.serve([listener])

    with _bind(settings) as listener:
        asyncio.run(run(listener))


def _bind(settings: Settings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, settings.port), family=family, backlog=256)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {settings.host} port {settings.port} "
            f"({error.strerror or error}): choose another with --port"
        ) from None


def _service(config: uvicorn.Config) -> Service:
    return config.app.state.service  # type: ignore[union-attr]


def _limits(config: uvicorn.Config) -> Settings:
    return _service(config).settings
