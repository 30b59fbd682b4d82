"""Messages between the service and its worker processes: what is asked, and how it travels.

A frame is two big-endian 32-bit lengths, a JSON object, then the payload. Nothing is pickled: a
worker that decodes hostile files must not be able to run code in the service.
"""

from __future__ import annotations

import asyncio
import io
import json
import struct
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Protocol, TypedDict

from intona.errors import IntonaError

HEAD = struct.Struct("!II")
LARGEST_JSON = 64 * 1024 * 1024
LABELS_LENGTH = 1000  # letters of a list of labels

# What a worker answers: JSON, and bytes that follow it.
Reply = tuple[dict[str, Any], bytes]


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker is started with.

    Attributes:
        handler: ``module:Class`` of the :class:`Handler` it runs.
        model: path of the model file; ``None`` means the bundled one.
        profiles: names or paths of the profiles clients may ask for.
        emotions: labels to answer with, comma-separated, where a request says nothing of it.
        merge: labels to merge, as ``old=new``, likewise.
        memory_mb: memory it may take beyond the loaded model, MiB.
        cpu_seconds: processor time one request may take, in seconds.
        clip_seconds: longest recording judged as a whole, in seconds.
        explain_seconds: longest stretch explained, in seconds.
        recording_seconds: longest recording a timeline is made of, in seconds.
    """

    handler: str
    model: str | None
    profiles: list[str]
    emotions: str
    merge: str
    memory_mb: int
    cpu_seconds: float
    clip_seconds: float
    explain_seconds: float
    recording_seconds: float


class ModelFacts(TypedDict):
    """What clients may know about the model."""

    name: str
    labels: list[str]
    threshold: float
    rate: int | None
    identity: dict[str, Any]
    metadata: dict[str, Any]
    version: str
    profiles: list[str]
    adaptable: bool


@dataclass(frozen=True)
class Choice:
    """How the model is to answer; of each text, ``""`` means the model as it is.

    Attributes:
        profile: speaker to adapt to; ``None`` for the first the service was started with.
        adapt: whether the sound is judged against itself, see
            :meth:`intona.inference.recognizer.Recognizer.adapt`.
        emotions: labels to answer with, comma-separated; ``None`` for the service's.
        merge: labels to merge, as ``old=new``; ``None`` for the service's.
        channels: what is heard of a recording with several, see
            :class:`intona.audio.channels.Channels`; ``None`` for all mixed.
    """

    profile: str | None = None
    adapt: bool = False
    emotions: str | None = None
    merge: str | None = None
    channels: str | None = None


@dataclass(frozen=True)
class _OfRecording:
    """Something asked of an upload.

    Attributes:
        name: file name the client gave.
        choice: how to answer.
    """

    name: str
    choice: Choice


@dataclass(frozen=True)
class Predict(_OfRecording):
    """Judge a clip as a whole."""


@dataclass(frozen=True)
class Timeline(_OfRecording):
    """Find the speech in a recording, and the emotion of each stretch.

    Attributes:
        format: one of :mod:`intona.server.formats`.
    """

    format: str


@dataclass(frozen=True)
class Explain(_OfRecording):
    """Say what speaks for an emotion in a stretch of a recording.

    Attributes:
        start: begin of the stretch in seconds.
        end: its end in seconds; ``None`` means the end of the recording.
        emotion: to explain; ``None`` means the most probable one.
    """

    start: float
    end: float | None
    emotion: str | None


@dataclass(frozen=True)
class Export:
    """Write a timeline, the payload, in another format.

    Attributes:
        format: one of :mod:`intona.server.formats`.
    """

    format: str


@dataclass(frozen=True)
class Open:
    """Begin a live stream.

    Attributes:
        stream: name of the stream from now on.
        rate: samples per second.
        encoding: of the samples, ``"s16le"`` or ``"f32le"``.
        choice: how to answer.
    """

    stream: str
    rate: int
    encoding: str
    choice: Choice


@dataclass(frozen=True)
class Push:
    """Take the next samples of a stream, the payload."""

    stream: str


@dataclass(frozen=True)
class Flush:
    """Judge what is left of a stream."""

    stream: str


@dataclass(frozen=True)
class Close:
    """Forget a stream."""

    stream: str


Request = Predict | Timeline | Explain | Export | Open | Push | Flush | Close
_KINDS: dict[str, type[Request]] = {
    kind.__name__.lower(): kind
    for kind in (Predict, Timeline, Explain, Export, Open, Push, Flush, Close)
}


def message_of(request: Request) -> dict[str, Any]:
    """Return a request as JSON can hold it.

    Examples:
        >>> message_of(Push("a"))
        {'op': 'push', 'stream': 'a'}
    """
    return {"op": type(request).__name__.lower(), **asdict(request)}


def request_of(message: dict[str, Any]) -> Request:
    """Return the request that :func:`message_of` made a message of.

    Examples:
        >>> asked = Predict("a.wav", Choice(profile="me"))
        >>> request_of(message_of(asked)) == asked
        True
    """
    fields = {name: value for name, value in message.items() if name != "op"}
    if "choice" in fields:
        fields["choice"] = Choice(**fields["choice"])
    return _KINDS[message["op"]](**fields)


class TooMuchError(IntonaError):
    """A recording is longer or larger than the service takes."""


class InvalidError(IntonaError):
    """A document is not what it has to be."""


class Upload(io.BytesIO):
    """The bytes of one upload, with the name the client gave them."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


class Handler(Protocol):
    """What a worker runs: made from the worker's :class:`WorkerOptions`."""

    def describe(self) -> ModelFacts:
        """Return what clients may know about the model."""
        ...

    def handle(self, request: Request, data: bytes) -> Reply:
        """Do what is asked, ``data`` being the upload or the samples."""
        ...


class WireError(ConnectionError):
    """The other side went away or sent something that is no frame."""


def pack(message: dict[str, Any], payload_length: int = 0) -> bytes:
    r"""Return the frame up to the payload, whose bytes the caller sends right after.

    Examples:
        >>> pack({"op": "x"}, 3)
        b'\x00\x00\x00\n\x00\x00\x00\x03{"op":"x"}'
    """
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    return HEAD.pack(len(body), payload_length) + body


def receive(stream: BinaryIO) -> Reply:
    """Read one frame from a blocking stream.

    Raises:
        WireError: when the stream ends or holds no frame.
    """
    size, payload = HEAD.unpack(_exactly(stream, HEAD.size))
    return _decode(_exactly(stream, size)), _exactly(stream, payload)


async def receive_async(stream: asyncio.StreamReader) -> Reply:
    """Read one frame from an asyncio stream.

    Raises:
        WireError: when the stream ends or holds no frame.
    """
    try:
        size, payload = HEAD.unpack(await stream.readexactly(HEAD.size))
        if size > LARGEST_JSON or payload > LARGEST_JSON:
            raise WireError("the worker sent an oversized answer")
        return _decode(await stream.readexactly(size)), await stream.readexactly(payload)
    except (asyncio.IncompleteReadError, OSError) as error:
        raise WireError("the worker went away") from error


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise WireError("the service went away")
    return data


def _decode(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError("a frame holds no JSON") from error
    if not isinstance(message, dict):
        raise WireError("a frame holds no JSON object")
    return message
