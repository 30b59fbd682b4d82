"""First load of the demo page in Chromium, and milliseconds per second of sound in wasm.

Needs Chromium, playwright and ``npm install --prefix js --ignore-scripts``::

    python benchmarks/browser.py
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from _measure import run
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from demo import build

THREADS = (1, 2, 4)
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

MEASURE = """async (threads) => {
  const ort = await import("/ort/ort.wasm.bundle.min.mjs");
  const { decode, Recognizer } = await import("/src/index.js");
  ort.env.wasm.numThreads = threads;
  let begin = performance.now();
  const model = await Recognizer.load(ort, "/model.onnx");
  const load = performance.now() - begin;
  const { samples, rate } = await decode("/static/example.flac");
  const audio = { samples: samples.subarray(0, 12 * rate), rate };
  const seconds = audio.samples.length / audio.rate;
  const spent = { predict: Infinity, timeline: Infinity };
  for (const what of ["predict", "predict", "predict", "timeline", "timeline"]) {
    begin = performance.now();
    await model[what](audio);
    spent[what] = Math.min(spent[what], (performance.now() - begin) / seconds);
  }
  return { load, ...spent };
}"""


class _Isolated(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *words: Any) -> None:
        pass


def main() -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name) / "page"
        size = build(folder)
        (folder / "blank.html").write_text("<!doctype html><title>blank</title>", "utf-8")
        handler = functools.partial(_Isolated, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        page = browser.new_page()
        for visit in ("first", "second"):
            begin = time.monotonic()
            page.goto(address)
            page.wait_for_selector("#mic:not([disabled])", timeout=300_000)
            print(
                f"{visit} visit: ready after {time.monotonic() - begin:.1f} s, {size / 1e6:.1f} MB"
            )
        for threads in THREADS:
            page = browser.new_page()
            page.goto(f"{address}blank.html")
            found = page.evaluate(MEASURE, threads)
            print(
                f"{threads} threads: load {found['load']:.0f} ms, clip {found['predict']:.0f} and "
                f"timeline {found['timeline']:.0f} ms per second of sound"
            )
            page.close()
        browser.close()


if __name__ == "__main__":
    run(main)
