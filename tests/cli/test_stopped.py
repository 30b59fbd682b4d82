"""Ctrl-C, SIGTERM and SIGKILL at any moment: nothing is left, and the next run is as any other."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from intona.cli.stopping import Stopped, stoppable
from intona.corpora import synthetic

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

VERBS: dict[str, tuple[str, ...]] = {
    "features": ("features", "{corpus}", "--out", "{out}/f.parquet"),
    "predict": ("predict", "{corpus}", "--model", "{model}", "--out", "{out}/p.parquet"),
    "train": ("train", "{corpus}", "--recipe", "classic-svm", "--out", "{out}/m.onnx"),
    "evaluate": (
        *("evaluate", "{corpus}", "--recipe", "classic-svm", "--protocol", "speakers:3"),
        *("--report", "{out}/report"),
    ),
    "judge": ("evaluate", "{model}", "{corpus}", "--allow-leaks", "--report", "{out}/report"),
    "audit": (
        *("audit", "{model}", "{corpus}", "--allow-leaks", "--tests", "correctness"),
        *("--report", "{out}/report"),
    ),
    "stats": ("corpus", "stats", "{corpus}", "--out", "{out}/c.png"),
}
HOW = {
    "ctrl-c": (signal.SIGINT, True, 130),  # which a terminal sends to the workers too
    "interrupt": (signal.SIGINT, False, 130),
    "terminate": (signal.SIGTERM, False, 143),
    "hang-up": (signal.SIGHUP, False, 129),
    "kill": (signal.SIGKILL, False, -9),
}


def session(number: int) -> list[int]:
    """Return the processes of a session that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, own = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has just ended
            continue
        if int(own) == number and state not in "ZX":
            found.append(int(folder.name))
    return found


def gone(number: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while session(number) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not session(number)


class Place:
    """Where a command runs: a corpus, a model, a folder for results, a cache."""

    def __init__(self, corpus: Path, model: Path, folder: Path) -> None:
        self.out, self.cache = folder / "out", folder / "cache"
        self.out.mkdir(parents=True)
        self._names = {"corpus": corpus, "model": model, "out": self.out}

    def start(self, verb: str, workers: int = 2) -> subprocess.Popen[str]:
        words = [word.format(**self._names) for word in VERBS[verb]]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(folder for folder in sys.path if folder),
            "INTONA_CACHE": str(self.cache),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "intona", *words, "--workers", str(workers)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def results(self) -> dict[str, Any]:
        """Return what the results say, of tables every number."""
        found: dict[str, Any] = {}
        for path in files(self.out):
            table = path.suffix == ".parquet"
            found[path.name] = (
                pd.read_parquet(path).to_csv() if table else path.stat().st_size > 1000
            )
        return found


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.corpus(tmp_path_factory.mktemp("many"), speakers=6, takes=4)


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_whatever_stops_it_nothing_is_left_and_the_next_run_is_as_any_other(
    corpus: Path, tiny_model: Path, tmp_path: Path, verb: str
) -> None:
    undisturbed = Place(corpus, tiny_model, tmp_path / "undisturbed")
    whole = undisturbed.start(verb, workers=1)
    begin = time.monotonic()
    assert whole.communicate(timeout=300)[1].count("Traceback") == 0
    assert whole.returncode == 0
    length = time.monotonic() - begin
    dice, place = random.Random(verb), Place(corpus, tiny_model, tmp_path / "stopped")
    stopped = 0
    for how, (number, whom, code) in HOW.items():
        place.cache = tmp_path / how
        process = place.start(verb)
        time.sleep(dice.uniform(0.2, 0.8) * length)
        if process.poll() is None:
            (os.killpg if whom else os.kill)(process.pid, number)
        begin = time.monotonic()
        _, words = process.communicate(timeout=60)
        assert time.monotonic() - begin < 15
        assert gone(process.pid, 10), "workers outlive the command"
        for path in files(place.cache):
            assert (
                path.read_bytes()
                == (undisturbed.cache / path.relative_to(place.cache)).read_bytes()
            )
        left = files(place.out)
        if process.returncode == 0:  # it was done before
            assert place.results() == undisturbed.results()
            for path in left:
                path.unlink()
            continue
        stopped += 1
        assert process.returncode == code
        if number != signal.SIGKILL:
            assert words.replace("\r", "").endswith("" if number == signal.SIGHUP else "stopped\n")
            assert "Traceback" not in words
            assert not list(tmp_path.rglob(".intona-*.parquet"))
        # Finished parts of a table, from which the next run goes on, and whole files of a report.
        assert {path.parent.name for path in left} <= {"p.parquet.parts", "report"}
        for path in left:
            if path.suffix == ".json":
                json.loads(path.read_text("utf-8"))
    assert stopped >= 3
    last = place.start(verb)
    assert last.communicate(timeout=300)[1].count("Traceback") == 0
    assert last.returncode == 0
    assert place.results() == undisturbed.results()


def files(folder: Path) -> list[Path]:
    """Return the files that somebody might take for results."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if not path.name.startswith(".intona-")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_raised_once_and_handlers_are_as_before(number: signal.Signals) -> None:
    found = signal.signal(number, signal.SIG_DFL)  # what starts the tests may ignore it
    before = signal.getsignal(number)
    try:
        with pytest.raises(Stopped) as stop, stoppable():
            raised(number, before)
        assert stop.value.signal == number
        assert signal.getsignal(number) is before
    finally:
        signal.signal(number, found)


def raised(number: signal.Signals, before: Any) -> None:
    assert signal.getsignal(number) is not before
    try:
        signal.raise_signal(number)
    finally:
        assert signal.getsignal(number) is before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with stoppable():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_command_that_is_stopped_says_so(intona: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("intona.cli.recipes.run", stop)
    told = intona("recipes")
    assert (told.code, told.out, told.err) == (143, "", "stopped\n")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
