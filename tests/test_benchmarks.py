"""Benchmarks that are given what they cannot use say one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("name", ["batch", "batching", "prosody", "explain", "heard"])
@pytest.mark.parametrize("place", ["", "nowhere"])
def test_a_folder_that_is_none(tmp_path: Path, name: str, place: str) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", tmp_path / place],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: {tmp_path}")
    assert "Traceback" not in done.stderr


def test_every_benchmark_runs_that_way() -> None:
    for path in BENCHMARKS.glob("*.py"):
        if "__main__" in path.read_text("utf-8"):
            assert path.read_text("utf-8").endswith("    run(main)\n"), path
