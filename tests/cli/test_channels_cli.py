"""Calls on the command line: a speaker on each channel, heard as asked, told where not asked."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from intona import labels
from intona.audio import read
from intona.audio.channels import Channels
from intona.corpora import synthetic
from intona.inference.batch import predict_folder
from intona.inference.choice import Choice
from intona.inference.parts import Parts
from intona.inference.recognizer import load

RATE = synthetic.RATE
SIDES = ("neutral", "angry")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of calls: at once, by turns, one speaker on both, mono, one side silent, six."""
    root = tmp_path_factory.mktemp("calls")
    one, other = (
        synthetic.utterance(emotion, speaker=speaker, seconds=3.0).samples
        for speaker, emotion in enumerate(SIDES)
    )
    length = max(len(one), len(other))
    one, other = (np.pad(sound, (0, length - len(sound))) for sound in (one, other))
    none = np.zeros(length, np.float32)
    sounds = {
        "call": np.stack([one, other], 1),
        "dual": np.stack([one, one], 1),
        "mono": one[:, None],
        "silent": np.stack([one, none], 1),
        "six": np.stack([one, other, none, none, none, one], 1),
        "turns": np.concatenate([np.stack([one, none], 1), np.stack([none, other], 1)]),
    }
    for name, sound in sounds.items():
        soundfile.write(root / f"{name}.wav", sound, RATE, subtype="FLOAT")
    return root


def answers(intona: Callable[..., object], *words: object) -> list[dict]:
    done = intona("predict", *words, "--format", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_each_channel_is_what_it_is_alone(
    intona: Callable, calls: Path, tiny_model: Path, tmp_path: Path
) -> None:
    sound, rate = soundfile.read(calls / "call.wav", dtype="float32")
    alone = []
    for k in range(2):
        soundfile.write(tmp_path / f"{k}.wav", sound[:, k], rate, subtype="FLOAT")
        alone += answers(intona, tmp_path / f"{k}.wav", "--model", tiny_model)
    found = answers(intona, calls / "call.wav", "--model", tiny_model, "--channels", "each")
    assert [(row["channel"], row["speaker"]) for row in found] == [(1, "left"), (2, "right")]
    assert [row["probabilities"] for row in found] == [row["probabilities"] for row in alone]
    for name, own in (("left", alone[0]), ("right", alone[1]), ("2", alone[1])):
        (one,) = answers(intona, calls / "call.wav", "--model", tiny_model, "--channels", name)
        assert one["probabilities"] == own["probabilities"]
        assert "speaker" not in one


def test_a_call_that_is_mixed_is_told_in_one_line(
    intona: Callable, calls: Path, tiny_model: Path
) -> None:
    for words in ((), ("--timeline",), ("--format", "csv")):
        done = intona("predict", calls / "call.wav", "--model", tiny_model, *words)
        (note,) = done.err.splitlines()
        assert note.startswith(
            f"note: {calls / 'call.wav'} has different speech in its two channels"
        )
        assert done.code == 0
        for choice in ("mix", "each", "left"):
            asked = intona(
                "predict", calls / "call.wav", "--model", tiny_model, "--channels", choice, *words
            )
            assert (asked.code, asked.err) == (0, "")


def test_many_calls_are_counted(
    intona: Callable, calls: Path, tiny_model: Path, tmp_path: Path
) -> None:
    wanted = "2 of 6 recordings have different speech in their two channels"
    out = tmp_path / "out.parquet"
    for words in ((), ("--timeline",), ("--out", out), ("--out", out, "--workers", 2)):
        done = intona("predict", calls, "--model", tiny_model, *words)
        assert done.err.count("different speech") == 1
        assert wanted in done.err


def test_a_batch_has_a_row_for_each_channel(
    intona: Callable, calls: Path, tiny_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    words = ("predict", calls, "--model", tiny_model, "--channels", "each")
    done = intona(*words, "--out", out, "--workers", 2, "--shard", 2)
    assert done.code == 0, done.err
    assert "6 recordings" in done.out
    table = pd.read_parquet(out)
    names = [Path(file).stem for file in table.index.get_level_values("file")]
    found = list(zip(names, table["channel"], table["speaker"].fillna(""), strict=True))
    sixth = [("six", k, f"channel{k}") for k in range(1, 7)]
    pairs = {
        name: [(name, 1, "left"), (name, 2, "right")]
        for name in ("call", "dual", "silent", "turns")
    }
    assert found == [
        *pairs["call"], *pairs["dual"], ("mono", 1, ""), *pairs["silent"], *sixth, *pairs["turns"]
    ]  # fmt: skip
    assert table["status"].to_list()[6] == "no_speech"
    csv = tmp_path / "out.csv"
    assert intona(*words, "--out", csv).code == 0
    written = pd.read_csv(csv)
    assert list(written["channel"]) == list(table["channel"])
    np.testing.assert_allclose(written["confidence"], table["confidence"], atol=1e-5)


def test_an_interrupted_batch_goes_on_only_as_it_was_asked(
    intona: Callable, calls: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.parquet"
    words = ("predict", calls, "--model", tiny_model, "--out", out, "--shard", 2)
    whole = Parts.join
    monkeypatch.setattr(Parts, "join", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    each = Choice(labels.parse_list(None), labels.parse_merge(None), False, Channels.parse("each"))
    with pytest.raises(KeyboardInterrupt):
        predict_folder(tiny_model, [calls], out, choice=each, shard=2)
    monkeypatch.setattr(Parts, "join", whole)
    other = intona(*words)
    assert other.code == 2
    assert "asked otherwise" in other.err
    done = intona(*words, "--channels", "each")
    assert "6 of them by an earlier run" in done.out
    assert len(pd.read_parquet(out)) == 15


def test_bad_channels_are_rows_of_the_errors(
    intona: Callable, calls: Path, tiny_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    done = intona("predict", calls, "--model", tiny_model, "--channels", "right", "--out", out)
    assert done.code == 1
    (error,) = pd.read_parquet(tmp_path / "out.errors.parquet").to_dict("records")
    assert Path(error["file"]).name == "mono.wav"
    assert "has one channel, and no channel 2" in error["error"]
    assert len(pd.read_parquet(out)) == 5
    said = intona("predict", calls, "--model", tiny_model, "--channels", "each:agent,customer")
    assert said.code == 1
    assert sorted(line.split(" has ")[1] for line in said.err.splitlines() if "error" in line) == [
        "6 channels, and names are given for 2: agent, customer",
        "one channel, and names are given for 2: agent, customer",
    ]


@pytest.mark.parametrize("words", [(), ("--timeline",), ("--out", "x.parquet")])
def test_nonsense_is_refused_before_the_work(
    intona: Callable, calls: Path, words: tuple[str, ...]
) -> None:
    done = intona("predict", calls, "--channels", "lft", *words)
    assert done.code == 2
    assert done.err.startswith("error: channels are mix, left, right, each")


def test_a_timeline_of_each_is_in_the_order_of_time(
    intona: Callable, calls: Path, tiny_model: Path, tmp_path: Path
) -> None:
    rows = answers(
        intona,
        calls / "turns.wav",
        "-t",
        "--model",
        tiny_model,
        "--channels",
        "each:agent,customer",
    )
    assert [(row["channel"], row["speaker"]) for row in rows] == [(1, "agent"), (2, "customer")]
    assert rows[0]["end"] <= rows[1]["start"]
    for name in ("t.vtt", "t.srt", "t.TextGrid", "t.rttm", "t.eaf", "t.csv", "t.jsonl", "t.png"):
        flag = "--plot" if name.endswith("png") else "--out"
        done = intona(
            "predict", calls / "turns.wav", "-t", "--model", tiny_model,
            "--channels", "each", flag, tmp_path / name,
        )  # fmt: skip
        assert done.code == 0, done.err
    lines = (tmp_path / "t.rttm").read_text().splitlines()
    assert [line.split()[2] for line in lines] == ["1", "2"]
    assert [line.split()[6] for line in lines] == ["left", "right"]


def test_segments_of_a_channel_are_heard_there(
    intona: Callable, calls: Path, tiny_model: Path, tmp_path: Path
) -> None:
    turns = tmp_path / "turns.csv"
    turns.write_text("start,end,channel,text\n0.5,2.5,1,hello\n0.6,2.6,2,go away\n")
    words = (calls / "call.wav", "--model", tiny_model, "--turns", turns)
    rows = answers(intona, *words, "--channels", "each:agent,customer")
    assert [(row["channel"], row["speaker"], row["text"]) for row in rows] == [
        (1, "agent", "hello"),
        (2, "customer", "go away"),
    ]
    (only,) = answers(intona, *words, "--channels", "right")
    assert only["text"] == "go away"
    none = intona("predict", *words, "--channels", "each:a,b", "--turns", turns)
    assert none.code == 0


def test_standard_input_is_heard_channel_by_channel(
    intona: Callable, calls: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(intona, calls / "call.wav", "--model", tiny_model, "--channels", "each")
    for words in ((), ("--timeline",)):
        content = io.BytesIO((calls / "call.wav").read_bytes())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
        rows = answers(intona, "-", "--model", tiny_model, "--channels", "each", *words)
        assert [row["channel"] for row in rows] == [1, 2]
        if not words:
            assert [row["emotion"] for row in rows] == [row["emotion"] for row in expected]


def test_python_takes_the_same_words(calls: Path, tiny_model: Path) -> None:
    model = load(tiny_model)
    file = calls / "call.wav"
    sound, rate = soundfile.read(file, dtype="float32")
    left, right = (model.predict((sound[:, k], rate)) for k in range(2))
    for given in (
        file,
        file.read_bytes(),
        (sound, rate),
        (sound.T, rate),
        io.BytesIO(file.read_bytes()),
    ):
        assert model.predict(given, channels="right").confidence == right.confidence
        table = model.predict(
            io.BytesIO(file.read_bytes()) if isinstance(given, io.BytesIO) else given,
            channels="each",
        )
        assert list(table["confidence"]) == [left.confidence, right.confidence]
        assert list(table["speaker"]) == ["left", "right"]
    many = model.predict([file, (sound, rate)], channels="each")
    assert list(many["channel"]) == [1, 2, 1, 2]
    over = model.timeline((sound, rate), channels="each:agent,customer")
    assert set(over["speaker"]) == {"agent", "customer"}
    with pytest.warns(UserWarning, match="could not be used"):
        bad = model.predict([calls / "mono.wav", file], channels=2)
    assert bad["status"].iloc[0] == "error"
    assert read(file).duration == pytest.approx(
        over.index.get_level_values("end").max().total_seconds(), abs=1.0
    )


def test_explain_and_enroll_hear_one_channel(
    intona: Callable, calls: Path, tiny_model: Path, tiny_adaptable: Path, tmp_path: Path
) -> None:
    words = ("explain", calls / "call.wav", "--model", tiny_model, "--json")
    right = json.loads(intona(*words, "--channels", "right").out)
    sound, rate = soundfile.read(calls / "call.wav", dtype="float32")
    soundfile.write(tmp_path / "right.wav", sound[:, 1], rate, subtype="FLOAT")
    alone = json.loads(intona("explain", tmp_path / "right.wav", *words[2:]).out)
    assert right["evidence"] == alone["evidence"]
    refused = intona(*words, "--channels", "each")
    assert refused.code == 2
    assert "intona explain hears one channel" in refused.err
    profiles = []
    for file, more in ((calls / "call.wav", ("--channels", "right")), (tmp_path / "right.wav", ())):
        out = tmp_path / f"{len(profiles)}.json"
        done = intona(
            "enroll", "me", "--from", file, "--model", tiny_adaptable, "--out", out, *more
        )
        assert done.code == 0, done.err
        profiles.append(json.loads(out.read_text()))
    assert profiles[0] == profiles[1]


def test_listen_hears_a_side(
    intona: Callable, calls: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def heard(name: str, *words: str) -> tuple[int, list[float], str]:
        content = io.BytesIO((calls / name).read_bytes())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
        done = intona("listen", "-", "--json", "--model", tiny_model, *words)
        events = [json.loads(line) for line in done.out.splitlines()]
        return done.code, [e["start"] for e in events if e["event"] == "segment"], done.err

    half = read(calls / "turns.wav").duration / 2
    _, (left,), _ = heard("turns.wav", "--channels", "left")
    _, (right,), _ = heard("turns.wav", "--channels", "right")
    assert left < half < right
    assert heard("mono.wav", "--channels", "right")[0] == 1
    code, _, said = heard("turns.wav", "--channels", "each")
    assert code == 2
    assert "listen to each by itself" in said


def test_a_corpus_of_calls_is_told_in_one_line(
    intona: Callable, calls: Path, tmp_path: Path, tiny_model: Path
) -> None:
    sound, rate = soundfile.read(calls / "call.wav", dtype="float32")
    rows = ["file,emotion,speaker"]
    for k, emotion in enumerate(("sad", "angry") * 2):
        soundfile.write(tmp_path / f"{k}.wav", sound * (1 - 0.1 * k), rate, subtype="FLOAT")
        rows.append(f"{k}.wav,{emotion},s{k}")
    (tmp_path / "calls.csv").write_text("\n".join(rows) + "\n")
    out = tmp_path / "model.onnx"
    done = intona("train", tmp_path / "calls.csv", "--recipe", "classic-svm", "--out", out)
    assert done.code == 0, done.err
    assert done.err.count("different speech in its two channels") == 1


def test_segments_of_another_channel_alone_are_refused(
    intona: Callable, calls: Path, tiny_model: Path, tmp_path: Path
) -> None:
    turns = tmp_path / "turns.csv"
    turns.write_text("start,end,channel\n0.5,2.5,1\n")
    done = intona(
        "predict", calls / "call.wav", "--model", tiny_model, "--turns", turns, "--channels", "2"
    )
    assert done.code == 1
    assert done.err == "error: no segment is of a channel that is heard: see their column channel\n"


def test_a_file_object_is_read_from_where_it_stands(calls: Path, tiny_model: Path) -> None:
    model = load(tiny_model)
    file = io.BytesIO(b"head" + (calls / "turns.wav").read_bytes())
    for channels in (None, "left", "each"):
        file.seek(4)
        plain = model.timeline(calls / "turns.wav", channels=channels)
        found = model.timeline(file, channels=channels)
        assert list(found["confidence"]) == list(plain["confidence"])
        file.seek(4)
        assert model.predict(file, channels="right").values == {"channel": 2}
