"""A request handler without a model, whose uploads misbehave by name."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from intona.errors import AudioError, ModelError
from intona.server.schemas import Timeline
from intona.server.wire import ModelFacts, Reply, Request, TooMuchError, WorkerOptions

LABELS = ["neutral", "happy", "sad", "angry"]
SEGMENT = {
    "file": None,
    "start": 0.5,
    "end": 2.0,
    "emotion": "happy",
    "confidence": 0.7,
    "status": "unsure",
    "reason": "unfamiliar",
    "familiarity": 0.3,
    "arousal": 0.8,
    "adapted": 0,
    "probabilities": {"neutral": 0.1, "happy": 0.7, "sad": 0.1, "angry": 0.1},
}


EXPLANATION = {
    "emotion": "happy",
    "probability": 0.7,
    "times": [0.5, 1.0, 2.0],
    "hz": [0.0, 1000.0, 8000.0],
    "values": [[0.5, -0.1], [0.0, 1.5]],
    "text": "happy 70 %; the strongest evidence lies at the end",
    "manner": [
        {
            "aspect": "pitch level",
            "value": 36.0,
            "unit": "semitones re 27.5 Hz",
            "difference": 6.4,
            "percentile": 93.0,
            "word": "high",
            "notable": True,
            "amount": "220 Hz",
            "change": "+6.4 semitones",
            "place": "93",
        }
    ],
    "neutral_of": None,
}


class FakeHandler:
    """Does at once what it is told by the name of the file."""

    def __init__(self, options: WorkerOptions) -> None:
        if options.model == "missing.onnx":
            raise ModelError("no model file missing.onnx")
        self._options = options
        self._streams: dict[str, int] = {}

    def describe(self) -> ModelFacts:
        return {
            "name": "fake.onnx",
            "labels": LABELS,
            "threshold": 0.5,
            "rate": 16000,
            "identity": {
                "name": "fake",
                "version": 1,
                "created": "2026-01-02",
                "content": "0" * 64,
                "recipe": "1" * 64,
            },
            "metadata": {"licence": "none", "pid": os.getpid()},
            "version": "0",
            "profiles": [],
            "adaptable": True,
        }

    def handle(self, request: Request, data: bytes) -> Reply:
        return getattr(self, f"_{type(request).__name__.lower()}")(request, data)

    def _predict(self, request: Any, data: bytes) -> Reply:
        self._misbehave(request.name, data)
        return {"prediction": SEGMENT | {"file": request.name}, "size": len(data)}, b""

    def _timeline(self, request: Any, data: bytes) -> Reply:
        self._misbehave(request.name, data)
        timeline = {"file": request.name, "warnings": [], "labels": LABELS, "segments": [SEGMENT]}
        if request.format == "json":
            return {"timeline": timeline}, b""
        about = {"file": request.name, "adapted": 3, "segments": [SEGMENT]}
        many = 300_000 if request.name.startswith("large") else 1
        return about, f"as {request.format}".encode() * many

    def _explain(self, request: Any, data: bytes) -> Reply:
        self._misbehave(request.name, data)
        return {"explanation": EXPLANATION | {"file": request.name}}, b""

    def _export(self, request: Any, data: bytes) -> Reply:
        return {"file": Timeline.of_json(data).file}, f"as {request.format}".encode()

    def _open(self, request: Any, data: bytes) -> Reply:
        self._streams[request.stream] = 0
        return {}, b""

    def _push(self, request: Any, data: bytes) -> Reply:
        if data.startswith(b"\xff\xff\xff\xff"):
            os.kill(os.getpid(), signal.SIGKILL)
        self._streams[request.stream] += len(data)
        return {"events": [{"event": "heard", "bytes": self._streams[request.stream]}]}, b""

    def _flush(self, request: Any, data: bytes) -> Reply:
        return {"events": [{"event": "flushed"}]}, b""

    def _close(self, request: Any, data: bytes) -> Reply:
        del self._streams[request.stream]
        return {"open": len(self._streams)}, b""

    def _misbehave(self, name: str, data: bytes) -> None:
        if name.startswith("crash"):
            os.kill(os.getpid(), signal.SIGSEGV)
        elif name.startswith("killed"):
            os.kill(os.getpid(), signal.SIGKILL)
        elif name.startswith("sleep"):
            time.sleep(float(name.removesuffix(".wav").partition("-")[2]))
        elif name.startswith("spin"):
            while True:
                pass
        elif name.startswith("memory"):
            bytearray(4 << 30)
        elif name.startswith("print"):
            os.write(1, b"a decoder that talks\n" * 1000)
        elif name.startswith("broken"):
            raise AudioError(f"{name} is text, not audio")
        elif name.startswith("long"):
            raise TooMuchError(f"{name} is too long")
        elif name.startswith("bug"):
            raise ZeroDivisionError("secret words")
        elif name.startswith("write"):
            path = os.path.join(os.environ["TMPDIR"], "must-not-grow")
            try:
                with open(path, "wb") as file:
                    file.write(b"x")
            finally:
                os.unlink(path)
