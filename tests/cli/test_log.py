"""What predict says beside its answers: less, more, or for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.wav"
    path.write_text("no sound, only words")
    return path


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


FORMS = [
    ("--format", "csv"),
    ("--format", "json"),
    ("--timeline",),
    ("--format", "text"),
    ("parquet",),
]


def asked(form: tuple[str, ...], tmp_path: Path) -> tuple[str | Path, ...]:
    return ("--out", tmp_path / "all.parquet") if form == ("parquet",) else form


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_for_machines_each_line_is_an_object(
    intona: Callable,
    voices: Path,
    bad: Path,
    tiny_model: Path,
    tmp_path: Path,
    form: tuple[str, ...],
) -> None:
    result = intona(
        *("predict", voices / "Actor_01", bad, "--model", tiny_model, "--log-format", "json"),
        *asked(form, tmp_path),
    )
    assert result.code == 1
    told = objects(result.err)
    assert all({"time", "level", "message"} <= set(line) for line in told)
    assert [line for line in told if line["level"] == "error"]
    assert ("parquet" in form) == (result.out == "")  # its summary is a line too


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_quiet_says_what_went_wrong_alone(
    intona: Callable,
    voices: Path,
    bad: Path,
    tiny_model: Path,
    tmp_path: Path,
    form: tuple[str, ...],
) -> None:
    form = asked(form, tmp_path)
    files = ("predict", voices / "Actor_01", "--model", tiny_model, "--quiet")
    quiet = intona(*files, *form)
    assert (quiet.code, quiet.err) == (0, "")
    (line,) = intona(*files, bad, *form).err.splitlines()
    assert line.startswith("error: ")


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_verbose_says_what_is_done(
    intona: Callable, voices: Path, tiny_model: Path, tmp_path: Path, form: tuple[str, ...]
) -> None:
    folder = voices / "Actor_01"
    result = intona("predict", folder, "--model", tiny_model, "-v", *asked(form, tmp_path))
    count = len(list(folder.glob("*.wav")))
    if "parquet" in form:
        assert f"predicting: {count} of {count}" in result.err
    else:
        assert result.err.count("done: ") == count


def test_an_error_that_ends_the_run_is_a_line_too(intona: Callable, tmp_path: Path) -> None:
    result = intona("predict", tmp_path / "none.wav", "--log-format", "json")
    (line,) = objects(result.err)
    assert result.code == 1
    assert line["level"] == "error"
    assert "none.wav does not exist" in line["message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--quiet", "--verbose"), "--quiet and --verbose"),
        (("--log-format", "xml"), "--log-format is text or json"),
        (("--timeline", "--workers", "2"), "--workers goes with"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    intona: Callable, voices: Path, tiny_model: Path, words: tuple[str, ...], told: str
) -> None:
    result = intona("predict", voices, "--model", tiny_model, *words)
    assert result.code == 2
    assert told in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("style", ["csv", "json", "text"])
def test_workers_give_the_answers_of_one(
    intona: Callable, voices: Path, bad: Path, tiny_model: Path, tmp_path: Path, style: str
) -> None:
    files = ("predict", voices, bad, "--model", tiny_model, "--format", style)
    one, two = intona(*files), intona(*files, "--workers", "2")
    assert (one.code, two.code) == (1, 1)
    assert "bad.wav is text" in two.err
    if style != "csv":
        assert len(two.out) == pytest.approx(len(one.out), rel=0.01)
        return
    for name, text in (("one", one.out), ("two", two.out)):
        (tmp_path / name).write_text(text)
    first, second = (pd.read_csv(tmp_path / name, index_col="file") for name in ("one", "two"))
    pd.testing.assert_frame_equal(first, second, rtol=1e-3, atol=1e-3)
