"""What is written opens in the tools people use, and comes back as it was."""

from __future__ import annotations

import json
import time
from pathlib import Path

import audformat
import numpy as np
import pandas as pd
import pytest
import webvtt
from praatio import textgrid

from intona import formats
from intona.errors import UsageError
from intona.formats.rows import Segmentation
from intona.tables import COLUMNS, Prediction, to_table

LABELS = ("neutral", "sad", "angry")


def prediction(file: str, start: float, end: float, row: tuple[float, ...] | None) -> Prediction:
    if row is None:
        nothing = dict.fromkeys(LABELS, float("nan"))
        return Prediction(None, float("nan"), nothing, "no_speech", file, start, end)
    best = int(np.argmax(row))
    sure = max(row) >= 0.5
    return Prediction(
        LABELS[best],
        max(row),
        dict(zip(LABELS, row, strict=True)),
        "ok" if sure else "unsure",
        file,
        start,
        end,
        reason=None if sure else "low confidence",
        familiarity=0.9 if sure else 0.3,
        arousal=0.75 if sure else 0.5,
        adapted=12,
    )


ROWS = (
    (0.5, 2.25, (0.1, 0.1, 0.8)),
    (3.0, 7.123, (0.45, 0.35, 0.2)),
    (7.123, 9.0, (0.0, 1.0, 0.0)),
)


@pytest.fixture
def timeline() -> pd.DataFrame:
    return to_table([prediction("a b/talk.wav", *row) for row in ROWS], LABELS)


@pytest.fixture
def spoken() -> pd.DataFrame:
    """Overlapping turns of two speakers."""
    rows = [(0.5, 3.5, ROWS[0][2]), (3.0, 5.0, ROWS[1][2]), (5.0, 6.0, ROWS[2][2])]
    speakers = [
        {"speaker": s, "text": t} for s, t in (("A", 'so "no"'), ("B & C", "oh"), ("A", ""))
    ]
    return to_table([prediction("talk.wav", *row) for row in rows], LABELS, speakers)


@pytest.fixture
def several(timeline: pd.DataFrame) -> pd.DataFrame:
    silent = to_table([prediction("empty.wav", 0.0, 4.0, None)], LABELS)
    return pd.concat([timeline, silent])


SPANS = [row[:2] for row in ROWS]


def spans(turns: list) -> list[tuple[float, float]]:
    return [(pytest.approx(t.start, abs=1e-6), pytest.approx(t.end, abs=1e-6)) for t in turns]


def test_csv_and_pandas(tmp_path: Path, several: pd.DataFrame) -> None:
    path = formats.write(several, tmp_path / "t.csv")
    frame = pd.read_csv(path)
    assert list(frame.columns) == ["file", "start", "end", *COLUMNS, *LABELS]
    assert list(frame["reason"].fillna("-")) == ["-", "low confidence", "-", "-"]
    np.testing.assert_allclose(frame["familiarity"], [0.9, 0.3, 0.9, np.nan])
    np.testing.assert_allclose(frame["arousal"], [0.75, 0.5, 0.75, np.nan])
    assert list(frame["adapted"]) == [12, 12, 12, 0]
    assert list(frame["start"]) == [0.5, 3.0, 7.123, 0.0]
    assert list(frame["emotion"].fillna("-")) == ["angry", "neutral", "sad", "-"]
    np.testing.assert_allclose(frame[list(LABELS)].iloc[0], [0.1, 0.1, 0.8])
    assert frame.iloc[3][["confidence", *LABELS]].isna().all()
    turns = formats.read_turns(path, "a b/talk.wav")
    assert spans(turns) == SPANS
    assert turns[0].values["emotion"] == "angry"


def test_parquet_is_the_table(tmp_path: Path, several: pd.DataFrame) -> None:
    path = formats.write(several, tmp_path / "t.parquet")
    loaded = pd.read_parquet(path)
    assert list(loaded.index.names) == ["file", "start", "end"]
    assert list(loaded.index) == list(several.index)
    assert list(loaded.columns) == list(several.columns)
    for name in several.columns:
        values, expected = loaded[name], several[name]
        assert list(values.isna()) == list(expected.isna())
        assert list(values.dropna()) == list(expected.dropna())


def test_json_and_lines(tmp_path: Path, several: pd.DataFrame) -> None:
    whole = json.loads(formats.write(several, tmp_path / "t.json").read_text())
    lines = formats.write(several, tmp_path / "t.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == whole
    assert whole[0] == {
        "file": "a b/talk.wav",
        "start": 0.5,
        "end": 2.25,
        "emotion": "angry",
        "confidence": 0.8,
        "status": "ok",
        "reason": None,
        "familiarity": 0.9,
        "arousal": 0.75,
        "valence": None,
        "adapted": 12,
        "probabilities": {"neutral": 0.1, "sad": 0.1, "angry": 0.8},
        "model": None,
    }
    assert whole[1]["reason"] == "low confidence"
    assert (whole[3]["familiarity"], whole[3]["arousal"]) == (None, None)
    assert whole[3]["emotion"] is None
    assert whole[3]["probabilities"] == {}


def test_audformat(tmp_path: Path, several: pd.DataFrame, spoken: pd.DataFrame) -> None:
    for number, frame in enumerate((several, spoken)):
        folder = formats.write(frame, tmp_path / str(number), "audformat")
        loaded = audformat.Database.load(str(folder))["emotion"].df
        assert audformat.is_segmented_index(loaded)
        assert list(loaded.columns) == list(frame.columns)
        assert list(loaded.index) == list(frame.index)
        np.testing.assert_allclose(
            loaded[list(LABELS)].astype(float), frame[list(LABELS)], atol=1e-12
        )
        emotions = loaded["emotion"].astype(object)
        assert list(emotions.fillna("-")) == list(frame["emotion"].fillna("-"))


def test_webvtt(tmp_path: Path, timeline: pd.DataFrame, spoken: pd.DataFrame) -> None:
    path = formats.write(timeline, tmp_path / "t.vtt")
    cues = list(webvtt.read(str(path)))
    assert [cue.text for cue in cues] == ["angry 80 %", "neutral? 45 %", "sad 100 %"]
    assert [(cue.start, cue.end) for cue in cues][:2] == [
        ("00:00:00.500", "00:00:02.250"),
        ("00:00:03.000", "00:00:07.123"),
    ]
    assert spans(formats.read_turns(path)) == SPANS
    named = formats.write(spoken, tmp_path / "s.vtt")
    assert [cue.voice for cue in webvtt.read(str(named))] == ["A", "B &amp; C", "A"]


def test_srt(tmp_path: Path, timeline: pd.DataFrame, spoken: pd.DataFrame) -> None:
    path = formats.write(timeline, tmp_path / "t.srt")
    cues = list(webvtt.from_srt(str(path)))
    assert [(cue.start, cue.end, cue.text) for cue in cues][1] == (
        "00:00:03.000",
        "00:00:07.123",
        "neutral? 45 %",
    )
    assert spans(formats.read_turns(path)) == SPANS
    turns = formats.read_turns(formats.write(spoken, tmp_path / "s.srt"))
    assert turns[0].values == {"speaker": "A", "text": "angry 80 %"}


@pytest.mark.parametrize("layout", ["long_textgrid", "short_textgrid"])
def test_textgrid(tmp_path: Path, timeline: pd.DataFrame, layout: str) -> None:
    path = formats.write(timeline, tmp_path / "t.TextGrid")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert list(grid.tierNames) == ["emotion", "confidence"]
    entries = grid.getTier("emotion").entries
    assert [(e.start, e.end) for e in entries] == SPANS
    assert [e.label for e in entries] == ["angry", "neutral", "sad"]
    assert [e.label for e in grid.getTier("confidence").entries] == ["0.800", "0.450", "1.000"]
    grid.removeTier("confidence")
    again = tmp_path / "again.TextGrid"
    grid.save(str(again), layout, includeBlankSpaces=True)
    turns = formats.read_turns(again)
    assert spans(turns) == SPANS
    assert turns[0].values == {"speaker": "emotion", "text": "angry"}


def test_textgrid_has_a_tier_per_speaker(tmp_path: Path, spoken: pd.DataFrame) -> None:
    path = formats.write(spoken, tmp_path / "t.TextGrid")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert [n for n in grid.tierNames if "emotion" in n] == ["emotion A", "emotion B & C"]
    crowd = to_table([prediction("x", 0, 4, ROWS[0][2]), prediction("x", 1, 2, ROWS[1][2])], LABELS)
    path = formats.write(crowd, tmp_path / "c.TextGrid")
    names = textgrid.openTextgrid(str(path), includeEmptyIntervals=False).tierNames
    assert [n for n in names if "emotion" in n] == ["emotion", "emotion 2"]


def test_textgrid_with_quotes_and_utf16(tmp_path: Path) -> None:
    grid = textgrid.Textgrid()
    tier = textgrid.IntervalTier("anna", [(0.25, 1.0, 'he said "1 2" <x>')], 0, 2)
    grid.addTier(tier)
    grid.addTier(textgrid.PointTier("clicks", [(0.5, "c")], 0, 2))
    grid.save(str(tmp_path / "q.TextGrid"), "long_textgrid", includeBlankSpaces=True)
    text = (tmp_path / "q.TextGrid").read_text()
    (tmp_path / "q.TextGrid").write_text(text, "utf-16")
    (turn,) = formats.read_turns(tmp_path / "q.TextGrid")
    assert (turn.start, turn.end) == (0.25, 1.0)
    assert turn.values == {"speaker": "anna", "text": 'he said "1 2" <x>'}


def test_audacity(tmp_path: Path, timeline: pd.DataFrame) -> None:
    path = formats.write(timeline, tmp_path / "labels.txt", "audacity")
    assert path.read_text().splitlines()[0] == "0.500000\t2.250000\tangry 80 %"
    assert spans(formats.read_turns(path)) == SPANS


def test_rttm(tmp_path: Path, several: pd.DataFrame, spoken: pd.DataFrame) -> None:
    path = formats.write(several, tmp_path / "t.rttm")
    lines = [line.split(" ") for line in path.read_text().splitlines()]
    assert [len(fields) for fields in lines] == [10, 10, 10]
    assert lines[0] == [
        "SPEAKER", "talk", "1", "0.500", "1.750", "<NA>", "<NA>", "angry", "0.8000", "<NA>"
    ]  # fmt: skip
    turns = formats.read_turns(path)
    assert spans(turns) == SPANS
    assert [turn.values for turn in turns] == [{"text": w} for w in ("angry", "neutral", "sad")]
    assert "<NA> B_&_C neutral" in formats.render(spoken, "rttm")


def test_segments_of_one_recording_of_several(tmp_path: Path) -> None:
    path = tmp_path / "all.rttm"
    path.write_text(
        "SPKR-INFO call1 1 <NA> <NA> <NA> unknown anna <NA> <NA>\n"
        "SPEAKER call1 1 1.0 2.0 <NA> <NA> anna <NA> <NA>\n"
        "SPEAKER call2 1 0.5 1.0 <NA> <NA> ben <NA> <NA>\n"
    )
    (turn,) = formats.read_turns(path, "some/folder/call2.m4a")
    assert (turn.start, turn.end, turn.values) == (0.5, 1.5, {"speaker": "ben"})
    with pytest.raises(UsageError, match=r"about 2 recordings and of other.wav holds no segments"):
        formats.read_turns(path, "other.wav")
    assert len(formats.read_turns(path)) == 2


def test_csv_dialects(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(
        "Start;End;Speaker\n1:02.5;0 days 00:01:04.25;Ann\n3;4.5;\n", "utf-8-sig"
    )
    first, second = formats.read_turns(tmp_path / "s.csv")
    assert (first.start, first.end, first.values) == (3, 4.5, {})
    assert (second.start, second.end, second.values) == (62.5, 64.25, {"speaker": "Ann"})


def test_captions_of_others(tmp_path: Path) -> None:
    (tmp_path / "c.vtt").write_text(
        "WEBVTT - talk\n\nNOTE nothing\n\n1\n00:01.000 --> 00:02.500 align:start\n"
        "<v.loud Mary Ann>Hello <i>you</i>\nthere</v>\n\n01:00:00.000 --> 01:00:01.000\nBen: yes\n"
    )
    first, second = formats.read_turns(tmp_path / "c.vtt")
    assert (first.start, first.end) == (1.0, 2.5)
    assert first.values == {"speaker": "Mary Ann", "text": "Hello you there"}
    assert (second.start, second.values) == (3600.0, {"speaker": "Ben", "text": "yes"})


def test_text_is_for_people(several: pd.DataFrame, spoken: pd.DataFrame) -> None:
    text = formats.render(several, "text")
    assert "a b/talk.wav  adapted to 12\n  0:00:00.5 - 0:00:02.2  angry 80 %" in text
    assert "neutral? 45 %" in text
    assert text.endswith("empty.wav\n  0:00:00.0 - 0:00:04.0  no speech\n")
    assert "A so" in formats.render(spoken, "text")


def test_numbers_instead_of_emotions() -> None:
    frame = to_table(
        [Prediction(None, float("nan"), {"arousal": 0.7}, "ok", "x", 0, 1)], ["arousal"]
    )
    assert "arousal 0.70" in formats.render(frame, "vtt")
    assert json.loads(formats.render(frame, "jsonl"))["probabilities"] == {"arousal": 0.7}


@pytest.mark.parametrize("style", ["vtt", "srt", "textgrid", "audacity"])
def test_one_recording_per_file(several: pd.DataFrame, style: str) -> None:
    with pytest.raises(UsageError, match="write one file for each"):
        formats.render(several, style)


@pytest.mark.parametrize(
    "style", ["text", "json", "jsonl", "csv", "vtt", "srt", "textgrid", "rttm"]
)
def test_empty_tables_are_valid(tmp_path: Path, style: str) -> None:
    empty = to_table([prediction("e.wav", 0.0, 4.0, None)], LABELS)
    path = formats.write(empty, tmp_path / f"t.{style}", style)
    if style == "textgrid":
        assert textgrid.openTextgrid(str(path), includeEmptyIntervals=False).maxTimestamp == 4.0
    if style == "vtt":
        assert len(webvtt.read(str(path))) == 0


def test_what_cannot_be(tmp_path: Path, timeline: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="choose one of"):
        formats.format_of("x.csv", "xml")
    with pytest.raises(UsageError, match="not text"):
        formats.render(timeline, "parquet")
    with pytest.raises(UsageError, match="cannot write"):
        formats.write(timeline, tmp_path / "no" / "t.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.mp3", "x", "use .csv"),
        ("a.csv", "begin,end\n1,2\n", "needs the columns start and end"),
        ("a.csv", "start,end\n1,x\n", "line 2"),
        ("a.csv", "start,end\n2,1\n", "no length"),
        ("a.csv", "start,end\n", "holds no segments"),
        ("a.rttm", "SPEAKER x 1 a b\n", "line 1"),
        ("a.rttm", "nothing\n", "holds no segments"),
        ("a.vtt", "WEBVTT\n\nhello\n", "no cues"),
        ("a.TextGrid", "hello", "no TextGrid"),
        ("a.TextGrid", '"ooTextFile"\n"TextGrid"\n0\n1\n<exists>\n1\n"IntervalTier"', "damaged"),
        ("a.txt", "1.0\n", "line 1"),
    ],
)
def test_bad_segment_files(tmp_path: Path, name: str, content: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(UsageError, match=words) as caught:
        formats.read_turns(path)
    assert str(path) in str(caught.value)


def test_missing_segment_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        formats.read_turns(tmp_path / "gone.csv")


@pytest.mark.parametrize("style", ["textgrid", "eaf"])
def test_many_overlapping_segments_take_a_layer_each_in_time(style: str) -> None:
    many = [prediction("a.wav", i / 1000, 100.0 + i, ROWS[0][2]) for i in range(12_000)]
    rows = Segmentation([*many, prediction("a.wav", 100.0, 101.0, ROWS[1][2])], LABELS)
    begin = time.process_time()
    text = formats.render(rows, style)
    assert time.process_time() - begin < 3
    # The last one goes where the first has just ended.
    assert text.count('name = "emotion') + text.count('TIER_ID="emotion') == 12_000
