"""Bad input, as a user would type it: one clear sentence each, the right code, no traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intona.corpora import synthetic


@pytest.fixture(scope="module")
def model(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from intona import corpora
    from intona.models import recipes
    from intona.models.train import train

    path = tmp_path_factory.mktemp("model") / "m.onnx"
    train(recipes.load("classic-svm"), corpora.load(voices), path)
    return path


def sentence(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, text
    return lines[0]


def write_bad(folder: Path, what: str) -> Path:
    path = folder / "bad.wav"
    good = synthetic.utterance("happy").samples
    if what == "empty file":
        path.touch()
    elif what == "text":
        path.write_text("this is not audio\n" * 50)
    elif what == "NaN":
        soundfile.write(path, np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    elif what == "one sample":
        soundfile.write(path, np.array([0.5]), 16_000)
    elif what == "header only":
        soundfile.write(path, good, 16_000)
        path.write_bytes(path.read_bytes()[:44])
    return path


@pytest.mark.parametrize("what", ["empty file", "text", "NaN", "one sample", "header only"])
def test_unusable_recordings(intona: Callable, model: Path, tmp_path: Path, what: str) -> None:
    path = write_bad(tmp_path, what)
    result = intona("predict", path, "--model", model)
    assert result.code == 1
    assert result.out == ""
    assert str(path) in sentence(result.err)


def test_a_truncated_recording_is_still_predicted(
    intona: Callable, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, synthetic.utterance("happy", seconds=3).samples, 16_000)
    path.write_bytes(path.read_bytes()[:-20_000])
    result = intona("predict", path, "--model", model)
    assert result.code == 1
    assert result.out.startswith(f"{path}  happy")
    assert result.err.startswith(f"note: {path} is cut short, at 2.38 s of the 3.00 s")


def test_missing_file_and_folder_without_audio(
    intona: Callable, model: Path, tmp_path: Path
) -> None:
    missing = intona("predict", tmp_path / "absent.wav", "--model", model)
    assert missing.code == 1
    assert "absent.wav" in sentence(missing.err)
    nothing = intona("predict", tmp_path, "--model", model)
    assert nothing.code == 1
    assert "audio" in sentence(nothing.err)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_permission(intona: Callable, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "secret.wav"
    soundfile.write(path, synthetic.utterance("happy").samples, 16_000)
    path.chmod(0)
    result = intona("predict", path, "--model", model)
    assert result.code == 1
    assert "secret.wav" in sentence(result.err)


def test_one_bad_file_does_not_stop_the_rest(intona: Callable, model: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", synthetic.utterance("happy").samples, 16_000)
    (tmp_path / "b.wav").write_text("no")
    soundfile.write(tmp_path / "c.wav", synthetic.utterance("sad").samples, 16_000)
    result = intona("predict", tmp_path, "--model", model, "--format", "csv")
    assert result.code == 1
    assert [row.split(",")[0] for row in result.out.splitlines()[1:]] == [
        str(tmp_path / "a.wav"),
        str(tmp_path / "c.wav"),
    ]
    assert "b.wav" in sentence(result.err)


def test_recipes(intona: Callable, voices: Path, tmp_path: Path) -> None:
    unknown = intona("train", voices, "--recipe", "clasic", "--out", tmp_path / "m.onnx")
    assert unknown.code == 2
    assert "classic" in sentence(unknown.err)
    malformed = tmp_path / "mine.toml"
    malformed.write_text("[front_end\nname = 3")
    result = intona("train", voices, "--recipe", malformed, "--out", tmp_path / "m.onnx")
    assert result.code == 2
    assert "not valid TOML" in sentence(result.err)


def test_an_emotion_that_does_not_occur(intona: Callable, voices: Path, tmp_path: Path) -> None:
    result = intona("train", voices, "--emotions", "happy,proud", "--out", tmp_path / "m.onnx")
    assert result.code == 2
    assert "proud" in sentence(result.err)
    assert "happy" in sentence(result.err)


def test_models_that_are_not_ours(intona: Callable, voices: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(b"\x08\x07" + b"x" * 100)
    for path in (foreign, tmp_path / "absent.onnx", tmp_path):
        result = intona("predict", voices, "--model", path)
        assert result.code == 1
        assert str(path) in sentence(result.err)


def test_unwritable_output(intona: Callable, voices: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "absent" / "m.onnx"
    result = intona("train", voices, "--out", out)
    assert result.code == 2
    assert "writable" in sentence(result.err)
    result = intona("predict", voices, "--model", model, "--out", tmp_path / "absent" / "t.csv")
    assert result.code == 2
    assert "cannot write" in sentence(result.err)


def test_usage(intona: Callable, voices: Path, model: Path) -> None:
    assert intona("predikt", "x.wav").code == 2
    assert intona("predict").code == 2
    unknown = intona("predict", voices, "--model", model, "--format", "xml")
    assert unknown.code == 2
    assert "parquet" in sentence(unknown.err)
    binary = intona("predict", voices, "--model", model, "--format", "parquet")
    assert binary.code == 2
    assert "--out" in sentence(binary.err)


def test_an_empty_name_is_not_the_current_folder(intona: Callable, model: Path) -> None:
    result = intona("predict", "", "--model", model)
    assert result.code == 2
    assert "empty name" in result.err


@pytest.mark.parametrize(("name", "words"), [("why.txt", ".png"), ("absent/why.png", "no folder")])
def test_a_picture_that_cannot_be_drawn_is_refused_first(
    intona: Callable, voices: Path, model: Path, tmp_path: Path, name: str, words: str
) -> None:
    clip = next(voices.rglob("*.wav"))
    for verb in (("explain", clip), ("predict", clip, "--timeline")):
        result = intona(*verb, "--model", model, "--plot", tmp_path / name)
        assert result.code == 2
        assert words in sentence(result.err)
        assert not result.out


def test_too_many_recordings_for_a_picture_are_refused_before_the_work(
    intona: Callable, voices: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "all.csv"
    plot = tmp_path / "all.png"
    result = intona("predict", voices, "--model", model, "--timeline", "--out", out, "--plot", plot)
    assert result.code == 2
    assert "one recording" in sentence(result.err)
    assert not out.exists()
