from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

from intona import corpora
from intona.errors import IntonaError, MissingExtraError, UsageError
from intona.evaluation import protocols as protocol
from intona.evaluation.run import evaluate
from intona.models import recipes
from intona.parallel.local import Local, Lost, engine, in_order, using

sys.path.insert(0, str(Path(__file__).parent))

from engine_jobs import Failing, Square


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


def test_engines_by_name():
    assert engine("local", workers=3) == Local(3)
    with pytest.raises(UsageError, match="unknown engine 'spark'"):
        engine("spark")
    with pytest.raises(UsageError, match="1 or more"):
        engine(workers=0)
    with pytest.raises(UsageError, match="--address"):
        engine(address="10.0.0.1:6379")


def test_in_order_gives_the_order_of_the_tasks():
    assert list(in_order(Local(2), abs, [-3, -1, -2])) == [3, 1, 2]


def test_a_task_that_kills_every_worker_is_an_error():
    with pytest.raises(IntonaError, match="task 1 of 1 kills its worker"):
        list(in_order(Local(2), os._exit, [7]))


def test_features_and_folds_are_the_same_on_an_engine(voices, monkeypatch, tmp_path):
    corpus = corpora.load(voices)
    split = protocol.parse("speakers:4")
    results = []
    for place in (None, Local(2)):
        monkeypatch.setenv("INTONA_CACHE", str(tmp_path / f"{place}"))
        with nullcontext() if place is None else using(place):
            found = evaluate(recipes.load("classic-svm"), corpus, split)
        results.append(found.predictions)
    pd.testing.assert_frame_equal(*results)
    assert len(list((tmp_path / "None").rglob("*.npy"))) == len(
        list((tmp_path / "Local(workers=2)").rglob("*.npy"))
    )


def test_ray_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "intona\[ray\]"'):
        engine("ray")


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_the_command_line_knows_the_engines(intona, voices, verb):
    told = intona(verb, voices, "--engine", "spark")
    assert told.code == 2
    assert "unknown engine 'spark'" in told.err
    told = intona(verb, voices, "--address", "10.0.0.1:6379")
    assert told.code == 2
    assert "--address is for --engine ray" in told.err
