"""A recording that kills whatever worker reads it: every verb finishes, or names it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from intona.corpora import synthetic

# Read at the start of every process, workers included: a decoder that crashes on one file.
CRASH = """
import multiprocessing, os, signal
import soundfile

opened = soundfile.SoundFile.__init__

def crash(self, file, *rest, **options):
    name = getattr(file, "name", file)
    if "03-01-05-01-01-01-02" in str(name) and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    opened(self, file, *rest, **options)

soundfile.SoundFile.__init__ = crash
"""
DEADLY = "03-01-05-01-01-01-02"


@pytest.fixture
def deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of which one recording kills the worker that reads it."""
    folder = synthetic.corpus(tmp_path / "voices")
    assert len(list(folder.rglob(f"{DEADLY}*"))) == 1
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CRASH)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), *sys.path]))
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("verb", ["train", "evaluate", "evaluate-model", "audit"])
def test_work_that_needs_every_recording_names_the_one_that_kills(intona, deadly, tiny_model, verb):
    words = {
        "train": ["train", deadly, "--recipe", "classic"],
        "evaluate": ["evaluate", deadly, "--recipe", "classic", "--protocol", "loso"],
        "evaluate-model": ["evaluate", tiny_model, deadly, "--allow-leaks"],
        "audit": ["audit", tiny_model, deadly, "--allow-leaks", "--tests", "correctness"],
    }[verb]
    told = intona(*words, "--workers", 2)
    assert told.code != 0
    (line,) = [line for line in told.err.splitlines() if line.startswith("error:")]
    assert DEADLY in line
    assert "a worker was killed while it read this file" in line


def test_features_of_the_others_are_written(intona, deadly, tmp_path):
    told = intona("features", deadly, "--out", tmp_path / "f.csv", "--workers", 2)
    assert told.code == 1
    assert DEADLY in told.err
    table = pd.read_csv(tmp_path / "f.csv")
    assert len(table) == len(list(deadly.rglob("*.wav"))) - 1


def test_a_corpus_is_drawn_and_checked_without_it(intona, deadly, tmp_path):
    told = intona("corpus", "stats", deadly, "--out", tmp_path / "c.png", "--workers", 2)
    assert told.code == 0, told.err
    assert (tmp_path / "c.png").stat().st_size > 1000
    told = intona("corpus", "check", deadly, "--workers", 2)
    assert told.code == 1
    assert DEADLY in told.out
    assert "a worker was killed while it read this file" in told.out


def test_a_table_of_predictions_has_it_among_the_errors(intona, deadly, tiny_model, tmp_path):
    out = tmp_path / "p.parquet"
    told = intona("predict", deadly, "--model", tiny_model, "--out", out, "--workers", 2)
    assert told.code == 1
    (bad,) = pd.read_parquet(tmp_path / "p.errors.parquet")["file"]
    assert DEADLY in bad
    assert len(pd.read_parquet(out)) == len(list(deadly.rglob("*.wav"))) - 1
