"""HTTP routes under ``/v1``: they pass work to the workers and shape the answers."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Query, Request, UploadFile
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData, ImmutableMultiDict

from intona.server import wire
from intona.server.formats import MEDIA_TYPES, TEXTS, FormatName, attachment, available, clean
from intona.server.intake import FORM, JSON, kind_of
from intona.server.problems import Problem, document
from intona.server.schemas import Answer, Answers, Explanation, ModelCard, Timeline
from intona.server.service import Service
from intona.server.wire import LABELS_LENGTH, Choice, Reply


class _Careful(APIRoute):
    """Reads a form before FastAPI does: known parts, each given once; so are all parameters."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def careful(request: Request) -> Response:
            _require_once(request.query_params)
            self._require_known(request)
            if request.method == "POST" and kind_of(request.headers) == FORM:
                form = await _form(request)
                _require_once(form)
                _require_file(form)
            return await answer(request)

        return careful

    def _require_known(self, request: Request) -> None:
        """Refuse parameters nobody reads: a misspelled one would be answered as if not given.

        Raises:
            Problem: there is no such parameter.
        """
        described = request.app.openapi()["paths"][self.path][request.method.lower()]
        parameters = described.get("parameters", ())
        known = sorted(each["name"] for each in parameters if each["in"] == "query")
        unknown = next((name for name in request.query_params if name not in known), None)
        if unknown is not None:
            there = f"known are {', '.join(known)}" if known else "there are none"
            raise Problem(422, "unknown-parameter", f"no parameter {unknown[:60]!a}: {there}")


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=MOST_PARTS, max_fields=MOST_PARTS, max_part_size=1024)
    except ValueError:  # names that are not in the encoding they claim
        raise Problem(400, "bad-request", "the names in this form cannot be read") from None
    except OSError as error:  # whichever way the disk for temporary files fails
        LOG.error("cannot keep an upload in %s: %s", tempfile.tempdir, error.strerror or error)
        raise Problem(
            507, "storage", "there is no room for this upload now: try again later", retry_after=10
        ) from None


def _require_file(form: FormData) -> None:
    other = next((name for name in form if name != "file"), None)
    if other is not None:
        raise Problem(
            422,
            "unknown-parameter",
            f"no part {other[:60]!a} is read: send the recording as file, and parameters in the "
            "address, such as ?emotions=",
        )


def _require_once(items: ImmutableMultiDict[str, Any]) -> None:
    """Refuse what is given twice: which one was meant cannot be told.

    Raises:
        Problem: a part of the form, or a parameter, is given more than once.
    """
    given = Counter(name for name, _ in items.multi_items())
    twice = next((name for name, times in given.items() if times > 1), None)
    if twice is not None:
        raise Problem(422, "given-twice", f"{twice[:60]} is given more than once: send one")


router = APIRouter(prefix="/v1", tags=["v1"], route_class=_Careful)

LOG = logging.getLogger("uvicorn.error")
MOST_PARTS = 4  # of a form, in which one file is wanted
Recording = Annotated[
    UploadFile,
    File(
        description="The recording: wav, flac, mp3, ogg, opus, m4a, webm, amr ...",
        # What generators of clients look for; contentMediaType alone means a string to them.
        json_schema_extra={"format": "binary"},
    ),
]
Format = Annotated[FormatName, Query(alias="format", description="Form of the answer.")]
Profile = Annotated[
    str | None,
    Query(
        max_length=64,
        description="Adapt to this speaker, one of the profiles of /v1/model. Without it the first "
        "of them is used; empty asks for the model as it is.",
    ),
]
Adapt = Annotated[
    bool,
    Query(
        description="Judge the recording against itself: for a language, room or microphone unlike "
        "the training material. Not where all of its speech is one emotion; not with a profile.",
    ),
]
Emotions = Annotated[
    str | None,
    Query(
        max_length=LABELS_LENGTH,
        description="Answer with these only, comma-separated. Without it the service's own choice; "
        "empty asks for all.",
        examples=["angry,happy,neutral,sad"],
    ),
]
Merge = Annotated[
    str | None,
    Query(
        max_length=LABELS_LENGTH,
        description="Merge answers first, as old=new, comma-separated; as for emotions.",
        examples=["calm=neutral"],
    ),
]
Channels = Annotated[
    str | None,
    Query(
        max_length=LABELS_LENGTH,
        description="What is heard of a recording with several channels: mix (all of them, also "
        "where nothing is said), left, right, a number from 1, or each: every channel by itself, "
        "with a speaker for each. each:agent,customer names the speakers.",
        examples=["each"],
    ),
]
Second = Annotated[float, Query(ge=0, le=1e7, allow_inf_nan=False)]
UPLOAD_PROBLEMS = document(400, 401, 403, 408, 413, 421, 422, 429, 503, 507)
EXPORTED: dict[str, Any] = {
    "description": "The timeline, as JSON or in the format asked for.",
    "content": {
        kind: {"schema": {"type": "string"} | ({} if kind in TEXTS else {"format": "binary"})}
        for kind in sorted(set(MEDIA_TYPES.values()) - {"application/json"})
    },
}


ARRAY = {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Segment"}}}


def _service(request: Request) -> Service:
    return request.app.state.service


def _choice(
    profile: Profile = None,
    adapt: Adapt = False,
    emotions: Emotions = None,
    merge: Merge = None,
    channels: Channels = None,
) -> Choice:
    return Choice(profile, adapt, emotions, merge, channels)


Chosen = Annotated[Choice, Depends(_choice)]


@router.post(
    "/predict",
    response_model=Answer | Answers,
    response_model_exclude_unset=True,  # of channels only where they were asked for
    responses=UPLOAD_PROBLEMS,
)
async def predict(request: Request, file: Recording, choice: Chosen) -> Any:
    """Judge a clip as a whole: one emotion, its confidence, all probabilities.

    With ``channels=each`` the answer holds one such object for each channel.
    """
    answer, _ = await _work(request, wire.Predict(clean(file.filename), choice), file.file)
    found = answer["prediction"]
    _service(request).metrics.count(found.get("channels", [found]))
    return found


@router.post(
    "/timeline",
    response_model=Timeline,
    response_model_exclude_unset=True,
    responses={200: EXPORTED, **UPLOAD_PROBLEMS},
)
async def timeline(
    request: Request, file: Recording, choice: Chosen, style: Format = "json"
) -> Any:
    """Find the speech in a recording of any length, and the emotion of each stretch."""
    answer, data = await _work(
        request, wire.Timeline(clean(file.filename), choice, style), file.file
    )
    found = answer["timeline"] if style == "json" else answer
    _service(request).metrics.count(found["segments"])
    return found if style == "json" else _download(style, answer, data)


@router.post("/explain", response_model=Explanation, responses=UPLOAD_PROBLEMS)
async def explain(
    request: Request,
    file: Recording,
    choice: Chosen,
    start: Second = 0.0,
    end: Second | None = None,
    emotion: Annotated[str | None, Query(max_length=60)] = None,
) -> Any:
    """Say what speaks for an emotion (else the most probable one) in a stretch of a recording."""
    asked = wire.Explain(clean(file.filename), choice, start, end, emotion)
    return (await _work(request, asked, file.file))[0]["explanation"]


@router.post(
    "/export",
    response_class=Response,
    responses={
        200: {**EXPORTED, "content": {**EXPORTED["content"], "application/json": ARRAY}},
        **UPLOAD_PROBLEMS,
    },
    # Not a parameter: what a stranger sends is parsed in a worker, under its limits.
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"$ref": "#/components/schemas/Timeline"}}},
        }
    },
)
async def export(request: Request, style: Format = "csv") -> Response:
    """Write a timeline, as ``/v1/timeline`` or a live stream gave it, in another format."""
    if kind_of(request.headers) != JSON:
        raise Problem(422, "invalid", f"send the timeline as {JSON}")
    answer, data = await _work(request, wire.Export(style), await request.body())
    return _download(style, answer, data)


@router.get("/model", response_model=ModelCard, responses=document(400, 401, 403, 421, 429))
async def model(request: Request) -> Any:
    """Say what answers: labels, training, measured quality, limits of the service."""
    service = _service(request)
    settings = service.settings
    return {
        **service.model,
        "formats": available(),
        "limits": {
            "upload_bytes": settings.max_upload_bytes,
            "clip_seconds": settings.max_clip_seconds,
            "explain_seconds": settings.max_explain_seconds,
            "recording_seconds": settings.max_recording_seconds,
            "streams": settings.max_streams,
        },
    }


async def _work(request: Request, asked: wire.Request, body: bytes | BinaryIO) -> Reply:
    service = _service(request)
    return await service.uploads.run(asked, body, seconds=service.settings.request_seconds)


def _download(style: str, answer: dict[str, Any], data: bytes) -> Response:
    headers = {"Content-Disposition": attachment(answer["file"], style)}
    if answer.get("model"):
        one = answer["model"]
        headers["Intona-Model"] = quote(f"{one['name']}/{one['version']}/{one['content']}")
    if answer.get("profile"):
        headers["Intona-Profile"] = quote(answer["profile"])
    if answer.get("adapted"):
        headers["Intona-Adapted"] = str(answer["adapted"])
    if answer.get("warnings"):
        headers["Intona-Warnings"] = quote("; ".join(answer["warnings"]))
    return Response(data, media_type=MEDIA_TYPES[style], headers=headers)
