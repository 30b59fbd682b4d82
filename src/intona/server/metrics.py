"""Metrics of the service, for Prometheus; never anything about what was said."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from intona.server.logs import OURS
from intona.server.problems import PROBLEM
from intona.tables import Reason

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger(OURS)
STATUSES = ("ok", "unsure", "no_speech")
OTHER = "other"  # an emotion that is none of the model's: what clients merge into is theirs
TENTHS = tuple(tenth / 10 for tenth in range(1, 11))
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters of one service, in a registry of their own.

    Attributes:
        emotions: those that answers are counted by; all others are counted as one.
    """

    def __init__(self) -> None:
        self.emotions: frozenset[str] = frozenset()
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
        self.flying = Gauge(
            "intona_requests_in_flight",
            "Requests whose answer has not ended.",
            registry=self._registry,
        )
        self.rejected = Counter(
            "intona_rejected",
            "Requests and streams that were refused or failed, by the problem they were told.",
            ["reason"],
            registry=self._registry,
        )
        self.pending = Gauge(
            "intona_uploads_pending",
            "Uploads that arrive, wait or run now.",
            registry=self._registry,
        )
        self.running = Gauge(
            "intona_uploads_running", "Uploads worked on now.", registry=self._registry
        )
        self.waiting = Gauge(
            "intona_uploads_waiting",
            "Uploads that have arrived and wait for a worker.",
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
            "Clips and segments answered: the emotion, how sure it is, and why where it is not.",
            ["emotion", "status", "reason"],
            registry=self._registry,
        )
        self.familiarity = Histogram(
            "intona_familiarity",
            "How near the sound of each clip and segment is to what the model was made from.",
            registry=self._registry,
            buckets=TENTHS,
        )
        self.arousal = Histogram(
            "intona_arousal",
            "How activated the voice is in each clip and segment.",
            registry=self._registry,
            buckets=TENTHS,
        )
        self.deaths = Counter(
            "intona_worker_deaths",
            "Worker processes that died or had to be killed, and were replaced.",
            registry=self._registry,
        )

    def count(self, answers: Iterable[Mapping[str, Any]]) -> None:
        """Count answers in.

        Args:
            answers: as far as they are known, with ``emotion``, ``status``, ``reason``,
                ``familiarity`` and ``arousal``.
        """
        for answer in answers:
            status, reason = answer.get("status"), answer.get("reason")
            if status in STATUSES:  # what workers say is not trusted to be few
                why = reason if reason in get_args(Reason) else ""
                self.answers.labels(self._counted(answer.get("emotion")), status, why).inc()
            for name, histogram in (("familiarity", self.familiarity), ("arousal", self.arousal)):
                if isinstance(value := answer.get(name), float):
                    histogram.observe(value)

    def _counted(self, emotion: str | None) -> str:
        if emotion is None:
            return ""
        return emotion if emotion in self.emotions else OTHER

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
        try:
            if scope["type"] == "http":
                with self._metrics.flying.track_inprogress():
                    await self._http(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        except Exception:
            scope[PROBLEM] = "internal"  # its answer is made outside of here
            raise
        finally:
            if (problem := scope.get(PROBLEM)) is not None:
                self._metrics.rejected.labels(problem).inc()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
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
            seconds = time.perf_counter() - begin
            self._metrics.seconds.labels(route).observe(seconds)
            _note(method, route, status, seconds, scope.get(PROBLEM))


def _note(method: str, route: str, status: int, seconds: float, problem: str | None) -> None:
    """Log what became of a request, for those who asked for such lines: nothing it said."""
    took = round(seconds, 4)
    facts = {"method": method, "route": route, "status": status, "seconds": took}
    why = f": {problem}" if problem else ""
    LOG.debug(
        "%s %s answered %d in %.4f s%s",
        method,
        route,
        status,
        took,
        why,
        extra={"facts": {**facts, "problem": problem}},
    )
