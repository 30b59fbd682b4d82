"""What the page shows when: nothing of what was asked before, the whole first, no empty box."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import tiny_model
from chromium import CHROMIUM, hearing, playwright
from server_process import Running

from intona.corpora import synthetic
from intona.models.card import LAW

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path: install it or set CHROMIUM"),
]
PHONE = {"width": 390, "height": 844}
SPOKEN = ("neutral", "angry", "sad", "happy", "angry")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    gap = np.zeros(12_000, np.float32)
    voices = [synthetic.utterance(emotion, speaker=3, seconds=3).samples for emotion in SPOKEN]
    talk = np.concatenate([part for voice in voices for part in (voice, gap)])
    soundfile.write(folder / "talk.wav", talk, 16_000)
    other = np.roll(talk, 16_000) * np.float32(0.8)
    soundfile.write(
        folder / "call.wav", np.stack([talk[: 16_000 * 9], other[: 16_000 * 9]], 1), 16_000
    )
    soundfile.write(folder / "silence.wav", np.zeros(32_000, np.float32), 16_000)
    (folder / "notes.wav").write_bytes(b"no sound, only words " * 30)
    tiny_model.save(folder / "tiny.onnx")
    return folder


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Any]:
    with hearing(folder / "talk.wav") as chromium:
        yield chromium


@pytest.fixture(scope="module")
def service(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    model = {"handler": "intona.server.handler:ModelHandler", "model": str(folder / "tiny.onnx")}
    running = Running(model, tmp_path_factory.mktemp("service"))
    yield running
    running.stop()


@pytest.fixture
def page(browser: Any, service: Running) -> Iterator[Any]:
    """The page on a phone; any error in it fails the test."""
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
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


def in_view(page: Any, name: str) -> bool:
    box = page.locator(name).bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= PHONE["height"]


@pytest.mark.parametrize("way", ["chosen", "too large"])
def test_a_failed_file_takes_the_old_answer_away_and_says_so_in_view(
    page: Any, folder: Path, way: str
) -> None:
    opened(page, folder / "talk.wav")
    if way == "too large":
        page.evaluate("() => Object.defineProperty(File.prototype, 'size', { value: 1e12 })")
    page.set_input_files("#file", folder / "notes.wav")
    playwright.expect(page.locator("#error")).to_contain_text("notes.wav")
    assert page.locator("#result").is_hidden()
    assert in_view(page, "#error")


def test_a_refused_question_about_the_open_recording_takes_the_answer_away(
    page: Any, folder: Path
) -> None:
    opened(page, folder / "talk.wav")
    page.route("**/v1/timeline?adapt=true", lambda route: route.fulfill(status=503, json={}))
    page.get_by_role("switch").check()
    playwright.expect(page.locator("#error")).to_contain_text("503")
    assert page.locator("#result").is_hidden()
    page.get_by_role("switch").uncheck()  # the recording is still known
    page.locator("#result-title", has_text="talk.wav").wait_for()
    assert page.locator("#error").is_hidden()


def test_a_failed_explanation_is_told_beside_the_answer(page: Any, folder: Path) -> None:
    opened(page, folder / "talk.wav")
    page.route("**/v1/explain?**", lambda route: route.fulfill(status=503, json={"detail": "no"}))
    page.locator("#rows button", has_text="Why?").first.click()
    playwright.expect(page.locator("#result-error")).to_have_text("no")
    assert in_view(page, "#result-error")
    assert page.locator("#result").is_visible()


def test_speaking_takes_the_old_answer_away(page: Any, folder: Path) -> None:
    opened(page, folder / "talk.wav")
    page.click("#mic")
    playwright.expect(page.locator("#result")).to_be_hidden()


def test_the_answer_for_the_whole_stands_above_the_segments(
    page: Any, service: Running, folder: Path
) -> None:
    opened(page, folder / "talk.wav")
    answer = service.upload("talk.wav", (folder / "talk.wav").read_bytes()).json()
    assert page.locator("#whole .word").inner_text() == answer["emotion"]
    assert f"{100 * answer['confidence']:.0f} % sure" in page.locator("#whole .note").inner_text()
    tops = [page.locator(name).bounding_box()["y"] for name in ("#whole", "#picture", "#rows")]
    assert tops == sorted(tops)
    page.wait_for_timeout(500)
    assert in_view(page, "#result-title")
    assert in_view(page, "#whole")


def test_without_an_answer_for_the_whole_the_shares_speak(page: Any, folder: Path) -> None:
    page.route("**/v1/predict?**", lambda route: route.fulfill(status=413, json={}))
    opened(page, folder / "talk.wav")
    first = page.locator("#shares li").first.inner_text()
    emotion, share = first.rsplit(" ", 2)[0], int(first.rsplit(" ", 2)[1])
    told = page.locator("#whole .word").inner_text()
    assert told == (f"mostly {emotion}" if share > 50 else "mixed")


def test_a_recording_without_speech_has_no_word(page: Any, folder: Path) -> None:
    opened(page, folder / "silence.wav")
    assert "no speech" in page.locator("#summary").inner_text()
    for part in ("#whole", "#measures"):
        assert page.locator(part).is_hidden()


def test_shares_add_up(page: Any, folder: Path) -> None:
    opened(page, folder / "talk.wav")
    shares = [int(text.split()[-2]) for text in page.locator("#shares li").all_inner_texts()]
    assert sum(shares) == 100
    found = page.evaluate(
        """async () => {
          const { percents } = await import("/static/emotions.js");
          return [[1, 1, 1], [2, 1], [3, 4, 1e-9]].map(percents);
        }"""
    )
    assert found == [[34, 33, 33], [67, 33], [43, 57, 0]]


def test_live_speech_ends_in_its_trace(page: Any) -> None:
    page.click("#mic")
    page.locator("#aroused .value", has_text="%").wait_for()
    for _ in range(8):
        page.wait_for_timeout(500)
        values = page.locator("#bars .value").all_inner_texts()
        assert sum(int(value.split()[0]) for value in values) == 100
    page.click("#mic")
    playwright.expect(page.locator("#result-title")).to_have_text("What you said")
    tall = """(name) => {
      const canvas = document.querySelector(name);
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, Math.round(height / 3));
      return data.filter((value, place) => place % 4 === 3 && value > 0).length / width;
    }"""
    assert page.evaluate(tall, "#canvas") > 2  # an empty box has nothing in its upper third
    assert page.evaluate(tall, "#trace") > 0.5
    assert in_view(page, "#result-title")


def test_each_channel_has_its_answer_its_shares_and_its_segments(
    page: Any, service: Running, folder: Path
) -> None:
    page.get_by_label("Channels").select_option("each by itself")
    opened(page, folder / "call.wav")
    call = (folder / "call.wav").read_bytes()
    wholes = service.upload("call.wav", call, "/v1/predict?channels=each").json()["channels"]
    assert page.locator("#whole h3").all_inner_texts() == ["left", "right"]
    told = page.locator("#whole .word").all_inner_texts()
    assert told == [whole["emotion"] for whole in wholes]
    for line in page.locator("#shares > div").all():
        assert sum(int(text.split()[-2]) for text in line.locator("li").all_inner_texts()) == 100
    who = page.locator("#rows td:first-child .reason").all_inner_texts()
    assert set(who) == {"left", "right"}
    assert "in 2 channels" in page.locator("#summary").inner_text()
    with page.expect_request("**/v1/explain?**") as asked:
        page.locator("#rows tr", has_text="right").first.get_by_text("Why?").click()
    assert "channels=2" in asked.value.url
    playwright.expect(page.locator("#why-title")).to_contain_text("Why", timeout=60_000)


def test_one_channel_is_heard_alone_and_one_that_is_not_there_is_refused(
    page: Any, service: Running, folder: Path
) -> None:
    opened(page, folder / "call.wav")
    assert "each by itself" in page.locator("#summary").inner_text()  # that it is a call is told
    page.get_by_label("Channels").select_option("right only")
    playwright.expect(page.locator("#rows td:first-child .reason").first).to_have_text("channel 2")
    call = (folder / "call.wav").read_bytes()
    answer = service.upload("call.wav", call, "/v1/predict?channels=right").json()
    playwright.expect(page.locator("#whole .word")).to_have_text(answer["emotion"])
    page.set_input_files("#file", folder / "talk.wav")
    playwright.expect(page.locator("#error")).to_contain_text("talk.wav has one channel")
    assert page.locator("#result").is_hidden()


def test_an_example_can_be_tried(page: Any) -> None:
    page.get_by_role("button", name="Try an example").click()
    page.locator("#result-title", has_text="example.flac").wait_for()
    assert page.locator("#rows tr").count() >= 2
    assert page.locator("#transport").is_visible()


def test_the_licence_cannot_be_misread(browser: Any, service: Running) -> None:
    page = browser.new_page()
    facts = json.loads(service.client.get("/v1/model").text)
    facts["metadata"]["licence"] = "CC BY-NC-SA 4.0 (non-commercial); free to use"
    page.route("**/v1/model", lambda route: route.fulfill(json=facts))
    page.goto(service.url)
    page.locator("#mic:enabled").wait_for()
    told = page.locator("dt", has_text="Licence").locator("+ dd").inner_text()
    assert told.startswith("Not for commercial use. All of these terms apply together:")
    assert told.endswith("CC BY-NC-SA 4.0 (non-commercial); and free to use")
    assert page.locator(f'a[href="{LAW}"]').count() == 1
    page.close()
