"""Heads as an ONNX graph: embedding and profile in, probabilities and the rest out.

The profile's ``centre`` and ``scale``, and ``adapted`` (1 with a profile, else 0), are inputs with
a default, which is the plain answer: a runtime that knows nothing of profiles feeds the waveform
alone. Familiarity is always of the plain embedding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from intona.models.blend import MIDDLE, WIDTH, Blend
from intona.models.committee import Committee
from intona.models.encoders.graph import Graph
from intona.models.encoders.waveform import finished

if TYPE_CHECKING:
    import onnx


def with_heads(graph: Graph, heads: Committee, blend: Blend) -> onnx.ModelProto:
    """Return the model of a graph that computes ``embedding``, with all heads on it.

    Outputs, each ``(batch, width)``: ``probabilities``, ``embedding``, ``familiarity`` and, where
    the heads tell, ``arousal`` and ``valence``.

    Args:
        graph: see :func:`intona.models.encoders.waveform.embedding_graph`.
        heads: fitted.
        blend: fitted.
    """
    width, labels = heads.joint[0].shape
    near = _familiarity(graph, heads)
    centre = graph.given("centre", np.zeros(width, np.float32))
    scale = graph.given("scale", np.ones(width, np.float32))
    adapted = graph.given("adapted", np.zeros(1, np.float32))
    judged = graph.op("Div", [graph.op("Sub", ["embedding", centre]), scale])
    every = [heads.joint, *heads.members.values()]
    outputs = {"probabilities": labels, "embedding": width, "familiarity": 1}
    sizes = [labels] * len(every)
    for name, head in heads.dimensions.items():
        every.append(head)
        sizes.append(1)
        outputs[name] = 1
    weights = graph.constant(np.concatenate([weights for weights, _ in every], axis=1))
    bias = graph.constant(np.concatenate([bias for _, bias in every]))
    parts = graph.split(graph.op("Gemm", [judged, weights, bias]), sizes, 1)
    for name in reversed(list(heads.dimensions)):
        graph.op("Sigmoid", [parts.pop()], name=name)
    _blended(graph, parts, near, adapted, blend)
    return finished(graph, outputs)


def _familiarity(graph: Graph, heads: Committee) -> str:
    """Append :func:`intona.models.blend.familiarity` of the embedding; return its name."""
    width = len(heads.directions)
    inside = graph.op("MatMul", ["embedding", graph.half(heads.directions)])
    along = graph.integer(1)
    squares = [
        graph.op("ReduceSum", [graph.op("Mul", [value, value]), along], keepdims=1)
        for value in ("embedding", inside)
    ]
    rest = graph.op("Mul", [graph.op("Sub", squares), graph.constant(1.0 / width)])
    logs = graph.op("Log", [graph.op("Max", [rest, graph.constant(1e-12)])])
    away = graph.op("Sub", [graph.constant(float(np.log(MIDDLE))), logs])
    return graph.op(
        "Sigmoid", [graph.op("Mul", [away, graph.constant(1.0 / WIDTH)])], name="familiarity"
    )


def _blended(graph: Graph, scores: list[str], near: str, adapted: str, blend: Blend) -> None:
    """Append :meth:`intona.models.blend.Blend.probabilities`."""
    low, high, cold, warm, dull, keen, moved = blend.values
    shift = graph.op("Mul", [adapted, graph.constant(moved)])

    def line(at_zero: float, at_one: float) -> str:
        slope = graph.op("Mul", [near, graph.constant(at_one - at_zero)])
        return graph.op("Add", [slope, graph.constant(at_zero)])

    def softened(score: str, at_zero: float, at_one: float) -> str:
        temperature = graph.op("Exp", [graph.op("Add", [line(at_zero, at_one), shift])])
        return graph.op("Softmax", [graph.op("Div", [score, temperature])], axis=1)

    joint, *members = scores
    if not members:
        graph.op("Identity", [softened(joint, cold, warm)], name="probabilities")
        return
    share = graph.op("Sigmoid", [line(low, high)])
    total = graph.op("Sum", [softened(member, dull, keen) for member in members])
    mean = graph.op("Mul", [total, graph.constant(1.0 / len(members))])
    own = graph.op("Mul", [share, softened(joint, cold, warm)])
    rest = graph.op("Mul", [graph.op("Sub", [graph.constant(1.0), share]), mean])
    graph.op("Add", [own, rest], name="probabilities")
