"""Files that are loaded, written by somebody who means ill: every verb says one sentence."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from onnx import helper

from ill_models import elsewhere, endless_loop, model_file, number
from intona.corpora import synthetic
from intona.errors import IntonaError, ModelError, RecipeError, UsageError
from intona.inference.profile import KIND, SCHEMA, Profile
from intona.inference.recognizer import load
from intona.models import recipes

MODEL_VERBS = (
    ["predict", "{wav}", "--model", "{model}"],
    ["predict", "{wav}", "--model", "{model}", "--timeline"],
    ["predict", "{wav}", "--model", "{model}", "--out", "{out}.parquet"],
    ["info", "{model}"],
    ["info", "{model}", "--json"],
    ["evaluate", "{model}", "{corpus}"],
    ["audit", "{model}", "{corpus}"],
    ["enroll", "me", "--from", "{wav}", "--model", "{model}", "--out", "{out}.json"],
    ["explain", "{wav}", "--model", "{model}"],
    ["listen", "-", "--model", "{model}"],
    ["serve", "--model", "{model}", "--port", "0"],
)


def sentence(result: Any, code: int) -> str:
    lines = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, result
    assert result.code == code
    assert len(lines[0]) < 500
    return lines[0]


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "v.wav"
    soundfile.write(path, synthetic.utterance("happy").samples, 16_000)
    return path


def hostile(folder: Path, what: str) -> Path:
    path = folder / f"{what}.onnx"
    if what == "external":
        return model_file(path, numbers=[elsewhere("/etc/passwd")], added="other")
    if what == "loop":
        nodes, numbers = endless_loop()
        return model_file(path, nodes, numbers, added="looped")
    if what == "deep":
        return model_file(path, raw='{"a":' + "[" * 200_000 + "]" * 200_000 + "}")
    return model_file(path, metadata={"labels": ["x", "a\0b"]})


@pytest.mark.parametrize("words", MODEL_VERBS, ids=lambda words: " ".join(words[:1]))
@pytest.mark.parametrize("what", ["external", "loop", "deep", "label"])
def test_a_model_is_refused_by_every_verb(
    intona: Callable, wav: Path, voices: Path, tmp_path: Path, words: list[str], what: str
) -> None:
    model = hostile(tmp_path, what)
    known = {"wav": wav, "model": model, "corpus": voices, "out": tmp_path / "out"}
    assert model.name in sentence(intona(*(word.format(**known) for word in words)), 1)
    with pytest.raises(ModelError, match=model.name):
        load(model)


@pytest.mark.parametrize(
    "words", [verb for verb in MODEL_VERBS if verb[0] not in ("info", "listen", "serve", "enroll")]
)
def test_an_answer_that_is_none_is_refused_by_every_verb(
    intona: Callable, wav: Path, voices: Path, tmp_path: Path, words: list[str]
) -> None:
    model = model_file(tmp_path / "m.onnx", numbers=[number("o", [[5.0, 5.0]])], added="o")
    known = {"wav": wav, "model": model, "corpus": voices, "out": tmp_path / "out"}
    assert "m.onnx" in sentence(intona(*(word.format(**known) for word in words)), 1)


def test_a_model_that_takes_too_much_is_refused(
    intona: Callable, wav: Path, tmp_path: Path
) -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["big"], ["c"]),
        helper.make_node("ReduceSum", ["c"], ["s"], keepdims=0),
    ]
    numbers = [number("big", [10**6, 10**6], "int64")]
    path = model_file(tmp_path / "m.onnx", nodes, numbers, added="s")
    assert "memory" in sentence(intona("predict", wav, "--model", path), 1)


def test_a_model_that_is_no_file_is_refused(intona: Callable, wav: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    for path in ("/dev/zero", tmp_path / "pipe.onnx", tmp_path):
        sentence(intona("predict", wav, "--model", path), 1)


RECIPE = '[front_end]\nname = "classic"\n[model]\nkind = "svm"\n'
RECIPES = {
    "deep": "a=" + "[" * 100_000 + "]" * 100_000,
    "deep tables": "[" + ".".join("a" * 1 for _ in range(5000)) + "]\nx = 1",
    "deep value": RECIPE + "[training]\nselect = " + "{a=" * 30 + "1" + "}" * 30,
    "large": "# " + "x" * 2**21,
    "digits": "a = " + "9" * 10_000,
    "no text": "\xff\xfe",
    "name": 'name = ["x"]\n' + RECIPE,
    "long name": f'name = "{"x" * 1000}"\n' + RECIPE,
    "endless": RECIPE + "C = inf",
    "not a number": RECIPE + "C = nan",
    "word": RECIPE + 'C = "much"',
    "list": RECIPE + "C = [1]",
    "negative": RECIPE + "C = -1",
    "training": 'training = "x"\n' + RECIPE,
    "folds": RECIPE + '[training]\ncalibration_folds = "many"',
    "many folds": RECIPE + "[training]\ncalibration_folds = -3",
    "risk": RECIPE + "[training]\nrisk = nan",
    "select": RECIPE
    + "[training.select]\n"
    + "\n".join(f"p{k} = [{', '.join(map(str, range(10)))}]" for k in range(9)),
    "copies": RECIPE + "[training]\naugmented_copies = 1000000000",
    "front end": '[front_end]\nname = "../../x"\n[model]\nkind = "svm"\n',
    "kind": '[front_end]\nname = "classic"\n[model]\nkind = "os:system"\n',
    "file": '[front_end]\nname = "encoder"\nmodel = 3\n[model]\nkind = "linear"\n',
    "linear": '[front_end]\nname = "default"\n[model]\nkind = "linear"\nC = "x"\n',
}


@pytest.mark.parametrize("what", RECIPES)
def test_recipes(intona: Callable, voices: Path, tmp_path: Path, what: str) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(RECIPES[what].encode("latin-1"))
    result = intona("train", voices, "--recipe", path, "--out", tmp_path / "m.onnx")
    sentence(result, result.code)
    assert result.code in (1, 2)
    assert not (tmp_path / "m.onnx").exists()


def test_a_recipe_that_is_no_file(intona: Callable, voices: Path, tmp_path: Path) -> None:
    for path in ("/dev/zero", tmp_path):
        result = intona("train", voices, "--recipe", path, "--out", tmp_path / "m.onnx")
        sentence(result, 2)
    with pytest.raises(RecipeError):
        recipes.load("/dev/zero")


def numbers(*values: float) -> str:
    return base64.b64encode(np.array(values, "<f2").tobytes()).decode()


PROFILE = {
    "kind": KIND,
    "schema": SCHEMA,
    "name": "me",
    "model": "0" * 16,
    "speech": "neutral",
    "count": 3,
    "seconds": 4.0,
    "mean": numbers(0.5, 1.0),
    "deviation": numbers(1.0, 1.0),
    "manner": {},
}
WRONG_PROFILES: list[Any] = [
    *({"count": value} for value in ("1e999", "x", 0, -3, None, [], "10" * 300, True - 1)),
    *({"seconds": value} for value in (float("nan"), float("inf"), "x")),
    *({"mean": value} for value in ("!", 3, None, numbers(1.0), numbers(np.inf, 1.0))),
    {"deviation": numbers(-1.0, 1.0)},
    {"deviation": numbers(np.nan, 1.0)},
    *({"manner": value} for value in ([1], "x", {"a": 1}, {"a": {"mean": "x", "count": 1}})),
    {"manner": {"pitch": {"mean": float("nan"), "count": 1}}},
    {"speech": "singing"},
    *({"seconds": value} for value in (-1.0, True)),
    *({"name": value} for value in ("n" * 10**6, "\x1b[2J", "a\u202eb", None, 3, ["me"])),
    *({"model": value} for value in ("m" * 10**6, 10**400, "\x1b[2J", None)),
    *({"schema": value} for value in ("s" * 10**6, 10**400, "\x1b[2J", None, True)),
    {"made_with": {"name": "n" * 10**6, "version": 1}},
    {"schema": 99},
]


@pytest.mark.parametrize("change", WRONG_PROFILES, ids=lambda change: str(change)[:40])
def test_profiles(intona: Callable, wav: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({**PROFILE, **change}).replace('"1e999"', "1e999"))
    assert "p.json" in sentence(intona("predict", wav, "--profile", path), 2)
    assert "p.json" in sentence(intona("explain", wav, "--profile", path), 2)


def test_profiles_that_are_no_json(intona: Callable, wav: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    for content in (b"[" * 100_000 + b"]" * 100_000, b"\xff\xfe", b"", b" " * 2**23, b"9" * 10_000):
        path.write_bytes(content)
        assert "p.json" in sentence(intona("predict", wav, "--profile", path), 2)
    sentence(intona("predict", wav, "--profile", "/dev/zero"), 2)
    with pytest.raises(UsageError):
        Profile.load("/dev/zero")


@pytest.fixture(scope="module")
def report(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from intona import corpora
    from intona.evaluation import evaluate, protocols

    folder = tmp_path_factory.mktemp("report")
    plan, split = recipes.load("classic-svm"), protocols.parse("loso")
    evaluate(plan, corpora.load(voices), split).save(folder)
    return folder


def kept(report: Path, folder: Path, change: Callable[[dict[str, Any], pd.DataFrame], Any]) -> Path:
    content = json.loads((report / "evaluation.json").read_text())
    table = pd.read_parquet(report / "predictions.parquet")
    changed = change(content, table)
    folder.mkdir()
    (folder / "evaluation.json").write_text(json.dumps(content))
    (table if changed is None else changed).to_parquet(folder / "predictions.parquet")
    return folder


CHANGES: dict[str, Callable[[dict[str, Any], pd.DataFrame], Any]] = {
    "labels": lambda content, _: content.update(labels=[1, 2]),
    "labels twice": lambda content, _: content.update(labels=["happy", "happy"]),
    "no labels": lambda content, _: content.update(labels=[]),
    "target": lambda content, _: content.update(target=["x"]),
    "protocol": lambda content, _: content.update(protocol=[1]),
    "schema": lambda content, _: content.update(schema="x"),
    "leaks": lambda content, _: content.update(leaks=[]),
    "reasons": lambda content, _: content.update(leaky_reasons=[1]),
    "folds": lambda content, _: content.update(folds=[3]),
    "index": lambda _, table: table.reset_index(drop=True),
    "no truth": lambda _, table: table.drop(columns="truth"),
    "no label": lambda _, table: table.drop(columns="happy"),
    "words": lambda _, table: table.assign(happy="x"),
    "infinite": lambda _, table: table.assign(happy=np.inf),
    "too sure": lambda _, table: table.assign(happy=7.0),
    "other answers": lambda _, table: table.assign(emotion="proud"),
    "empty": lambda _, table: table.iloc[:0],
}


@pytest.mark.parametrize("what", CHANGES)
def test_kept_evaluations(intona: Callable, report: Path, tmp_path: Path, what: str) -> None:
    bad = kept(report, tmp_path / "bad", CHANGES[what])
    assert "bad" in sentence(intona("compare", report, bad), 2)


def test_kept_evaluations_that_are_damaged(intona: Callable, report: Path, tmp_path: Path) -> None:
    bad = kept(report, tmp_path / "bad", lambda *_: None)
    whole = (bad / "predictions.parquet").read_bytes()
    for content in (b"", b"PAR1", whole[:-50], whole[:4] + b"\xff" * 400 + whole[404:]):
        (bad / "predictions.parquet").write_bytes(content)
        assert "bad" in sentence(intona("compare", report, bad), 2)
    (bad / "predictions.parquet").write_bytes(whole)
    for text in ("[" * 100_000, "[]", "", "{}"):
        (bad / "evaluation.json").write_text(text)
        assert "bad" in sentence(intona("compare", report, bad), 2)


def test_the_good_ones_are_taken(intona: Callable, report: Path, wav: Path, tmp_path: Path) -> None:
    same = kept(report, tmp_path / "same", lambda *_: None)
    assert intona("compare", report, same).code == 0
    path = tmp_path / "p.json"
    path.write_text(json.dumps(PROFILE))
    with pytest.raises(IntonaError, match="another model"):
        load(profile=str(path))
    assert intona("predict", wav, "--model", model_file(tmp_path / "m.onnx")).code == 0


def test_an_evaluation_is_a_folder(intona: Callable, report: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text("{}")
    said = sentence(intona("compare", report, file), 2)
    assert (
        said
        == f"error: {file} is a file: name the folder that intona evaluate ... --report DIR made"
    )
    folder = tmp_path / "odd"
    (folder / "evaluation.json").mkdir(parents=True)
    said = sentence(intona("compare", report, folder), 2)
    assert said == f"error: {folder}: the evaluation cannot be read: Is a directory"
