from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from intona.tables import COLUMNS


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model") / "m.onnx"


def test_train_predict_info(intona: Callable, voices: Path, model: Path, tmp_path: Path) -> None:
    trained = intona(
        "train", voices, "--recipe", "classic-svm", "--emotions", "happy,sad,angry", "--out", model
    )
    assert trained.code == 0, trained.err
    assert "3 labels (happy, sad, angry)" in trained.out

    text = intona("predict", voices, "--model", model)
    lines = text.out.splitlines()
    assert text.code == 0
    assert len(lines) == len(list(voices.rglob("*.wav")))
    assert lines == sorted(lines)

    rows = json.loads(intona("predict", voices, "--model", model, "--format", "json").out)
    assert [row["file"] for row in rows] == sorted(str(p) for p in voices.rglob("*.wav"))
    assert set(rows[0]["probabilities"]) == {"happy", "sad", "angry"}

    out = tmp_path / "table.csv"
    assert intona("predict", voices, "--model", model, "--out", out).code == 0
    with open(out, newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [row["emotion"] for row in table] == [row["emotion"] or "" for row in rows]
    assert [float(row["sad"]) for row in table] == pytest.approx(
        [row["probabilities"]["sad"] for row in rows], abs=1e-6
    )

    out = tmp_path / "table.parquet"
    assert intona("predict", voices, "--model", model, "--out", out).code == 0
    frame = pd.read_parquet(out)
    assert frame.index.names == ["file", "start", "end"]
    assert list(frame.columns) == [*COLUMNS, "happy", "sad", "angry"]

    info = intona("info", model)
    assert "happy, sad, angry" in info.out
    assert "4 speakers" in info.out
    assert json.loads(intona("info", model, "--json").out)["labels"] == ["happy", "sad", "angry"]


def test_train_without_some_speakers(intona: Callable, voices: Path, tmp_path: Path) -> None:
    out = tmp_path / "few.onnx"
    told = ("train", voices, "--recipe", "classic-svm", "--out", out, "--without")
    assert intona(*told, "ravdess-0[12]").code == 0
    known = json.loads(intona("info", out, "--json").out)["corpora"]["ravdess"]["speakers"]
    assert known
    assert not {"ravdess-01", "ravdess-02"} & set(known)
    unknown = intona(*told, "nobody")
    assert unknown.code != 0
    assert "no speaker 'nobody'" in unknown.err


def test_timeline_and_picture(intona: Callable, voices: Path, model: Path, tmp_path: Path) -> None:
    clip = sorted(voices.rglob("*.wav"))[0]
    out, picture = tmp_path / "clip.vtt", tmp_path / "clip.png"
    result = intona("predict", clip, "--model", model, "-t", "--out", out, "--plot", picture)
    assert result.code == 0, result.err
    assert out.read_text().startswith("WEBVTT")
    assert picture.read_bytes().startswith(b"\x89PNG")
    rows = json.loads(intona("predict", clip, "--model", model, "-t", "-f", "json").out)
    assert rows[0]["file"] == str(clip)
    assert rows[0]["end"] > rows[0]["start"]


def test_many_recordings_name_their_bad_ones(
    intona: Callable, voices: Path, model: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("no")
    out = tmp_path / "all.parquet"
    result = intona("predict", voices, bad, "--model", model, "--out", out)
    assert result.code == 1
    assert len(pd.read_parquet(out)) == len(list(voices.rglob("*.wav")))
    (row,) = pd.read_parquet(tmp_path / "all.errors.parquet").to_dict("records")
    assert str(bad) in str(row)
    refused = intona("predict", voices, "--model", model, "--shard", "2")
    assert refused.code == 2
    assert "parquet" in refused.err


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_features(intona: Callable, voices: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"table{suffix}"
    result = intona("features", voices / "Actor_01", "--out", out)
    assert result.code == 0, result.err
    files = sorted(str(path) for path in (voices / "Actor_01").rglob("*.wav"))
    if suffix == ".npz":
        with np.load(out) as stored:
            assert stored["files"].tolist() == files
            values, names = stored["features"], stored["names"].tolist()
    else:
        if suffix == ".parquet":
            frame = pd.read_parquet(out)
        else:
            frame = pd.read_csv(out, index_col=[0, 1, 2])
        assert list(frame.index.get_level_values("file")) == files
        ends = pd.to_timedelta(frame.index.get_level_values("end")).as_unit("ns").asi8
        # Exactly, for other tools join their tables by file, start and end.
        assert list(ends) == [round(1e9 * soundfile.info(file).duration) for file in files]
        values, names = frame.to_numpy(), list(frame.columns)
    assert values.shape == (len(files), 180)
    assert len(set(names)) == 180
    assert np.isfinite(values).all()


def test_help_names_every_verb(intona: Callable) -> None:
    from intona.cli import VERBS

    result = intona("--help")
    assert result.code == 0
    for verb in VERBS:
        assert verb in result.out
        assert intona(verb, "--help").code == 0


def test_version(intona: Callable) -> None:
    from intona import __version__

    assert intona("--version").out.strip() == f"intona {__version__}"


@pytest.mark.parametrize("name", ["default", "small"])
def test_what_was_measured_comes_first(intona: Callable, name: str) -> None:
    listed = json.loads(intona("models", "--json").out)[name]
    assert "intona evaluate" in listed["unheard corpora"]
    assert set(listed) >= {"size", "predicts", "licence", "for"}
    out = intona("info", name).out
    assert listed["unheard corpora"] in out
    assert out.index("unheard corpora:") < out.index("recipe:")
    assert f"size:            {listed['size']}" in out


def test_of_other_files_nothing_is_said_to_be_measured(intona: Callable, model: Path) -> None:
    assert "unheard corpora" not in intona("info", model).out


@pytest.mark.parametrize("verb", ["check", "stats", "train", "evaluate", "audit"])
def test_where_nobody_is_known_that_is_said_first(
    intona: Callable, voices: Path, tmp_path: Path, verb: str
) -> None:
    for number, clip in enumerate(sorted(voices.rglob("*.wav"))[:4]):
        folder = tmp_path / "c" / ("train", "test")[number % 2] / ("angry", "sad")[number // 2]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, folder / f"{number}.wav")
    root = tmp_path / "c"
    words = {
        "check": ("corpus", "check", root),
        "stats": ("corpus", "stats", root, "--out", tmp_path / "x.png"),
        "train": ("train", root, "--out", tmp_path / "x.onnx"),
        "evaluate": ("evaluate", root, "--protocol", "speakers:2"),
        "audit": ("audit", root, "--tests", "accuracy"),
    }[verb]
    done = intona(*words)
    assert done.err.startswith("WARNING: no speaker is known for 4 of 4 utterances")
    if verb == "evaluate":
        assert done.code != 0
        assert "needs to know who speaks" in done.err
