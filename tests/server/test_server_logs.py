"""Log lines of the service: as JSON for machines, more of them or fewer, never what was said."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest
from server_process import Running, Start

from intona.errors import UsageError
from intona.server.settings import Settings


def ended(service: Running) -> list[str]:
    return service.stop()[1].splitlines()


def objects(service: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ended(service)]


def test_every_line_is_an_object(start: Start) -> None:
    service = start(log_format="json", access_log=True, verbose=True)
    service.upload("private.wav")
    service.upload("broken.wav", path="/v1/timeline")
    told = objects(service)
    assert all({"time", "level", "message"} <= set(line) for line in told)
    assert all(line["time"].endswith("Z") for line in told)
    access = [line for line in told if "client" in line]
    assert [(line["method"], line["path"], line["status"]) for line in access] == [
        ("POST", "/v1/predict", 200),
        ("POST", "/v1/timeline", 422),
    ]
    timed = [line for line in told if "seconds" in line]
    assert [(line["route"], line["status"], line["problem"]) for line in timed] == [
        ("/v1/predict", 200, None),
        ("/v1/timeline", 422, "audio"),
    ]
    assert all(0 < line["seconds"] < 30 for line in timed)
    assert "private" not in json.dumps(told)


def test_a_lost_worker_is_told_also_when_quiet(start: Start) -> None:
    service = start(log_format="json", access_log=False)
    os.kill(service.children()[0], signal.SIGKILL)
    service.upload("a.wav")
    service.until_ready()
    told = [line for line in objects(service) if line["level"] == "warning"]
    assert [line["message"] for line in told] == [
        "a worker process ended (by SIGKILL) and is replaced"
    ]


def test_an_error_on_our_side_has_its_place(start: Start) -> None:
    service = start(log_format="json", access_log=False)
    service.upload("crash.wav")
    told = objects(service)
    assert "SIGSEGV" in told[0]["message"]
    assert "secret" not in json.dumps(told)


def test_text_says_nothing_more_unasked(start: Start) -> None:
    service = start()
    service.upload("a.wav")
    assert ended(service) == []


def test_text_says_more_when_asked(start: Start) -> None:
    service = start(verbose=True)
    service.upload("broken.wav")
    assert any(
        "/v1/predict answered 422 in" in line and ": audio" in line for line in ended(service)
    )


def test_another_format_is_refused() -> None:
    with pytest.raises(UsageError, match=r"log_format.*'text' or 'json'"):
        Settings(log_format="xml")
