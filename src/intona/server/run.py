"""Run the service with uvicorn: where it listens, and a quiet end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from intona.errors import UsageError
from intona.models.artefact import locate
from intona.models.hub import is_named
from intona.server import logs
from intona.server.app import create_app
from intona.server.connections import GuardedHTTP, GuardedWebSocket
from intona.server.descriptors import connections_for
from intona.server.live import MESSAGE_BYTES
from intona.server.service import HANDLER, Service
from intona.server.settings import Settings

QUEUE = 1024  # connections that the system keeps until they are taken
SEND_BYTES = 64 * 1024  # of an answer that the system keeps per connection
STREAM_GRACE = 3.0  # seconds open streams get to say their last events


class Server(uvicorn.Server):
    """uvicorn, letting live streams end properly before it closes connections."""

    ready: Callable[[str], None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; SIGTERM is how services are told to, so its end is no failure."""
        if sig == signal.SIGTERM:
            self.should_exit = True
        else:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say where."""
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(QUEUE)  # uvicorn's backlog is also how many are taken at a time
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
    most, backlog = connections_for(settings)
    settings = settings.model_copy(update={"max_connections": most})
    if settings.model is not None and is_named(settings.model):  # once, not in each worker
        settings = settings.model_copy(update={"model": locate(str(settings.model))})
    app = create_app(settings, handler=handler)
    logs.set_up(settings)
    config = uvicorn.Config(
        app,
        http=GuardedHTTP,
        ws=GuardedWebSocket,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=settings.access_log,
        log_config=None,  # set up already
        log_level="info" if settings.access_log else "warning",
        server_header=False,
        proxy_headers=False,
        backlog=backlog,
        timeout_graceful_shutdown=int(settings.request_seconds) + 10,
    )
    server = Server(config)
    server.ready = ready

    async def run(listener: socket.socket) -> None:
        asyncio.get_running_loop().set_exception_handler(logs.complain)
        await app.state.service.start()
        await server.serve([listener])

    with _bind(settings) as listener:
        asyncio.run(run(listener))


def _bind(settings: Settings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, settings.port), family=family, backlog=QUEUE)
        # Connections inherit it. With less in the system's hands, it shows whether a peer reads.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        return listener
    except OSError as error:
        raise UsageError(
            f"cannot listen on {settings.host} port {settings.port} "
            f"({error.strerror or error}): choose another with --port"
        ) from None


def _service(config: uvicorn.Config) -> Service:
    return config.app.state.service  # type: ignore[union-attr]
