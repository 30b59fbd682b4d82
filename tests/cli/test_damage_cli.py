"""What is lost of a recording is told by every verb that hears it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from intona import corpora
from intona.corpora import integrity, synthetic


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A recording of 4 s of which 3 s are there."""
    soundfile.write(tmp_path / "cut.wav", synthetic.utterance("angry", seconds=4.0).samples, 16_000)
    data = (tmp_path / "cut.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[: 44 + 3 * 32_000])
    return tmp_path / "cut.wav"


@pytest.mark.parametrize("more", [[], ["--format", "json"], ["--timeline", "--format", "csv"]])
def test_predict(intona, cut: Path, tiny_model: Path, more: list[str]) -> None:
    found = intona("predict", cut, "--model", tiny_model, *more)
    assert found.code == 1
    assert found.err.count(f"note: {cut} is cut short, at 3.00 s of the 4.00 s") == 1
    assert "cut.wav" in found.out


def test_batch(intona, cut: Path, tiny_model: Path) -> None:
    out = cut.with_name("out.parquet")
    found = intona("predict", cut, "--model", tiny_model, "--out", out)
    assert found.code == 1
    assert list(pd.read_parquet(out).index.get_level_values("file")) == [str(cut)]
    (error,) = pd.read_parquet(out.with_suffix(".errors.parquet")).to_dict("records")
    assert error["file"] == str(cut)
    assert "is cut short, at 3.00 s" in error["error"]


def test_features(intona, cut: Path) -> None:
    out = cut.with_name("f.csv")
    for _ in range(2):  # also when the cache could answer
        found = intona("features", cut, "--out", out)
        assert found.code == 1
        assert found.err.count("is cut short") == 1
        assert len(pd.read_csv(out)) == 1


def test_explain(intona, cut: Path, tiny_model: Path) -> None:
    found = intona("explain", cut, "--model", tiny_model, "--json")
    assert (found.code, found.err.count("is cut short")) == (1, 1)
    assert json.loads(found.out)["file"] == str(cut)


def test_enroll(intona, cut: Path, tiny_adaptable: Path) -> None:
    words = ("enroll", "me", "--from", cut, "--model", tiny_adaptable)
    found = intona(*words, "--out", cut.with_name("me.json"))
    assert (found.code, found.err.count("is cut short")) == (1, 1)
    assert cut.with_name("me.json").exists()


def test_a_corpus_with_a_damaged_and_a_silent_recording(intona, cut: Path) -> None:
    folder = cut.parent
    soundfile.write(folder / "zero.wav", np.zeros(16_000), 16_000)
    (folder / "t.csv").write_text("file,emotion\ncut.wav,angry\nzero.wav,sad\n")
    findings = integrity.check(corpora.load(folder / "t.csv")).set_index("kind")["detail"]
    assert "is cut short" in findings["damaged"]
    assert findings["silent"] == "every sample is zero"
    assert "unreadable" not in findings


@pytest.mark.parametrize("more", [[], ["--timeline"]])
def test_silence_is_no_speech(intona, tmp_path: Path, tiny_model: Path, more: list[str]) -> None:
    soundfile.write(tmp_path / "zero.wav", np.zeros(48_000), 16_000)
    words = ("predict", tmp_path / "zero.wav", "--model", tiny_model, "--format", "csv")
    found = intona(*words, *more)
    assert (found.code, found.err) == (0, "")
    assert ",no_speech," in found.out


def test_training_goes_on_and_says_it_once(intona, voices: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(voices, tmp_path / "voices"))
    first = next(iter(sorted(folder.rglob("*.wav"))))
    first.write_bytes(first.read_bytes()[:-4000])
    words = ("train", folder, "--recipe", "classic-svm", "--out", tmp_path / "m.onnx")
    found = intona(*words)
    assert found.code == 0
    assert found.err.count(f"note: {first} is cut short") == 1
