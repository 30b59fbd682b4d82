"""Segments as people have them: white space in names, no length, milliseconds, our own files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from intona import formats
from intona.errors import UsageError
from intona.tables import Prediction, to_table


@pytest.mark.parametrize(
    ("line", "file", "speaker"),
    [
        ("SPEAKER my talk 1 4.0 3.0 <NA> <NA> A <NA> <NA>", "my talk", "A"),
        ("SPEAKER my talk 1 4.0 3.0 <NA> <NA> A", "my talk", "A"),
        ("SPEAKER talk 7 1 4.0 3.0 <NA> <NA> A <NA> <NA>", "talk 7", "A"),
        ("SPEAKER talk 1 1 4.0 3.0 <NA> <NA> Anna B <NA> <NA>", "talk 1", "Anna B"),
        ("SPEAKER\tmy talk\t1\t4.0\t3.0\t<NA>\t<NA>\tAnna B\t<NA>\t<NA>", "my talk", "Anna B"),
        (
            "SPEAKER a\u00a0b\u3000c 1 4.0 3.0 <NA> <NA> \u00c5sa <NA> <NA>",
            "a\u00a0b\u3000c",
            "Åsa",
        ),
        ("SPEAKER talk 1 4.0 3.0 <NA> <NA> A 0.9 <NA>", "talk", "A"),
    ],
)
def test_white_space_in_rttm(tmp_path: Path, line: str, file: str, speaker: str) -> None:
    path = tmp_path / "t.rttm"
    path.write_text(f"{line}\n", "utf-8")
    (turn,) = formats.read_turns(path)
    assert (turn.start, turn.end) == (4.0, 7.0)
    assert (turn.file, turn.values) == (file, {"speaker": speaker})


def test_what_cannot_be_told_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.rttm"
    path.write_text("SPEAKER a 1 1 2 3 4 5 6 7 8 9\n")
    with pytest.raises(UsageError, match="line 1: which of its numbers"):
        formats.read_turns(path)


@pytest.mark.parametrize("name", ["my talk", "my_talk", "über", "u\u0308ber"])
def test_the_recording_of_several_is_found(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.rttm"
    path.write_text(
        f"SPEAKER {name} 1 4.0 3.0 <NA> <NA> A <NA> <NA>\n"
        "SPEAKER other 1 0 1 <NA> <NA> B <NA> <NA>\n",
        "utf-8",
    )
    recording = "my talk.wav" if "talk" in name else "über.wav"
    (turn,) = formats.read_turns(path, recording)
    assert turn.values == {"speaker": "A"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "start,end\n0.5,2\n2,2\n3,2.5\n"),
        ("a.srt", "1\n00:00:00,500 --> 00:00:02,000\nHi\n\n2\n00:00:02,000 --> 00:00:02,000\nhm\n"),
        ("a.vtt", "WEBVTT\n\n00:00.500 --> 00:02.000\nHi\n\n00:02.000 --> 00:02.000\nhm\n"),
        ("a.txt", "0.5\t2\tHi\n2\t2\thm\n"),
        ("a.rttm", "SPEAKER a 1 0.5 1.5 <NA> <NA> A\nSPEAKER a 1 2 0 <NA> <NA> A\n"),
    ],
)
def test_segments_without_length_are_left_out_and_counted(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    told: list[str] = []
    (turn,) = formats.read_turns(tmp_path / name, notice=told.append)
    assert (turn.start, turn.end) == (0.5, 2.0)
    (sentence,) = told
    assert f"of {len(told) + (2 if name == 'a.csv' else 1)} segments left out" in sentence


@pytest.mark.parametrize(
    ("name", "text", "end"),
    [
        ("w.tsv", "start\tend\ttext\n0\t2400\tHello\n2400\t3600\tyou\n", 2.4),
        ("w.csv", "start,end,text\n0,2400,Hello\n2400,3600,you\n", 2.4),
        ("s.tsv", "start\tend\ttext\n0\t2\tHello\n2\t4\tyou\n", 2.0),
        ("f.tsv", "start\tend\ttext\n0\t2400.5\tHello\n", 2400.5),
        ("c.csv", "start,end,chapter\n0,600,one\n600,1500,two\n", 600.0),
    ],
)
def test_milliseconds_of_whisper(tmp_path: Path, name: str, text: str, end: float) -> None:
    (tmp_path / name).write_text(text)
    told: list[str] = []
    first = formats.read_turns(tmp_path / name, notice=told.append)[0]
    assert first.end == end
    assert bool(told) == name.startswith("w")


@pytest.mark.parametrize("speakers", [[None, None], ["anna", "ben b"], ["anna", "anna"]])
def test_our_own_grid_comes_back_once(tmp_path: Path, speakers: list[str | None]) -> None:
    rows = [
        Prediction("angry", 0.8, {"angry": 0.8, "sad": 0.2}, "ok", "a.wav", start, start + 2.0)
        for start in (0.0, 1.0)
    ]
    values = [{} if who is None else {"speaker": who} for who in speakers]
    path = formats.write(to_table(rows, ["angry", "sad"], values), tmp_path / "t.TextGrid")
    turns = formats.read_turns(path)
    assert [(turn.start, turn.end) for turn in turns] == [(0.0, 2.0), (1.0, 3.0)]
    assert [turn.values.get("speaker") for turn in turns] == speakers
    assert {turn.values["text"] for turn in turns} == {"angry"}


def grid(*tiers: tuple[str, str]) -> str:
    parts = ['"ooTextFile"\n"TextGrid"\n0\n3\n<exists>', str(len(tiers))]
    parts += [f'"IntervalTier"\n"{name}"\n0\n3\n1\n0\n3\n"{words}"' for name, words in tiers]
    return "\n".join(parts)


def test_tiers_of_numbers_are_no_speech(tmp_path: Path) -> None:
    path = tmp_path / "t.TextGrid"
    path.write_text(grid(("anna", "hello"), ("pitch", "212.5"), ("loud", "--undefined--")))
    told: list[str] = []
    (turn,) = formats.read_turns(path, notice=told.append)
    assert turn.values == {"speaker": "anna", "text": "hello"}
    assert told == [f"{path}: tiers of numbers are no speech and left out: pitch, loud"]
    path.write_text(
        grid(
            ("pitch", "212,5"),
        )
    )
    with pytest.raises(UsageError, match="holds numbers and no speech"):
        formats.read_turns(path)


STYLES = ("text", "json", "jsonl", "csv", "vtt", "srt", "textgrid", "audacity", "rttm", "parquet")


@pytest.mark.parametrize("style", [*STYLES, "audformat"])
def test_names_that_are_no_unicode_are_spelled_out(tmp_path: Path, style: str) -> None:
    rows = [Prediction("sad", 0.8, {"sad": 0.8}, "ok", "w\udcfct.wav", 0.0, 2.0)]
    path = formats.write(to_table(rows, ["sad"], [{"speaker": "s\udcff"}]), tmp_path / "o", style)
    if style == "parquet":
        assert pd.read_parquet(path).index.get_level_values("file")[0] == r"w\udcfct.wav"
    elif style == "audformat":
        assert r"w\udcfct.wav" in (path / "db.emotion.csv").read_text("utf-8")
    elif style in ("json", "jsonl"):
        assert r"w\\udcfct.wav" in path.read_text("utf-8")
    else:
        assert r"\udcf" in path.read_text("utf-8")


def test_long_names_of_many_recordings(tmp_path: Path) -> None:
    files = [Path(f"{'x' * 251}.wav"), Path("b.wav")]
    found = formats.places(files, tmp_path, "textgrid")
    assert all(len(path.name) <= 255 for path in found.values())
