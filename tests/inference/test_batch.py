from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import soundfile

from intona import audio, corpora
from intona.corpora import synthetic
from intona.errors import AudioError, UsageError
from intona.inference.batch import CODED, PLAIN, SECONDS, predict_folder
from intona.inference.parts import errors_of
from intona.inference.recognizer import load
from intona.models import recipes
from intona.models.train import train
from intona.parallel import Local, Lost
from intona.tables import segmented_index


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A dozen short clips, one text file and one empty one called .wav."""
    folder = tmp_path_factory.mktemp("clips")
    for k in range(12):
        clip = synthetic.utterance(("sad", "happy")[k % 2], speaker=k, seconds=1.0, rate=8000)
        (folder / f"{k // 4}").mkdir(exist_ok=True)
        soundfile.write(folder / f"{k // 4}" / f"clip{k:02d}.wav", clip.samples, clip.rate)
    (folder / "1" / "text.wav").write_text("no audio")
    (folder / "2" / "nothing.wav").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def model(voices, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    train(recipes.load("classic-svm"), corpora.load(voices), path)
    return path


def tables(out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.read_parquet(out), pd.read_parquet(errors_of(out))


@pytest.fixture(scope="module")
def expected(model, clips, tmp_path_factory):
    out = tmp_path_factory.mktemp("expected") / "r.parquet"
    predict_folder(model, [clips], out)
    return tables(out)


def same(found, expected) -> None:
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_the_table_is_that_of_predict(model, clips, expected):
    recognizer = load(model)
    good = [file for file in audio.find([clips]) if file.stem.startswith("clip")]
    one_by_one = [recognizer.predict(file) for file in good]
    index = segmented_index(
        [found.file for found in one_by_one],
        [found.start for found in one_by_one],
        [found.end for found in one_by_one],
    )
    assert expected[0].index.equals(index)
    assert list(expected[0]["emotion"]) == [found.emotion for found in one_by_one]
    assert list(expected[0]["confidence"]) == [found.confidence for found in one_by_one]
    assert list(expected[0]["status"]) == [found.status for found in one_by_one]
    rows = [list(found.probabilities.values()) for found in one_by_one]
    assert expected[0][list(recognizer.labels)].to_numpy().tolist() == rows


def test_the_clips_tell_results_apart(expected):
    # By all of an answer: two clips may be equally sure to the last digit.
    assert len(expected[0][["neutral", "happy", "sad", "angry"]].drop_duplicates()) == 12


def test_a_bad_file_is_one_row_of_errors(clips, expected):
    errors = expected[1].set_index("file")["error"]
    assert list(errors.index) == [str(clips / "1/text.wav"), str(clips / "2/nothing.wav")]
    assert "empty" in errors.iloc[1]


@pytest.mark.parametrize(("workers", "shard"), [(1, 1), (1, 5), (2, 3)])
def test_workers_and_shards_do_not_change_the_result(
    model, clips, expected, tmp_path, workers, shard
):
    out = tmp_path / "r.parquet"
    seen = []
    summary = predict_folder(
        model,
        [clips],
        out,
        on=Local(workers),
        shard=shard,
        progress=lambda done, total, text: seen.append((done, total)),
    )
    same(tables(out), expected)
    assert (summary.files, summary.errors, summary.resumed) == (12, 2, 0)
    assert summary.audio == pytest.approx(12.0)
    assert seen[-1][0] == 14
    assert all(done <= total for done, total in seen)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.errors.parquet", "r.parquet"]


def test_a_name_that_is_not_unicode_is_spelled_out(model, clips, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    content = (clips / "0" / "clip00.wav").read_bytes()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.wav")).write_bytes(content)
    Path(os.fsdecode(os.fsencode(folder) + b"/z\xff.wav")).write_bytes(b"")
    summary = predict_folder(model, [folder], tmp_path / "r.parquet")
    assert (summary.files, summary.errors) == (1, 1)
    good, bad = tables(tmp_path / "r.parquet")
    assert good.index.get_level_values("file")[0] == str(folder / "caf\\udce9.wav")
    assert bad["file"][0] == str(folder / "z\\udcff.wav")


def test_a_file_that_kills_its_worker_is_one_row_of_errors(model, clips, tmp_path, monkeypatch):
    def run(self, job, tasks):
        """Lose the second shard; of its files alone, lose the first."""
        for task in tasks:
            lost = task.key.startswith("00000001-") or task.files == (deadly,)
            yield task, Lost("killed") if lost else job.run(state, task)

    deadly = str(clips / "1" / "clip04.wav")
    state = load(model)
    monkeypatch.setattr("intona.parallel.local.Local.run", run)
    predict_folder(model, [clips], tmp_path / "r.parquet", shard=4)
    good, bad = tables(tmp_path / "r.parquet")
    assert len(good) == 11
    assert bad.set_index("file")["error"][deadly] == "a worker was killed while it read this file"


@pytest.mark.parametrize(("suffix", "rate"), [(".wav", PLAIN), (".FLAC", PLAIN), (".opus", CODED)])
def test_long_recordings_are_shared_among_workers(model, tmp_path, monkeypatch, suffix, rate):
    """Cut by what they seem to hold: six of ten minutes are six shards, short ones share one."""
    sizes = {"a": SECONDS, "b": SECONDS, "c": SECONDS / 2, "d": SECONDS / 2, "e": 1.0, "f": 1.0}
    for name, seconds in sizes.items():
        with open(tmp_path / f"{name}{suffix}", "wb") as file:
            file.truncate(int(seconds * rate))
    cut = []

    def run(self, job, tasks):
        for task in tasks:
            cut.append("".join(Path(file).stem for file in task.files))
            yield task, [{"file": file, "error": "not heard"} for file in task.files]

    monkeypatch.setattr("intona.parallel.local.Local.run", run)
    predict_folder(model, [tmp_path], tmp_path / "r.parquet")
    assert cut == ["a", "b", "cd", "ef"]


@pytest.mark.parametrize("name", ["errors.parquet", "a.errors.parquet", "A.Errors.PARQUET"])
def test_a_table_of_errors_is_no_result(model, clips, tmp_path, name):
    with pytest.raises(UsageError, match="the name of a table of errors"):
        predict_folder(model, [clips], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_two_results_in_one_folder_keep_their_errors(model, clips, tmp_path):
    predict_folder(model, [clips], tmp_path / "a.parquet")
    predict_folder(model, [clips / "0"], tmp_path / "b.parquet")
    assert len(tables(tmp_path / "a.parquet")[1]) == 2
    assert len(tables(tmp_path / "b.parquet")[1]) == 0


def test_other_readers_are_told_the_unit_of_times(model, clips, tmp_path):
    import pyarrow.parquet as pq

    predict_folder(model, [clips / "0"], tmp_path / "r.parquet")
    stored = pq.ParquetFile(tmp_path / "r.parquet")
    assert stored.metadata.metadata[b"unit of start and end"] == b"ns"
    assert stored.schema.column(stored.schema.names.index("end")).physical_type == "INT64"


class Killed(BaseException):
    pass


def test_interrupted_at_any_step_it_ends_the_same(model, clips, expected, tmp_path, monkeypatch):
    """Every rename, deletion and creation of a run is in turn the last thing it does."""
    steps = [(os, "replace"), (Path, "unlink"), (Path, "rmdir"), (Path, "mkdir")]
    for step in range(1000):
        out = tmp_path / f"{step}" / "r.parquet"
        out.parent.mkdir()
        left = step

        def interrupted(original):
            def call(*args, **named):
                nonlocal left
                if left == 0:
                    raise Killed
                left -= 1
                return original(*args, **named)

            return call

        with monkeypatch.context() as patch:
            for owner, name in steps:
                patch.setattr(owner, name, interrupted(getattr(owner, name)))
            try:
                predict_folder(model, [clips], out, shard=6)
                ended = True
            except Killed:
                ended = False
        assert ended or not out.exists() or pd.read_parquet(out).equals(expected[0])
        predict_folder(model, [clips], out, shard=6)
        same(tables(out), expected)
        assert sorted(path.name for path in out.parent.iterdir()) == [
            "r.errors.parquet",
            "r.parquet",
        ]
        if ended:
            break
    assert step > 8


def test_parts_of_files_that_changed_are_made_again(model, clips, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    for k in range(4):
        (folder / f"{k}.wav").write_bytes((clips / "0" / "clip00.wav").read_bytes())
    out = tmp_path / "r.parquet"
    with monkeypatch.context() as patch:
        patch.setattr("intona.inference.parts.Parts.join", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            predict_folder(model, [folder], out, shard=2)
    (folder / "3.wav").write_bytes((clips / "0" / "clip01.wav").read_bytes() + b"\0\0")
    (folder / "4.wav").write_bytes((clips / "0" / "clip02.wav").read_bytes())
    summary = predict_folder(model, [folder], out, shard=2)
    assert (summary.files, summary.resumed) == (5, 2)
    table = pd.read_parquet(out)
    files = table.index.get_level_values("file")
    assert list(files) == [str(folder / f"{k}.wav") for k in range(5)]
    assert len(table["confidence"].unique()) == 3


def test_what_cannot_be_is_said(model, clips, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"name a \.parquet file"):
        predict_folder(model, [clips], tmp_path / "r.csv")
    with pytest.raises(AudioError, match="does not exist"):
        predict_folder(model, [tmp_path / "no"], tmp_path / "r.parquet")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="cannot write"):
        predict_folder(model, [clips], tmp_path / "no" / "r.parquet")
    (tmp_path / "r.parquet.parts").mkdir()
    (tmp_path / "r.parquet.parts" / "job.json").write_text('{"model": "another"}')
    with pytest.raises(UsageError, match="another model"):
        predict_folder(model, [clips], tmp_path / "r.parquet")


def test_two_runs_at_once_are_refused(model, clips, tmp_path):
    import fcntl

    parts = tmp_path / "r.parquet.parts"
    parts.mkdir()
    with open(parts / "lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another run is writing"):
            predict_folder(model, [clips], tmp_path / "r.parquet")
    predict_folder(model, [clips / "0"], tmp_path / "r.parquet")


RUN = """
import sys
from intona.inference.batch import CODED, PLAIN, SECONDS, predict_folder
from intona.inference.parts import errors_of
from intona.parallel import Local
if __name__ == "__main__":
    predict_folder(sys.argv[1], [sys.argv[2]], sys.argv[3], on=Local(2), shard=4)
"""


@pytest.mark.slow
def test_thirty_random_kills_change_nothing(model, clips, tmp_path):
    """They are spread over the whole run; every third hits a worker, and the run goes on."""
    folder = tmp_path / "in"
    for copy in range(150):  # enough for thirty lives on a fast machine
        (folder / f"{copy:03d}").mkdir(parents=True)
        for clip in clips.rglob("*.wav"):
            (folder / f"{copy:03d}" / clip.name).hardlink_to(clip)
    (tmp_path / "undisturbed").mkdir()
    predict_folder(model, [folder], tmp_path / "undisturbed" / "r.parquet")
    (tmp_path / "run.py").write_text(RUN)
    out, parts = tmp_path / "r.parquet", tmp_path / "r.parquet.parts"
    command = [sys.executable, str(tmp_path / "run.py"), str(model), str(folder), str(out)]
    dice, path = random.Random(7), os.pathsep.join(folder for folder in sys.path if folder)
    shards = len(list(folder.rglob("*.wav"))) // 4
    moments = sorted(dice.sample(range(int(0.95 * shards)), 30))
    process = None
    for kill, moment in enumerate(moments):
        if process is None:
            process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
        while len(list(parts.glob("[0-9]*.parquet"))) < moment:
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.1))
        workers = children(process.pid)
        if kill % 3 == 2 and workers:
            os.kill(dice.choice(workers), signal.SIGKILL)
            continue
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process = None
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{worker}").exists() for worker in workers):
            assert time.monotonic() < deadline, "workers outlive the run"
            time.sleep(0.02)
        assert not out.exists()
    if process is None:
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
    assert process.wait() == 0
    same(tables(out), tables(tmp_path / "undisturbed" / "r.parquet"))
    assert not parts.exists()


def children(process: int) -> list[int]:
    """Return the processes that a process has started (Linux); none elsewhere."""
    try:
        listed = Path(f"/proc/{process}/task/{process}/children").read_text()
        started = [int(child) for child in listed.split()]
        return [one for one in started if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text()]
    except OSError:
        return []
