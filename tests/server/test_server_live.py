from __future__ import annotations

import base64
import json
import socket
import time
from contextlib import suppress

import pytest
from server_process import Running, Start
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect


def opened(service: Running, query: str = "rate=16000", **options) -> ClientConnection:
    url = f"ws://127.0.0.1:{service.port}/v1/stream?{query}"
    return connect(url, proxy=None, compression=None, **options)


def ask(stream: ClientConnection) -> dict:
    return json.loads(stream.recv(timeout=10))


def test_sound_goes_in_and_events_come_out(service: Running) -> None:
    with opened(service) as stream:
        assert ask(stream)["labels"] == ["neutral", "happy", "sad", "angry"]
        stream.send(bytes(3200))
        assert ask(stream) == {"event": "heard", "bytes": 3200}
        stream.send(bytes(96_000))  # three seconds are worked on second by second
        assert [ask(stream)["bytes"] for _ in range(3)] == [35_200, 67_200, 99_200]
        stream.send('{"event": "end"}')
        assert ask(stream) == {"event": "flushed"}
        assert ask(stream) == {"event": "end"}
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=10)
        assert closed.value.rcvd.code == 1000
    assert service.metric("intona_streams_open") == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "rate"),
        ("rate=0", "rate"),
        ("rate=-5", "rate"),
        ("rate=1e9", "rate"),
        ("rate=99999999", "rate"),
        ("rate=16000&encoding=mp3", "encoding"),
        ("rate=16000&emotion=happy", "no parameter 'emotion'"),
        ("rate=16000&%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff=1", "no parameter"),
        ("rate=16000&rate=8000", "more than once"),
    ],
)
def test_a_wrong_declaration_is_explained(service: Running, query: str, words: str) -> None:
    with opened(service, query) as stream:
        answer = ask(stream)
        assert answer["event"] == "error"
        assert words in answer["message"]


@pytest.mark.parametrize(
    "message", [b"odd", "hello", "{}", "[1", "[" * 500_000, "1" * 9_000, '{"event":' * 99 + "0"]
)
def test_what_is_no_sound_ends_the_stream(service: Running, message: bytes | str) -> None:
    with opened(service) as stream:
        ask(stream)
        stream.send(message)
        assert ask(stream)["event"] == "error"
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=10)
        assert closed.value.rcvd.code == 1007


def test_a_message_may_not_be_huge(service: Running) -> None:
    with opened(service) as stream:
        ask(stream)
        with suppress(ConnectionClosed):
            stream.send(bytes(2 << 20))
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=10)
        # What is still being sent may reset the connection before the close frame is read.
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


def test_a_dying_worker_ends_its_streams_only(service: Running) -> None:
    with opened(service) as stream:
        ask(stream)
        stream.send(b"\xff\xff\xff\xff")
        assert "open a new one" in ask(stream)["message"]
    service.until_ready()
    with opened(service) as stream:
        ask(stream)
        stream.send(bytes(32))
        assert ask(stream) == {"event": "heard", "bytes": 32}


def test_other_web_sites_cannot_listen(service: Running) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(service, origin="https://evil.example").__enter__()
    assert refused.value.response.status_code == 403


def test_streams_are_counted_and_idle_ones_closed(start: Start) -> None:
    service = start(max_streams=2, idle_seconds=1.0)
    with opened(service) as first, opened(service) as second:
        with pytest.raises(InvalidStatus) as refused:
            opened(service).__enter__()
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "5"
        for stream in (first, second):
            ask(stream)
            assert ask(stream) == {"event": "flushed"}
            assert ask(stream) == {"event": "error", "message": "idle for too long"}
    with opened(service) as stream:
        assert ask(stream)["event"] == "ready"


def test_the_token_comes_as_header_or_subprotocol(start: Start) -> None:
    service = start(token="a/secret?")
    with pytest.raises(InvalidStatus) as refused:
        opened(service).__enter__()
    assert refused.value.response.status_code == 401
    with opened(service, additional_headers={"Authorization": "Bearer a/secret?"}) as stream:
        assert ask(stream)["event"] == "ready"
    encoded = base64.urlsafe_b64encode(b"a/secret?").decode().rstrip("=")
    with opened(service, subprotocols=["intona", f"bearer.{encoded}"]) as stream:
        assert ask(stream)["event"] == "ready"
        assert stream.subprotocol == "intona"


def test_a_client_that_vanishes_leaves_no_stream(service: Running) -> None:
    for _ in range(20):
        with opened(service) as stream:
            stream.send(bytes(320))
            stream.socket.shutdown(socket.SHUT_WR)  # half closed, without a goodbye
    deadline = time.monotonic() + 10
    while service.metric("intona_streams_open") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert service.metric("intona_streams_open") == 0


def test_stopping_lets_streams_finish(start: Start) -> None:
    service = start()
    with opened(service) as stream:
        ask(stream)
        stream.send(bytes(32))
        assert ask(stream)["event"] == "heard"
        service.process.terminate()
        assert ask(stream) == {"event": "flushed"}
        assert ask(stream) == {"event": "error", "message": "stopping"}
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=10)
        assert closed.value.rcvd.code == 1001
    service.process.wait(timeout=15)
