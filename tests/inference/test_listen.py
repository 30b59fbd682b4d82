"""Listening shows events, acts on lasting changes, and leaves a whole timeline."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fakes import FakeRecognizer
from intona.corpora import synthetic
from intona.errors import UsageError
from intona.formats import read_turns
from intona.inference.listen import Diary, listen
from intona.inference.reactions import Change, Command, Mood, Webhook
from intona.tables import Event, Prediction


def update(time: float, emotion: str, status: str = "ok") -> Event:
    return Event("update", time, Prediction(emotion, 0.7, {emotion: 0.7}, status, None, 0, time))


def moods(*events: Event) -> list[tuple[str, str | None, float]]:
    mood = Mood()
    changes = [mood.take(event) for event in events]
    return [(c.emotion, c.previous, c.time) for c in changes if c is not None]


def test_a_mood_must_last() -> None:
    sad = [update(0.5 * k, "sad") for k in range(1, 7)]
    flicker = [update(3.5, "angry"), *[update(4 + 0.5 * k, "sad") for k in range(4)]]
    angry = [update(7 + 0.5 * k, "angry") for k in range(6)]
    assert moods(*sad, *flicker, *angry) == [("sad", None, 2.0), ("angry", "sad", 8.5)]


def test_an_unsure_guess_is_no_mood() -> None:
    events = [update(0.5 * k, "sad", "unsure" if k % 3 == 0 else "ok") for k in range(20)]
    assert moods(*events) == []


def test_a_mood_outlasts_pauses() -> None:
    sad = [update(0.5 * k, "sad") for k in range(1, 5)]
    pause = [Event("speech_end", 2.1), Event("speech_start", 9.0)]
    assert len(moods(*sad, *pause, *[update(9 + 0.5 * k, "sad") for k in range(1, 9)])) == 1


@pytest.fixture
def complaints() -> list[str]:
    return []


CHANGE = Change("sad", "angry", 0.75, 12.5)


def test_command(tmp_path: Path, complaints: list[str]) -> None:
    script = (
        "import os, sys; open(sys.argv[1], 'w').write(sys.argv[2] + '|' + sys.stdin.read() + '|' "
        "+ os.environ['INTONA_EMOTION'] + os.environ['INTONA_PREVIOUS'])"
    )
    out = tmp_path / "a b; touch evil"
    command = Command(f"{sys.executable} -c \"{script}\" '{out}' {{emotion}}", complaints.append)
    command.react(CHANGE)
    command.close()
    command.close()
    argument, line, environment = out.read_text().split("|")
    assert (argument, environment) == ("sad", "sadangry")
    assert json.loads(line) == {
        "event": "change",
        "time": 12.5,
        "emotion": "sad",
        "previous": "angry",
        "confidence": 0.75,
    }
    assert complaints == []
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_a_failing_command_is_told(complaints: list[str]) -> None:
    command = Command(f"{sys.executable} -c 'raise SystemExit(3)'", complaints.append)
    command.react(CHANGE)
    command.close()
    assert len(complaints) == 1
    assert "exit code 3" in complaints[0]


def test_too_many_commands_are_not_started(complaints: list[str]) -> None:
    command = Command(
        f"{sys.executable} -c 'import sys, time; sys.stdin.close(); time.sleep(3)'",
        complaints.append,
    )
    for _ in range(9):
        command.react(CHANGE)
    assert complaints == ["8 commands still run: this change is not passed on"]
    for process in command._running:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", ["", "  ", "no-such-program-anywhere x", "echo 'open"])
def test_impossible_commands(command: str, complaints: list[str]) -> None:
    with pytest.raises(UsageError):
        Command(command, complaints.append)


@pytest.fixture
def server() -> Iterator[tuple[str, list[str], dict[str, int]]]:
    got: list[str] = []
    answer = {"status": 200}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(answer["status"])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    running = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/mood", got, answer
    running.shutdown()
    running.server_close()
    thread.join()


def test_webhook(server: tuple[str, list[str], dict[str, int]], complaints: list[str]) -> None:
    url, got, _ = server
    hook = Webhook(url, complaints.append)
    for _ in range(3):
        hook.react(CHANGE)
    hook.close()
    assert [json.loads(text)["emotion"] for text in got] == ["sad"] * 3
    assert complaints == []


def test_webhook_failures_are_told(
    server: tuple[str, list[str], dict[str, int]], complaints: list[str]
) -> None:
    url, got, answer = server
    answer["status"] = 500
    for address in (url, "http://127.0.0.1:9/"):
        hook = Webhook(address, complaints.append)
        hook.react(CHANGE)
        hook.close()
    assert len(got) == 1
    assert len(complaints) == 2
    assert all("cannot post to http://127.0.0.1" in words for words in complaints)


@pytest.fixture
def dripping() -> Iterator[str]:
    """A web address whose answer goes on for ever, byte by byte."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    said = b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1000

    def drip(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            for byte in said:
                peer.sendall(bytes([byte]))
                if over.wait(0.05):
                    return

    def serve() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                threading.Thread(target=drip, args=(listener.accept()[0],)).start()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    over.set()
    thread.join()
    listener.close()


def test_a_dripping_webhook_is_given_up(
    dripping: str, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intona.inference.reactions.TIMEOUT", 0.2)
    monkeypatch.setattr("intona.inference.reactions.MOST", 3)
    hook = Webhook(dripping, complaints.append)
    begin = time.monotonic()
    for _ in range(5):
        hook.react(CHANGE)
    while len(complaints) < 5:
        assert time.monotonic() - begin < 5
        time.sleep(0.01)
    hook.close()
    assert complaints[:3] == [f"cannot post to {dripping}: no answer within 0.2 s"] * 3
    assert complaints[3:] == ["3 posts still hang: this change is not passed on"] * 2


def test_a_webhook_that_speaks_no_http_is_told(complaints: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        hook = Webhook(url, complaints.append)
        hook.react(CHANGE)
        peer, _ = listener.accept()
        with peer:
            peer.recv(9999)
            peer.sendall(b"non\x1bsense\r\n\r\n")
        hook.close()
    assert complaints == [f"cannot post to {url}: nonsense"]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://x/y",
        "localhost:80",
        "http://",
        "http://[",
        "http://x:99999/",
    ],
)
def test_impossible_addresses(url: str, complaints: list[str]) -> None:
    with pytest.raises(UsageError, match="http"):
        Webhook(url, complaints.append)


class Sound:
    """Angry, then sad speech, in blocks, with a word from the device in between."""

    rate = 16_000

    def blocks(self, stop: Callable[[], bool]) -> Iterator[np.ndarray | str]:
        for emotion in ("angry", "sad"):
            sound = synthetic.utterance(emotion, seconds=6.0).samples
            for part in np.array_split(sound, 40):
                if stop():
                    return
                yield part
            yield "the microphone is gone"


class Note:
    """A reaction that keeps what it was told."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.closed = False

    def react(self, change: Change) -> None:
        self.changes.append(change)

    def close(self) -> None:
        self.closed = True


def test_listen(tmp_path: Path) -> None:
    events: list[Event] = []
    note = Note()
    path = tmp_path / "talk.csv"
    diary = Diary(path, FakeRecognizer.labels)
    assert len(pd.read_csv(path)) == 0  # whole from the beginning
    listen(FakeRecognizer(), Sound(), events.append, diary=diary, reactions=[note])
    assert [c.emotion for c in note.changes] == ["angry", "sad"]
    assert note.closed
    assert [e.message for e in events if e.kind == "trouble"] == ["the microphone is gone"] * 2
    assert [turn.values["emotion"] for turn in read_turns(path)] == ["angry", "sad"]


def test_stopping_and_errors_leave_the_diary_whole(tmp_path: Path) -> None:
    asked = iter(range(1000))
    diary = Diary(tmp_path / "a.vtt", FakeRecognizer.labels)
    stop = lambda: next(asked) > 30  # noqa: E731
    listen(FakeRecognizer(), Sound(), lambda event: None, diary=diary, stop=stop)
    (turn,) = read_turns(tmp_path / "a.vtt")
    assert turn.end == pytest.approx(31 / 40 * 6, abs=0.2)

    def fail(event: Event) -> None:
        if event.time > 8:
            raise BrokenPipeError

    note = Note()
    diary = Diary(tmp_path / "b.vtt", FakeRecognizer.labels)
    with pytest.raises(BrokenPipeError):
        listen(FakeRecognizer(), Sound(), fail, diary=diary, reactions=[note])
    assert note.closed
    assert len(read_turns(tmp_path / "b.vtt")) == 1


def test_sound_without_speech_is_puzzling() -> None:
    class Noise:
        rate = 16_000

        def blocks(self, stop: Callable[[], bool]) -> Iterator[np.ndarray | str]:
            rng = np.random.default_rng(0)
            for _ in range(70):
                yield rng.normal(0, 0.1, 16_000).astype(np.float32)

    events: list[Event] = []
    listen(FakeRecognizer(), Noise(), events.append)
    assert [(e.kind, e.time) for e in events] == [("trouble", 30.0)]
    assert "right rate" in events[0].message


def test_a_diary_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        Diary(tmp_path / "no" / "x.csv", ["sad"])


@pytest.mark.parametrize("label", ["a\0b", "--help", "-e", "../../x", "/etc/x", "\x1b[2J", ""])
def test_a_label_that_is_more_than_a_word_is_not_passed_on(
    tmp_path: Path, complaints: list[str], label: str
) -> None:
    out = tmp_path / "out"
    script = f"open({str(out)!r}, 'w').write('run')"
    command = Command(f'{sys.executable} -c "{script}" {{emotion}}', complaints.append)
    command.react(Change(label, None, 0.9, 1.0))
    command.close()
    assert not out.exists()
    assert len(complaints) == 1
    assert "is not passed on" in complaints[0]


def test_what_no_process_can_be_given_is_told(complaints: list[str]) -> None:
    command = Command(f"{sys.executable} -c pass", complaints.append)
    command.react(Change("sad", "a\0b", 0.9, 1.0))
    command.close()
    assert complaints == [f"cannot run {sys.executable}: embedded null byte"]
