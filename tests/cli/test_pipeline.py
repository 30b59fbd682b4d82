"""Answers in the form of a pipeline of transformers."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def two(voices, tmp_path):
    (tmp_path / "b.wav").write_bytes(sorted(voices.rglob("*.wav"))[0].read_bytes())
    (tmp_path / "a.wav").write_text("no sound")
    return tmp_path


def test_one_recording_is_a_list_of_scores_and_labels(intona, tiny_model, two):
    words = ["predict", two / "b.wav", "--model", tiny_model]
    found = json.loads(intona(*words, "--format", "pipeline", "--top-k", 2).out)
    (plain,) = json.loads(intona(*words, "--format", "json").out)
    best = sorted(plain["probabilities"].items(), key=lambda item: -item[1])[:2]
    assert found == [{"score": score, "label": label} for label, score in best]


def test_several_are_a_list_each_and_a_bad_one_keeps_its_place(intona, tiny_model, two):
    out = two / "answers.json"
    done = intona("predict", two, "--model", tiny_model, "--format", "pipeline", "--out", out)
    assert done.code == 1
    bad, good = json.loads(out.read_text())
    assert bad is None
    assert [set(one) for one in good] == [{"score", "label"}] * 4
    assert [one["score"] for one in good] == sorted((one["score"] for one in good), reverse=True)


def test_one_that_cannot_be_used_gives_nothing(intona, tiny_model, two):
    done = intona("predict", two / "a.wav", "--model", tiny_model, "--format", "pipeline")
    assert (done.code, done.out) == (1, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--top-k", 2], "--top-k goes with --format pipeline"),
        (["--format", "pipeline", "--timeline"], "without --timeline"),
        (["--format", "pipeline", "--top-k", 0], "top-k"),
    ],
)
def test_what_does_not_go_together_is_said(intona, tiny_model, two, words, said):
    done = intona("predict", two / "b.wav", "--model", tiny_model, *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
