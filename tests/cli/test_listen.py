"""The shell's side of listening: pipes, signals, the view."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile
from rich.console import Console

from intona.cli.liveview import LiveView
from intona.corpora import synthetic
from intona.inference.enroll import enroll
from intona.inference.profile import Profile
from intona.inference.recognizer import Recognizer, load
from intona.tables import Event, Prediction

COMMAND = [sys.executable, "-m", "intona", "listen"]


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("audio") / "a.wav"
    soundfile.write(path, synthetic.utterance("angry", seconds=4.0).samples, 16_000)
    return path.read_bytes()


def test_piped_wav_gives_json_lines(wav: bytes, tmp_path: Path) -> None:
    out = tmp_path / "t.jsonl"
    done = subprocess.run(
        [*COMMAND, "-", "--out", str(out)], input=wav, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["event"] for e in events if e["event"] != "update"] == [
        "speech_start",
        "segment",
        "speech_end",
    ]
    (row,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert row["start"] == events[0]["time"]


def test_a_profile_adapts_what_is_heard(wav: bytes, tiny_adaptable: Path, tmp_path: Path) -> None:
    plain = load(tiny_adaptable)
    clips = [synthetic.utterance("neutral", speaker=7, take=k) for k in range(2)]
    profile = enroll(plain, clips, name="me").save(tmp_path / "me.json")
    done = subprocess.run(
        [*COMMAND, "-", "--model", str(tiny_adaptable), "--profile", str(profile)],
        input=wav,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    heard = [json.loads(line) for line in done.stdout.splitlines()]
    audio = synthetic.utterance("angry", seconds=4.0)
    adapted = plain.adapted(Profile.load(profile))

    def segments(model: Recognizer) -> list[dict[str, float]]:
        events = model.stream([audio.samples], rate=audio.rate)
        return [e.to_dict()["probabilities"] for e in events if e.to_dict()["event"] == "segment"]

    (event,) = [event for event in heard if event["event"] == "segment"]
    assert event["adapted"] == 2
    found = event["probabilities"]
    assert found == pytest.approx(segments(adapted)[0], abs=1e-3)
    assert found != pytest.approx(segments(plain)[0], abs=1e-2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_leave_a_whole_file(wav: bytes, tmp_path: Path, number: int) -> None:
    out = tmp_path / "t.csv"
    process = subprocess.Popen(
        [*COMMAND, "-", "--out", str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(wav)
    process.stdin.flush()
    assert b"speech_start" in process.stdout.readline()
    time.sleep(0.3)
    process.send_signal(number)  # while the pipe is open and silent
    rest = process.stdout.read()
    assert process.wait(timeout=10) == 0
    assert b"speech_end" in rest
    assert len(out.read_text().splitlines()) == 2
    process.stdin.close()
    process.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-"], 1, "standard input is empty"),
        (["talk.wav"], 2, "use - for standard input"),
        (["-", "--rate", "8000", "--format", "mp3"], 2, "no encoding"),
        (["-", "--on-change", "no-such-program"], 2, "no program"),
        (["-", "--webhook", "file:///x"], 2, "http"),
        (["-", "--profile", "nobody-at-all"], 2, "no profile 'nobody-at-all'"),
    ],
)
def test_mistakes(arguments: list[str], code: int, words: str) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_view() -> None:
    view = LiveView(("sad", "angry"))

    def drawn() -> str:
        console = Console(file=io.StringIO(), width=80)
        console.print(view)
        return console.file.getvalue()  # type: ignore[attr-defined]

    assert "silence" in drawn()
    found = Prediction("angry", 0.75, {"sad": 0.25, "angry": 0.75}, "ok", None, 0.0, 2.0)
    for event in (Event("speech_start", 0.5), Event("update", 2.0, found)):
        view.take(event)
    text = drawn()
    assert "speaking" in text
    assert "75 %" in text
    assert "0:00:02.0" in text
    for event in (
        Event("segment", 2.0, found),
        Event("speech_end", 2.0),
        Event("trouble", 3.0, message="muted?"),
    ):
        view.take(event)
    assert "0:00:00.0 - 0:00:02.0  angry 75 %" in drawn()
    assert "muted?" in drawn()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_in_a_terminal_it_draws(wav: bytes) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, "-"], stdin=subprocess.PIPE, stdout=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    assert process.stdin is not None
    process.stdin.write(wav)
    process.stdin.close()
    drawn = b""
    try:
        while data := os.read(ours, 4096):
            drawn += data
    except OSError:  # Linux's word for the end of a terminal
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert b"silence" in drawn
    assert b"neutral" in drawn
    assert b"Ctrl-C" in drawn
    assert b"{" not in drawn


def test_what_goes_wrong_with_a_command_is_told(intona, voices, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "certain.py").write_text(
        "def judge(signal, rate):\n    return {'angry': 0.9, 'sad': 0.1}\n"
    )
    clip = sorted(voices.rglob("*.wav"))[0]
    with open(clip, "rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
        words = ("-m", "certain:judge", "--on-change", f"{sys.executable} -c exit(3) {{emotion}}")
        done = intona("listen", "-", "--json", *words)
    assert done.code == 0, done.err
    assert "failed with exit code 3" in done.err
    assert done.err.startswith("warning: ")
