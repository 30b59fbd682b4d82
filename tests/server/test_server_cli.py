from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import httpx
import pytest

from intona.cli.serve import run
from intona.errors import UsageError


def command(*options: str, **environment: str) -> subprocess.Popen[str]:
    known = {k: v for k, v in os.environ.items() if not k.startswith("INTONA_")}
    return subprocess.Popen(
        [sys.executable, "-m", "intona", "serve", *options],
        env=known | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_says_where_it_listens_and_stops_when_told() -> None:
    process = command(
        *("--port", "0", "--workers", "1", "--quiet"),
        *("--emotions", "angry,neutral", "--merge", "calm=neutral"),
        INTONA_TOKEN="a-token",
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    url = line.split()[2]
    assert httpx.get(f"{url}/v1/model", trust_env=False).status_code == 401
    told = httpx.get(
        f"{url}/v1/model", trust_env=False, headers={"Authorization": "Bearer a-token"}
    )
    assert told.json()["limits"]["upload_bytes"] == 64 << 20
    assert told.json()["labels"] == ["neutral", "angry"]
    process.terminate()
    rest, errors = process.communicate(timeout=20)
    assert rest == ""
    assert errors == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "0.0.0.0"}, "INTONA_TOKEN"),
        ({"workers": -1}, "workers .* greater than or equal to 0, not -1"),
        ({"port": 70_000}, "port"),
    ],
)
def test_mistakes_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], words: str
) -> None:
    monkeypatch.delenv("INTONA_TOKEN", raising=False)
    with pytest.raises(UsageError, match=words):
        run(**options)
