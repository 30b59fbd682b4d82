"""A browser whose microphone plays a file; the tests that import this need playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def hearing(microphone: Path) -> Iterator[Any]:
    """Start Chromium, which hears a file whenever it listens."""
    heard = f"--use-file-for-fake-audio-capture={microphone}"
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", heard]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *flags])
        yield chromium
        chromium.close()
