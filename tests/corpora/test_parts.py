"""Folders that are parts of a corpus and no speakers."""

from __future__ import annotations

import pytest

from intona import corpora
from intona.corpora.parts import is_part
from intona.errors import CorpusError
from intona.evaluation.protocols import parse

PARTS = """
train test val valid validation dev eval fold1 fold_2 cv3 split part audio Audio wav wavs data
dataset clips recordings session1 disc1 speech song male Female TRAIN Test_Set AudioWAV
train-clean-100 16kHz Session5 wav16k mp3 5fold k-fold part_II set_A 2024-01-05 F m Fold.4
audio_files TrainData testfiles
"""
PEOPLE = "anna Actor_01 07 0011 speaker1 f1 m2 JE DC KL maria03 A03 OAF testa Newman valdez devon"


@pytest.mark.parametrize("name", PARTS.split())
def test_names_of_parts(name):
    assert is_part(name)
    assert is_part(name.upper())


@pytest.mark.parametrize("name", PEOPLE.split())
def test_names_of_people(name):
    assert not is_part(name)


@pytest.mark.parametrize(
    "parts",
    [
        ["train", "test"],
        ["Training", "VAL", "Test_Set"],
        ["fold1", "fold_2", "Fold 3"],
        ["Session1", "Session 2"],
        ["male", "Female"],
        ["audio", "wavs"],
        ["disc1/clips", "disc2/clips"],
        ["everything"],
        ["all/of/it"],
    ],
    ids=str,
)
@pytest.mark.parametrize("below", [False, True])
def test_a_part_is_no_speaker(grow, tmp_path, parts, below):
    forms = ["{e}/{p}/{n}.wav" if below else "{p}/{e}/{n}.wav"] * 2
    names = [
        form.format(e=emotion, p=part, n=number)
        for number, form in enumerate(forms)
        for emotion in ("angry", "sad")
        for part in parts
    ]
    corpus = corpora.load(grow(tmp_path / "mine", names))
    assert corpus.speakers == ()
    assert corpus.problems[0].startswith("no speaker is known for")
    with pytest.raises(CorpusError, match="needs to know who speaks"):
        parse("speakers:2").folds(corpus.table)


@pytest.mark.parametrize(
    "form",
    [
        "{who}/train/angry/1.wav",
        "train/{who}/angry/1.wav",
        "train/angry/{who}/1.wav",
        "angry/{who}/Session 2/wav/1.wav",
        "voices2/{who}/angry/clips/1.wav",
        "data/fold_1/angry/speaker{number}_1.wav",
    ],
)
def test_the_next_folder_is_the_speaker(grow, tmp_path, form):
    who = {"anna": 1, "Actor_07": 2, "f1": 3}
    names = [form.format(who=name, number=number) for name, number in who.items()]
    corpus = corpora.load(grow(tmp_path / "mine", names))
    expected = [f"speaker{k}" for k in who.values()] if "number" in form else list(who)
    assert sorted(corpus.speakers) == sorted(f"mine-{name}" for name in expected)


def test_train_and_test_become_a_column(grow, tmp_path):
    names = ["anna/train/angry/1.wav", "bob/dev/sad/1.wav", "cleo/Test/sad/1.wav"]
    corpus = corpora.load(grow(tmp_path / "mine", names))
    assert list(corpus.table["split"]) == ["train", "val", "test"]
    assert "split" not in corpora.load(grow(tmp_path / "no", ["anna/angry/1.wav"])).table
