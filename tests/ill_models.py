"""Model files as somebody would write them who means ill; all are valid ONNX."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

METADATA: Mapping[str, Any] = {
    "schema": 1,
    "labels": ["calm", "angry"],
    "target": "emotion",
    "input": {"kind": "waveform", "rate": 16_000},
    "threshold": 0.5,
    "recipe": {"name": "x"},
    "corpora": {},
    "licence": "x",
    "version": "1",
}


def number(name: str, value: object, kind: str = "float32") -> onnx.TensorProto:
    """Return numbers kept in the file."""
    return numpy_helper.from_array(np.asarray(value, dtype=kind), name)


def model_file(
    path: Path,
    nodes: Sequence[onnx.NodeProto] = (),
    numbers: Iterable[onnx.TensorProto] = (),
    *,
    added: str = "nothing",
    metadata: Mapping[str, Any] | None = None,
    raw: str | None = None,
    inputs: Sequence[str] = ("waveform",),
    domains: Sequence[str] = (),
) -> Path:
    """Write a model that answers calm 30 %, angry 70 %, plus the value ``added``.

    Args:
        path: the file.
        nodes: further operators; they may use ``loudness``, shape ``(n, 1)``, always 0.
        numbers: further tensors.
        added: name of what is added to the answer.
        metadata: entries that are others than :data:`METADATA`.
        raw: the metadata as text instead.
        inputs: of the graph.
        domains: of further operators.
    """
    known = [number("nothing", 0), number("answer", [[0.3, 0.7]])]
    before = [
        helper.make_node("ReduceMean", ["waveform"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["mean", "nothing"], ["loudness"]),
        helper.make_node("Add", ["loudness", "answer"], ["plain"]),
    ]
    last = helper.make_node("Add", ["plain", added], ["probabilities"])
    graph = helper.make_graph(
        [*before, *nodes, last],
        "graph",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "s"]) for name in inputs],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", None])],
        initializer=[*known, *numbers],
    )
    sets = [helper.make_opsetid("", 17), *(helper.make_opsetid(one, 1) for one in domains)]
    model = helper.make_model(graph, opset_imports=sets, ir_version=8)
    entry = model.metadata_props.add()
    entry.key = "intona"
    entry.value = json.dumps({**METADATA, **(metadata or {})}) if raw is None else raw
    path.write_bytes(model.SerializeToString())
    return path


def elsewhere(location: str) -> onnx.TensorProto:
    """Return a tensor whose numbers are in another file."""
    found = TensorProto(name="other", data_type=TensorProto.FLOAT, dims=[1])
    found.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "4")):
        found.external_data.add(key=key, value=value)
    return found


def endless_loop() -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Return a loop of 2 ** 62 turns whose result is ``looped``, and what it needs."""
    kinds = {"turn": TensorProto.INT64, "go": TensorProto.BOOL, "x": TensorProto.FLOAT}
    taken = [helper.make_tensor_value_info(name, kind, []) for name, kind in kinds.items()]
    given = [
        helper.make_tensor_value_info("on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
    ]
    steps = [
        helper.make_node("Identity", ["go"], ["on"]),
        helper.make_node("Add", ["x", "x"], ["y"]),
    ]
    body = helper.make_graph(steps, "body", taken, given)
    loop = helper.make_node("Loop", ["turns", "true", "nothing"], ["looped"], body=body)
    return [loop], [number("turns", 2**62, "int64"), number("true", True, "bool")]
