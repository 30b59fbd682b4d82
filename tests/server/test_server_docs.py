"""What docs/server.md tells people to type works as written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from server_process import Start

from intona.corpora import synthetic
from intona.server.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
CURLS = [line.removeprefix("$ ") for line in TEXT.splitlines() if re.match(r"(\$ )?curl ", line)]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_commands_and_programs_run(start: Start, tmp_path: Path) -> None:
    service = start(handler="intona.server.handler:ModelHandler")
    voice = synthetic.utterance("happy", seconds=3)
    soundfile.write(tmp_path / "clip.wav", voice.samples, voice.rate, subtype="PCM_16")
    soundfile.write(tmp_path / "meeting.mp3", voice.samples, voice.rate, format="MP3")
    (tmp_path / "notes.txt").write_text("not a recording\n" * 9)

    def run(command: list[str]) -> str:
        environment = os.environ | {"INTONA_URL": service.url, "NO_PROXY": "*"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert len(CURLS) == 6
    answers = [run(["bash", "-c", line.replace(":8765", f":{service.port}")]) for line in CURLS]
    assert json.loads(answers[0])["file"] == "clip.wav"
    assert json.loads(answers[1])["segments"]
    assert (tmp_path / "meeting.vtt").read_text().startswith("WEBVTT")
    assert len(json.loads(answers[3])["probabilities"]) == 4
    assert json.loads(answers[4])["labels"]
    assert answers[5].strip() in TEXT

    program = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert program is not None
    code = program[1].replace(":8765", f":{service.port}")
    assert "'event': 'segment'" in run([sys.executable, "-c", code])
    assert "meeting.mp3" in run(
        [sys.executable, str(ROOT / "examples" / "client.py"), "meeting.mp3"]
    )


def test_every_limit_is_documented() -> None:
    table = set(re.findall(r"`(\w+)`", TEXT[TEXT.index("## Limits") : TEXT.index("## Deployment")]))
    assert set(Settings.model_fields) - {"token"} <= table
