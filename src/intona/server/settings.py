"""What the service is allowed to do: one frozen set of limits."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from intona.errors import UsageError

__all__ = ["Settings"]

PREFIX = "INTONA_SERVE_"
MIB = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """Limits and addresses of one service.

    Every field can be set from the environment as ``INTONA_SERVE_<FIELD>``, the token only
    as ``INTONA_TOKEN``: a command line is visible to every user of the machine.

    Attributes:
        host: address to bind.
        port: TCP port to bind; 0 takes a free one.
        model: the ``.onnx`` file; ``None`` means the bundled model.
        profiles: speakers it may adapt to, comma-separated names from ``intona enroll`` or
            paths of profiles; the first serves requests that name none.
        token: bearer token clients must send; ``None`` asks for none.
        no_token: bind beyond loopback without a token, on purpose.
        allow_hosts: further host names clients may use, comma-separated; on loopback only
            loopback names are accepted otherwise, which stops DNS rebinding.
        workers: processes that decode and judge uploads; 0 means one per core, at most 4.
        stream_workers: processes that serve live streams.
        worker_memory_mb: memory each worker may take on top of the loaded model, MiB.
        queue: uploads accepted beyond those that are running; more get 429.
        max_upload_mb: largest upload, MiB.
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
    """

    host: str = "127.0.0.1"
    port: int = 8765
    model: Path | None = None
    profiles: str = ""
    token: str | None = field(default=None, repr=False)
    no_token: bool = False
    allow_hosts: str = ""
    workers: int = 0
    stream_workers: int = 1
    worker_memory_mb: int = 1024
    queue: int = 16
    max_upload_mb: float = 64.0
    max_clip_seconds: float = 300.0
    max_explain_seconds: float = 12.0
    max_recording_seconds: float = 4 * 3600.0
    request_seconds: float = 300.0
    upload_seconds: float = 120.0
    idle_seconds: float = 15.0
    max_streams: int = 16
    max_connections: int = 512
    access_log: bool = True

    def __post_init__(self) -> None:
        for name in (
            "stream_workers",
            "worker_memory_mb",
            "max_upload_mb",
            "max_clip_seconds",
            "max_explain_seconds",
            "max_recording_seconds",
            "request_seconds",
            "upload_seconds",
            "idle_seconds",
            "max_streams",
            "max_connections",
        ):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.workers < 0 or self.queue < 0:
            raise UsageError("workers and queue cannot be negative")
        if not 0 <= self.port <= 65535:
            raise UsageError(f"port must lie in 0..65535, not {self.port}")
        if self.token is not None and not (self.token.isascii() and self.token.isprintable()):
            raise UsageError("INTONA_TOKEN may hold printable ASCII characters only")
        if not (self.loopback or self.token or self.no_token):
            raise UsageError(
                f"binding to {self.host} lets other machines in: set INTONA_TOKEN to a secret, "
                "or add --no-token if that is what you want"
            )

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
    def max_pending(self) -> int:
        """Uploads that may arrive, wait or run at the same time."""
        return self.worker_count + self.queue

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], **overrides: Any) -> Settings:
        """Build settings from environment variables, overridden by what is not ``None``.

        Raises:
            UsageError: when a variable cannot be read as its field's type.

        Examples:
            >>> Settings.from_environment({"INTONA_SERVE_QUEUE": "3"}, port=9000).queue
            3
        """
        values: dict[str, Any] = {}
        for item in fields(cls):
            text = environ.get(PREFIX + item.name.upper())
            if text is not None and item.name != "token":
                values[item.name] = _parse(item.name, str(item.type), text)
        values["token"] = environ.get("INTONA_TOKEN") or None
        values.update({key: value for key, value in overrides.items() if value is not None})
        return cls(**values)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _parse(name: str, kind: str, text: str) -> Any:
    try:
        if kind == "bool":
            return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except (KeyError, ValueError) as error:
        wanted = "true or false" if kind == "bool" else f"a number ({kind})"
        raise UsageError(f"{PREFIX}{name.upper()}={text!r} must be {wanted}") from error
    return Path(text) if "Path" in kind else text


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
