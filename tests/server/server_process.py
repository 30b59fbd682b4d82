"""A service in a process of its own, for tests that talk to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent
START = """
import json, resource, sys
from intona.server.run import serve
from intona.server.service import HANDLER
from intona.server.settings import Settings
options = json.loads(sys.argv[1])
handler = options.pop("handler", HANDLER)
if files := options.pop("open_files", None):
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
for name, kind in (("address_mb", resource.RLIMIT_AS), ("processor_s", resource.RLIMIT_CPU)):
    if most := options.pop(name, None):
        resource.setrlimit(kind, (most << 20 if kind == resource.RLIMIT_AS else most,) * 2)
serve(Settings(**options), handler=handler, ready=lambda url: print(url, flush=True))
"""


class Running:
    """A service in a process of its own, on a free port of the loopback interface."""

    def __init__(self, options: dict[str, Any], temporary: Path) -> None:
        options = {"port": 0, "access_log": False, "workers": 1} | options
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([*sys.path, str(HERE)]),
            "TMPDIR": str(temporary),
        }
        self.temporary = temporary
        self.output = ""
        self._errors: str | None = None
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.process.stderr and self.process.stderr.read()
        self.port = int(self.url.rpartition(":")[2])
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def upload(
        self, name: str, data: bytes = b"sound", path: str = "/v1/predict"
    ) -> httpx.Response:
        return self.client.post(path, files={"file": (name, data)})

    def until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while self.client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline, "the service did not become ready again"
            time.sleep(0.05)

    def metric(self, name: str) -> float:
        for line in self.client.get("/metrics").text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for file in listed for pid in file.read_text().split()]

    def peak(self) -> int:
        """Largest memory the service itself has held, MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024

    def stop(self) -> tuple[int, str]:
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
        if self._errors is None:
            self.output, self._errors = self.process.communicate(timeout=30)
        return self.process.returncode, self._errors


Start = Callable[..., Running]
