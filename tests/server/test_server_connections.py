"""Connections that lead nowhere end; meanwhile and afterwards the others are served."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from server_process import Running, Start

IDLE = 0.5
UPGRADE = (
    b"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
STREAM = b"GET /v1/stream?rate=16000 HTTP/1.1\r\n" + UPGRADE
HEAD = b" HTTP/1.1\r\nHost: localhost\r\n"
LONG = b"Content-Length: 1000\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

# Handshakes that the parser of HTTP takes and that of WebSockets does not.
HANDSHAKES = {
    "target": b"GET /?" + b"a" * 9000 + b" HTTP/1.1\r\n" + UPGRADE + b"\r\n",
    "line": STREAM + b"X-A: " + b"a" * 9000 + b"\r\n\r\n",
    "lines": STREAM + b"".join(b"X-%d: a\r\n" % i for i in range(130)) + b"\r\n",
    "subprotocols": STREAM + b"Sec-WebSocket-Protocol: " + b"ab, " * 3000 + b"ab\r\n\r\n",
}
# What is begun and never ends, as it drips.
UNFINISHED = {
    "head": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    "line": b"GET /hea",
    "blank": b"\r\n",
    "answered": b"GET /healthz" + HEAD + LONG,
    "answered, HEAD": b"HEAD /healthz" + HEAD + LONG,
    "answered, unknown method": b"BREW /healthz" + HEAD + LONG,
    "answered, no such path": b"PUT /nowhere" + HEAD + LONG,
    "answered, chunked": b"POST /healthz" + HEAD + CHUNKED + b"5\r\nab",
    "refused": b"POST /v1/predict" + HEAD + b"Origin: http://evil.example\r\n" + LONG,
    "pipelined": 3 * (b"GET /healthz" + HEAD + b"\r\n") + b"GET /healthz" + HEAD + LONG,
    "a form on GET": b"GET /v1/model" + HEAD + b"Content-Type: multipart/form-data; boundary=x\r\n"
    + LONG + b"--x\r\n",
    "JSON": b"POST /v1/export" + HEAD + b"Content-Type: application/json\r\n" + LONG + b"{",
    "urlencoded": b"POST /v1/predict" + HEAD
    + b"Content-Type: application/x-www-form-urlencoded\r\n" + LONG + b"a",
    "half a frame": STREAM + b"\r\n",
    "other upgrade": b"GET /healthz HTTP/1.1\r\n" + UPGRADE.replace(b"websocket", b"h2c") + LONG,
}  # fmt: skip


@pytest.fixture(scope="module", params=["", "a-token"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    options = {"handler": "server_fakes:FakeHandler", "idle_seconds": IDLE, "max_connections": 40}
    if request.param:
        options["token"] = request.param
    running = Running(options, tmp_path_factory.mktemp("service"))
    yield running
    code, errors = running.stop()
    assert (code, "Traceback" in errors) == (0, False), errors
    assert len(errors) < 2000  # however much was sent


@contextmanager
def sent(service: Running, data: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=0.05) as client:
        client.sendall(data)
        yield client


def until_closed(client: socket.socket, drip: bytes = b"a", seconds: float = 6.0) -> bytes:
    """What comes until the service closes, while single bytes go on being sent."""
    received = b""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            client.sendall(drip)
            part = client.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            return received
        if not part:
            return received
        received += part
    raise AssertionError(f"still open, after {received[:300]!r}")


def fine(service: Running) -> None:
    begin = time.monotonic()
    assert service.client.get("/healthz").status_code == 200
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize("what", UNFINISHED)
def test_what_never_ends_is_ended(service: Running, what: str) -> None:
    with sent(service, UNFINISHED[what]) as client:
        received = until_closed(client)
    if what.startswith(("answered", "pipelined")):
        assert received.startswith(b"HTTP/1.1 ")
    if what == "pipelined":
        assert received.count(b"HTTP/1.1 200") == 4
    fine(service)


@pytest.mark.parametrize("what", HANDSHAKES)
def test_a_handshake_that_cannot_be_read_is_answered(service: Running, what: str) -> None:
    with sent(service, HANDSHAKES[what]) as client:
        begin = time.monotonic()
        received = until_closed(client, drip=b"")
    assert received.startswith(b"HTTP/1.1 4")
    assert time.monotonic() - begin < 2
    fine(service)


def test_many_of_all_kinds_keep_nobody_out(service: Running) -> None:
    everything = [*UNFINISHED.values(), *HANDSHAKES.values()]
    clients = [socket.create_connection(("127.0.0.1", service.port), timeout=5) for _ in range(80)]
    for number, client in enumerate(clients):
        try:
            client.sendall(everything[number % len(everything)])
        except OSError:
            continue  # turned away already
    time.sleep(3 * IDLE + 0.5)
    fine(service)
    for client in clients:
        client.close()


def test_who_does_not_read_is_dropped(service: Running) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(0.5)
        client.connect(("127.0.0.1", service.port))
        page = b"GET /static/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with pytest.raises(ConnectionError):
            _send_for_ever(client, page * 100)
    fine(service)


def test_who_reads_slowly_gets_it_all(start: Start) -> None:
    service = start(idle_seconds=IDLE)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="large"\r\n\r\n\r\n--x--\r\n'
    )
    head = (
        b"POST /v1/timeline?format=vtt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    begin = time.monotonic()
    received = b""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        client.connect(("127.0.0.1", service.port))
        client.sendall(head + body)
        while part := client.recv(16_384):
            received += part
            time.sleep(0.015)
    assert received.endswith(b"as vtt" * 300_000)
    assert time.monotonic() - begin > 3 * IDLE


def _send_for_ever(client: socket.socket, data: bytes) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(TimeoutError):
            client.sendall(data)


def test_nonsense_is_no_traceback(service: Running) -> None:
    post = b"POST /v1/predict" + HEAD
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        post + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        post + b"Content-Length: -1\r\n\r\n",
        post + CHUNKED + b"zz\r\n",
        b"GET /healthz" + HEAD + CHUNKED + b"5\r\nabcdefghijkl",
        b"GET /healthz" + HEAD + b"\r\nnonsense\r\n\r\n",
        b"GET /v1/stream?rate=16000" + HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"POST /v1/stream" + b" HTTP/1.1\r\n" + UPGRADE + b"\r\n",
        STREAM.replace(b"13", b"99") + b"\r\n",
        STREAM + b"Sec-WebSocket-Protocol: bearer.\xff\xfe, bearer.\x80\r\n\r\n",
        STREAM + b"\r\n" + b"\xff" * 50,
    ):
        with sent(service, data) as client:
            until_closed(client, drip=b"")
    fine(service)


FRAMES = {
    "text": b"\x81\x82\0\0\0\0no",
    "half a sample": b"\x82\x81\0\0\0\0o",
    "never continued": b"\x02\x82\0\0\0\0no",
    "half a frame": b"\x82\xfe\x7f\xff\0\0",
    "no frame": b"\x83\x80",
    "no UTF-8": b"\x81\x82\0\0\0\0\xff\xfe",
    "no UTF-8, in two": b"\x01\x81\0\0\0\0\xff\x80\x81\0\0\0\0\xfe",
    "a huge frame": b"\x82\xff\x40\0\0\0\0\0\0\0\0\0\0\0",
    "pings": b"\x89\x81\0\0\0\0a" * 500,
    "silence": b"",
}


@pytest.mark.parametrize("what", FRAMES)
def test_a_stream_ends_whether_or_not_its_client_says_goodbye(service: Running, what: str) -> None:
    with sent(service, STREAM + b"Authorization: Bearer a-token\r\n\r\n") as client:
        client.settimeout(5)
        assert client.recv(12) == b"HTTP/1.1 101"
        client.settimeout(0.05)
        client.sendall(FRAMES[what])
        begin = time.monotonic()
        until_closed(client, drip=b"")
        assert time.monotonic() - begin < 3


def test_stopping_finishes_uploads_whatever_else_is_connected(start: Start) -> None:
    service = start(idle_seconds=2.0)
    answers = []
    upload = threading.Thread(target=lambda: answers.append(service.upload("sleep-2.wav")))
    upload.start()
    clients = [
        socket.create_connection(("127.0.0.1", service.port)) for _ in [*UNFINISHED, *HANDSHAKES]
    ]
    for client, data in zip(clients, [*UNFINISHED.values(), *HANDSHAKES.values()], strict=True):
        client.sendall(data)
    time.sleep(0.5)
    service.process.terminate()
    upload.join()
    service.process.wait(timeout=15)
    assert [answer.status_code for answer in answers] == [200]
    for client in clients:
        client.close()
    code, errors = service.stop()
    assert (code, "Traceback" in errors) == (0, False), errors


def test_open_files_limit_the_connections_and_the_log(start: Start) -> None:
    service = start(open_files=256, workers=2)
    clients = [
        socket.create_connection(("127.0.0.1", service.port), timeout=10) for _ in range(400)
    ]
    time.sleep(0.5)
    first = clients[:30]
    for client in first:
        client.sendall(b"GET /healthz" + HEAD + b"\r\n")
    assert all(client.recv(12) == b"HTTP/1.1 200" for client in first)
    for client in clients:
        client.close()
    time.sleep(0.3)
    assert service.upload("fine.wav", bytes(3 << 20)).status_code == 200
    _, errors = service.stop()
    assert errors.count("\n") <= 3
    assert "only 256 files may be open" in errors
