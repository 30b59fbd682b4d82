"""A model file of a few numbers that adapts and says familiarity and arousal, without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from intona.models.artefact import write_model

LABELS = ["neutral", "happy", "sad", "angry"]
RATE = 16_000


def save(path: Path) -> Path:
    """Write a model whose embedding is the loudness of a signal, and of its differences."""

    def constant(name: str, values: object) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(values, np.float32), name)

    def node(kind: str, inputs: str, output: str, **options: object) -> onnx.NodeProto:
        return helper.make_node(kind, inputs.split(), [output], **options)

    nodes = [
        node("Mul", "waveform waveform", "squares"),
        node("ReduceMean", "squares", "power", axes=[1], keepdims=1),
        node("Slice", "waveform one last axis", "later"),
        node("Slice", "waveform nought second axis", "earlier"),
        node("Sub", "later earlier", "steps"),
        node("Mul", "steps steps", "step_squares"),
        node("ReduceMean", "step_squares", "step_power", axes=[1], keepdims=1),
        node("Concat", "power step_power", "powers", axis=1),
        node("Add", "powers least", "some"),
        node("Log", "some", "logs"),
        node("Add", "logs offset", "embedding"),
        node("Sub", "embedding centre", "moved"),
        node("Div", "moved scale", "standard"),
        node("MatMul", "standard weights", "scores"),
        node("Softmax", "scores", "probabilities", axis=1),
        node("Abs", "embedding", "distance"),
        node("ReduceMean", "distance", "mean", axes=[1], keepdims=1),
        node("Neg", "mean", "near"),
        node("Exp", "near", "familiarity"),
        node("ReduceMean", "standard", "level", axes=[1], keepdims=1),
        node("Sigmoid", "level", "arousal"),
    ]
    weights = [[0.0, 0.3, -1.0, 1.2], [0.0, 1.1, -1.0, 0.4]]
    constants = [
        constant("least", [1e-9]),
        constant("offset", [5.0, 8.0]),
        constant("centre", [0.0, 0.0]),
        constant("scale", [1.0, 1.0]),
        constant("adapted", [0.0]),
        constant("weights", weights),
        *(
            numpy_helper.from_array(np.array([value], np.int64), name)
            for name, value in (
                ("one", 1),
                ("last", np.iinfo(np.int64).max),
                ("nought", 0),
                ("second", -1),
                ("axis", 1),
            )
        ),
    ]
    inputs = {"waveform": ["batch", "time"], "centre": [2], "scale": [2], "adapted": [1]}
    outputs = {"probabilities": 4, "familiarity": 1, "arousal": 1, "embedding": 2}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in inputs.items()],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", count])
            for name, count in outputs.items()
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = {
        "labels": LABELS,
        "target": "emotion",
        "input": {"kind": "waveform", "rate": RATE},
        "threshold": 0.5,
        "thresholds": [0.8, 0.4],
        "familiar": 0.2,
        "embedding": 2,
        "adaptation": {},
        "recipe": {"name": "tiny"},
        "corpora": {},
        "licence": "none",
        "version": "0",
    }
    return write_model(model, metadata, path)
