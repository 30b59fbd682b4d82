"""The state of a running service: settings, worker pools, counters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from intona.server.metrics import Metrics
from intona.server.pool import Streams, Uploads
from intona.server.problems import Problem
from intona.server.settings import Settings
from intona.server.wire import ModelFacts, WorkerOptions

HANDLER = "intona.server.handler:ModelHandler"


class Service:
    """Everything the routes share.

    Args:
        settings: the limits.
        handler: ``module:Class`` of what the workers run.

    Attributes:
        pending: uploads that arrive, wait or run now.
        live: live streams open now.
        draining: set once the service has been told to stop.
    """

    def __init__(self, settings: Settings, handler: str = HANDLER) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.pending = 0
        self.live = 0
        self.draining = asyncio.Event()
        self._started = False
        options = WorkerOptions(
            handler=handler,
            model=None if settings.model is None else str(settings.model),
            profiles=settings.profile_names,
            emotions=settings.emotions,
            merge=settings.merge,
            memory_mb=settings.worker_memory_mb,
            cpu_seconds=settings.request_seconds,
            clip_seconds=settings.max_clip_seconds,
            explain_seconds=settings.max_explain_seconds,
            recording_seconds=settings.max_recording_seconds,
        )
        count = self.metrics.deaths.inc
        self.uploads = Uploads(settings.worker_count, options, count)
        self.streams = Streams(settings.stream_workers, options, count)

    async def start(self) -> None:
        """Start the workers; a second call does nothing.

        Raises:
            ModelError: the model cannot be loaded.
        """
        if self._started:
            return
        self._started = True
        await self.uploads.start()
        try:
            await self.streams.start()
        except BaseException:
            await self.uploads.close()
            raise
        self._model = model = self.uploads.model
        self.metrics.emotions = frozenset([*model["labels"], *model["metadata"].get("labels", [])])
        self.metrics.running.set_function(lambda: self.uploads.busy)
        self.metrics.waiting.set_function(lambda: self.uploads.waiting)

    async def close(self) -> None:
        """Stop the workers and wait until they are gone."""
        self.draining.set()
        await asyncio.gather(self.uploads.close(), self.streams.close())

    @property
    def ready(self) -> bool:
        """Whether uploads and streams can be served now."""
        return not self.draining.is_set() and self.uploads.ready and self.streams.ready

    @property
    def model(self) -> ModelFacts:
        """What the workers say of the model."""
        return self._model

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Count one upload in, and out again."""
        self.pending += 1
        self.metrics.pending.set(self.pending)
        try:
            yield
        finally:
            self.pending -= 1
            self.metrics.pending.set(self.pending)

    @contextmanager
    def admit_stream(self) -> Iterator[None]:
        """Count one live stream in, and out again.

        Raises:
            Problem: there are as many as may be, or the service is stopping.
        """
        if self.draining.is_set():
            raise Problem(503, "stopping", "the service is stopping", retry_after=10)
        if self.live >= self.settings.max_streams:
            raise Problem(
                503,
                "streams",
                f"{self.live} live streams are open, as many as may be: try again later",
                retry_after=5,
            )
        self.live += 1
        self.metrics.streams.set(self.live)
        try:
            yield
        finally:
            self.live -= 1
            self.metrics.streams.set(self.live)
