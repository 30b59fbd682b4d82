"""Finishing touches on an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def add_softmax(model: onnx.ModelProto, temperature: float) -> None:
    """Turn the output ``scores`` into ``probabilities``: the softmax of scores / temperature."""
    from onnx import TensorProto, helper

    graph = model.graph
    graph.initializer.append(
        helper.make_tensor("_temperature", TensorProto.FLOAT, [], [temperature])
    )
    graph.node.append(helper.make_node("Div", ["scores", "_temperature"], ["_scaled"]))
    graph.node.append(helper.make_node("Softmax", ["_scaled"], ["probabilities"], axis=-1))
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, None])
    )
