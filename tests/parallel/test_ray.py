from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from intona import corpora, parallel
from intona.errors import UsageError
from intona.evaluation import protocols as protocol
from intona.evaluation.run import evaluate
from intona.inference.batch import predict_folder
from intona.models import recipes
from intona.models.train import train
from intona.parallel import Lost, engine

ray = pytest.importorskip("ray")

from engine_jobs import Failing, Square  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def cluster(monkeypatch):
    """A head without CPUs and two nodes with two each, as three sets of processes."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    folders = [str(Path(__file__).parent), *sys.path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folder for folder in folders if folder))
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [made.add_node(num_cpus=2) for _ in range(2)]
    made.wait_for_nodes()
    yield made, nodes
    ray.shutdown()
    for node in made.list_all_nodes():
        made.remove_node(node, allow_graceful=False)


def test_a_node_killed_half_way_changes_nothing(cluster, voices, tmp_path):
    made, nodes = cluster
    model = tmp_path / "m.onnx"
    train(recipes.load("classic-svm"), corpora.load(voices), model)
    folder = tmp_path / "in"
    for copy in range(12):
        (folder / f"{copy:02d}").mkdir(parents=True)
        for clip in voices.rglob("*.wav"):
            (folder / f"{copy:02d}" / clip.name).hardlink_to(clip)
    (folder / "text.wav").write_text("no audio")
    (tmp_path / "local").mkdir()
    predict_folder(model, [folder], tmp_path / "local" / "r.parquet")

    killed = []

    def progress(done, total, text):
        if done >= 288 and not killed:
            made.remove_node(nodes[0], allow_graceful=False)
            killed.append(done)

    summary = predict_folder(
        model,
        [folder],
        tmp_path / "r.parquet",
        on=engine("ray", workers=4, address=made.address),
        shard=8,
        progress=progress,
    )
    assert killed[0] < 400
    assert (summary.files, summary.errors) == (576, 1)
    for name in ("r.parquet", "r.errors.parquet"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(tmp_path / name), pd.read_parquet(tmp_path / "local" / name)
        )


def test_features_and_folds_are_the_same_on_a_cluster(cluster, voices, monkeypatch, tmp_path):
    made, _ = cluster
    corpus = corpora.load(voices)
    split = protocol.parse("speakers:4")
    here = evaluate(recipes.load("classic-svm"), corpus, split)
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path))
    there = evaluate(
        recipes.load("classic-svm"),
        corpus,
        split,
        on=engine("ray", workers=2, address=made.address),
    )
    pd.testing.assert_frame_equal(here.predictions, there.predictions)


def test_tasks_move_on_when_their_node_goes(cluster):
    made, nodes = cluster
    runner = engine("ray", workers=4, address=made.address)
    done = {}
    for task, (value, _) in runner.run(Square(pause=0.05), range(60)):
        assert task not in done
        done[task] = value
        if len(done) == 20:
            made.remove_node(nodes[1], allow_graceful=False)
    assert done == {n: n * n for n in range(60)}


def test_a_task_that_kills_its_worker_is_given_up_and_a_bug_is_raised(cluster):
    made, _ = cluster
    runner = engine("ray", workers=2, address=made.address)
    begin = time.monotonic()
    done = dict(runner.run(Square(poison=3), range(8)))
    assert isinstance(done.pop(3), Lost)
    assert {n: value for n, (value, _) in done.items()} == {n: n * n for n in range(8) if n != 3}
    assert time.monotonic() - begin < 120
    with pytest.raises(ValueError, match="no 1"):
        list(engine("ray", workers=1, address=made.address).run(Failing(), [1]))


def test_without_an_address_it_has_a_cluster_of_its_own(cluster):
    """Ray itself would look for one that runs here, and stumble over it."""
    assert list(parallel.map(abs, [-1, -2], on=engine("ray", workers=1))) == [1, 2]


def test_no_cluster_there():
    with pytest.raises(UsageError, match=r"no Ray cluster at 127\.0\.0\.1:9"):
        list(engine("ray", address="127.0.0.1:9").run(Square(), [1]))
