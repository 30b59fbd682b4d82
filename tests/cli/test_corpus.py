from __future__ import annotations

import pytest

from intona.corpora import synthetic


@pytest.fixture
def small(tmp_path):
    return synthetic.corpus(tmp_path / "small", emotions=("happy",), speakers=2, takes=1)


def test_list_and_info(intona):
    told = intona("corpus", "list")
    assert told.code == 0
    assert "ravdess" in told.out
    assert "baved" in told.out
    told = intona("corpus", "info", "crema-d")
    assert told.code == 0
    assert "91 actors" in told.out
    assert "ANG angry" in told.out


def test_unknown_name(intona):
    told = intona("corpus", "info", "nothing")
    assert told.code == 2
    assert told.err.startswith("error: unknown corpus 'nothing'")


def test_get_says_what_to_do(intona, tmp_path):
    told = intona("corpus", "get", "savee", "--into", tmp_path)
    assert told.code == 1
    assert "research" in told.out
    assert "register at" in told.err


def test_check_and_stats(intona, small, tmp_path):
    told = intona("corpus", "check", small, "--out", tmp_path / "f.csv")
    assert told.code == 1
    assert "2 instead of 1440" in told.out
    assert (tmp_path / "f.csv").read_text().startswith("kind,file,detail")
    told = intona("corpus", "stats", small, "--out", tmp_path / "c.png")
    assert told.code == 0
    assert "duration:" in told.out
    assert (tmp_path / "c.png").is_file()


def test_a_table_with_named_columns(intona, small, tmp_path):
    files = sorted(small.rglob("*.wav"))
    rows = "".join(f"{file},sad,{number}\n" for number, file in enumerate(files))
    (tmp_path / "t.csv").write_text("where,mood,who\n" + rows)
    columns = "file=where,emotion=mood,speaker=who"
    told = intona("corpus", "check", tmp_path / "t.csv", "--columns", columns)
    assert (told.code, told.out) == (0, "t: 2 utterances, 2 speakers\nnothing wrong\n")


def test_options_of_a_corpus(intona, tmp_path, grow):
    names = ["03-01-03-01-01-01-01.wav", "03-02-03-01-01-01-01.wav", "03-02-04-01-01-01-01.wav"]
    grow(tmp_path, names)
    told = intona("corpus", "check", tmp_path, "--set", "channel=song")
    assert "2 utterances" in told.out
    told = intona("corpus", "check", tmp_path, "--set", "channel")
    assert told.code == 2
    assert "write it as name=value" in told.err
    told = intona("corpus", "check", tmp_path, "--set", "classes=4")
    assert told.code == 2
    assert "no option 'classes' for ravdess" in told.err


def test_many_problems_are_cut_short(intona, tmp_path, grow):
    grow(tmp_path, ["03-01-03-01-01-01-01.wav", *(f"03-01-99-{k}.wav" for k in range(14))])
    words = ("train", tmp_path, "--corpus", "ravdess", "--recipe", "classic")
    told = intona(*words, "--out", tmp_path / "m.onnx")
    assert told.err.count("note: ") == 11
    assert "and 4 more like these" in told.err
