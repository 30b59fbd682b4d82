"""Model files of somebody who means ill: refused in one sentence, in bounded memory and time."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ill_models import METADATA, elsewhere, endless_loop, model_file, number
from intona.errors import CorpusError, IntonaError, ModelError
from intona.inference.recognizer import Recognizer
from intona.models import recipes, runtime, session, vetting
from intona.models.artefact import read_model
from intona.models.task import Task
from intona.models.train import fit

SOUND = [np.zeros(16_000, np.float32)]
node = helper.make_node


def answer(path: Path) -> list[float]:
    return Recognizer.load(path).rows(SOUND, 16_000)[0].tolist()


def test_a_file_that_means_no_ill_answers(tmp_path: Path) -> None:
    assert answer(model_file(tmp_path / "m.onnx")) == pytest.approx([0.3, 0.7])


@pytest.mark.parametrize("location", ["secret.bin", "/etc/passwd", "../secret.bin", ""])
@pytest.mark.parametrize("where", ["initializer", "attribute", "list"])
def test_other_files_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str, where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("secret.bin").write_bytes(np.float32(0.1).tobytes())
    tensor = elsewhere(location)
    if where == "initializer":
        model_file(Path("m.onnx"), numbers=[tensor], added="other")
    elif where == "attribute":
        model_file(Path("m.onnx"), [node("Constant", [], ["other"], value=tensor)], added="other")
    else:
        hidden = node("Identity", ["nothing"], ["other"])
        hidden.attribute.add(name="x", type=onnx.AttributeProto.TENSORS).tensors.append(tensor)
        model_file(Path("m.onnx"), [hidden], added="other")
    with pytest.raises(ModelError, match="refused, it keeps numbers in another file"):
        read_model("m.onnx")


def branch() -> list[onnx.NodeProto]:
    value = helper.make_tensor_value_info("z", TensorProto.FLOAT, [])
    body = helper.make_graph([node("Identity", ["nothing"], ["z"])], "b", [], [value])
    return [node("If", ["true"], ["other"], then_branch=body, else_branch=body)]


def test_loops_and_branches_are_refused(tmp_path: Path) -> None:
    nodes, numbers = endless_loop()
    model_file(tmp_path / "loop.onnx", nodes, numbers, added="looped")
    model_file(tmp_path / "if.onnx", branch(), [number("true", True, "bool")], added="other")
    for name in ("loop.onnx", "if.onnx"):
        with pytest.raises(ModelError, match="refused, it loops or branches"):
            read_model(tmp_path / name)


def test_functions_foreign_operators_and_sparse_numbers_are_refused(tmp_path: Path) -> None:
    evil = [node("Evil", ["nothing"], ["other"], domain="evil.ops")]
    model_file(tmp_path / "evil.onnx", evil, added="other", domains=["evil.ops"])
    microsoft = [node("Gelu", ["nothing"], ["other"], domain="com.microsoft")]
    model_file(tmp_path / "ms.onnx", microsoft, added="other", domains=["com.microsoft"])
    for name in ("evil.onnx", "ms.onnx"):
        with pytest.raises(ModelError, match="operators that are not ONNX's"):
            read_model(tmp_path / name)
    model = onnx.load(model_file(tmp_path / "f.onnx"))
    model.functions.append(
        helper.make_function("", "F", ["a"], ["b"], [node("Identity", ["a"], ["b"])], [])
    )
    onnx.save(model, tmp_path / "f.onnx")
    with pytest.raises(ModelError, match="functions of its own"):
        read_model(tmp_path / "f.onnx")
    model = onnx.load(model_file(tmp_path / "s.onnx"))
    few, where = number("few", [1.0]), number("where", [0], "int64")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(few, where, [2**40]))
    onnx.save(model, tmp_path / "s.onnx")
    with pytest.raises(ModelError, match="sparse"):
        read_model(tmp_path / "s.onnx")


@pytest.mark.parametrize("sizes", [[2**40], [2**31, 2**31, 2**31], [-1], [10**6, 10**6]])
def test_tensors_that_are_not_in_the_file_are_refused(tmp_path: Path, sizes: list[int]) -> None:
    tensor = TensorProto(name="other", data_type=TensorProto.FLOAT, dims=sizes, raw_data=b"1234")
    model_file(tmp_path / "m.onnx", numbers=[tensor], added="other")
    with pytest.raises(ModelError, match="fewer numbers than it says"):
        read_model(tmp_path / "m.onnx")


def test_too_many_operators_and_parts_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_file(tmp_path / "m.onnx")
    monkeypatch.setattr(vetting, "NODES", 3)
    with pytest.raises(ModelError, match="more than 3 operators"):
        read_model(tmp_path / "m.onnx")
    monkeypatch.setattr(vetting, "FIELDS", 20)
    with pytest.raises(ModelError, match="too many parts"):
        read_model(tmp_path / "m.onnx")


def doubling() -> list[onnx.NodeProto]:
    first = [node("Concat", ["loudness"] * 2, ["d0"], axis=1)]
    rest = [node("Concat", [f"d{k}"] * 2, [f"d{k + 1}"], axis=1) for k in range(39)]
    return [*first, *rest, node("ReduceSum", ["d39"], ["other"], keepdims=0)]


def filled(kind: str) -> list[onnx.NodeProto]:
    inputs = ["nothing", "big"] if kind == "Expand" else ["big"]
    return [node(kind, inputs, ["c"]), node("ReduceSum", ["c"], ["other"], keepdims=0)]


@pytest.mark.parametrize(
    ("nodes", "sizes"),
    [
        (filled("ConstantOfShape"), [10**6, 10**6]),
        (filled("ConstantOfShape"), [2**31, 2**31, 2**31]),
        (filled("ConstantOfShape"), [600_000_000]),
        (filled("Expand"), [600_000_000]),
        (doubling(), [1]),
    ],
)
def test_memory_is_bounded(tmp_path: Path, nodes: list[onnx.NodeProto], sizes: list[int]) -> None:
    path = model_file(tmp_path / "m.onnx", nodes, [number("big", sizes, "int64")], added="other")
    with pytest.raises(ModelError, match=r"cannot be (run|loaded) \("):
        Recognizer.load(path).rows(SOUND, 16_000)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert used < runtime.MEMORY + 2**31


def test_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    products = [node("MatMul", ["c", "c"], ["p0"])]
    products += [node("MatMul", [f"p{k}", "c"], [f"p{k + 1}"]) for k in range(300)]
    nodes = [
        node("Expand", ["nothing", "big"], ["c"]),
        *products,
        node("ReduceSum", ["p300"], ["other"], keepdims=0),
    ]
    numbers = [number("big", [1500, 1500], "int64")]
    path = model_file(tmp_path / "m.onnx", nodes, numbers, added="other")
    monkeypatch.setattr(session, "PATIENCE", 0.2)
    monkeypatch.setattr(session, "SLOWEST", 0.1)
    begin = time.monotonic()
    with pytest.raises(ModelError, match="given up after 0 s"):
        Recognizer.load(path).rows(SOUND, 16_000)
    assert time.monotonic() - begin < 5.0


@pytest.mark.parametrize(
    ("addend", "words"),
    [
        ([[-0.4, 0.4]], "do not sum to 1"),
        ([[0.5, 0.5]], "do not sum to 1"),
        ([[0.0, 0.002]], "do not sum to 1"),
        ([[np.nan, 0.0]], "not finite"),
        ([[np.inf, 0.0]], "not finite"),
        ([[0.0], [0.0]], "is not"),
        ([[[0.0]]], "does not fit"),
    ],
)
def test_what_is_no_probability_is_no_answer(tmp_path: Path, addend: Any, words: str) -> None:
    path = model_file(tmp_path / "m.onnx", numbers=[number("other", addend)], added="other")
    with pytest.raises(ModelError, match=words):
        answer(path)


def test_a_graph_that_needs_more_or_gives_less_is_refused(tmp_path: Path) -> None:
    path = model_file(tmp_path / "m.onnx", inputs=("waveform", "more"))
    with pytest.raises(ModelError, match="needs other inputs"):
        Recognizer.load(path)
    numeric = model_file(tmp_path / "n.onnx", metadata={"numeric": True, "labels": ["arousal"]})
    with pytest.raises(ModelError, match="no output 'scores'"):
        Recognizer.load(numeric)


def test_bytes_of_another_form_are_not_another_graph(tmp_path: Path) -> None:
    content = model_file(tmp_path / "m.onnx").read_bytes()
    # A field nobody reads, in which bytes 4 to 8 say "onnxruntime's own form".
    (tmp_path / "m.onnx").write_bytes(b"\xa2\x06\x06\x00ORTM\x00" + content)
    assert answer(tmp_path / "m.onnx") == pytest.approx([0.3, 0.7])


FRONT = {"kind": "front_end", "name": "classic", "version": 1, "rate": None}
WRONG = {
    "labels": [[], ["a"] * 2, ["a", ""], ["a", " "], ["a", 1], ["a\0b", "c"], ["c\nd", "e"]],
    "target": ["a\nb", 3, "", "--x"],
    "threshold": [float("nan"), float("inf"), True, "0.5", -0.1, 1.5],
    "temperature": ["hot", 0, -1.0, True],
    "abstention": [{}, "x", {"coverage": "a", "risk": 0, "target": 0}],
    "corpora": [{"x": [1, 2]}, [], {"x": {"speakers": "anna"}}, {"x": {"utterances": "many"}}],
    "metrics": [[1], {"x": [1]}],
    "recipe": [{"name": ["a"]}, "x"],
    "licence": ["L" * 10**6, 3, None],
    "schema": [True, "1", 0, None],
    "numeric": ["yes", 1],
    "embedding": [0, -1, 2**40, "5", True],
    "adaptation": [[], {"difference": "!"}, {"difference": 3}],
    "priors": [[0.5], "x", [2.0, 0.5], [float("nan"), 0.5]],
    "thresholds": [[0.5], [0.1, "a"]],
    "familiar": ["x", [0.5]],
    "base": [[], {"corpora": []}, {"licence": 3}],
    "terms": [
        [],
        {"a": "MIT"},
        {"a": {"licence": "MIT"}},
        {"a": {"licence": "MIT", "redistribute": 1, "commercial": True, "share_alike": False}},
        {"a": {"licence": 3, "redistribute": None, "commercial": None, "share_alike": False}},
    ],
    "heard": [{}, [], "x"],
    "version": [1, "v" * 1000],
    "input": [
        {},
        [],
        {"kind": "waveform"},
        {"kind": "picture", "rate": 16_000},
        *({"kind": "waveform", "rate": rate} for rate in (0, -5, "16000", 10**12, 16000.7, True)),
        {"kind": "front_end"},
        {**FRONT, "name": "../../x"},
        {**FRONT, "version": 99},
        {**FRONT, "rate": 8000},
        {**FRONT, "parameters": [1]},
        {**FRONT, "parameters": {"evil": 1}},
        {**FRONT, "name": "encoder", "parameters": {"path": "http://127.0.0.1:9/x"}},
        {**FRONT, "name": "encoder", "parameters": {"model": "/etc/passwd"}},
        {**FRONT, "name": "encoder", "parameters": {"model": "evil/weights"}},
        {**FRONT, "name": "default", "parameters": {"model": "other.onnx"}},
        {**FRONT, "name": "joined", "parameters": {"parts": [{"name": "encoder", "model": "a"}]}},
        {**FRONT, "name": "joined", "parameters": {"parts": 3}},
    ],
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, each in WRONG.items() for v in each])
def test_wrong_metadata_is_one_sentence(tmp_path: Path, key: str, value: Any) -> None:
    path = model_file(tmp_path / "m.onnx", metadata={key: value})
    with pytest.raises(ModelError) as found:
        Recognizer.load(path)
    assert str(path) in str(found.value)
    assert len(str(found.value)) < 400


def test_metadata_too_deep_or_too_large_is_refused(tmp_path: Path) -> None:
    for raw in ('{"a":' + "[" * 200_000 + "]" * 200_000 + "}", "[" * 100_000, '{"a": 1' * 9):
        with pytest.raises(ModelError, match="metadata is damaged"):
            read_model(model_file(tmp_path / "m.onnx", raw=raw))
    deep: list[Any] = []
    for _ in range(50):
        deep = [deep]
    for value in (deep, {"selected": deep}):
        with pytest.raises(ModelError, match="nested too deeply"):
            read_model(model_file(tmp_path / "m.onnx", metadata={"recipe": {"x": value}}))
    with pytest.raises(ModelError, match="larger than"):
        read_model(model_file(tmp_path / "m.onnx", raw=json.dumps({**METADATA, "x": "A" * 2**24})))


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("--help", "begins like an option"),
        ("-e", "begins like an option"),
        ("\x1b[31mred", "control characters"),
        ("\x9b31m", "control characters"),
        ("a\u202eb", "control characters"),
        ("../../x", "a path"),
        ("/etc/passwd", "a path"),
        ("x/../../y", "a path"),
        ("l" * 101, "more than 100"),
        ("file", "a column of the results is called file"),
        (" confidence", "a column of the results is called confidence"),
        ("valence", "a column of the results is called valence"),
    ],
)
def test_labels_that_are_more_than_words_are_refused(
    tmp_path: Path, label: str, words: str
) -> None:
    path = model_file(tmp_path / "m.onnx", metadata={"labels": ["calm", label]})
    with pytest.raises(ModelError, match=f"its label 2 cannot be used, .*{words}"):
        read_model(path)


@pytest.mark.parametrize("label", ["calm\u200b", "calm ", "\ufeffcalm", "calm"])
def test_labels_that_look_the_same_are_refused(tmp_path: Path, label: str) -> None:
    path = model_file(tmp_path / "m.onnx", metadata={"labels": ["calm", label]})
    with pytest.raises(ModelError, match="its labels are not distinct"):
        read_model(path)


def test_labels_are_refused_before_the_training(two_corpora: Any) -> None:
    table = two_corpora.table.assign(
        emotion=two_corpora.table["emotion"].replace({"happy": "--happy"})
    )
    with pytest.raises(CorpusError, match="'--happy' cannot be a label"):
        fit(Task(recipes.load("classic"), table))


def test_damage_anywhere_is_one_sentence(tmp_path: Path, tiny_model: Path) -> None:
    whole = bytearray(tiny_model.read_bytes())
    rng = np.random.default_rng(0)
    path = tmp_path / "m.onnx"
    for _ in range(60):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=3):
            content[place] ^= int(rng.integers(1, 256))
        path.write_bytes(content)
        try:
            rows = Recognizer.load(path).rows([np.ones(8000, np.float32)], 16_000)
        except IntonaError:
            continue
        assert np.abs(rows[:, :4].sum(axis=1) - 1.0).max() < 0.01
