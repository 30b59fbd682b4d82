from __future__ import annotations

import sys

import pytest

from intona import synthetic
from intona.cli import main


@pytest.fixture
def intona(monkeypatch, capsys):
    """Run the command line; return exit code, standard output and standard error."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["intona", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def small(tmp_path):
    return synthetic.corpus(tmp_path / "small", emotions=("happy",), speakers=2, takes=1)


def test_list_and_info(intona):
    code, out, _ = intona("corpus", "list")
    assert code == 0
    assert "ravdess" in out
    assert "baved" in out
    code, out, _ = intona("corpus", "info", "crema-d")
    assert code == 0
    assert "91 actors" in out
    assert "ANG angry" in out


def test_unknown_name(intona):
    code, _, err = intona("corpus", "info", "nothing")
    assert code == 2
    assert err.startswith("error: unknown corpus 'nothing'")


def test_get_says_what_to_do(intona, tmp_path):
    code, out, err = intona("corpus", "get", "savee", "--into", tmp_path)
    assert code == 1
    assert "research" in out
    assert "register at" in err


def test_check_and_stats(intona, small, tmp_path):
    code, out, _ = intona("corpus", "check", small, "--out", tmp_path / "f.csv")
    assert code == 1
    assert "2 instead of 1440" in out
    assert (tmp_path / "f.csv").read_text().startswith("kind,file,detail")
    code, out, _ = intona("corpus", "stats", small, "--out", tmp_path / "c.png")
    assert code == 0
    assert "duration:" in out
    assert (tmp_path / "c.png").is_file()


def test_a_table_with_named_columns(intona, small, tmp_path):
    files = sorted(small.rglob("*.wav"))
    rows = "".join(f"{file},sad,{number}\n" for number, file in enumerate(files))
    (tmp_path / "t.csv").write_text("where,mood,who\n" + rows)
    columns = "file=where,emotion=mood,speaker=who"
    code, out, _ = intona("corpus", "check", tmp_path / "t.csv", "--columns", columns)
    assert (code, out) == (0, "t: 2 utterances, 2 speakers\nnothing wrong\n")
