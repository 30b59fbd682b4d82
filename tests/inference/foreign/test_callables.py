"""Python functions as recognisers: found, asked, and told what is wrong with their answers."""

from __future__ import annotations

import re
import sys
from itertools import count

import numpy as np
import pytest

from intona.audio import Audio
from intona.errors import ModelError, UsageError
from intona.inference.foreign.base import Foreign
from intona.inference.foreign.callables import Function
from intona.inference.opening import names_recognizer, open_recognizer

NUMBERS = count()
RATE = 16_000
LOUD, SOFT = np.full(RATE, 0.5, np.float32), np.full(RATE, 0.1, np.float32)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module into the working folder; return its name, which no other test uses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def module(text: str) -> str:
        name = f"judged_{next(NUMBERS)}"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return name

    return module


LEVEL = """
def judge(signal, rate):
    level = float(abs(signal).max())
    signal[:] = 0
    return {"Anger": level, "sadness": 1 - level}
"""


def test_a_function_is_asked_about_each_signal(write):
    model = open_recognizer(f"{write(LEVEL)}:judge")
    assert isinstance(model, Foreign)
    assert model.labels == ("angry", "sad")
    assert model.readings == {"Anger": "angry", "sadness": "sad"}
    signals = [LOUD, SOFT, LOUD]
    np.testing.assert_allclose(
        model.rows(signals, RATE), [[0.5, 0.5], [0.1, 0.9], [0.5, 0.5]], atol=1e-6
    )
    assert LOUD.max() == 0.5  # what it does to its signal is nobody else's business
    found = model.predict(Audio(SOFT, RATE))
    assert (found.emotion, found.status) == ("sad", "ok")
    assert found.confidence == pytest.approx(0.9)
    assert model.training is None


def test_a_long_recording_is_asked_about_in_pieces_averaged_by_length(write):
    model = Function(f"{write(LEVEL)}:judge")
    long = np.concatenate([np.full(30 * RATE, 0.2), np.full(15 * RATE, 0.8)]).astype(np.float32)
    assert model.predict(Audio(long, RATE)).probabilities["angry"] == pytest.approx(0.4)
    # The rest of less than a second says nothing.
    rest = np.concatenate([long[: 30 * RATE], np.full(RATE // 2, 0.8, np.float32)])
    assert model.predict(Audio(rest, RATE)).probabilities["angry"] == pytest.approx(0.2)


def test_a_batch_is_asked_about_at_once(write):
    name = write(
        "calls = []\n"
        "def judge(signals, rate):\n"
        "    calls.append(len(signals))\n"
        "    return [{'angry': float(s.max()), 'sad': 1 - float(s.max())} for s in signals]\n"
    )
    model = Function(f"{name}:judge")
    found = list(model.predict_each([Audio(LOUD, RATE), Audio(SOFT, RATE)]))
    assert [one.emotion for one in found] == ["angry", "sad"]
    assert sys.modules[name].calls[-1] == 2


def test_a_class_is_made_once_and_may_name_labels_and_rate(write):
    name = write(
        "class Judge:\n"
        "    labels = ['sad', 'hap']\n"
        "    rate = 8000\n"
        "    def __call__(self, signal, rate):\n"
        "        return {'hap': 1.0} if (rate, len(signal)) == (8000, 8000) else None\n"
    )
    model = Function(f"{name}:Judge")
    assert (model.labels, model.rate) == (("sad", "happy"), 8000)
    assert model.rows([LOUD], RATE).tolist() == [[0.0, 1.0]]
    silent = model.predict(Audio(LOUD[:9000], RATE))
    assert (silent.emotion, silent.status) == (None, "no_speech")


def test_labels_that_mean_the_same_are_added_up(write):
    name = write("def judge(s, r): return {'joy': 0.25, 'happiness': 0.25, 'sad': 0.5}")
    model = Function(f"{name}:judge")
    assert model.rows([LOUD], RATE).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("[0.5, 0.5]", "must answer with a mapping from label to probability (or None), not with"),
        ("'angry'", "not with str ('angry')"),
        ("{'angry': float('nan'), 'sad': 1.0}", "the probability of 'angry' is nan"),
        ("{'angry': 1.5, 'sad': -0.5}", "the probability of 'angry' is 1.5, not between 0 and 1"),
        ("{'angry': 0.5, 'sad': 0.3}", "its probabilities sum to 0.8, not to 1"),
        ("{'angry': '0.5', 'sad': 0.5}", "must be a number, not str ('0.5')"),
        ("{'angry': [0.5], 'sad': 0.5}", "must be a number, not list"),
        ("{'angry': 0.5, 'proud': 0.5}", "the label 'proud', which is not among its labels"),
        ("1 / 0", "failed with ZeroDivisionError: division by zero (judged_"),
        ("exit(3)", "failed with SystemExit: 3"),
    ],
)
def test_a_wrong_answer_is_one_sentence_with_file_and_function(write, answer, said, voices):
    name = write(f"def judge(s, r): return {answer}\njudge.labels = ['angry', 'sad']")
    model = Function(f"{name}:judge")
    file = sorted(voices.rglob("*.wav"))[0]
    with pytest.raises(ModelError) as caught:
        model.predict(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: {name}:judge")
    assert said in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def other(s, r): pass", "has no judge; it has other"),
        ("judge = 3", "is no function but int (3)"),
        (
            "import nothing_of_this_name",
            "failed with ModuleNotFoundError: No module named 'nothing",
        ),
        ("def judge(:", "failed with SyntaxError"),
        ("raise RuntimeError('one\\ntwo')", "failed with RuntimeError: one (judged_"),
        ("def judge(s, r): return [{'angry': 1.0}]", "calls its first parameter signals"),
        ("def judge(s, r): return None", "have an attribute labels"),
        ("def judge(signals, r): return {'sad': 1.0}", "must return a list with an answer for"),
        ("def judge(s, r): return {'arousal': 0.5, 'sad': 0.5}", "cannot be called arousal"),
        ("def judge(s, r): return {0: 0.5, 1: 0.5}", "its labels must be words, not 0, 1"),
        ("def judge(s, r): return {'sad': 1.0}", "have an attribute labels"),
        ("def judge(s, r): pass\njudge.labels = ['joy', 'happy']", "nothing to choose from"),
        ("def judge(s, r): pass\njudge.labels = ['sad', 'a\\x1b[2J']", r"not sad, 'a\x1b[2J'"),
        ("def judge(): pass", "failed with TypeError"),
        (
            "class judge:\n    def __init__(self): raise OSError('no weights')",
            "OSError: no weights",
        ),
        ("def judge(s, r): pass\njudge.labels = 'sad'", "labels must be a list of words"),
        ("def judge(s, r): pass\njudge.rate = '8k'", "rate must be a number of Hz, not '8k'"),
    ],
)
def test_what_is_no_recogniser_is_one_sentence(write, text, said):
    name = write(text)
    with pytest.raises((ModelError, UsageError), match=re.escape(said)) as caught:
        Function(f"{name}:judge")
    assert str(caught.value).startswith(f"{name}:judge")
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_one_sentence(write):
    with pytest.raises(UsageError, match="there is no module nowhere_at_all, neither in"):
        Function("nowhere_at_all.sub:judge")
    with pytest.raises(UsageError, match=r"name a function as package.module:function, here a.b:f"):
        open_recognizer("./a/b.py:f")


def test_what_is_written_as_a_recogniser(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert all(
        names_recognizer(text)
        for text in ("small", "m.onnx", "a.b:c", "m.py:f", "hf:x/y", "hf:./x", "table:a.csv")
    )
    assert not any(names_recognizer(text) for text in ("RAVDESS", "a.csv", "a/b", "C:\\data"))
    (tmp_path / "odd:name").mkdir()
    assert not names_recognizer("odd:name")
