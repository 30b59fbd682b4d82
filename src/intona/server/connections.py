"""Connections under a clock: one that nobody works for ends, whatever it has or has not sent."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from intona.server.intake import LEAST_PACE
from intona.server.problems import Problem

if TYPE_CHECKING:
    import uvicorn

    from intona.server.settings import Settings


class _Clocked(asyncio.Protocol):
    """A connection that is dropped after ``idle_seconds`` in a state that leads nowhere.

    Such a state is any in which the application has no request of it in hand, or waits for the
    peer to read. Bytes that come do not put the end off; an answer that is read does, while it
    is read at a fair pace.
    """

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    config: uvicorn.Config
    _clock: asyncio.TimerHandle | None = None
    _unread = 0

    def _served(self) -> bool:
        """Whether the application has the connection in hand, and can write to it."""
        raise NotImplementedError

    def _watch(self) -> None:
        """Start or stop the clock; to be called whenever something has happened."""
        if not self._served():
            if self._clock is None:
                self._start()
        elif self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _start(self) -> None:
        self._unread = self.transport.get_write_buffer_size()
        self._clock = self.loop.call_later(settings_of(self.config).idle_seconds, self._expire)

    def _expire(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and self._unread - left >= LEAST_PACE * settings_of(self.config).idle_seconds:
            self._start()
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._clock is not None:
            self._clock.cancel()

    def shutdown(self) -> None:
        """End the connection soon, for the service stops; what others sent must not suffer."""
        try:
            super().shutdown()  # type: ignore[misc]
        except Exception:  # a parser that had given up before
            self.transport.abort()
        self._watch()

    def _turn_away(self, problem: Problem) -> None:
        """Answer without a parser, and close."""
        answer = problem.answer()
        lines = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}"]
        lines += [f"{name.title()}: {value}" for name, value in answer.headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + bytes(answer.body))
        self.transport.close()


class GuardedHTTP(_Clocked, H11Protocol):
    """HTTP/1.1 with a limit on connections."""

    def connection_made(self, transport: Any) -> None:
        """Take a connection, or turn it away when there are too many."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > settings_of(self.config).max_connections:
            self._turn_away(
                Problem(503, "connections", "too many connections", retry_after=2, close=True)
            )

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, where an answer can still be given."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        super().send_400_response(msg)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _served(self) -> bool:
        if self.transport.get_protocol() is not self:
            return True  # a WebSocket now, with a clock of its own
        working = self.cycle is not None and not self.cycle.response_complete
        return working and not self.flow.write_paused


class GuardedWebSocket(_Clocked, WebSocketsSansIOProtocol):
    """WebSockets that are accepted, read and closed in time."""

    def connection_made(self, transport: Any) -> None:
        """Take over a connection whose head has been read."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes: first the head again, then frames."""
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            # The head is there as a whole: this parser does not take what the one for HTTP took.
            self._turn_away(
                Problem(400, "handshake", "this handshake is too long or no handshake", close=True)
            )
        self._watch()

    def send_receive_event_to_app(self) -> None:
        """Pass a message on; the application refuses a text that is no UTF-8, as any other."""
        if self.curr_msg_data_type == "text":
            self.frames = [b"".join(self.frames).decode(errors="replace").encode()]
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """Send an event of the application.

        Raises:
            ClientDisconnected: the connection has been closed meanwhile.
        """
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)
        self._watch()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Begin to wait for the end."""
        super().on_task_complete(task)
        self._watch()

    def keepalive_timeout(self) -> None:
        """Drop a peer that answers no ping: it would not read a goodbye either."""
        self.transport.abort()

    def _served(self) -> bool:
        talking = self.handshake_complete and not self.close_sent
        return talking and not self.transport.is_closing() and self.writable.is_set()


def settings_of(config: uvicorn.Config) -> Settings:
    """Return the settings of the service that uvicorn runs."""
    return config.app.state.service.settings  # type: ignore[union-attr]
