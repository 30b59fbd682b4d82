"""Error answers as problem documents (RFC 9457): what, why, and when to try again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, Response

from intona.server.pool import RefusedError, WorkerDiedError
from intona.server.schemas import said

MEDIA_TYPE = "application/problem+json"
PROBLEM = "intona.problem"  # in the scope of a request: the kind of what it was answered with
WORDS = {
    400: "The request cannot be read",
    401: "A token is needed",
    403: "This page may not use the service",
    404: "There is nothing here",
    405: "This method is not possible here",
    408: "The request took too long to arrive",
    413: "Too much at once",
    422: "The request cannot be used",
    421: "This name is not served here",
    429: "Too many requests",
    503: "The service cannot answer now",
    507: "There is no room for this now",
}


class Problem(HTTPException):
    """An error to answer with.

    Args:
        status: HTTP status code.
        kind: short machine-readable name, the end of the problem's ``type``.
        detail: one sentence for people.
        retry_after: seconds after which trying again makes sense.
        close: end the connection, because the rest of the request is not wanted.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        retry_after: int | None = None,
        close: bool = False,
    ) -> None:
        headers = {}
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="intona"'
        if close:
            headers["Connection"] = "close"
        super().__init__(status, detail, headers)
        self.kind = kind

    def answer(self) -> Response:
        """Return it as a problem document."""
        return response(self.status_code, self.kind, str(self.detail), dict(self.headers or {}))


def response(
    status: int, kind: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    """Return the problem document as a response."""
    content = {
        "type": f"urn:intona:problem:{kind}",
        "title": WORDS.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return JSONResponse(content, status, headers, media_type=MEDIA_TYPE)


def document(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of these errors."""
    retry = {
        "Retry-After": {
            "description": "Seconds after which trying again makes sense.",
            "schema": {"type": "integer", "minimum": 0},
        }
    }
    described: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        described[status] = {
            "description": WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        if status in (429, 503, 507):
            described[status]["headers"] = retry
    return described


def of_refusal(error: RefusedError) -> Problem:
    """Return how a worker's refusal is answered."""
    if error.kind == "too_much":
        return Problem(413, "too-much-audio", error.detail)
    if error.kind == "audio":
        return Problem(422, "audio", error.detail)
    if error.kind in ("usage", "invalid"):
        return Problem(422, error.kind, error.detail)
    return Problem(422, "not-processable", f"this input cannot be processed ({error.detail})")


def of_death(error: WorkerDiedError) -> Problem:
    """Return how the loss of a worker is answered."""
    if error.reason == "crash":
        return Problem(422, "not-decodable", "this file made the decoder fail: convert it to wav")
    if error.reason == "timeout":
        return Problem(
            503, "timeout", "this took longer than a request may: send less audio", retry_after=10
        )
    return Problem(503, "interrupted", "the work was interrupted: try again", retry_after=2)


def install(app: FastAPI) -> None:
    """Answer every error of an application with a problem document."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = of(error)
        request.scope[PROBLEM] = problem.kind
        return problem.answer()

    for kind in (
        StarletteHTTPException,
        RequestValidationError,
        RefusedError,
        WorkerDiedError,
        Exception,
    ):
        app.add_exception_handler(kind, answer)


def of(error: Exception) -> Problem:
    """Return how an error is answered."""
    match error:
        case Problem():
            return error
        case StarletteHTTPException(status_code=status):
            kind = HTTPStatus(status).name.lower().replace("_", "-")
            problem = Problem(status, kind, str(error.detail))
            problem.headers = {**(error.headers or {}), **(problem.headers or {})}
            return problem
        case RequestValidationError():
            return Problem(422, "invalid", said(error.errors()))
        case RefusedError():
            return of_refusal(error)
        case WorkerDiedError():
            return of_death(error)
        case _:
            return Problem(500, "internal", "something went wrong on our side")
