"""The page shows doubts, familiarity and arousal, and judges a recording against itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import tiny_model
from chromium import CHROMIUM, hearing, playwright
from server_process import Start

from intona.corpora import synthetic

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path: install it or set CHROMIUM"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    gap = np.zeros(12_000, np.float32)
    spoken = ("neutral", "angry", "sad", "happy", "angry")
    voices = [synthetic.utterance(emotion, speaker=3, seconds=3).samples for emotion in spoken]
    talk = np.concatenate([part for voice in voices for part in (voice, gap)])
    soundfile.write(folder / "talk.wav", talk, 16_000)
    soundfile.write(folder / "clip.wav", voices[1], 16_000)
    tiny_model.save(folder / "tiny.onnx")
    return folder


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Any]:
    with hearing(folder / "talk.wav") as chromium:
        yield chromium


@pytest.fixture
def page(browser: Any, folder: Path, start: Start) -> Iterator[Any]:
    service = start(handler="intona.server.handler:ModelHandler", model=str(folder / "tiny.onnx"))
    context = browser.new_context()
    context.set_default_timeout(20_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(service.url)
    page.locator("#mic:enabled").wait_for()
    yield page
    context.close()
    assert errors == []


def opened(page: Any, path: Path) -> None:
    page.set_input_files("#file", path)
    page.locator("#result-title", has_text=path.name).wait_for()


def arousal(page: Any) -> str:
    return page.get_by_role("meter", name="Arousal").get_attribute("aria-valuenow")


def test_a_doubt_has_its_reason_and_the_sound_its_measures(page: Any, folder: Path) -> None:
    opened(page, folder / "talk.wav")
    reasons = page.locator("#rows .reason").all_inner_texts()
    assert {"no emotion stands out", "unlike what it learned from"} <= set(reasons)
    meter = page.get_by_role("meter", name="Familiarity")
    assert 0 < int(meter.get_attribute("aria-valuenow")) < 100
    assert 0 < int(arousal(page)) < 100  # of all of it; how it changes is a line in the picture
    assert page.locator("#picture.taller").count() == 1
    opened(page, folder / "clip.wav")
    assert int(arousal(page)) > 50
    assert page.locator("#picture.taller").count() == 0


def test_the_switch_judges_the_open_recording_again(page: Any, folder: Path) -> None:
    opened(page, folder / "talk.wav")
    summary = page.locator("#summary")
    assert "Judged against" not in summary.inner_text()
    assert "Not when all speech is one emotion" in page.locator("#adapt-note").inner_text()
    page.get_by_role("switch", name="Judge against this recording").check()
    playwright.expect(summary).to_contain_text("stretches of its speech")
    page.locator("#rows button", has_text="Why?").first.click()
    playwright.expect(page.locator("#why-title")).to_contain_text("Why", timeout=60_000)
    with page.expect_download() as event:
        page.click("[data-format=csv]")
    header, row = Path(event.value.path()).read_text().splitlines()[:2]
    told = dict(zip(header.split(","), row.split(","), strict=True))
    assert int(told["adapted"]) >= 4
    assert 0 < float(told["arousal"]) < 1
    page.get_by_role("switch").uncheck()
    playwright.expect(summary).not_to_contain_text("Judged against")


def test_live_speech_is_judged_against_what_was_heard(page: Any) -> None:
    page.get_by_role("switch").check()
    page.click("#mic")
    page.locator("#aroused .value", has_text="%").wait_for()
    playwright.expect(page.locator("#note")).to_contain_text("a guess:")
    page.wait_for_timeout(9_000)
    page.click("#mic")
    playwright.expect(page.locator("#result-title")).to_have_text("What you said")
    playwright.expect(page.locator("#summary")).to_contain_text("of its speech")


def test_what_a_model_does_not_say_is_hidden(
    browser: Any, folder: Path, start: Start, tmp_path: Path
) -> None:
    import onnx

    from intona.models.artefact import read_model, write_model

    content, metadata = read_model(folder / "tiny.onnx")
    del metadata["adaptation"]
    model = onnx.load_from_string(content)
    for output in list(model.graph.output):
        if output.name != "probabilities":
            model.graph.output.remove(output)
    write_model(model, metadata, tmp_path / "plain.onnx")
    service = start(
        handler="intona.server.handler:ModelHandler", model=str(tmp_path / "plain.onnx")
    )
    context = browser.new_context()
    page = context.new_page()
    page.goto(service.url)
    page.locator("#mic:enabled").wait_for()
    opened(page, folder / "talk.wav")
    for part in ("#against", "#measures", "#aroused"):
        assert page.locator(part).is_hidden()
    assert page.locator("#picture.taller").count() == 0
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_sticks_out(
    browser: Any, folder: Path, start: Start, width: int, scheme: str
) -> None:
    service = start(handler="intona.server.handler:ModelHandler", model=str(folder / "tiny.onnx"))
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(service.url)
    page.locator("#mic:enabled").wait_for()
    opened(page, folder / "talk.wav")
    assert page.locator("#measures").is_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    context.close()
