"""Which model it is: versions that rise with the content, hashes that tell what was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from intona.models.artefact import bundled, read_model, write_model
from intona.models.card import without_names
from intona.models.identity import Identity, next_identity, with_metadata
from intona.models.metadata import BUNDLED

METADATA = {
    "version": "0.2",
    "name": "mine",
    "labels": ["happy", "sad"],
    "target": "emotion",
    "input": {"kind": "waveform", "rate": 16000},
    "recipe": {"name": "mine", "model": {"kind": "linear", "l2": 0.1}},
    "corpora": {},
    "licence": "none",
    "threshold": 0.5,
}


def graph(weight: float = 1.0) -> onnx.ModelProto:
    values = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    held = numpy_helper.from_array(np.array([weight], np.float32), "w")
    node = helper.make_node("Mul", ["x", "w"], ["y"])
    return helper.make_model(helper.make_graph([node], "g", [values], [result], [held]))


def written(path: Path, weight: float = 1.0, **changed: object) -> Identity:
    return Identity.of(*read_model(write_model(graph(weight), {**METADATA, **changed}, path)))


def test_the_version_rises_when_and_only_when_the_content_changes(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    first = written(path)
    assert first.version == 1
    assert written(path) == first
    second = written(path, 2.0)
    assert (second.version, second.recipe) == (2, first.recipe)
    assert second.content != first.content
    third = written(path, 2.0, licence="CC0")
    assert third.version == 3
    assert third.content not in (first.content, second.content)
    fourth = written(path, recipe={"name": "mine", "model": {"kind": "linear", "l2": 0.2}})
    assert fourth.version == 4
    assert fourth.recipe != first.recipe
    assert written(tmp_path / "elsewhere.onnx").version == 1


def test_the_hash_is_of_the_graph_and_of_what_is_said_and_of_nothing_else(tmp_path: Path) -> None:
    content, metadata = read_model(write_model(graph(), METADATA, tmp_path / "m.onnx"))
    model = onnx.load_model_from_string(content)
    (entry,) = model.metadata_props
    said = json.loads(entry.value)
    del model.metadata_props[:]
    del said["identity"]
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    expected = sha256(model.SerializeToString() + text.encode()).hexdigest()
    assert metadata["identity"]["content"] == expected
    recipe = json.dumps(METADATA["recipe"], sort_keys=True)
    assert metadata["identity"]["recipe"] == sha256(recipe.encode()).hexdigest()


def test_what_was_changed_since_has_no_version(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    first = written(path)
    model = onnx.load(path)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.float32([3]), "w"))
    onnx.save(model, path)
    found = Identity.of(*read_model(path))
    assert (found.version, found.created) == (None, None)
    assert found.content != first.content
    assert "without a version" in str(found)
    assert written(path, 4.0).version == 2


def test_files_made_before_there_were_versions_have_none() -> None:
    old = Path(__file__).parent.parent / "data" / "model-0.1.onnx"
    found = Identity.of(*read_model(old))
    assert (found.version, found.created) == (None, None)
    assert len(found.content) == len(found.recipe) == 64


def test_a_stamp_changes_the_metadata_alone(tmp_path: Path) -> None:
    plain, metadata = read_model(write_model(graph(), METADATA, tmp_path / "m.onnx"))
    bare = {key: value for key, value in metadata.items() if key != "identity"}
    unstamped = with_metadata(plain, bare)
    assert Identity.of(unstamped, bare).version is None
    stamp = next_identity(unstamped, bare, {"version": 6, "content": "another"})
    stamped = with_metadata(unstamped, {**bare, "identity": stamp})
    assert stamp["version"] == 7
    assert stamp["content"] == metadata["identity"]["content"]
    one, other = map(onnx.load_model_from_string, (plain, stamped))
    assert one.graph == other.graph
    (entry,) = other.metadata_props
    assert json.loads(entry.value) == {**bare, "identity": stamp}


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_models_are_the_last_of_their_versions(name: str) -> None:
    content, metadata = read_model(bundled(name))
    kept = json.loads(bundled().with_name("versions.json").read_text("utf-8"))[name]
    found = Identity.of(content, metadata)
    stamp = "the file was replaced: run python scripts/identity.py"
    assert found.version is not None, stamp
    assert found.content == kept[-1]["content"], stamp
    assert metadata["identity"] == kept[-1]
    versions = [one["version"] for one in kept]
    assert versions == sorted(set(versions))
    contents = [one["content"] for one in kept]
    assert len(set(contents)) == len(contents)


def test_answers_say_which_model_gave_them(
    tiny_model: Path, voices: Path, tmp_path: Path, intona: Callable
) -> None:
    found = Identity.of(*read_model(tiny_model))
    said = {
        "name": "classic-svm",
        "version": 1,
        "created": found.created,
        "content": found.content[:16],
        "recipe": found.recipe[:16],
    }
    assert found.name == said["name"]
    clip = next(voices.rglob("*.wav"))
    of_tiny = ("--model", tiny_model)
    for row in json.loads(intona("predict", clip, *of_tiny, "--format", "json").out):
        assert row["model"] == said
    for row in json.loads(intona("predict", clip, *of_tiny, "-t", "--format", "json").out):
        assert row["model"] == said
    line = intona("predict", clip, *of_tiny, "-t", "--format", "jsonl").out.splitlines()[0]
    assert json.loads(line)["model"] == said
    assert json.loads(intona("explain", clip, *of_tiny, "--json").out)["model"] == said
    whole = {**said, "content": found.content, "recipe": found.recipe}
    assert json.loads(intona("info", tiny_model, "--json").out)["identity"] == whole
    words = intona("info", tiny_model).out
    for part in (f"classic-svm, version 1 of {found.created}", found.content, found.recipe):
        assert part in words
    report = tmp_path / "report"
    done = intona("evaluate", tiny_model, voices, "--allow-leaks", "--report", report)
    assert done.code == 0, done.err
    kept = json.loads((report / "evaluation.json").read_text())
    assert whole.items() <= kept["model"].items()
    assert kept["recipe_hash"] == found.recipe
    assert found.content in (report / "report.html").read_text()
    intona("audit", tiny_model, voices, "--allow-leaks", "--report", report, "--tests", "fairness")
    assert json.loads((report / "audit.json").read_text())["models"][0]["model"] == said


def test_a_profile_says_which_model_it_is_of(
    tiny_adaptable: Path, voices: Path, tmp_path: Path, intona: Callable
) -> None:
    place = tmp_path / "me.json"
    made = intona("enroll", "me", "--model", tiny_adaptable, "--from", voices, "--out", place)
    assert made.code == 0, made.err
    found = Identity.of(*read_model(tiny_adaptable))
    kept = json.loads(place.read_text())
    assert kept["model"] == found.mark
    assert kept["made_with"] == found.short()
    clip = next(voices.rglob("*.wav"))
    refused = intona("predict", clip, "--profile", place)
    assert refused.code == 2
    assert f"{found.name} version {found.version} ({found.mark})" in refused.err
    assert "default, version" in refused.err


def test_strangers_are_told_how_many_speakers_there_were() -> None:
    corpora = {"mine": {"utterances": 3, "speakers": ["Anna", "Otto"], "languages": ["deu"]}}
    metadata: Any = {"corpora": corpora, "base": {"corpora": corpora}, "licence": "none"}
    told = without_names(metadata)
    assert told["corpora"]["mine"] == {"utterances": 3, "speakers": 2, "languages": ["deu"]}
    assert told["base"]["corpora"] == told["corpora"]
    assert "Anna" not in json.dumps(told)
    assert metadata["base"]["corpora"]["mine"]["speakers"] == ["Anna", "Otto"]  # untouched
