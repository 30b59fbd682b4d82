"""An MCP server with two tools, predict and timeline, over the recordings of one folder."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
except ModuleNotFoundError:  # version 1 of the package
    from mcp.server.fastmcp import FastMCP as MCPServer
    from mcp.server.fastmcp.exceptions import ToolError

import intona


class Recordings:
    """What the tools do.

    Args:
        folder: recordings outside it are refused: what a language model asks for may be anything.
        model: a model file, ``"small"`` or ``hf:ORG/NAME``; ``None`` for the bundled default.
    """

    def __init__(self, folder: Path, model: str | None = None) -> None:
        self._folder = folder.resolve(strict=True)
        self._model = intona.load(model)

    def predict(self, path: str) -> dict[str, Any]:
        """Say which emotion the voice in a recording sounds like, as a whole.

        The answer has emotion (null when unsure or without speech), confidence and arousal in
        [0, 1], status ("ok", "unsure" with a reason, "no_speech") and a probability per emotion.
        It is about how the voice sounds, not about what somebody feels.

        Args:
            path: of the recording, below the server's folder.
        """
        found = _asked(self._model.predict, self._inside(path)).rounded().to_dict()
        sure = found["status"] == "ok"
        return {**found, "file": path, "emotion": found["emotion"] if sure else None}

    def timeline(self, path: str) -> list[dict[str, Any]]:
        """Say which emotion the voice sounds like over time, one entry per stretch of speech.

        Each has start and end (seconds), emotion (null when unsure), confidence, arousal, status.

        Args:
            path: of the recording, below the server's folder.
        """
        table = _asked(self._model.timeline, self._inside(path)).reset_index()
        return [
            {
                "start": round(row.start.total_seconds(), 3),
                "end": round(row.end.total_seconds(), 3),
                "emotion": row.emotion if row.status == "ok" else None,
                "confidence": _known(row.confidence),
                "arousal": _known(row.arousal),
                "status": row.status,
            }
            for row in table.head(500).itertuples(index=False)
        ]

    def _inside(self, path: str) -> Path:
        found = (self._folder / path).resolve()
        if not found.is_relative_to(self._folder) or not found.is_file():
            raise ToolError(f"there is no recording {path} below the server's folder")
        return found


def _asked(question: Callable[[Path], Any], recording: Path) -> Any:
    try:
        return question(recording)
    except intona.IntonaError as error:  # one sentence, which the assistant may read
        raise ToolError(str(error)) from None


def _known(value: float) -> float | None:
    return round(float(value), 4) if value == value else None


def main() -> None:
    """Serve one folder over standard input and output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model")
    options = parser.parse_args()
    recordings = Recordings(options.folder, options.model)
    server = MCPServer("intona")
    server.tool()(recordings.predict)
    server.tool()(recordings.timeline)
    server.run()


if __name__ == "__main__":
    main()
