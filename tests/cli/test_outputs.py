"""What the command line writes and reads: nothing lost, nothing overwritten, nothing hangs."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from intona.corpora import synthetic


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: two recordings, one of which has a name that is no Unicode."""
    monkeypatch.chdir(tmp_path)
    sound = synthetic.utterance("happy", seconds=2.5)
    os.mkdir("in")
    soundfile.write("in/a.wav", sound.samples, sound.rate)
    shutil.copy("in/a.wav", os.fsdecode(b"in/w\xfct.wav"))
    return tmp_path


@pytest.mark.parametrize("out", ["o.csv", "o.json", "o.txt", "o.parquet", "over time.csv"])
def test_one_missing_name_is_one_line(
    intona: Callable, tiny_model: Path, folder: Path, out: str
) -> None:
    more = ("--timeline",) if out.startswith("over") else ()
    result = intona("predict", "gone.wav", "in/a.wav", "--model", tiny_model, "--out", out, *more)
    assert result.code == 1
    assert result.err.count("error: ") == 1
    assert (folder / out).stat().st_size > 10
    if out == "o.parquet":
        import pandas as pd

        assert list(pd.read_parquet("o.errors.parquet")["file"]) == ["gone.wav"]
    else:
        assert "gone.wav does not exist" in result.err


@pytest.mark.parametrize(
    "verb", [("predict",), ("predict", "-t"), ("features",), ("enroll", "me", "--from")]
)
def test_when_no_name_exists_nothing_is_written(
    intona: Callable, folder: Path, verb: tuple[str, ...]
) -> None:
    out = "o.json" if verb[0] == "enroll" else "o.csv"
    result = intona(*verb, "gone.wav", "--out", out)
    assert result.code == 1
    assert result.err == "error: gone.wav does not exist: check the path\n"
    assert sorted(os.listdir()) == ["in"]


@pytest.mark.parametrize("style", ["text", "json", "csv", "vtt"])
def test_names_that_are_no_unicode(
    intona: Callable, tiny_model: Path, folder: Path, style: str
) -> None:
    more = ("-t", "in/" + os.fsdecode(b"w\xfct.wav")) if style == "vtt" else ("in",)
    for way in ((), ("--out", "o")):
        result = intona("predict", *more, "--model", tiny_model, "-f", style, *way)
        assert result.code == 0, result.err
    text = (folder / "o").read_text("utf-8")
    if style == "json":
        assert json.loads(text)[1]["file"] == r"in/w\udcfct.wav"
    elif style != "vtt":
        assert r"in/w\udcfct.wav" in text


def test_a_corpus_of_names_that_are_no_unicode(intona: Callable, tmp_path: Path) -> None:
    root = os.fsencode(tmp_path / "corpus")
    for number, emotion in enumerate(["happy", "sad"] * 4):
        place = os.path.join(root, b"sp\xfc%d" % (number % 4), emotion.encode())
        os.makedirs(place, exist_ok=True)
        sound = synthetic.utterance(emotion, number % 4, number, seconds=1.0)
        path = os.fsdecode(os.path.join(place, b"w\xfct%d.wav" % number))
        soundfile.write(os.fsencode(path), sound.samples, sound.rate)
    os.mkfifo(os.fsdecode(os.path.join(root, b"sp\xfc0", b"happy", b"live.wav")))
    report, findings = tmp_path / "report", tmp_path / "f.csv"
    checked = intona("corpus", "check", tmp_path / "corpus", "--out", findings)
    assert "live.wav: left out, it is a named pipe" in findings.read_text("utf-8")
    assert checked.code == 1
    command = ("--recipe", "classic-svm", "--protocol", "speakers:2", "--report", report)
    result = intona("evaluate", tmp_path / "corpus", *command)
    assert result.code == 0, result.err
    assert r"sp\udcfc0" in (report / "evaluation.json").read_text("utf-8").replace("\\\\", "\\")
    assert (report / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "precious"),
    [
        (("predict", "in/a.wav", "--out", "in/a.wav", "-f", "json"), "in/a.wav"),
        (("predict", "in", "--out", "in/a.wav", "-f", "csv"), "in/a.wav"),
        (("predict", "in/a.wav", "-t", "--out", "link.vtt"), "in/a.wav"),
        (("predict", "in/a.wav", "--turns", "t.csv", "--out", "./t.csv"), "t.csv"),
        (("predict", "in/a.wav", "--turns", "t.csv", "--plot", "hard.png"), "in/a.wav"),
        (("predict", "in/a.wav", "--out", "hard.parquet"), "in/a.wav"),
        (("features", "in", "--out", "hard.parquet"), "in/a.wav"),
        (("explain", "in/a.wav", "--plot", "hard.png"), "in/a.wav"),
        (("enroll", "me", "--from", "in/a.wav", "--out", "hard.json"), "in/a.wav"),
        (("corpus", "check", "c.csv", "--out", "c.csv"), "c.csv"),
        (("corpus", "check", "c.csv", "--out", "in/a.wav"), "in/a.wav"),
        (("corpus", "stats", "c.csv", "--out", "hard.png"), "in/a.wav"),
        (("train", "c.csv", "--out", "c.csv"), "c.csv"),
        (("train", "c.csv", "--recipe", "r.toml", "--out", "r.toml"), "r.toml"),
        (("evaluate", "r/report.html", "--report", "r"), "r/report.html"),
        (("audit", "r/audit.json", "--report", "r"), "r/audit.json"),
    ],
)
def test_no_output_overwrites_an_input(
    intona: Callable, folder: Path, words: tuple[str, ...], precious: str
) -> None:
    os.symlink("in/a.wav", "link.vtt")
    for name in ("hard.png", "hard.parquet", "hard.json"):
        os.link("in/a.wav", name)
    Path("t.csv").write_text("start,end\n0.5,2\n")
    Path("c.csv").write_text("file,emotion,speaker\nin/a.wav,happy,a\nin/a.wav,sad,b\n")
    Path("r.toml").write_text('[front_end]\nname = "classic"\n[model]\nkind = "svm"\n')
    os.mkdir("r")
    for name in ("report.html", "audit.json"):
        Path("r", name).write_text("mine")
    before = Path(precious).read_bytes()
    result = intona(*words)
    assert result.code == 2
    assert "overwritten" in result.err
    assert Path(precious).read_bytes() == before


@pytest.mark.parametrize(
    "words", [("predict", "-"), ("predict", "-", "-t"), ("predict", "-", "-t", "--plot", "p.png")]
)
def test_standard_input(
    intona: Callable,
    tiny_model: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("in/a.wav").read_bytes())))
    result = intona(*words, "--model", tiny_model, "--format", "json")
    assert result.code == 0, result.err
    assert json.loads(result.out)[0]["file"] == "-"


@pytest.mark.parametrize("verb", ["predict", "explain", "features", "evaluate", "train"])
@pytest.mark.parametrize("name", ["https://a.b/c.wav", "s3://a/b.wav", "file:///a.wav"])
def test_an_address_is_refused_as_one(intona: Callable, verb: str, name: str) -> None:
    result = intona(verb, name, "--out", "o.csv") if verb == "features" else intona(verb, name)
    assert result.code == 2
    assert f"error: {name} is an address" in result.err


def test_segments_past_the_end(intona: Callable, tiny_model: Path, folder: Path) -> None:
    Path("past.csv").write_text("start,end\n0.5,2\n30,31\n")
    command = ("predict", "in/a.wav", "--model", tiny_model, "--turns", "past.csv", "-f", "csv")
    result = intona(*command)
    assert result.code == 0
    assert len(result.out.splitlines()) == 2
    assert "note: in/a.wav: 1 of 2 segments left out" in result.err


def test_one_bad_recording_does_not_refuse_an_enrolment(
    intona: Callable, tiny_adaptable: Path, folder: Path
) -> None:
    for number in range(3):
        shutil.copy("in/a.wav", f"in/{number}.wav")
    Path("in/b.wav").write_bytes(os.urandom(100))
    command = ("enroll", "me", "--from", "in", "--model", tiny_adaptable, "--out", "me.json")
    result = intona(*command)
    assert result.code == 1
    assert "error: in/b.wav" in result.err
    assert Path("me.json").is_file()


def test_nothing_is_explained_without_speech(
    intona: Callable, tiny_model: Path, folder: Path
) -> None:
    import numpy as np

    soundfile.write("noise.wav", 0.01 * np.random.default_rng(0).standard_normal(4000), 16_000)
    result = intona("explain", "noise.wav", "--model", tiny_model, "--plot", "p.png")
    assert result.code == 1
    assert result.err == "error: noise.wav holds no speech: there is nothing to explain\n"
    assert not Path("p.png").exists()
