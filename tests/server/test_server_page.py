"""The page in a real browser, with a microphone that plays a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from chromium import CHROMIUM, hearing, playwright
from server_process import Running

from intona import corpora
from intona.corpora import synthetic
from intona.models import recipes
from intona.models.train import train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path: install it or set CHROMIUM"),
]
EMOTIONS = ("neutral", "happy", "sad", "angry")


def spoken(*emotions: str, seconds: float = 4.5, speaker: int = 7) -> np.ndarray:
    """One utterance per emotion of a voice no model has heard, half a second apart."""
    gap = np.random.default_rng(0).standard_normal(8000) * 1e-4
    parts = []
    for take, emotion in enumerate(emotions):
        voice = synthetic.utterance(emotion, speaker=speaker, take=take, seconds=seconds)
        parts += [voice.samples, gap]
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of synthetic voices, and recordings of others."""
    folder = tmp_path_factory.mktemp("page")
    voices = synthetic.corpus(folder / "voices", emotions=EMOTIONS, speakers=6, takes=3)
    train(recipes.load("classic-svm"), corpora.load([voices]), folder / "voices.onnx")
    soundfile.write(folder / "microphone.wav", spoken("angry", "sad", seconds=6), 16_000)
    soundfile.write(folder / "talk.wav", spoken("neutral", "happy", "sad"), 16_000)
    (folder / "broken.wav").write_bytes(b"RIFF\x00\x01\x02 not quite a recording" * 9)
    (folder / "markup<b>.wav").write_bytes(b"\x00\x01")
    return folder


@pytest.fixture(scope="module")
def service(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    options = {
        "handler": "intona.server.handler:ModelHandler",
        "model": str(folder / "voices.onnx"),
    }
    running = Running(options, tmp_path_factory.mktemp("service"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Any]:
    with hearing(folder / "microphone.wav") as chromium:
        yield chromium


@pytest.fixture
def page(browser: Any, service: Running) -> Iterator[Any]:
    """The page, open and ready; any error in it or request elsewhere fails the test."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    page = context.new_page()
    strange: list[str] = []
    page.on("pageerror", lambda error: strange.append(str(error)))
    page.on("request", lambda request: strange.append(request.url) if not ours(request) else None)

    def ours(request: Any) -> bool:
        return request.url.startswith((service.url, f"blob:{service.url}"))

    page.goto(service.url)
    page.locator("#mic:enabled").wait_for()
    yield page
    context.close()
    assert strange == []


def opened(page: Any, path: Path) -> None:
    page.set_input_files("#file", path)
    page.locator("#result-title", has_text=path.name).wait_for()


def test_the_microphone_gives_a_label_that_follows_the_voice(page: Any) -> None:
    page.click("#mic")
    word = page.locator("#word")
    note = page.locator("#note")
    playwright.expect(note).to_contain_text("voice", timeout=10_000)
    for label in ("angry", "sad", "angry"):  # the file is played in a loop
        playwright.expect(word).to_have_text(label, timeout=15_000)
        playwright.expect(note).to_contain_text("sure")
    bars = page.locator("#bars .value")
    assert bars.count() == len(EMOTIONS)
    assert all(text.endswith("%") for text in bars.all_inner_texts())
    page.click("#mic")
    playwright.expect(page.locator("#result-title")).to_have_text("What you said")
    assert page.locator("#rows tr").count() >= 2
    assert page.locator("#transport").is_hidden()  # nothing was recorded


def test_the_first_label_comes_within_two_seconds_of_speech(page: Any) -> None:
    page.evaluate(
        """() => {
          const times = (window.times = {});
          const word = document.querySelector("#word");
          const note = document.querySelector("#note");
          new MutationObserver(() => {
            const now = performance.now();
            if (note.textContent.includes("Listening to a voice")) times.speech ??= now;
            if (times.speech && note.textContent.includes("sure")) times.label ??= now;
          }).observe(word.parentElement, { subtree: true, childList: true, characterData: true });
        }"""
    )
    page.click("#mic")
    playwright.expect(page.locator("#note")).to_contain_text("sure", timeout=15_000)
    times = page.evaluate("() => window.times")
    # Speech is told of after a quarter of a second of it.
    assert times["label"] - times["speech"] < 1750


def test_a_recording_is_shown_played_and_downloaded(page: Any, folder: Path) -> None:
    opened(page, folder / "talk.wav")
    assert page.locator("#rows tr td:nth-child(2)").all_inner_texts() == ["neutral", "happy", "sad"]
    assert "of it speech" in page.locator("#summary").inner_text()
    assert page.locator("#canvas").evaluate("c => c.width > 300 && c.height > 100")

    box = page.locator("#picture").bounding_box()
    page.locator("#picture").click(position={"x": box["width"] * 0.5, "y": 60})
    page.wait_for_timeout(300)
    playing = page.locator("#audio").evaluate("a => [a.currentTime, a.duration]")
    assert playing[0] / playing[1] == pytest.approx(0.5, abs=0.1)
    playwright.expect(page.locator("#rows tr.playing")).to_contain_text("happy")
    page.click("#play")

    for style, head in (
        ("csv", "file,start"),
        ("json", "["),
        ("vtt", "WEBVTT"),
        ("textgrid", "File type"),
    ):
        with page.expect_download() as event:
            page.click(f"[data-format={style}]")
        assert event.value.suggested_filename.lower() == f"talk.{style}"
        text = Path(event.value.path()).read_text()
        assert text.startswith(head)
        assert "happy" in text


def test_why_shows_the_evidence_and_the_words(page: Any, folder: Path) -> None:
    opened(page, folder / "talk.wav")
    page.locator("#rows button", has_text="Why?").nth(1).click()
    playwright.expect(page.locator("#why-title")).to_contain_text("Why happy", timeout=60_000)
    assert "strongest evidence" in page.locator("#why-text").inner_text()
    painted = page.locator("#why-canvas").evaluate(
        """(canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let red = 0;
          for (let i = 0; i < data.length; i += 4) red += data[i] > data[i + 2] + 60 ? 1 : 0;
          return red;
        }"""
    )
    assert painted > 100
    assert page.locator("#manner tr").count() >= 8
    page.click("#why-close")
    assert page.locator("#why").is_hidden()
    page.locator("#rows button", has_text="Why?").nth(0).click()
    playwright.expect(page.locator("#why-title")).to_contain_text("Why neutral", timeout=60_000)
    opened(page, folder / "microphone.wav")
    assert page.locator("#why").is_hidden()


def test_a_dropped_file_is_opened(page: Any, folder: Path) -> None:
    data = (folder / "talk.wav").read_bytes().hex()
    page.evaluate(
        """(hex) => {
          const bytes = Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "dropped.wav"));
          document.querySelector("#drop").dispatchEvent(
            new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    page.locator("#result-title", has_text="dropped.wav").wait_for()
    assert page.locator("#rows tr").count() == 3


@pytest.mark.parametrize("name", ["broken.wav", "markup<b>.wav"])
def test_a_broken_file_is_explained(page: Any, folder: Path, name: str) -> None:
    page.set_input_files("#file", folder / name)
    error = page.locator("#error")
    playwright.expect(error).to_contain_text(name)
    assert error.locator("b").count() == 0
    assert page.locator("#busy").is_hidden()


def test_everything_works_by_keyboard(page: Any, folder: Path) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "mic"
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "file"
    opened(page, folder / "talk.wav")
    picture = page.locator("#picture")
    picture.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    page.wait_for_function(
        "() => Math.abs(document.querySelector('#picture').ariaValueNow - 4) < 0.2"
    )
    assert "neutral" in picture.get_attribute("aria-valuetext")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1180])
def test_nothing_sticks_out(
    browser: Any, service: Running, folder: Path, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 800}
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(service.url)
    page.locator("#mic:enabled").wait_for()
    opened(page, folder / "talk.wav")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    dark = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, dark[4:-1].split(","))) < 200) == (scheme == "dark")
    context.close()


def test_text_can_be_read(browser: Any, service: Running) -> None:
    """Contrast of running text is at least 4.5 to 1 (WCAG 2.2, 1.4.3), dark and light."""
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(service.url)
        page.locator("#mic:enabled").wait_for()
        pairs = page.evaluate(
            """(names) => names.map((name) => {
              const element = document.querySelector(name);
              let ground = element;
              const clear = (e) => getComputedStyle(e).backgroundColor === "rgba(0, 0, 0, 0)";
              while (clear(ground)) ground = ground.parentElement;
              return [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
            })""",
            [".lead", ".privacy", ".card h2", "#note", ".drop-note", ".about p", "dd"],
        )
        for ink, ground in pairs:
            assert _contrast(ink, ground) >= 4.5, (scheme, ink, ground)
        context.close()


def _contrast(first: str, second: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_token_is_asked_for_once(
    browser: Any, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    options = {"handler": "server_fakes:FakeHandler", "token": "open sesame"}
    running = Running(options, tmp_path_factory.mktemp("service"))
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(running.url)
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        page.fill("#token", "open sesame")
        page.keyboard.press("Enter")
        page.locator("#mic:enabled").wait_for()
        opened(page, folder / "talk.wav")
        page.click("#mic")
        playwright.expect(page.locator("#mic")).to_have_attribute("aria-pressed", "true")
    finally:
        context.close()
        running.stop()
