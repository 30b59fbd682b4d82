"""The service keeps what its OpenAPI document promises, whatever a machine can think of."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from server_process import Running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None, reason="this needs schemathesis"
    ),
]


CLI = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"


def test_every_answer_conforms(tmp_path: Path) -> None:
    temporary = tmp_path / "service"
    temporary.mkdir()
    service = Running(
        {"handler": "intona.server.handler:ModelHandler", "token": "a-token"}, temporary
    )
    command = [
        *(sys.executable, "-c", CLI, "run", f"{service.url}/openapi.json"),
        *("--header", "Authorization: Bearer a-token", "--max-examples", "40", "--seed", "1"),
        *("--phases", "examples,coverage,fuzzing", "--checks", "all", "--continue-on-failure"),
        # A schema cannot say which bytes are a recording: 422 for valid forms is no fault.
        *("--exclude-checks", "positive_data_acceptance", "--suppress-health-check", "all"),
    ]
    environment = os.environ | {"NO_COLOR": "1", "NO_PROXY": "*", "HOME": str(tmp_path)}
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=environment, cwd=tmp_path
        )
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
        assert _deaths(service) == 0
    finally:
        service.stop()
    assert list(temporary.iterdir()) == []


def _deaths(service: Running) -> float:
    service.client.headers["Authorization"] = "Bearer a-token"
    return service.metric("intona_worker_deaths_total")
