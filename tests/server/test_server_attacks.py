"""What a stranger sends costs the stranger: others are answered, memory stays where it was."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from server_fakes import SEGMENT
from server_process import Running, Start
from websockets import Subprotocol
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from intona.errors import UsageError
from intona.server.brake import FREE, LONGEST, WAITING, Brake
from intona.server.descriptors import connections_for
from intona.server.logs import OFTEN, PERIOD, Sparing
from intona.server.settings import Settings

MIB = 1024 * 1024
SIZE = 7 * MIB  # just below the default limit
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {"Content-Type": "multipart/form-data; boundary=x"}
TIMELINE = {"file": "a", "labels": ["happy"], "segments": [SEGMENT]}


def _filled(begin: str, unit: str, end: str) -> bytes:
    return (begin + unit * (SIZE // len(unit)) + end).encode()


def _many_keys(prefix: str) -> str:
    return ",".join(f'"{i}":9' for i in range(SIZE // 12)).join((prefix, "}"))


HOSTILE = {
    "keys of a segment": _many_keys('{"labels":["a"],"segments":[' + json.dumps(SEGMENT)[:-2] + ",")
    + "}]}",
    "keys": _many_keys("{"),
    "segments": _filled('{"labels":["a"],"segments":[', "{},", "{}]}"),
    "labels": _filled('{"segments":[],"labels":[', '"a",', '"a"]}'),
    "numbers": _filled("[", "1,", "1]"),
    "one number": _filled("", "1", ""),
    "deep lists": _filled("", "[", ""),
    "deep objects": _filled("", '{"labels":', ""),
    "a long text": _filled('{"labels":["', "a", '"]}'),
    "a long key": _filled('{"segments":[{"probabilities":{"', "a", '":9}}]}'),
    "spaces": _filled("", " ", ""),
    "no text": b"\xff\xfe" * (SIZE // 2),
}  # fmt: skip


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with the bundled model, whose workers may take little."""
    running = Running({"worker_memory_mb": 512}, tmp_path_factory.mktemp("service"))
    yield running
    code, errors = running.stop()
    assert (code, errors) == (0, "")


def attack(
    service: Running, path: str, body: str | bytes, headers: dict[str, str]
) -> httpx.Response:
    """Post while others ask; they are answered within a second, and memory does not grow."""
    before = service.peak()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(
            httpx.post, service.url + path, content=body, headers=headers, timeout=30
        )
        while True:
            begin = time.monotonic()
            assert service.client.get("/healthz").status_code == 200
            assert time.monotonic() - begin < 1
            if answer.done():
                break
            time.sleep(0.02)
    assert service.peak() - before < 64
    return answer.result()


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_json_is_refused_briefly(real: Running, what: str) -> None:
    answer = attack(real, "/v1/export", HOSTILE[what], JSON)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:intona:problem:invalid"
    assert len(answer.content) < 3000
    assert real.client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("name", "taken"),
    [("\ud800", "recording"), ("a\udc80/b\udfff.wav", "b.wav"), ("a\r\nX: 1.wav", "aX: 1.wav"),
     ("\0.wav", ".wav"), ("n" * 300_000, "n" * 200), ("../../etc/passwd", "passwd"),
     ("", "recording")],
)  # fmt: skip
@pytest.mark.parametrize("style", ["json", "csv", "parquet", "textgrid", "vtt"])
def test_a_hostile_name_in_a_timeline_is_cleaned(
    real: Running, style: str, name: str, taken: str
) -> None:
    segment = {**SEGMENT, "file": name}
    given = json.dumps({"file": name, "labels": ["happy"], "segments": [segment]})
    answer = real.client.post(f"/v1/export?format={style}", content=given, headers=JSON)
    assert answer.status_code == 200
    stem = taken.rpartition(".")[0] or taken
    assert f"filename*=UTF-8''{quote(stem)}." in answer.headers["Content-Disposition"]
    if style == "csv":
        assert answer.text.splitlines()[1].startswith(f"{taken},")


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/timeline", "/v1/model", "/nowhere", "/"])
def test_json_elsewhere_is_not_even_read(real: Running, path: str) -> None:
    answer = attack(real, path, HOSTILE["keys"], JSON)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("headers", "unit"),
    [(FORM, b"&"), (FORM, b"a=b&"), (FORM, b"%41"), (FORM, b"a" * 99 + b"&"),
     (PARTS, b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n"),
     (PARTS, b"--x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n\r\n"),
     (PARTS, b"\r\n--"), (PARTS, b"--x\r\n" + b"A: b\r\n" * 99), (PARTS, b"--x\r\nA" + b"a" * 99)],
)  # fmt: skip
def test_hostile_forms_are_refused(real: Running, headers: dict[str, str], unit: bytes) -> None:
    answer = attack(real, "/v1/predict", unit * (SIZE // len(unit)), headers)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("charset", ["punycode", "undefined", "idna", "utf-16", "zlib", "none"])
def test_a_form_in_a_strange_encoding_is_no_fault_of_ours(service: Running, charset: str) -> None:
    part = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a-b.wav"\r\n\r\nx\r\n--x--'
    )
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    answer = service.client.post("/v1/predict", content=part, headers={"Content-Type": kind})
    assert answer.status_code in (200, 400, 422)


def test_thousands_of_parameters_stop_nobody(real: Running) -> None:
    query = "&".join(f"{i:x}" for i in range(11_000))
    answer = attack(real, f"/v1/predict?{query}", b"", FORM)
    assert answer.status_code == 422


def test_json_has_a_small_limit_of_its_own(start: Start) -> None:
    service = start(max_json_mb=0.5)
    answer = service.client.post("/v1/export", content=b" " * MIB, headers=JSON)
    assert answer.status_code == 413
    assert "0.5 MiB" in answer.json()["detail"]
    told = _told(
        service,
        b"POST /v1/export HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
        + 100 * (b"2000\r\n" + bytes(8192) + b"\r\n")
        + b"0\r\n\r\n",
    )
    assert told.startswith(b"HTTP/1.1 413")
    assert service.upload("a.wav", bytes(MIB)).status_code == 200
    assert service.client.post("/v1/export", json=TIMELINE).text == "as csv"


REST = 96 * (b"10000\r\n" + bytes(65_536) + b"\r\n") + b"0\r\n\r\n"


EARLY = {
    ("POST /v1/export", "Content-Type: application/json"): 413,
    ("POST /v1/export", "Content-Type: application/json\r\nExpect: 100-continue"): 413,
    ("POST /v1/predict", "Content-Type: text/plain"): 422,
    ("POST /v1/predict", "Content-Type: multipart/form-data"): 400,
    ("POST /v1/predict", "Origin: http://evil.example"): 403,
    ("PUT /nowhere", "X-A: b"): 404,
    ("GET /v1/model", "X-A: b"): 200,
}


def test_an_answer_before_the_end_of_a_body_is_read(start: Start) -> None:
    service = start(max_json_mb=0.5)

    def send(what: tuple[str, str]) -> bytes:
        head = "{} HTTP/1.1\r\nHost: localhost\r\n{}\r\n".format(*what)
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as client:
            client.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
            # A connection that is closed meanwhile cannot be written to.
            for first in range(0, len(REST), 1 << 20):
                client.sendall(REST[first : first + (1 << 20)])
                time.sleep(0.5)
            told = b""
            while part := client.recv(65_536):
                told += part
        return told.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")

    with ThreadPoolExecutor(len(EARLY)) as pool:
        answers = dict(zip(EARLY, pool.map(send, EARLY), strict=True))
    assert {what: int(told[9:12]) for what, told in answers.items()} == EARLY
    assert all(b"connection: close" in told.lower() for told in answers.values())


def test_who_waits_for_leave_to_send_is_answered_at_once(service: Running) -> None:
    head = b"POST /v1/export HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    begin = time.monotonic()
    told = _told(service, head + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - begin < 0.9


def test_a_timeline_is_sent_as_json(service: Running) -> None:
    for headers in ({"Content-Type": "text/plain"}, PARTS, FORM, {}):
        answer = service.client.post(
            "/v1/export", content=json.dumps(TIMELINE), headers={"Content-Type": ""} | headers
        )
        assert answer.status_code in (400, 422)


@pytest.mark.parametrize("busy", ["spin.wav", "sleep-60.wav", None])
def test_workers_die_with_a_killed_service(start: Start, busy: str | None) -> None:
    service = start(workers=2)
    children = service.children()

    def send() -> None:
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{service.url}/v1/predict", files={"file": (busy, b"x")}, timeout=30)

    threads = [threading.Thread(target=send) for _ in range(2 if busy else 0)]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    service.process.kill()
    service.process.wait(timeout=10)
    for thread in threads:
        thread.join()
    deadline = time.monotonic() + 3
    while any(map(_runs, children)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/timeline", "/v1/explain"])
def test_no_room_for_uploads_is_the_operators_matter(start: Start, path: str) -> None:
    service = start()
    assert service.upload("a.wav", bytes(3 * MIB), path).status_code == 200
    service.temporary.rmdir()
    answer = service.upload("a.wav", bytes(3 * MIB), path)
    assert answer.status_code == 507
    assert answer.json()["title"] == "There is no room for this now"
    assert "Retry-After" in answer.headers
    assert service.upload("small.wav", path=path).status_code == 200  # fits into memory
    service.temporary.mkdir()
    assert service.upload("a.wav", bytes(3 * MIB), path).status_code == 200
    _, errors = service.stop()
    assert f"cannot keep an upload in {service.temporary}: No such file" in errors
    assert errors.count("\n") == 1


def test_workers_keep_within_limits_they_were_started_with(start: Start) -> None:
    service = start(address_mb=900, processor_s=100)
    for _ in range(3):
        assert service.upload("a.wav").status_code == 200
    assert service.metric("intona_worker_deaths_total") == 0
    assert service.stop() == (0, "")


def test_ready_means_that_workers_run(start: Start) -> None:
    service = start(workers=2)
    first = sorted(service.children())
    for pids in (first[:2], first[2:]):  # of uploads, of streams
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(0.1)
        assert service.client.get("/readyz").status_code == 503
        assert service.client.get("/healthz").status_code == 200
        deadline = time.monotonic() + 20
        while set(pids) & set(service.children()) or len(service.children()) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        service.until_ready()
        assert service.upload("a.wav").status_code == 200
    assert service.metric("intona_worker_deaths_total") == 3


@pytest.mark.parametrize(
    "host",
    ["localhost:1@evil.example", "[::1]evil.example", "[::1", "localhost:99999999", "a b",
     "localhost/..", "localhost:8765:1", "[", "l\u00f6calhost", "localhost,evil.example"],
)  # fmt: skip
def test_a_host_that_is_none_is_refused(service: Running, host: str) -> None:
    head = f"GET /v1/model HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    assert b" 400 " in _told(service, head.encode("latin-1"))


@pytest.mark.parametrize(
    "origin", ["http://[", "http://[evil", "//", "\u2100", "http://a@b", "http://"]
)
def test_an_origin_that_is_none_is_another_site(service: Running, origin: str) -> None:
    head = f"GET /v1/model HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n"
    head += "Connection: close\r\n\r\n"
    assert b" 403 " in _told(service, head.encode("utf-8"))


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/export", "/healthz", "/nowhere"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_two_ways_to_say_how_long_a_body_is(service: Running, path: str, version: str) -> None:
    length = "Content-Length: 4\r\n" if version == "1.1" else ""
    head = (
        f"POST {path} HTTP/{version}\r\nHost: localhost\r\nConnection: keep-alive\r\n"
        f"{length}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n"
    )
    told = _told(service, head.encode())
    assert told.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in told.lower()
    assert b"HTTP/1.1 2" not in told  # what follows is not taken for a request


def _told(service: Running, data: bytes) -> bytes:
    """What the service answers until it closes, or for a second."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=1) as client:
        client.sendall(data)
        told = b""
        try:
            while part := client.recv(65_536):
                told += part
        except TimeoutError:
            pass
    return told


def _ask(service: Running, token: str, source: str = "127.0.0.1") -> tuple[int, float]:
    begin = time.monotonic()
    with httpx.Client(transport=httpx.HTTPTransport(local_address=source)) as client:
        answer = client.get(
            f"{service.url}/v1/model", headers={"Authorization": f"Bearer {token}"}, timeout=20
        )
    return answer.status_code, time.monotonic() - begin


def test_wrong_tokens_wait_and_right_ones_do_not(start: Start) -> None:
    service = start(token="right")
    assert [_ask(service, "wrong")[0] for _ in range(FREE)] == [401] * FREE
    status, seconds = _ask(service, "wrong")
    assert (status, seconds > 0.2) == (401, True)
    with ThreadPoolExecutor(30) as pool:
        wrong = [pool.submit(_ask, service, f"wrong{i}") for i in range(30)]
        time.sleep(0.3)
        for source in ("127.0.0.1", "127.0.0.2"):
            status, seconds = _ask(service, "right", source)
            assert (status, seconds < 1) == (200, True)
        status, seconds = _ask(service, "wrong", "127.0.0.3")
        assert (status, seconds < 1) == (401, True)
        found = [one.result() for one in wrong]
    assert [status for status, _ in found].count(401) < 30 - WAITING
    assert {status for status, _ in found} == {401, 429}
    assert max(seconds for _, seconds in found) > 1
    without = service.client.get("/v1/model")  # that is no guess
    assert without.status_code == 401
    assert without.elapsed.total_seconds() < 1


def test_wrong_tokens_of_streams_wait_too(start: Start) -> None:
    service = start(token="right")
    seconds = []
    for _ in range(FREE + 2):
        begin = time.monotonic()
        with pytest.raises(InvalidStatus, match="401"):
            connect(
                f"ws://127.0.0.1:{service.port}/v1/stream?rate=16000",
                subprotocols=[Subprotocol("bearer.d3Jvbmc")],
                proxy=None,
            ).__enter__()
        seconds.append(time.monotonic() - begin)
    assert seconds[-1] > 0.5 > seconds[0]


def test_long_paths_make_short_lines(start: Start) -> None:
    service = start(access_log=True)
    for path in ("/nowhere", "/v1/stream"):
        assert service.client.get(f"{path}?{'a' * 20_000}").status_code == 404
    with connect(
        f"ws://127.0.0.1:{service.port}/v1/stream?rate=16000&x={'a' * 5000}", proxy=None
    ) as stream:
        stream.recv()
    _, errors = service.stop()
    lines = (service.output + errors).splitlines()
    assert any("/nowhere?aaa" in line for line in lines)
    assert any("WebSocket /v1/stream?rate=16000&x=aaa" in line for line in lines)
    assert max(map(len, lines)) < 400


def test_the_brake_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("intona.server.brake.asyncio.sleep", sleep)
    now = 0.0
    brake = Brake(lambda: now)

    def wrong(address: str) -> float:
        waits.clear()
        assert asyncio.run(brake.hold(address))
        return sum(waits)

    assert [wrong("a") for _ in range(9)] == [0] * 5 + [0.25, 0.5, 1, 2]
    assert [wrong("a") for _ in range(3)] == [LONGEST] * 3
    assert wrong("b") == 0
    assert [wrong(f"2001:db8::{i:x}") for i in range(7)][-1] == 0.5  # of one network
    assert wrong("2001:db8:0:1::1") == 0
    now = 299.0
    assert wrong("a") == LONGEST
    now = 600.0
    assert wrong("a") == 0
    for number in range(5000):
        wrong(str(number))
    assert len(brake._known) <= 4096


def test_connections_fit_the_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(256, 256)]
    monkeypatch.setattr("resource.getrlimit", lambda kind: limits[-1])
    monkeypatch.setattr("resource.setrlimit", lambda kind, pair: limits.append(pair))
    settings = Settings(workers=2)
    most, backlog = connections_for(settings)
    assert 20 < most < 256 - 2 * backlog
    limits.append((256, 100_000))
    most, _ = connections_for(settings)
    assert most == 512
    assert limits[-1][0] > 512
    limits.append((64, 64))
    with pytest.raises(UsageError, match="ulimit -n"):
        connections_for(settings)


def test_lines_of_a_kind_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    now = 0.0
    logger = logging.getLogger("a test of sparing lines")
    logger.addFilter(Sparing(lambda: now))
    for _ in range(100):
        logger.warning("nonsense")
        logger.error("cannot %s", "x")
        logger.info("fine")
    written = [record.getMessage() for record in caplog.records]
    assert written.count("nonsense") == written.count("cannot x") == OFTEN
    now = PERIOD
    logger.error("cannot %s", "y")
    assert caplog.records[-1].getMessage() == "cannot y (95 more like it since the last)"
