"""intona.js gives Python's answers, in Node and in Chromium; the demo page keeps what it hears."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
JS = ROOT / "js"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
HINT = "npm install --prefix js --ignore-scripts"
LARGEST = 40e6  # bytes that a first visit may load
PATIENCE = 300_000  # milliseconds: machines that test are busy

needs_node = pytest.mark.skipif(
    shutil.which("npm") is None or not (JS / "node_modules" / "onnxruntime-node").is_dir(),
    reason=f"needs Node and its packages: {HINT}",
)
needs_web = pytest.mark.skipif(
    not (JS / "node_modules" / "onnxruntime-web").is_dir(), reason=f"needs onnxruntime-web: {HINT}"
)


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings, and what Python says of them, made for this run."""
    folder = tmp_path_factory.mktemp("reference")
    module(JS / "test" / "reference.py").main(folder)
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo page, built."""
    folder = tmp_path_factory.mktemp("site") / "demo"
    assert module(ROOT / "scripts" / "demo.py").build(folder) < LARGEST
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as any static host does, and yield its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map: ClassVar[dict[str, str]] = {
            **http.server.SimpleHTTPRequestHandler.extensions_map,
            ".mjs": "text/javascript",
            ".wasm": "application/wasm",
        }

        def log_message(self, format: str, *words: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def chromium(*flags: str) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: set CHROMIUM to its path")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *flags])
        yield browser
        browser.close()


def test_the_graph_of_silero_is_that_of_the_weights(tmp_path: Path) -> None:
    import onnxruntime

    from intona.audio.silero import Silero

    made = module(ROOT / "scripts" / "silero_onnx.py").graph()
    assert made.SerializeToString(deterministic=True) == (JS / "silero.onnx").read_bytes()
    session = onnxruntime.InferenceSession(JS / "silero.onnx")
    rng = np.random.default_rng(0)
    chunks = (0.1 * rng.standard_normal((9, 512))).astype(np.float32)
    memory = np.zeros((2, 1, 128), np.float32)
    found = []
    for part in (chunks[:4], chunks[4:]):
        speech, memory = session.run(None, {"chunks": part, "memory": memory})
        found.append(speech)
    np.testing.assert_allclose(np.concatenate(found), Silero()(chunks), atol=1e-5)


def test_the_package_has_the_version_of_python_and_its_files() -> None:
    import intona

    package = json.loads((JS / "package.json").read_text("utf-8"))
    assert package["version"] == intona.__version__
    assert all((JS / name).exists() for name in package["files"])
    silero = Path(intona.__file__).parent / "assets" / "SILERO_LICENSE"
    for one, other in ((JS / "LICENSE", ROOT / "LICENSE"), (JS / "SILERO_LICENSE", silero)):
        assert one.read_bytes() == other.read_bytes(), f"copy {other} to {one}"


@pytest.mark.slow
@needs_node
def test_node_gives_the_answers_of_python(answers: Path) -> None:
    place = {**os.environ, "INTONA_REFERENCE": str(answers), "PYTHON": sys.executable}
    ran = subprocess.run(
        ["npm", "test", "--silent"], cwd=JS, env=place, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-4000:]


@pytest.mark.slow
@needs_node
def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    import soundfile

    from intona.corpora import synthetic
    from intona.models.artefact import locate

    page = (ROOT / "docs" / "browser.md").read_text("utf-8")
    _, code = page.split("```js\n")
    (tmp_path / "example.mjs").write_text(code.split("```")[0], "utf-8")
    (tmp_path / "model.onnx").symlink_to(locate("small"))
    soundfile.write(tmp_path / "clip.wav", synthetic.utterance("sad").samples, synthetic.RATE)
    (tmp_path / "node_modules").mkdir()
    peer = "onnxruntime-node"
    for name, folder in (("intona", JS), (peer, JS / "node_modules" / peer)):
        (tmp_path / "node_modules" / name).symlink_to(folder, target_is_directory=True)
    place = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    ran = subprocess.run(
        ["node", "example.mjs"], cwd=tmp_path, env=place, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "emotion: " in ran.stdout
    assert ran.stdout.rstrip().endswith(("ok", "unsure"))


@pytest.mark.slow
@pytest.mark.skipif(
    not (JS / "node_modules" / ".bin" / "tsc").exists(), reason=f"needs tsc: {HINT}"
)
@pytest.mark.parametrize("config", ["jsconfig.json", "demo/jsconfig.json"])
def test_types_are_right(config: str) -> None:
    ran = subprocess.run(
        ["node_modules/.bin/tsc", "-p", config], cwd=JS, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout


# What a page of a user does, with all recordings of a model one after the other.
IN_BROWSER = """async ({name, expected}) => {
  const ort = await import("/ort/ort.wasm.bundle.min.mjs");
  const { decode, Recognizer } = await import("/src/index.js");
  const { compare, compareAdapted } = await import("/test/compare.js");
  ort.env.wasm.numThreads = 1;
  const model = await Recognizer.load(ort, `/${name}.onnx`);
  const open = (name) => decode(`/reference/${name}.wav`);
  const text = async (name) => (await fetch(`/reference/${name}.json`)).text();
  const { recordings, adapted } = expected.models[name];
  const [said, table] = [{}, []];
  for (const [recording, wanted] of Object.entries(recordings)) {
    const gaps = [];
    said[recording] = await compare(model, wanted, expected.merged, await open(recording), gaps);
    table.push([recording, wanted.clip.emotion, Math.max(...gaps), gaps.length]);
  }
  if (adapted) said.adapted = await compareAdapted(model, adapted, open, text);
  const flac = await decode("/reference/voice-1.flac"); // the browser's decoder
  const [one, two] = [await model.predict(flac), recordings["voice-1"].clip];
  const same = flac.rate === 16000 && one.emotion === two.emotion && one.status === two.status;
  const close = Math.abs(one.confidence - two.confidence) < 1e-3;
  said.flac = same && close ? [] : [`${JSON.stringify(one)} of ${flac.rate} Hz`];
  return { said, table };
}"""


@pytest.mark.slow
@needs_web
@pytest.mark.parametrize(
    ("name", "recordings", "numbers"), [("small", 20, 500), ("default", 6, 250)]
)
def test_chromium_gives_the_answers_of_python(
    answers: Path, site: Path, tmp_path: Path, name: str, recordings: int, numbers: int
) -> None:
    from intona.models.artefact import locate

    shutil.copytree(site, tmp_path / "site")
    shutil.copytree(answers, tmp_path / "site" / "reference")
    shutil.copytree(JS / "test", tmp_path / "site" / "test")
    shutil.copy(locate(name), tmp_path / "site")
    shutil.copy(locate(name).parent / "voice-1.flac", tmp_path / "site" / "reference")
    (tmp_path / "site" / "blank.html").write_text("<!doctype html><title>blank</title>", "utf-8")
    expected = json.loads((answers / "expected.json").read_text("utf-8"))
    with served(tmp_path / "site") as address, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{address}blank.html")
        found = page.evaluate(IN_BROWSER, {"name": name, "expected": expected})
    for recording, emotion, gap, _ in found["table"]:  # seen with pytest -s
        print(f"{recording:18} {emotion or '-':10} differs by {gap:.5f} at most")
    assert {what: said for what, said in found["said"].items() if said} == {}
    assert len(found["table"]) >= recordings
    assert sum(count for *_, count in found["table"]) >= numbers


@pytest.mark.slow
@needs_web
def test_the_demo_page_works_offline_and_sends_nothing(answers: Path, site: Path) -> None:
    from intona.formats import read_turns
    from intona.tables import COLUMNS

    heard = f"--use-file-for-fake-audio-capture={answers / 'talk.wav'}"
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", heard)
    with served(site.parent) as root, chromium(*flags) as browser:
        address = f"{root}{site.name}/"  # a host may serve it in a folder
        context = browser.new_context()
        page = context.new_page()
        asked: list[str] = []
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#mic:not([disabled])", timeout=PATIENCE)
        assert page.evaluate("crossOriginIsolated"), "no threads: the page is not isolated"
        assert "stays on this device" in page.inner_text("#privacy")
        context.on("request", lambda request: asked.append(request.url))
        context.set_offline(True)

        page.set_input_files("#file", answers / "talk.wav")
        page.wait_for_selector("#result:not([hidden])", timeout=PATIENCE)
        expected = json.loads((answers / "expected.json").read_text("utf-8"))
        talk = expected["models"]["small"]["recordings"]["talk"]
        assert page.locator("#rows tr").count() == len(talk["timeline"])
        assert page.inner_text("#whole .word") == talk["clip"]["emotion"]
        exported = {}
        for name in ("csv", "json", "vtt"):
            with page.expect_download() as download:
                page.click(f"[data-format={name}]")
            exported[name] = Path(download.value.path()).read_text("utf-8")
        assert [row["emotion"] for row in json.loads(exported["json"])] == [
            row["emotion"] for row in talk["timeline"]
        ]
        header = ["file", "start", "end", *COLUMNS, *talk["clip"]["probabilities"]]
        assert exported["csv"].splitlines()[0] == ",".join(header)
        for name in ("csv", "vtt"):
            (answers / f"exported.{name}").write_text(exported[name], "utf-8")
            turns = read_turns(answers / f"exported.{name}")
            found = [(turn.start, turn.end) for turn in turns]
            wanted = [(row["start"], row["end"]) for row in talk["timeline"]]
            np.testing.assert_allclose(found, wanted, atol=6e-4)

        page.click("#mic")
        page.wait_for_selector("#mic[aria-pressed=true]", timeout=PATIENCE)
        page.wait_for_timeout(6000)
        page.click("#mic")
        page.get_by_role("heading", name="What you said").wait_for(timeout=PATIENCE)
        assert page.locator("#rows tr").count() >= 1

        page.reload()
        page.wait_for_selector("#mic:not([disabled])", timeout=PATIENCE)
        page.click("#example")
        page.wait_for_selector("#result:not([hidden])", timeout=PATIENCE)
        assert [url for url in asked if not url.startswith((address, "blob:"))] == []
        assert wrong == []
        context.close()

        # Where nothing can be kept, it is fetched each time, and answers without threads.
        page = browser.new_context(service_workers="block").new_page()
        page.goto(address)
        page.wait_for_selector("#mic:not([disabled])", timeout=PATIENCE)
        assert not page.evaluate("crossOriginIsolated")
        page.set_input_files("#file", answers / "silence.wav")
        page.wait_for_selector("#result:not([hidden])", timeout=PATIENCE)
        assert "no speech" in page.inner_text("#summary")
        (answers / "text.wav").write_text("hello", "utf-8")
        page.set_input_files("#file", answers / "text.wav")
        page.wait_for_selector("#error:not([hidden])", timeout=PATIENCE)
        assert "cannot decode the recording" in page.inner_text("#error")
