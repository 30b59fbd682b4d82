"""``--emotions`` and ``--merge`` mean the same in every verb that has them."""

from __future__ import annotations

import json

import pytest

from intona.models.artefact import read_model


@pytest.fixture
def verbs(voices, tiny_model, tmp_path):
    """The command line of each verb, and a function that returns the labels it worked with."""

    def of_model():
        return read_model(tmp_path / "m.onnx")[1]["labels"]

    def of_json(name):
        return lambda: json.loads((tmp_path / name).read_text())["labels"]

    report = ("--report", tmp_path)
    recipe = ("--recipe", "classic-svm")
    return {
        "train": (("train", voices, *recipe, "--out", tmp_path / "m.onnx"), of_model),
        "evaluate a recipe": (
            ("evaluate", voices, *recipe, "-p", "loso", *report),
            of_json("evaluation.json"),
        ),
        "evaluate a model": (
            ("evaluate", tiny_model, voices, "--allow-leaks", *report),
            of_json("evaluation.json"),
        ),
        "audit": (
            ("audit", tiny_model, voices, "--allow-leaks", "-t", "classification", *report),
            of_json("audit.json"),
        ),
    }


@pytest.mark.parametrize("verb", ["train", "evaluate a recipe", "evaluate a model", "audit"])
def test_labels_are_named_in_any_case_and_form(intona, verbs, verb):
    command, labels = verbs[verb]
    done = intona(*command, "--emotions", "Happy,anger", "--merge", "Sadness=ANGRY")
    assert done.code == 0, done.err
    assert labels() == ["happy", "angry"]


@pytest.mark.parametrize("verb", ["train", "evaluate a recipe", "evaluate a model", "audit"])
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--emotions", "happy,proud"), "emotions: proud not in the corpus"),
        (("--merge", "proud=happy"), "merge: proud not in the corpus"),
        (("--merge", "sad=angry,angry=happy"), "and angry becomes happy: name the last"),
        (("--emotions", "sad,happy", "--merge", "sad=angry"), "sad is merged into angry"),
    ],
)
def test_what_does_not_fit_is_said_alike(intona, verbs, verb, words, sentence):
    done = intona(*verbs[verb][0], *words)
    assert done.code == 2
    assert sentence in done.err
