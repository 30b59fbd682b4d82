"""Tables of answers as recognisers: as other programs write them, found for each recording."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from intona.audio import Audio
from intona.errors import ModelError, UsageError
from intona.inference.foreign.table import AnswerTable, holds_answers
from intona.inference.opening import open_recognizer
from intona.tables import Utterance

ROWS = [("a/1.wav", "angry", 0.9, 0.1), ("a/2.wav", "sad", 0.2, 0.8)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with three recordings (which nobody opens)."""
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.wav", "a/2.wav", "b/1.wav"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"")
    return tmp_path


def as_text(name, separator, columns, rows, decimal="."):
    lines = [columns, *([str(cell) for cell in row] for row in rows)]
    text = "\n".join(separator.join(line).replace("0.", f"0{decimal}") for line in lines)
    Path(name).write_text(text + "\n", encoding="utf-8")
    return name


def forms():
    """Yield the same answers in the forms that people keep them in."""
    four = ["file", "prediction", "angry", "sad"]
    frame = pd.DataFrame(ROWS, columns=four)
    yield as_text("plain.csv", ",", four, ROWS)
    yield as_text("comma.csv", ";", ["Path", "answer", "P_Anger", "p_sadness"], ROWS, ",")
    yield as_text("only.tsv", "\t", ["wav", "ang", "sad"], [(f, a, s) for f, _, a, s in ROWS])
    frame.to_parquet("frame.parquet")
    yield "frame.parquet"
    frame.set_index("file").to_parquet("indexed.parquet")
    yield "indexed.parquet"
    frame.to_json("records.json", orient="records")
    yield "records.json"
    nested = [{"audio": f, "scores": {"ang": a, "sad": s}} for f, _, a, s in ROWS]
    Path("nested.jsonl").write_text("\n".join(map(json.dumps, nested)))
    yield "nested.jsonl"
    listed = [
        {"audio": f, "scores": [{"score": s, "label": "sad"}, {"score": a, "label": "ang"}]}
        for f, _, a, s in ROWS
    ]
    Path("listed.json").write_text(json.dumps(listed))
    yield "listed.json"
    pd.DataFrame(listed).to_parquet("listed.parquet")
    yield "listed.parquet"


def test_every_form_of_a_table_gives_the_same_answers(here):
    for name in forms():
        table = open_recognizer(name)
        assert isinstance(table, AnswerTable), name
        for file, emotion, angry, sad in ROWS:
            found = table.predict(here / file)
            assert found.emotion == emotion, name
            assert found.probabilities == pytest.approx({"angry": angry, "sad": sad}), name
        assert holds_answers(name), name
        assert table.training is None


def test_labels_of_others_are_found_where_the_numbers_sum_to_one(here):
    name = as_text("t.csv", ",", ["file", "age", "Wut", "Freude"], [("a/1.wav", 0.5, 0.3, 0.7)])
    with pytest.raises(UsageError, match="holds no answers"):
        AnswerTable(name)
    name = as_text("u.csv", ",", ["file", "size", "Wut", "Freude"], [("a/1.wav", 7, 0.3, 0.7)])
    assert AnswerTable(name).predict("a/1.wav").probabilities == {"wut": 0.3, "freude": 0.7}


def test_one_label_a_row_may_have_been_chosen_from_more(here):
    name = as_text("t.csv", ",", ["file", "label"], [("a/1.wav", "Anger"), ("a/2.wav", "")])
    table = AnswerTable(name).knowing(["sad", "angry", "fear"])
    assert table.labels == ("angry", "sad", "fearful")
    assert table.predict("a/1.wav").probabilities == {"angry": 1.0, "sad": 0.0, "fearful": 0.0}
    silent = table.predict("a/2.wav")
    assert (silent.emotion, silent.status) == (None, "no_speech")
    assert "only those of decisions say something" in table.words


def test_a_status_is_kept_and_an_answer_may_be_missing(here):
    rows = [("a/1.wav", "angry", "unsure", 0.6, 0.4), ("a/2.wav", "", "no_speech", "", "")]
    table = AnswerTable(as_text("t.csv", ",", ["file", "emotion", "status", "angry", "sad"], rows))
    assert table.predict("a/1.wav").status == "unsure"
    assert table.predict("a/2.wav").status == "no_speech"


@pytest.mark.parametrize(
    ("written", "asked", "found"),
    [
        ("a/1.wav", "a/1.wav", True),
        ("1.wav", "elsewhere/a/1.wav", True),
        ("a\\1.wav", "elsewhere/a/1.wav", True),
        ("a/1", "elsewhere/a/1.wav", True),
        ("b/1.wav", "elsewhere/a/1.wav", False),
        ("/other/machine/a/1.wav", "elsewhere/a/1.wav", True),
        ("C:\\other\\a\\1.wav", "elsewhere/a/1.wav", True),
        ("/other/machine/c/1.wav", "elsewhere/a/1.wav", True),  # the only one of that name
    ],
)
def test_a_recording_is_found_by_the_end_of_its_path(here, written, asked, found):
    table = AnswerTable(as_text("t.csv", ",", ["file", "prediction"], [(written, "sad")]))
    if found:
        assert table.predict(asked).emotion == "sad"
        return
    with pytest.raises(UsageError, match=r"t.csv has no answer to elsewhere/a/1.wav"):
        table.predict(asked)


def test_of_two_of_one_name_the_folder_decides(here):
    rows = [("/x/a/1.wav", "sad"), ("/x/b/1.wav", "angry")]
    table = AnswerTable(as_text("t.csv", ",", ["file", "prediction"], rows))
    assert [table.predict(f"{name}/1.wav").emotion for name in "ab"] == ["sad", "angry"]
    with pytest.raises(UsageError, match="no answer"):
        table.predict("c/1.wav")


def test_a_row_may_stand_there_twice(here):
    rows = [("C:\\x\\1.wav", "sad"), ("C:/x/1.wav", "sad"), ("a/2.wav", ""), ("./a/2.wav", "")]
    table = AnswerTable(as_text("t.csv", ",", ["file", "prediction"], rows))
    assert table.predict("elsewhere/x/1.wav").emotion == "sad"
    assert table.predict("a/2.wav").emotion is None


def test_stretches_are_told_apart(here):
    rows = [
        ("a/1.wav", 0.0, 1.5, "sad"),
        ("a/1.wav", 1.5, 3.0, "angry"),
        ("a/2.wav", 0.0, 2.2, "sad"),
    ]
    table = AnswerTable(as_text("t.csv", ",", ["file", "start", "end", "prediction"], rows))
    assert table.predict("a/1.wav", start=1.5, end=3.0).emotion == "angry"
    assert table.predict("a/2.wav").emotion == "sad"  # the row says how long the whole is
    with pytest.raises(UsageError, match="no answer"):
        table.predict("a/1.wav")
    with pytest.raises(UsageError, match=r"no answer to 2 of the 3 .* a/1.wav \(1 to 2 s\): compl"):
        table.require([Utterance("a/2.wav"), Utterance("a/1.wav", 1.0, 2.0), Utterance("b/1.wav")])


@pytest.mark.parametrize(
    ("columns", "rows", "said"),
    [
        ("file,angry,sad,emotion", ["a/1.wav,0.5,0.3,angry"], "row 2: its probabilities sum to 0.8"),  # noqa: E501
        ("file,angry,sad", ["a/1.wav,1.2,-0.2"], "row 2: the probability of 'angry' is 1.2"),
        ("file,prediction,angry,sad", ["a/1.wav,sad,0.9,0.1"], "says sad, and angry has the largest"),  # noqa: E501
        ("file,prediction", ["a/1.wav,sad", "a/1.wav,angry"], "row 3: a/1.wav has another answer"),
        ("file,prediction", ["a/1.wav,sad", "./a/1.wav,angry"], "another answer in an earlier row"),
        ("file,prediction", [",sad"], "row 2 names no file"),
        ("file,start,prediction", ["a/1.wav,soon,sad"], "row 2: its start 'soon' is not a time"),
        ("file,prediction", ["a/1.wav,sad,x"], "row 2: left out, it has 3 fields"),
        ("name,prediction", ["a/1.wav,sad"], "which column names the file"),
        ("file,speaker", ["a/1.wav,anna"], "holds no answers"),
        ("file,prediction", ["a/1.wav,"], "its column prediction is empty"),
        ("file,prediction", [], "is empty"),
    ],
)  # fmt: skip
def test_a_row_that_makes_no_sense_is_one_sentence(here, columns, rows, said):
    Path("t.csv").write_text("\n".join([columns, *rows]) + "\n")
    with pytest.raises((ModelError, UsageError)) as caught:
        AnswerTable("t.csv")
    assert str(caught.value).startswith("t.csv")
    assert said in str(caught.value)


def test_a_table_cannot_be_asked(here):
    table = AnswerTable(as_text("t.csv", ",", ["file", "prediction"], [("a/1.wav", "sad")]))
    with pytest.raises(UsageError, match="cannot be asked about other sounds"):
        table.predict(Audio([0.0] * 8000, 8000))
    with pytest.raises(ModelError, match="No such file"):
        open_recognizer("table:missing.csv")


@pytest.mark.parametrize(
    ("columns", "row", "expected"),
    [
        ("file,emotion,speaker", "a/1.wav,sad,anna", False),
        ("file,emotion,speaker,angry,sad", "a/1.wav,sad,anna,0.2,0.8", False),
        ("file,emotion", "a/1.wav,sad", None),
        ("file,emotion,age", "a/1.wav,sad,40", None),
        ("file,emotion,confidence", "a/1.wav,sad,0.4", True),
        ("file,emotion,speaker,prediction", "a/1.wav,sad,anna,angry", True),
        ("file,angry,sad", "a/1.wav,0.2,0.8", True),
        ("name,angry,sad", "a/1.wav,0.2,0.8", False),
    ],
)
def test_a_table_of_answers_is_told_from_a_corpus(here, columns, row, expected):
    Path("t.csv").write_text(f"{columns}\n{row}\n")
    assert holds_answers("t.csv") is expected
    assert holds_answers("table:t.csv") is True
