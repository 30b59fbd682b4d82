"""What is taken where nothing is named, and what is said to words of other tools."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from intona import corpora
from intona.models import recipes

NOTE = "note: no --recipe, so head is taken"


@pytest.fixture
def unheard(voices: Path, tmp_path: Path) -> Path:
    """The synthetic voices as somebody's own table, whose speakers no model knows."""
    table = corpora.load(voices).table.reset_index()
    lines = ["file,emotion,speaker"]
    for file, emotion, speaker in zip(
        table["file"], table["emotion"], table["speaker"], strict=True
    ):
        lines.append(f"{file},{emotion},my-{speaker[-1]}")
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_train_takes_head_and_says_so(unheard: Path, tmp_path: Path, intona: Callable) -> None:
    done = intona("train", unheard, "--out", tmp_path / "m.onnx")
    assert done.code == 0
    assert "recipe head, 48 utterances of 4 speakers" in done.out
    assert done.err.startswith(NOTE)
    named = intona("train", unheard, "--recipe", "classic-svm", "--out", tmp_path / "m.onnx")
    assert (named.code, named.err) == (0, "")


def test_evaluate_takes_head_and_says_so(unheard: Path, tiny_model: Path, intona: Callable) -> None:
    done = intona("evaluate", unheard, "--protocol", "speakers:2")
    assert done.code == 0, done.err
    assert done.out.startswith("head on mine")
    assert done.err.startswith(NOTE)
    assert NOTE not in intona("evaluate", tiny_model, unheard, "--allow-leaks").err


def test_a_corpus_that_the_bundled_model_knows_is_refused_with_a_remedy(
    voices: Path, intona: Callable
) -> None:
    done = intona("evaluate", voices, "--protocol", "speakers:2")
    assert done.code == 1
    assert "a --recipe that stands on no trained model (classic, classic-svm, light)" in done.err
    assert intona("evaluate", voices, "-r", "classic-svm", "-p", "loso").code == 0


def test_numbers_need_another_recipe(unheard: Path, tmp_path: Path, intona: Callable) -> None:
    text = unheard.read_text().splitlines()
    rows = [f"{line},{number % 7}" for number, line in enumerate(text[1:])]
    unheard.write_text("\n".join([f"{text[0]},arousal", *rows]) + "\n")
    done = intona("train", unheard, "--target", "arousal", "--out", tmp_path / "m.onnx")
    assert done.code == 2
    assert "take one that does, such as --recipe classic-svm" in done.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("evaluate", "x", "--test-size", "0.25"), "--test-size: write --protocol random:0.25"),
        (("evaluate", "x", "--test_size=0.25"), "--test_size: write --protocol random:0.25"),
        (("evaluate", "x", "--cv", "5"), "--cv: write --protocol speakers:5"),
        (("train", "x", "--test-size", "0.25"), "intona evaluate has --protocol random:0.25"),
        (("train", "x", "--model_type", "svm"), "--model_type: write --recipe NAME"),
        (("train", "x", "--n_mfcc", "20"), "n_mfcc, n_mels, n_fft, hop"),
        (("train", "x", "--n-jobs", "2"), "--n-jobs: write --workers"),
        (("predict", "x", "--proba"), "--proba: write --format csv"),
        (("predict", "x", "--output", "y"), "--output: write --out"),
        (("predict", "{clip}", "--format", "vtt"), "vtt is of timelines: it goes with --timeline"),
        (("predict", "{clip}", "--format", "cvs"), "no format 'cvs' (did you mean csv?)"),
        (("evaluate", "x", "-p", "speaker:5"), "(did you mean speakers?)"),
        (("train", "x", "-r", "clasic"), "no recipe 'clasic' (did you mean classic?)"),
        (("evaluate", "x", "-p", "kfold:4"), "(did you mean speakers:4?)"),
        (("evaluate", "x", "-p", "5"), "(did you mean speakers:5?)"),
        (("evaluate", "x", "-p", "0.25"), "(did you mean random:0.25, stamped LEAKY?)"),
        (("evaluate", "x", "-p", "random"), "(did you mean random:0.25, stamped LEAKY?)"),
        (("evaluate", "x", "-p", "LeaveOneGroupOut"), "(did you mean loso?)"),
        (("train", "x", "-r", "sklearn.svm:SVC"), '[model] kind = "sklearn.svm:SVC"'),
        (("train", "x", "-r", "svm"), '[model] kind = "svm"'),
        (("train", "x", "-r", "prosody"), '[front_end] name = "prosody"'),
        (("train", "x", "--n_estimators", "9"), "--n_estimators: write --recipe"),
        (("train", "x", "--groups", "spk"), "speakers are kept apart as it is"),
        (("evaluate", "x", "--groups", "spk"), "--groups: write --protocol speakers:5"),
        (("evaluate", "x", "--scoring", "f1_macro"), "are always given"),
        (("evaluate", "x", "--n_splits", "5"), "--n_splits: write --protocol speakers:5"),
        (("evaluate", "x", "--proba"), "--proba: write --report DIR"),
        (("audit", "x", "--predict_proba"), "--predict_proba: write --report DIR"),
        (("explain", "x", "--n_mfcc", "20"), "a model has its own features"),
        (("predict", "x", "--n_mfcc", "20"), "a model has its own features"),
        (("predict", "x", "--model_type", "svm"), "a model is what it was trained as"),
        (("predict", "x", "--sr", "16000"), "recordings of any rate are taken"),
        (("predict", "x", "--window", "2"), "timeline("),
        (("predict", "--input", "x"), "write the path without an option"),
        (("predict", "x", "--device", "cuda"), "it runs on the CPU"),
        (("listen", "--sample_rate", "16000"), "--sample_rate: write --rate"),
        (("enroll", "me", "--input", "x"), "--input: write --from"),
        (("serve", "--bind", "x"), "--bind: write --host"),
        (("features", "x", "-o", "y.csv", "--n_mfcc", "20"), "n_mfcc=13), or in a recipe"),
        (("fit", "x"), "no command fit: write intona train"),
        (("cross_val_score", "x"), "no command cross_val_score: write intona evaluate"),
        (("transcribe", "x"), "no command transcribe: write intona predict"),
        (("{clip}",), "for example: intona predict"),
        (("features", "{clip}", "--front-end", "prosodic", "-o", "y.csv"), "did you mean prosody?"),
    ],
)
def test_words_of_other_tools(
    voices: Path, intona: Callable, words: tuple[str, ...], sentence: str
) -> None:
    clip = next(voices.rglob("*.wav"))
    done = intona(*(word.format(clip=clip) for word in words))
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert len(done.err.splitlines()) == 1


def test_other_unknown_options_are_as_they_were(intona: Callable) -> None:
    done = intona("predict", "x", "--frobnicate", "1")
    assert done.code == 2
    assert "No such option" in done.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('model_type = "svm"\n', 'unknown keys model_type (write [model] kind = "...")'),
        ("n_mfcc = 20\n", "unknown keys n_mfcc (write [front_end])"),
        ('[modle]\nkind = "svm"\n', "unknown keys modle (did you mean model?)"),
        ('[front_end]\nname = "classic"\n[model]\nmodel_type = "svm"\n', "not model_type"),
        (
            '[front_end]\nname = "classic"\nn_mffc = 20\n[model]\nkind = "svm"\n',
            "does not take n_mffc (did you mean n_mfcc?): its parameters are mfcc, chroma, mel, "
            "n_mfcc, n_mels, n_fft, hop",
        ),
        (
            '[front_end]\nname = "classic"\n[model]\nkind = "svm"\ngama = 2.0\n',
            "does not take gama (did you mean gamma?): its parameters are C, ",
        ),
        (
            '[front_end]\nname = "classic"\n[model]\nkind = "svm"\n[training]\nrisks = 0.1\n',
            "unknown training options risks (did you mean risk?)",
        ),
    ],
)
def test_words_of_recipes(
    voices: Path, tmp_path: Path, intona: Callable, text: str, sentence: str
) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(text)
    done = intona("train", voices, "--recipe", recipe, "--out", tmp_path / "m.onnx")
    assert done.code == 2
    assert sentence in done.err


def test_lists(intona: Callable) -> None:
    found = {one["name"]: one for one in json.loads(intona("front-ends", "--json").out)}
    assert found["classic"]["parameters"][3:] == [
        "n_mfcc=40",
        "n_mels=128",
        "n_fft=2048",
        "hop=512",
    ]
    assert all(one["about"] for one in found.values())
    assert [one["name"] for one in json.loads(intona("recipes", "--json").out)] == list(
        recipes.names()
    )
    assert "front_end=classic, model=svm" in intona("recipes").out
    shown = intona("protocols")
    assert (shown.code, shown.err) == (0, "")
    assert "speakers:K         K folds" in shown.out


def test_every_built_in_recipe_can_begin(voices: Path) -> None:
    """Each kind is known: the recipe light once was not."""
    from intona.models.estimators import target_of

    for name in recipes.names():
        assert callable(target_of(recipes.load(name).model["kind"])), name


def test_classic_with_other_numbers(voices: Path, tmp_path: Path, intona: Callable) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        '[front_end]\nname = "classic"\nchroma = false\nmel = false\nn_mfcc = 13\n'
        'n_fft = 512\nhop = 160\n[model]\nkind = "logistic"\n'
    )
    out = tmp_path / "m.onnx"
    assert intona("train", voices, "--recipe", recipe, "--out", out).code == 0
    told = json.loads(intona("info", out, "--json").out)["input"]
    assert told["parameters"] == {
        "mfcc": True, "chroma": False, "mel": False, "n_mfcc": 13, "n_fft": 512, "hop": 160
    }  # fmt: skip
    clip = shutil.copy(next(voices.rglob("*.wav")), tmp_path / "clip.wav")
    assert intona("predict", clip, "--model", out).code == 0


def test_no_word_of_others_is_one_of_ours_and_each_says_something_of_ours() -> None:
    """What is offered exists, or it would send people from one error to the next."""
    from intona.cli import VERBS, build
    from intona.cli.elsewhere import ELSEWHERE, VERBS_ELSEWHERE

    group = typer.main.get_command(build())
    options = {
        option
        for verb in group.commands.values()
        for each in getattr(verb, "params", ())
        for option in each.opts
    }
    offered = re.findall(r"--[a-z-]+", " ".join(" ".join(told) for told in ELSEWHERE.values()))
    assert set(offered) <= options
    assert set(VERBS_ELSEWHERE.values()) <= set(VERBS)
    assert not set(VERBS_ELSEWHERE) & set(VERBS)
