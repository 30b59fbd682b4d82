"""The Python API: light to import, strings as in the shell, the shell's own results."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import intona
from intona.corpora.base import Corpus
from intona.errors import CorpusError, LeakError, RecipeError, UsageError
from intona.models import recipes

HEAVY = {"numpy", "pandas", "sklearn", "torch", "scipy", "onnxruntime", "matplotlib", "pydantic"}
PROMISED = [
    "load",
    "train",
    "evaluate",
    "compare",
    "audit",
    "read_corpus",
    "front_end",
    "Recognizer",
    "Prediction",
    "Profile",
    "Corpus",
    "Recipe",
    "Evaluation",
]


@pytest.fixture(scope="module")
def corpus(voices: Path) -> Corpus:
    return intona.read_corpus(voices)


@pytest.fixture(scope="module")
def evaluation(corpus: Corpus) -> intona.Evaluation:
    return intona.evaluate("classic-svm", corpus, protocol="loso")


def test_import_costs_nothing_and_every_name_is_there():
    code = (
        "import sys, json, intona; light = sorted(sys.modules); "
        f"found = [callable(getattr(intona, name)) for name in {PROMISED}]; "
        "import intona.audit; found.append(callable(intona.audit)); "
        "print(json.dumps([light, found]))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    light, found = json.loads(told.stdout)
    assert not HEAVY & set(light)
    assert all(found)
    assert set(PROMISED) <= set(intona.__all__) == set(dir(intona))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = intona.nonsense


@pytest.mark.slow
def test_a_type_checker_knows_the_functions(tmp_path: Path):
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "program.py"
    program.write_text(
        "import intona\n"
        "reveal_type(intona.audit('small', 'RAVDESS/'))\n"
        "reveal_type(intona.evaluate('classic', intona.read_corpus('RAVDESS/'), 'loso'))\n"
        "reveal_type(intona.load().predict('a.wav'))\n"
        "reveal_type(intona.load().predict(['a.wav']))\n",
        "utf-8",
    )
    out, _, _ = api.run([str(program), "--cache-dir", str(tmp_path), "--follow-imports=silent"])
    for name in ("call.Audit", "result.Evaluation", "tables.Prediction", "DataFrame"):
        assert f"{name}" in out, out


def test_corpora_are_read_selected_and_joined(voices, corpus):
    assert corpus.speakers == intona.read_corpus(corpus).speakers
    few = intona.read_corpus(voices, emotions="happy, sad", merge="angry=happy")
    assert set(few.table["emotion"]) == {"happy", "sad"}
    same = intona.read_corpus(voices, emotions=["happy", "sad"], merge={"angry": "happy"})
    pd.testing.assert_frame_equal(few.table, same.table)
    pd.testing.assert_frame_equal(
        corpus.select("happy,sad", "angry=happy").table, few.table, check_like=False
    )
    both = intona.read_corpus([corpus, voices])
    assert len(both.table) == len(corpus.table)
    assert "given twice" in both.problems[-1]
    with pytest.raises(UsageError, match="cannot read a corpus from NoneType"):
        intona.read_corpus(None)


def test_evaluation_is_that_of_the_shell(request, voices, tmp_path, evaluation):
    shell = request.getfixturevalue("intona")
    run = shell("evaluate", voices, "--recipe", "classic-svm", "-p", "loso", "--report", tmp_path)
    assert run.code == 0
    kept = intona.Evaluation.load(tmp_path)
    assert kept.headline == evaluation.headline
    assert kept.confusion == evaluation.confusion


def test_a_folder_a_corpus_and_a_recipe_object_are_the_same(voices, evaluation):
    again = intona.evaluate(recipes.load("classic-svm"), str(voices), "loso", workers=1)
    assert again.headline == evaluation.headline


def test_options_are_those_of_the_shell(corpus):
    narrow = intona.evaluate("classic-svm", corpus, "loso", emotions="happy,sad", model_seeds="0-1")
    assert narrow.labels == ("happy", "sad")
    assert narrow.facts.model_seeds == (0, 1)
    leaky = intona.evaluate("classic-svm", corpus, "random:0.25", normalise="speaker")
    assert leaky.leaky
    assert "LEAKY: " in leaky._repr_html_()
    assert "TRANSDUCTIVE" in leaky._repr_html_()
    assert repr(leaky).startswith("<Evaluation LEAKY, classic-svm on ravdess")
    extra = replace(corpus, table=corpus.table[corpus.table["speaker"] == corpus.speakers[0]])
    some = replace(corpus, table=corpus.table[corpus.table["speaker"] != corpus.speakers[0]])
    more = intona.evaluate("classic-svm", some, "loso", extra=extra, emotions="happy,sad")
    assert more.facts.extra_training["ravdess"]["speakers"] == [corpus.speakers[0]]
    assert more.facts.extra_training["ravdess"]["utterances"] == 6


def test_an_evaluation_shows_itself(evaluation):
    value = f"{100 * evaluation.headline.value:.1f} %"
    assert repr(evaluation).startswith(f"<Evaluation classic-svm on ravdess, loso: UAR {value} [")
    page = evaluation._repr_html_()
    for label, counts in zip(evaluation.labels, evaluation.confusion, strict=True):
        cells = "".join(f"<td>{count}</td>" for count in counts)
        assert f"<tr><td>{label}</td>{cells}" in page


def test_a_trained_model_is_loaded_evaluated_and_audited(corpus, tmp_path):
    model = intona.train("classic-svm", corpus, tmp_path / "mine.onnx", seed=1)
    assert model.labels == corpus.emotions
    assert model.metadata["seed"] == 1
    with pytest.raises(LeakError, match="trained on 4 of the speakers"):
        intona.evaluate(model, corpus)
    result = intona.evaluate(model, corpus, allow_leaks=True)
    assert result.headline.value > 0.9
    assert intona.evaluate(tmp_path / "mine.onnx", corpus, allow_leaks=True).leaky
    audit = intona.audit(
        [model, "small"], corpus, tests="silence", clips=4, emotions="happy,sad", allow_leaks=True
    )
    assert set(audit.table["model"]) == {"mine", "small", "random"}
    assert set(audit.table["test"]) == {"silence"}
    assert "LEAKY: mine: the model was trained on" in str(audit)
    assert repr(audit).startswith("<Audit on ravdess: passed ")
    assert audit.save(tmp_path / "audit").is_file()
    with pytest.raises(LeakError):
        intona.audit(model, [corpus])


def test_comparisons_take_evaluations_folders_and_names(corpus, evaluation, tmp_path):
    other = intona.evaluate("classic", corpus, "loso")
    kept = evaluation.save(tmp_path / "kept")
    found = intona.compare(other, kept, mine=evaluation)
    assert set(found.runs) == {"classic", "kept", "mine"}
    assert found.runs["kept"] == found.runs["mine"] == evaluation.headline
    assert str(found).startswith("UAR on the same folds (loso)")
    assert repr(found).startswith("<Comparison UAR: ")


WRONG = {
    "recipe": (lambda c: intona.evaluate("classix", c), RecipeError, "no recipe 'classix'"),
    "no recipe": (lambda c: intona.train(None, c), RecipeError, "not a NoneType"),
    "empty recipe": (
        lambda c: intona.train(intona.Recipe("x", {}, {}), c),
        RecipeError,
        'front_end is a mapping with "name"',
    ),
    "protocol": (lambda c: intona.evaluate("classic", c, "k"), UsageError, "the protocol 'k'"),
    "protocol of a model": (
        lambda c: intona.evaluate("m.onnx", c, "loso"),
        UsageError,
        "protocol: of a recipe",
    ),
    "controls of a model": (
        lambda c: intona.evaluate("small", c, controls=True, model_seeds=2),
        UsageError,
        "model_seeds, controls: of a recipe",
    ),
    "narrowed": (
        lambda c: intona.evaluate(intona.load("small").narrowed("happy,sad"), c),
        UsageError,
        "emotions=",
    ),
    "corpus": (lambda c: intona.evaluate("classic", "no/where"), CorpusError, "no such file"),
    "seeds": (
        lambda c: intona.evaluate("classic", c, model_seeds="a"),
        UsageError,
        "cannot read the seeds",
    ),
    "no seed": (
        lambda c: intona.evaluate("classic", c, model_seeds=[]),
        UsageError,
        "no model seed",
    ),
    "protocol as a number": (lambda c: intona.evaluate("classic", c, 5), UsageError, "not 5"),
    "workers in words": (lambda c: intona.train("classic", c, workers="2"), UsageError, "not '2'"),
    "runs": (lambda c: intona.compare(3, 4), UsageError, "not 3"),
    "no model": (lambda c: intona.audit([], c), UsageError, "there is no model to audit"),
    "audit of a recipe": (lambda c: intona.audit("classic", c), UsageError, "cannot audit"),
    "workers": (lambda c: intona.train("classic", c, workers=0), UsageError, "1 or more"),
    "one run": (
        lambda c: intona.compare(),
        UsageError,
        "at least two",
    ),
    "place": (
        lambda c: intona.train("classic", c, "/no/where/m.onnx"),
        UsageError,
        "not a writable folder",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_said_in_one_sentence(corpus, case):
    call, kind, words = WRONG[case]
    with pytest.raises(kind, match=words):
        call(corpus)


def test_default_is_a_recipe_where_there_is_a_protocol(corpus, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "intona.evaluation.run.evaluate", lambda recipe, *given, **options: asked.append(recipe)
    )
    monkeypatch.setattr(
        "intona.evaluation.finished.evaluate_model", lambda model, *g, **o: asked.append(model)
    )
    intona.evaluate("small", corpus, "loso")
    intona.evaluate("small", corpus)
    assert asked == [recipes.load("small"), "small"]
