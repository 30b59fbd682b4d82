"""Metrics of the service, for Prometheus; never anything about what was said."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from intona.tables import Reason

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATUSES = ("ok", "unsure", "no_speech")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "intona_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "intona_request_seconds",
            "Time from the request's head to the end of its answer.",
            ["route"],
            registry=self._registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
        )
        self.pending = Gauge(
            "intona_uploads_pending",
            "Uploads that arrive, wait or run now.",
            registry=self._registry,
        )
        self.streams = Gauge(
            "intona_streams_open", "Live streams open now.", registry=self._registry
        )
        self.streamed = Counter(
            "intona_streamed_audio_seconds",
            "Seconds of audio received on live streams.",
            registry=self._registry,
        )
        self.answers = Counter(
            "intona_answers",
            "Clips and segments answered, by how sure the answer is, and why where it is not.",
            ["status", "reason"],
            registry=self._registry,
        )
        self.familiarity = Histogram(
            "intona_familiarity",
            "How near the sound of each clip and segment is to what the model was made from.",
            registry=self._registry,
            buckets=tuple(tenth / 10 for tenth in range(1, 11)),
        )
        self.deaths = Counter(
            "intona_worker_deaths",
            "Worker processes that died or had to be killed, and were replaced.",
            registry=self._registry,
        )

    def count(self, answers: Iterable[Mapping[str, Any]]) -> None:
        """Count answers in.

        Args:
            answers: with ``status``, ``reason`` and ``familiarity``, as far as they are known.
        """
        for answer in answers:
            status, reason = answer.get("status"), answer.get("reason")
            if status in STATUSES:  # what workers say is not trusted to be few
                why = reason if reason in get_args(Reason) else ""
                self.answers.labels(status, why).inc()
            if isinstance(familiarity := answer.get("familiarity"), float):
                self.familiarity.observe(familiarity)

    def text(self) -> bytes:
        """Return all of them in the Prometheus text format."""
        return generate_latest(self._registry)


class Meter:
    """Middleware that counts and times requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        begin = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - begin)
