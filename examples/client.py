"""A client of ``intona serve`` in a few lines: python examples/client.py clip.wav.

Needs httpx. The token, where the service asks for one, is taken from INTONA_TOKEN.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TypedDict

import httpx


class Segment(TypedDict):
    """The emotion of one stretch of speech; times in seconds."""

    start: float
    end: float
    emotion: str | None
    confidence: float | None
    status: str
    probabilities: dict[str, float | None]


class Client:
    """Talk to one service."""

    def __init__(self, url: str = "http://127.0.0.1:8765", token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=300)

    def predict(self, path: Path) -> Segment:
        """Judge a clip as a whole."""
        return self._send("/v1/predict", path)

    def timeline(self, path: Path) -> list[Segment]:
        """Find the emotion of every stretch of speech."""
        return self._send("/v1/timeline", path)["segments"]

    def _send(self, route: str, path: Path) -> Any:
        with path.open("rb") as file:
            answer = self._http.post(route, files={"file": (path.name, file)})
        if answer.is_error:
            raise SystemExit(f"{path}: {answer.json()['detail']}")
        return answer.json()


def main() -> None:
    url = os.environ.get("INTONA_URL", "http://127.0.0.1:8765")
    client = Client(url, token=os.environ.get("INTONA_TOKEN"))
    for name in sys.argv[1:]:
        for segment in client.timeline(Path(name)):
            sure = "" if segment["confidence"] is None else f" {segment['confidence']:.0%}"
            word = segment["emotion"] or "no speech"
            print(f"{name} {segment['start']:7.2f} {segment['end']:7.2f} {word}{sure}")


if __name__ == "__main__":
    main()
