"""Linear algebra has one thread, in every verb and around the speech detector in the library."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from threadpoolctl import threadpool_info

from intona.audio import silero
from intona.corpora import synthetic
from intona.threads import _blas

needs_cores = pytest.mark.skipif(
    (os.cpu_count() or 1) < 2, reason="a machine with one core has one thread anyway"
)

# Runs a verb as `python -m intona` does, then tells what its libraries were allowed.
VERB = """
import sys
from intona.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
from threadpoolctl import threadpool_info
print([pool["num_threads"] for pool in threadpool_info()], file=sys.stderr)
"""


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def told(arguments: list[str], **environment: str) -> str:
    left = {name: text for name, text in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", VERB, *arguments],
        env=left | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()[-1]


@needs_cores
@pytest.mark.parametrize("verb", ["predict", "features"])
def test_verbs_compute_on_one_thread(tmp_path, verb):
    clip = tmp_path / "a.wav"
    sound = synthetic.utterance("happy")
    soundfile.write(clip, sound.samples, sound.rate)
    given = [verb, str(clip)] + (["--out", str(tmp_path / "a.csv")] if verb == "features" else [])
    pools = told(given)
    assert pools.startswith("[1")
    assert set(pools) <= set("[1, ]")


@needs_cores
def test_whoever_asks_for_more_threads_gets_them(tmp_path):
    clip = tmp_path / "a.wav"
    sound = synthetic.utterance("happy")
    soundfile.write(clip, sound.samples, sound.rate)
    assert "2" in told(["predict", str(clip)], OPENBLAS_NUM_THREADS="2")


@needs_cores
def test_the_detector_uses_one_thread_and_gives_the_others_back(monkeypatch):
    from threadpoolctl import threadpool_limits

    seen = []

    def gates(chunks, weights):
        seen.append(threads())
        return np.zeros((len(chunks), 512), np.float32)

    monkeypatch.setattr(silero, "_gates", gates)
    _blas.cache_clear()  # other tests have loaded more libraries since it looked for them
    with threadpool_limits(2):
        silero.Silero()(np.zeros((3, 512), np.float32))
        silero.each([np.zeros((3, 512), np.float32)])
        assert threads() == {2}
    assert seen == [{1}, {1}]
