"""``intona predict --timeline`` from the shell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intona.corpora import synthetic

PREDICT = [sys.executable, "-m", "intona", "predict"]
RATE = 16_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audio") / "talk.wav"
    parts = [synthetic.utterance(e, seconds=4.0).samples for e in ("angry", "sad", "happy")]
    soundfile.write(path, np.concatenate(parts), RATE)
    return path


def test_turns_and_a_folder_of_grids(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "turns.rttm").write_text("SPEAKER talk 1 0.5 3.0 <NA> <NA> anna <NA> <NA>\n")
    command = [*PREDICT, str(recording), "--turns", str(tmp_path / "turns.rttm"), "-f", "csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    head, row = done.stdout.splitlines()
    assert head.endswith(",speaker")
    assert row.endswith(",anna")
    other = tmp_path / "other.wav"
    other.write_bytes(recording.read_bytes())
    grids = tmp_path / "grids"
    command = [*PREDICT, str(recording), str(other), "-t", "-f", "textgrid", "--out", str(grids)]
    assert subprocess.run(command, timeout=120).returncode == 0
    assert sorted(path.name for path in grids.iterdir()) == ["other.TextGrid", "talk.TextGrid"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_leave_what_was_heard(recording: Path, tmp_path: Path, number: int) -> None:
    pipe, out = tmp_path / "endless.wav", tmp_path / "t.csv"
    os.mkfifo(pipe)
    ended = threading.Event()

    def talk() -> None:
        with open(pipe, "wb") as file:
            data = bytearray(recording.read_bytes())
            data[4:8] = data[40:44] = b"\xff\xff\xff\xff"  # of unknown length
            file.write(data)
            reading.set()
            while not ended.wait(0.05):
                try:
                    file.write(data[44:])
                    file.flush()
                except BrokenPipeError:
                    return

    reading = threading.Event()
    writer = threading.Thread(target=talk)
    writer.start()
    command = [*PREDICT, str(pipe), "--timeline", "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert reading.wait(60)  # it has taken 4 s of sound, so it runs
    time.sleep(1.0)
    process.send_signal(number)
    _, words = process.communicate(timeout=60)
    ended.set()
    writer.join()
    assert process.returncode == 130
    assert words == "stopped: what was done until then is written\n"
    assert len(out.read_text().splitlines()) >= 3
