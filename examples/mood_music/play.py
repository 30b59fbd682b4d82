"""Play the playlist of a mood; for `intona listen --on-change "python play.py"`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

MOODS = Path(__file__).with_name("moods.toml")
RUNNING = Path(tempfile.gettempdir()) / f"intona-mood-music-{os.getuid()}.pid"


def main() -> None:
    settings = tomllib.loads(MOODS.read_text(encoding="utf-8"))
    emotion = json.load(sys.stdin)["emotion"]
    mood = settings["moods"].get(emotion)
    if mood is None:
        print(f"{emotion}: no playlist in {MOODS.name}, the music stays")
        return
    playlist = MOODS.parent / mood["playlist"]
    # Flushed at once: `intona listen` does not wait for this program.
    print(f"{emotion}: {mood['title']}  ({mood['playlist']})", file=sys.stdout, flush=True)
    if not settings["player"]:
        return
    end_last()
    process = subprocess.Popen([*settings["player"], str(playlist)], stdin=subprocess.DEVNULL)
    RUNNING.write_text(str(process.pid))


def end_last() -> None:
    """End the player started by the last change, if it is still running."""
    try:
        os.kill(int(RUNNING.read_text()), signal.SIGTERM)
    except (FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    main()
