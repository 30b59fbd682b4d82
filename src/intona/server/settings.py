"""Settings of the HTTP service: addresses and limits, checked once when it starts."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from intona.errors import UsageError
from intona.logs import LogFormat

PREFIX = "INTONA_SERVE_"
MIB = 1024 * 1024


class Settings(BaseModel):
    """Limits and addresses of one service.

    Every field can be set from the environment as ``INTONA_SERVE_<FIELD>``, the token only
    as ``INTONA_TOKEN``: a command line is visible to every user of the machine.

    Attributes:
        host: address to bind.
        port: TCP port to bind; 0 takes a free one.
        model: the ``.onnx`` file; ``None`` means the bundled model.
        profiles: speakers it may adapt to, comma-separated names from ``intona enroll`` or
            paths of profiles; the first serves requests that name none.
        emotions: labels to answer with where a request says nothing of it, comma-separated;
            empty for all.
        merge: labels to merge, comma-separated as ``old=new``, likewise.
        token: bearer token clients must send; ``None`` asks for none.
        no_token: bind beyond loopback without a token, on purpose.
        allow_hosts: further host names clients may use, comma-separated; on loopback only
            loopback names are accepted otherwise, which stops DNS rebinding.
        workers: processes that decode and judge uploads; 0 means one per core, at most 4.
        stream_workers: processes that serve live streams.
        worker_memory_mb: memory each worker may take on top of the loaded model, MiB.
        queue: uploads accepted beyond those that are running; more get 429.
        max_upload_mb: largest upload, MiB.
        max_json_mb: largest request that is no upload, such as a timeline to export, MiB.
        max_clip_seconds: longest recording ``/v1/predict`` takes, in seconds of audio.
        max_explain_seconds: longest stretch ``/v1/explain`` explains, in seconds of audio; it
            asks the model about a hundred times.
        max_recording_seconds: longest recording ``/v1/timeline`` takes, in seconds of audio.
        request_seconds: longest time one upload may be worked on, in seconds.
        upload_seconds: longest time an upload may take to arrive, in seconds.
        idle_seconds: longest silence of a client in the middle of a request or a live
            stream, and longest time it may take to send its headers, in seconds.
        max_streams: live streams at once; more get 503.
        max_connections: open TCP connections; more get 503.
        access_log: print one line per request (address, path, status; never content).
        log_format: of log lines, ``"text"`` or ``"json"``, one object a line.
        verbose: also log how long each request took, what was refused and why, and what the
            workers do.

    Raises:
        UsageError: when a value is out of its range, or other machines could come in unasked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    model: Path | None = None
    profiles: str = ""
    emotions: str = ""
    merge: str = ""
    token: str | None = Field(default=None, repr=False)
    no_token: bool = False
    allow_hosts: str = ""
    workers: NonNegativeInt = 0
    stream_workers: PositiveInt = 1
    worker_memory_mb: PositiveInt = 1024
    queue: NonNegativeInt = 16
    max_upload_mb: PositiveFloat = 64.0
    max_json_mb: PositiveFloat = 8.0
    max_clip_seconds: PositiveFloat = 300.0
    max_explain_seconds: PositiveFloat = 12.0
    max_recording_seconds: PositiveFloat = 4 * 3600.0
    request_seconds: PositiveFloat = 300.0
    upload_seconds: PositiveFloat = 120.0
    idle_seconds: PositiveFloat = 15.0
    max_streams: PositiveInt = 16
    max_connections: PositiveInt = 512
    access_log: bool = True
    log_format: LogFormat = "text"
    verbose: bool = False

    @model_validator(mode="wrap")
    @classmethod
    def _say_in_a_sentence(cls, values: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Raise the first thing that is wrong as a UsageError that names the setting."""
        try:
            return validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            if name not in cls.model_fields:
                raise
            # Of "Input should be a valid integer, unable to parse string" the middle is enough.
            wrong = first["msg"].partition(",")[0].replace("Input should", "should")
            given = "" if name == "token" else f", not {first['input']!r}"
            raise UsageError(f"the setting {name} ({_variable(name)}) {wrong}{given}") from None

    @model_validator(mode="after")
    def _keep_strangers_out(self) -> Self:
        if self.token is not None and not (self.token.isascii() and self.token.isprintable()):
            raise UsageError("INTONA_TOKEN may hold printable ASCII characters only")
        if not (self.loopback or self.token or self.no_token):
            raise UsageError(
                f"binding to {self.host} lets other machines in: set INTONA_TOKEN to a secret, "
                "or add --no-token if that is what you want"
            )
        return self

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return _is_loopback(self.host)

    @property
    def hosts(self) -> frozenset[str] | None:
        """Host names clients may use, lower-case; ``None`` accepts any."""
        extra = {name.lower() for name in _items(self.allow_hosts)}
        if self.loopback or extra:
            return frozenset({"localhost", "127.0.0.1", "[::1]", self.host.lower()} | extra)
        return None

    @property
    def profile_names(self) -> list[str]:
        """The profiles, one by one."""
        return _items(self.profiles)

    @property
    def worker_count(self) -> int:
        """Processes for uploads, the automatic choice resolved."""
        return self.workers or max(1, min(4, os.cpu_count() or 1))

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload in bytes."""
        return int(self.max_upload_mb * MIB)

    @property
    def max_json_bytes(self) -> int:
        """Largest request that is no upload, in bytes."""
        return int(self.max_json_mb * MIB)

    @property
    def max_pending(self) -> int:
        """Uploads that may arrive, wait or run at the same time."""
        return self.worker_count + self.queue

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], **overrides: Any) -> Settings:
        """Build settings from environment variables, overridden by what is not ``None``.

        Raises:
            UsageError: as the class.

        Examples:
            >>> Settings.from_environment({"INTONA_SERVE_QUEUE": "3"}, port=9000).queue
            3
        """
        names = {_variable(name): name for name in cls.model_fields}
        values: dict[str, Any] = {
            names[variable]: text for variable, text in environ.items() if variable in names
        }
        values["token"] = values.get("token") or None
        return cls(**values | {key: value for key, value in overrides.items() if value is not None})


def _variable(name: str) -> str:
    return "INTONA_TOKEN" if name == "token" else PREFIX + name.upper()


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
