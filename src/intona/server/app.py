"""ASGI application: routes, middleware and page put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from intona._version import __version__
from intona.models.card import LAW
from intona.server import live, problems, routes
from intona.server.farewell import Farewell
from intona.server.gate import Gate
from intona.server.intake import Intake
from intona.server.metrics import Meter
from intona.server.schemas import Health, Problem
from intona.server.service import HANDLER, Service
from intona.server.settings import Settings

DESCRIPTION = f"""Emotion in speech, with honest confidence.

Recordings are judged in memory and forgotten: none is stored or logged. Live streams are
served at `WS /v1/stream?rate=48000&encoding=s16le`: binary messages of mono samples in, JSON
events out. Answers say how sure the model is; it hears how a voice sounds, not what a person
feels, and must not be used to decide about people. In the European Union emotion recognition at
work and in education is forbidden, and those who are exposed to it elsewhere are to be told:
[law and limits]({LAW}).
"""
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def create_app(settings: Settings, *, handler: str = HANDLER) -> FastAPI:
    """Return the ASGI application; its workers start with its lifespan.

    Args:
        settings: limits and addresses.
        handler: ``module:Class`` of what the workers run.
    """
    service = Service(settings, handler)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.close()

    app = FastAPI(
        title="intona",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        # Both load scripts from other hosts; /docs is a page of ours.
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(live.router)
    _add_signs_of_life(app, service)
    _add_page(app)
    _describe_problems(app)
    app.add_middleware(Intake, service=service)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(Meter, metrics=service.metrics)
    app.add_middleware(Farewell, settings=settings)
    return app


def _add_signs_of_life(app: FastAPI, service: Service) -> None:
    free: dict[str, Any] = {"security": []}

    @app.get(
        "/healthz", tags=["operation"], responses=problems.document(400, 421), openapi_extra=free
    )
    async def healthz() -> Health:
        """Say that the process answers."""
        return Health(status="ok")

    @app.get(
        "/readyz",
        tags=["operation"],
        responses=problems.document(400, 421, 503),
        openapi_extra=free,
    )
    async def readyz() -> Health:
        """Say that uploads and streams can be served now; 503 while they cannot."""
        if not service.ready:
            raise problems.Problem(503, "not-ready", "no worker is ready", retry_after=2)
        return Health(status="ok")

    text: dict[int | str, dict[str, Any]] = {
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}}
    }

    @app.get(
        "/metrics",
        tags=["operation"],
        response_class=Response,
        responses={**text, **problems.document(400, 401, 421, 429)},
    )
    async def metrics() -> Response:
        """Return the counters, for Prometheus."""
        return Response(service.metrics.text(), media_type=PROMETHEUS)


def _add_page(app: FastAPI) -> None:
    folder = str(files("intona.server") / "page")
    fresh = {"Cache-Control": "no-cache"}

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> FileResponse:
        return FileResponse(f"{folder}/index.html", headers=fresh)

    @app.get("/docs", include_in_schema=False)
    async def reference() -> FileResponse:
        return FileResponse(f"{folder}/reference.html", headers=fresh)

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> FileResponse:
        return FileResponse(f"{folder}/icon.svg", media_type="image/svg+xml", headers=fresh)

    app.mount("/static", StaticFiles(directory=folder), name="static")


def _describe_problems(app: FastAPI) -> None:
    """Put the problem document's shape where the responses refer to it."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            shapes = schema.setdefault("components", {}).setdefault("schemas", {})
            shapes["Problem"] = Problem.model_json_schema()
            if app.state.service.settings.token:
                schema["components"]["securitySchemes"] = {
                    "bearer": {"type": "http", "scheme": "bearer"}
                }
                schema["security"] = [{"bearer": []}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
