from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOAD = """
import intona, os
model = intona.load()
assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
"""


def test_loading_a_model_leaves_no_identifier_and_opens_no_reporter(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    environment |= {"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, "-c", LOAD], env=environment, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []
