from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import nullcontext
from itertools import count
from multiprocessing import active_children
from pathlib import Path

import pandas as pd
import pytest
from engine_jobs import Failing, Sleeping, Square, threads

from intona import corpora, parallel
from intona.errors import MissingExtraError, UsageError
from intona.evaluation import protocols as protocol
from intona.evaluation.run import evaluate
from intona.models import recipes
from intona.parallel import Local, Lost, engine


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """Worker processes find engine_jobs and intona."""
    folders = [str(Path(__file__).parent), *sys.path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folder for folder in folders if folder))


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_has_its_result_once(workers):
    done = list(Local(workers).run(Square(), range(20)))
    assert sorted((task, value) for task, (value, _) in done) == [(n, n * n) for n in range(20)]
    processes = {process for _, (_, process) in done}
    assert (processes == {os.getpid()}) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_endless_stream_is_read_only_as_far_as_needed(workers):
    taken = []

    def stream():
        for number in count():
            taken.append(number)
            yield number

    results = Local(workers).run(Square(), stream())
    for _ in range(5):
        next(results)
    results.close()
    assert len(taken) <= 5 + 2 * workers


def test_a_task_that_kills_its_worker_is_found_and_the_rest_is_done():
    done = dict(Local(2).run(Square(poison=3), range(8)))
    assert isinstance(done.pop(3), Lost)
    assert {task: value for task, (value, _) in done.items()} == {
        n: n * n for n in range(8) if n != 3
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_in_the_job_is_not_swallowed(workers):
    with pytest.raises(ValueError, match="no 1"):
        list(Local(workers).run(Failing(), [1]))


def test_nobody_waits_for_what_runs_when_no_more_is_wanted():
    before = set(active_children())
    results = Local(2).run(Sleeping(), [0.0, 3600.0, 3600.0])
    assert next(results) == (0.0, False)  # Ctrl-C is for the process that started it
    workers = set(active_children()) - before
    assert len(workers) == 2
    results.close()
    deadline = time.monotonic() + 20
    while any(worker.is_alive() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_engines_by_name():
    assert engine("local", workers=3) == Local(3)
    with pytest.raises(UsageError, match="unknown engine 'spark'"):
        engine("spark")
    with pytest.raises(UsageError, match="1 or more"):
        engine(workers=0)
    with pytest.raises(UsageError, match="--address"):
        engine(address="10.0.0.1:6379")


@pytest.mark.parametrize("chunk", [1, 4])
@pytest.mark.parametrize("workers", [1, 2])
def test_map_gives_the_order_of_the_tasks(workers, chunk):
    told = []
    found = parallel.map(
        abs,
        range(-9, 0),
        on=Local(workers),
        chunk=chunk,
        progress=lambda *words: told.append(words),
        text="work",
    )
    assert list(found) == list(range(9, 0, -1))
    assert told == [(done, 9, "work") for done in range(1, 10)]
    assert list(parallel.map(abs, [], on=Local(workers))) == []


def test_map_blames_the_task_that_kills_its_worker_and_no_other():
    found = list(parallel.map(Square(poison=9), range(40), on=Local(2), chunk=5))
    assert isinstance(found.pop(9), Lost)
    assert [value for value, _ in found] == [n * n for n in range(40) if n != 9]


def test_linear_algebra_has_one_thread_here_and_in_workers():
    for workers in (1, 2):
        (found,) = parallel.map(threads, [0], on=Local(workers))
        assert found
        assert set(found) == {1}


def test_features_and_folds_are_the_same_on_an_engine(voices, monkeypatch, tmp_path):
    corpus = corpora.load(voices)
    split = protocol.parse("speakers:4")
    results = []
    for place in (Local(), Local(2)):
        monkeypatch.setenv("INTONA_CACHE", str(tmp_path / f"{place.workers}"))
        found = evaluate(recipes.load("classic-svm"), corpus, split, on=place)
        results.append(found.predictions)
    pd.testing.assert_frame_equal(*results)
    assert len(list((tmp_path / "1").rglob("*.npy"))) == len(list((tmp_path / "2").rglob("*.npy")))


def test_ray_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install ray, or in a clone .*\[ray\]"):
        engine("ray")


# Every verb that takes --workers, with what it needs besides.
VERBS = (
    ("train", "{voices}", "--recipe", "classic"),
    ("evaluate", "{voices}", "--recipe", "classic", "--protocol", "speakers:2"),
    ("evaluate", "{model}", "{voices}", "--allow-leaks"),
    ("audit", "{model}", "{voices}", "--allow-leaks", "--tests", "correctness"),
    ("features", "{voices}", "--out", "{out}.csv"),
    ("corpus", "check", "{voices}"),
    ("corpus", "stats", "{voices}", "--out", "{out}.png"),
    ("predict", "{voices}", "--model", "{model}", "--out", "{out}.parquet"),
)


class Spy:
    """An engine that counts what it is given."""

    workers = 1
    remote = False

    def __init__(self):
        self.jobs = 0

    def run(self, job, tasks):
        self.jobs += 1
        return Local().run(job, tasks)

    def session(self):
        return nullcontext()


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_with_workers_computes_on_the_engine_named(
    intona, voices, tiny_model, tmp_path, monkeypatch, words
):
    filled = [word.format(voices=voices, model=tiny_model, out=tmp_path / "out") for word in words]
    told = intona(*filled, "--engine", "spark")
    assert (told.code, told.out) == (2, "")
    assert "unknown engine 'spark'" in told.err
    told = intona(*filled, "--address", "10.0.0.1:6379")
    assert told.code == 2
    assert "--address is for --engine ray" in told.err
    spy = Spy()
    monkeypatch.setattr("intona.parallel.ray.RayEngine", lambda workers, address: spy)
    monkeypatch.chdir(tmp_path)
    told = intona(*filled, "--engine", "ray")
    assert told.code in (0, 1), told.err
    assert spy.jobs
