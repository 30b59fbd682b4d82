"""The examples run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(
    ("emotion", "words"),
    [("sad", "sad: Something warm  (music/warm.m3u)"), ("proud", "no playlist")],
)
def test_mood_music(emotion: str, words: str) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "mood_music" / "play.py")],
        input=json.dumps({"event": "change", "emotion": emotion}),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert words in done.stdout
