"""The page of the HTTP interface: complete, to try, without another host."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import CHROMIUM, hearing, playwright
from server_process import Running, Start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path: install it or set CHROMIUM"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with hearing(tmp_path_factory.mktemp("page")) as chromium:
        yield chromium


@pytest.fixture
def page(browser: Any, service: Running) -> Iterator[Any]:
    """The page, open; any error in it or request elsewhere fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(20_000)
    page = context.new_page()
    strange: list[str] = []
    page.on("pageerror", lambda error: strange.append(str(error)))
    page.on("request", lambda request: strange.append(request.url))
    page.goto(f"{service.url}/docs")
    page.locator("section.operation").first.wait_for()
    yield page
    context.close()
    assert [url for url in strange if not url.startswith(service.url)] == []


def operation(page: Any, title: str) -> Any:
    return page.locator("section.operation").filter(
        has=page.get_by_role("heading", name=title, exact=True)
    )


def test_every_operation_is_there(page: Any, service: Running) -> None:
    paths = service.client.get("/openapi.json").json()["paths"]
    wanted = [f"{method.upper()} {path}" for path, each in paths.items() for method in each]
    assert page.locator(".operation h2").all_inner_texts() == wanted
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_a_recording_is_sent_as_the_form_says(page: Any, tmp_path: Path) -> None:
    (tmp_path / "a clip.wav").write_bytes(b"sound")
    trial = operation(page, "POST /v1/timeline")
    trial.get_by_role("button", name="Send").click()
    playwright.expect(trial.get_by_role("status")).to_have_text("Choose a file first.")
    trial.get_by_label("file", exact=True).set_input_files(tmp_path / "a clip.wav")
    trial.get_by_label("format", exact=True).select_option("csv")
    trial.get_by_role("button", name="Send").click()
    playwright.expect(trial.locator(".answer")).to_have_text("as csv")
    playwright.expect(trial.get_by_role("status")).to_contain_text("200 OK")


def test_the_command_does_the_same(page: Any, service: Running, tmp_path: Path) -> None:
    (tmp_path / "a 'clip'.wav").write_bytes(b"sound")
    trial = operation(page, "POST /v1/timeline")
    trial.get_by_label("file", exact=True).set_input_files(tmp_path / "a 'clip'.wav")
    trial.get_by_label("format", exact=True).select_option("csv")
    command = trial.locator(".command").inner_text()
    assert "adapt" not in command  # only what was chosen
    if not Path("/usr/bin/curl").exists():
        pytest.skip("no curl on this machine")
    answer = subprocess.run(
        ["bash", "-c", command.replace("curl", "curl -s", 1)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert answer.stdout == "as csv"


def test_an_error_is_shown_as_it_comes(page: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"words")
    trial = operation(page, "POST /v1/predict")
    trial.get_by_label("file", exact=True).set_input_files(tmp_path / "broken.wav")
    trial.get_by_role("button", name="Send").click()
    playwright.expect(trial.get_by_role("status")).to_contain_text("422")
    playwright.expect(trial.locator(".answer")).to_contain_text("broken.wav is text, not audio")


def test_what_comes_back_is_described(page: Any) -> None:
    trial = operation(page, "POST /v1/predict")
    trial.locator("summary").click()
    names, texts = (trial.locator(part).all_inner_texts() for part in ("dt", "dd"))
    fields = dict(zip(names, texts, strict=True))
    assert "ok, unsure, no_speech" in fields["status"]
    assert "Calibrated probability" in fields["probabilities"]
    assert re.search(r"429: Too many", trial.inner_text())


def test_the_token_is_asked_for_when_it_is_needed(browser: Any, start: Start) -> None:
    running = start(token="open sesame")
    page = browser.new_page()
    page.goto(f"{running.url}/docs")
    trial = operation(page, "GET /v1/model")
    trial.get_by_role("button", name="Send").click()
    page.fill("#token", "open sesame")
    page.keyboard.press("Enter")
    playwright.expect(trial.locator(".answer")).to_contain_text("fake.onnx")
    assert "$INTONA_TOKEN" in trial.locator(".command").inner_text()
    page.close()
