"""What a worker does with a model: whole clips, timelines, live streams, exports."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from intona import __version__
from intona.audio import read
from intona.recognizer import Recognizer
from intona.server.jobs import TooMuchError, Upload

__all__ = ["Engine"]


class Engine:
    """One loaded model and what clients ask of it.

    Args:
        options: ``model`` (path or ``None`` for the bundled one), ``clip_seconds`` and
            ``recording_seconds``, the longest recordings taken.

    Raises:
        ModelError: the model cannot be loaded.
        UsageError: the model predicts numbers, which the service does not serve.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._model = Recognizer.load(options["model"])
        self._clip_seconds = float(options["clip_seconds"])

    def describe(self) -> dict[str, Any]:
        """Return what clients may know about the model: no path, no machine."""
        return {
            "name": Path(self._model.path).name,
            "labels": list(self._model.labels),
            "threshold": self._model.threshold,
            "rate": self._model.rate,
            "metadata": self._model.metadata,
            "version": __version__,
        }

    def handle(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        """Do ``request["op"]``."""
        return {"predict": self._predict}[request["op"]](request, data)

    def _predict(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        upload = Upload(data, request["name"])
        audio = read(upload, end=self._clip_seconds + 0.5)
        if audio.duration > self._clip_seconds:
            raise TooMuchError(
                f"{upload.name} is longer than {self._clip_seconds:g} s: "
                "use /v1/timeline, or send a part"
            )
        prediction = self._model.predict(audio).to_dict()
        return {"prediction": _json({**prediction, "file": upload.name})}, b""


def _json(value: Any) -> Any:
    """Return the value with ``None`` for NaN, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
