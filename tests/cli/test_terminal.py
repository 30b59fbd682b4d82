"""Nothing that is printed commands a terminal, whoever wrote it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

import intona.cli
from ill_models import model_file
from intona.cli import liveview
from intona.corpora import synthetic
from intona.files import is_plain, plain
from intona.formats import predictions, text
from intona.tables import Event, Prediction, to_table

EVIL = "\x1b]0;pwned\x07\x1b[31mred\x9b2J\u202e\u2066\x7f"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    path = tmp_path / f"{EVIL}.wav"
    soundfile.write(path, synthetic.utterance("happy").samples, 16_000)
    return path


def test_what_commands_a_terminal_is_spelled_out() -> None:
    assert plain(EVIL) == (r"\u001b]0;pwned\u0007\u001b[31mred\u009b2J\u202e\u2066\u007f")
    assert plain("zwei\u200cWörter 😀 ü\u0301") == "zwei\u200cWörter 😀 ü\u0301"
    assert plain("a\nb\tc\rd", "\n\t") == "a\nb\tc\\u000dd"
    assert not is_plain("a\u2028b")
    assert is_plain("angry")


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "{file}"],
        ["predict", "{file}", "--format", "json"],
        ["predict", "{file}", "--format", "csv"],
        ["predict", "{file}", "--timeline"],
        ["predict", "{file}", "--timeline", "--format", "vtt"],
        ["predict", "{evil}.wav"],
        ["predict", "{file}", "--model", "{evil}"],
        ["predict", "{file}", "--profile", "./{evil}.json"],
        ["predict", "{file}", "--emotions", "{evil},sad"],
        ["predict", "{file}", "--format", "{evil}"],
        ["info", "{evil}.onnx"],
        ["enroll", "me", "--from", "{file}", "--out", "{evil}/x.json"],
        ["train", "{evil}", "--out", "x.onnx"],
        ["corpus", "check", "{folder}"],
        ["corpus", "check", "{evil}"],
        ["features", "{evil}.wav", "--out", "x.csv"],
        ["compare", "{evil}", "b"],
        ["listen", "{evil}"],
        ["{evil}"],
        ["predict", "--\x1b[31mred\x9b2J"],
    ],
)
def test_names_of_files(
    intona: Callable, spoken: Path, tiny_model: Path, tmp_path: Path, words: list[str]
) -> None:
    known = {"file": spoken, "evil": EVIL, "folder": tmp_path}
    given = [word.format(**known) for word in words]
    if words[0] == "predict" and "--model" not in words:
        given += ["--model", str(tiny_model)]
    result = intona(*given)
    assert result.out + result.err
    assert not RAW.search(result.out + result.err), repr(result)


def test_json_stays_json(intona: Callable, spoken: Path, tiny_model: Path) -> None:
    result = intona("predict", spoken, "--model", tiny_model, "--format", "json")
    assert json.loads(result.out)[0]["file"] == str(spoken)


def test_what_a_model_says_of_itself(intona: Callable, tmp_path: Path) -> None:
    facts = {"licence": EVIL, "recipe": {"name": EVIL}, "version": EVIL, "metrics": {EVIL: EVIL}}
    path = model_file(
        tmp_path / "m.onnx", metadata={**facts, "corpora": {EVIL: {"speakers": [EVIL]}}}
    )
    for words in (["info", path], ["info", path, "--json"]):
        result = intona(*words)
        assert result.code == 0
        assert r"\u001b]0;pwned" in result.out
        assert not RAW.search(result.out + result.err)


def test_a_licence_of_two_lines_makes_no_line_of_ours(intona: Callable, tmp_path: Path) -> None:
    path = model_file(tmp_path / "m.onnx", metadata={"licence": "MIT\nerror: none\nlabels: x"})
    lines = intona("info", path).out.splitlines()
    assert "licence:         MIT" in lines
    assert [line for line in lines if line.endswith("error: none")] == [" " * 17 + "error: none"]


def test_a_name_of_two_lines_is_one_line(
    intona: Callable, tiny_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a\nerror: b.wav"
    soundfile.write(path, synthetic.utterance("happy").samples, 16_000)
    result = intona("predict", path, tmp_path / "no\nerror: such.wav", "--model", tiny_model)
    assert len(result.out.splitlines()) == 1
    assert len(result.err.splitlines()) == 1


def test_text_and_the_live_view() -> None:
    found = Prediction("happy", 0.7, {"happy": 0.7, "sad": 0.3}, "ok", f"{EVIL}\n.wav", 0.0, 1.0)
    table = to_table([found], ("happy", "sad"), [{"speaker": EVIL, "text": f"{EVIL}\n"}])
    for line in (predictions.line(found), *text.render(table).splitlines()):
        assert not RAW.search(line)
    view = liveview.LiveView((EVIL, "b"))
    view.take(Event("trouble", 0.0, message=EVIL))
    from rich.console import Console

    console = Console(file=sys.stdout, force_terminal=False)
    with console.capture() as captured:
        console.print(view)
    assert not RAW.search(captured.get())


def test_everything_is_said_through_one_function() -> None:
    for path in Path(intona.cli.__file__).parent.glob("*.py"):
        if path.name != "say.py":
            assert not re.search(
                r"(?<!\.)\bprint\(|\.echo\(|std(out|err)\.write", path.read_text()
            ), path


def test_a_recording_named_like_an_option_is_one(
    intona: Callable,
    tiny_model: Path,
    tmp_path: Path,
    spoken: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copy(spoken, tmp_path / "--help.wav")
    monkeypatch.chdir(tmp_path)
    result = intona("predict", "--model", tiny_model, "--", "--help.wav")
    assert result.code == 0
    assert result.out.startswith("--help.wav  ")
