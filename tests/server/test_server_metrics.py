"""What an operator sees: answers, drift, load, refusals; and a dashboard made of it."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from server_process import Running, Start
from websockets.sync.client import connect

from intona.server.metrics import Metrics

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana.json"


def lines(service: Running) -> list[str]:
    return service.client.get("/metrics").text.splitlines()


def rejected(service: Running, reason: str) -> float:
    head = f'intona_rejected_total{{reason="{reason}"}} '
    return next((float(line.split()[1]) for line in lines(service) if line.startswith(head)), 0.0)


def test_answers_are_counted_by_what_and_how_sure_they_are(start: Start) -> None:
    service = start()
    service.upload("a.wav")
    service.upload("a.wav", path="/v1/timeline")
    service.upload("a.wav", path="/v1/timeline?format=csv")
    told = lines(service)
    counted = 'intona_answers_total{emotion="happy",reason="unfamiliar",status="unsure"} 3.0'
    assert counted in told
    assert 'intona_familiarity_bucket{le="0.3"} 3.0' in told
    assert 'intona_familiarity_bucket{le="0.2"} 0.0' in told
    assert 'intona_arousal_bucket{le="0.8"} 3.0' in told
    assert 'intona_arousal_bucket{le="0.7"} 0.0' in told


def test_labels_of_clients_and_workers_stay_few() -> None:
    metrics = Metrics()
    metrics.emotions = frozenset({"happy"})
    odd = [{"emotion": f"of client {number}", "status": "ok"} for number in range(100)]
    metrics.count(
        [*odd, {"emotion": "happy", "status": "ok"}, {"emotion": None, "status": "no_speech"}]
    )
    metrics.count([{"emotion": "happy", "status": "strange"}])
    text = metrics.text().decode()
    assert 'intona_answers_total{emotion="other",reason="",status="ok"} 100.0' in text
    assert 'intona_answers_total{emotion="",reason="",status="no_speech"} 1.0' in text
    assert text.count("intona_answers_total{") == 3


@pytest.mark.parametrize(
    ("reason", "name", "path"),
    [
        ("audio", "broken.wav", "/v1/predict"),
        ("too-much-audio", "long.wav", "/v1/timeline"),
        ("not-decodable", "crash.wav", "/v1/predict"),
        ("invalid", "a.wav", "/v1/timeline?format=pdf"),
        ("given-twice", "a.wav", "/v1/predict?adapt=1&adapt=0"),
        ("not-found", "a.wav", "/v1/nothing"),
    ],
)
def test_refusals_are_counted_by_their_reason(
    service: Running, reason: str, name: str, path: str
) -> None:
    before = rejected(service, reason)
    assert service.upload(name, path=path).status_code >= 400
    assert rejected(service, reason) == before + 1


def test_refusals_at_the_door_are_counted(start: Start) -> None:
    service = start(token="secret", max_json_mb=0.01)
    service.client.get("/v1/model")
    service.client.get("/v1/model", headers={"Host": "evil.example"})
    service.client.headers["Authorization"] = "Bearer secret"
    service.client.post("/v1/export", content=b" " * 200_000)
    for reason, count in (("token", 1), ("host", 1), ("too-large", 1)):
        assert rejected(service, reason) == count


def test_streams_that_fail_are_counted(service: Running) -> None:
    before = rejected(service, "invalid")
    with connect(f"ws://127.0.0.1:{service.port}/v1/stream?rate=1") as stream:
        assert json.loads(stream.recv())["event"] == "error"
    assert rejected(service, "invalid") == before + 1


def test_load_is_seen_while_it_is_there(start: Start) -> None:
    service = start(workers=1)

    def upload() -> None:
        httpx.post(
            f"{service.url}/v1/predict", files={"file": ("sleep-2.wav", b"sound")}, timeout=30
        )

    threads = [threading.Thread(target=upload) for _ in range(3)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while service.metric("intona_uploads_waiting") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert service.metric("intona_uploads_running") == 1
    assert service.metric("intona_uploads_pending") == 3
    assert service.metric("intona_requests_in_flight") == 4  # the one for /metrics too
    for thread in threads:
        thread.join()
    assert service.metric("intona_uploads_running") == 0
    assert service.metric("intona_uploads_waiting") == 0


def test_the_dashboard_asks_for_metrics_and_labels_that_exist() -> None:
    metrics = Metrics()
    metrics.count([{"emotion": "happy", "status": "ok", "familiarity": 0.5, "arousal": 0.5}])
    metrics.requests.labels("GET", "/", "200").inc()
    metrics.seconds.labels("/").observe(0.1)
    metrics.rejected.labels("busy").inc()
    known: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            known.setdefault(sample.name, set()).update(sample.labels)
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert len(asked) >= 10
    named: set[str] = set()
    for expression in asked:
        names = set(re.findall(r"\bintona_\w+", expression))
        assert names <= set(known), expression
        grouped = re.findall(r"by \(([^)]*)\)", expression)
        labels = {label.strip() for each in grouped for label in each.split(",")}
        matched = set(re.findall(r"(\w+)\s*[!=]~?\s*\"", expression))
        for name in names:
            assert labels | matched <= known[name], expression
        named |= names
    shown = {name.removesuffix("_bucket").removesuffix("_total") for name in named}
    families = {f.name for f in text_string_to_metric_families(metrics.text().decode())}
    assert {family for family in families if not family.endswith("_created")} == shown
