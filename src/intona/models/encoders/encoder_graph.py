"""Whisper's encoder as a part of an ONNX graph: log-mel in, pooled hidden states out.

Operators are chosen as onnxruntime would fuse them, so that its optimiser, which costs more than
the computing of a short clip, may be switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intona.models.encoders.graph import Graph

HEAD_WIDTH = 64  # dimensions per attention head, in every Whisper model

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Branch:
    """One of the encoders of a graph.

    Attributes:
        weights: of a Whisper encoder by their Hugging Face names.
        layers: whose outputs are pooled, counted from 1; mean then standard deviation each.
        exact: how many of the first layers keep two bytes per weight instead of one: errors of
            the first go through all others.
        integers: whether all products from the second convolution on are of integers instead:
            faster and loaded faster, and a byte per weight; ``exact`` is not asked then.
    """

    weights: Mapping[str, Floats]
    layers: tuple[int, ...]
    exact: int = 1
    integers: bool = False


def pooled_layers(graph: Graph, encoder: Branch, mel: str, valid: str) -> list[str]:
    """Append an encoder and return mean and deviation of its layers, each ``(batch, width)``.

    Args:
        graph: what is appended to.
        encoder: its weights and layers.
        mel: log-mel ``(batch, frames, 80)``, 0 beyond each row's length.
        valid: which frames are real, as 0 or 1, ``(batch, frames, 1)``.
    """
    hidden, key_bias, real = _stem(graph, encoder, mel, valid)
    total = graph.op("ReduceSum", [real, graph.integer(1)], keepdims=1)
    share = graph.op("Transpose", [graph.op("Div", [real, total])], perm=[0, 2, 1])
    pooled = []
    for number in range(1, max(encoder.layers) + 1):
        hidden = _Layer(graph, encoder, number)(hidden, key_bias)
        if number in encoder.layers:
            pooled += _mean_and_deviation(graph, hidden, share)
    return pooled


def _stem(graph: Graph, encoder: Branch, mel: str, valid: str) -> tuple[str, str, str]:
    """Return hidden states, what keeps attention off the padding, and which steps are real.

    Shapes ``(batch, time, width)``, ``(batch, 1, 1, time)`` and ``(batch, time, 1)``.
    """
    weights = encoder.weights

    def convolution(name: str, value: str, stride: int, *, integers: bool = False) -> str:
        """Multiply three frames side by side by the kernel, three rows in one."""
        weight = weights[f"{name}.weight"].transpose(2, 1, 0)
        kernel = np.ascontiguousarray(weight.reshape(-1, weight.shape[2]))
        value = graph.op("Pad", [value, graph.integer(0, 1, 0, 0, 1, 0)])
        ends, axis, step = (-2, -1, 2**31), graph.integer(1), graph.integer(stride)
        taps = [
            graph.op("Slice", [value, graph.integer(k), graph.integer(end), axis, step])
            for k, end in enumerate(ends)
        ]
        value = graph.op("Concat", taps, axis=2)
        if integers:
            value = graph.integer_product(value, kernel)
        else:
            value = graph.op("MatMul", [value, graph.half(kernel)])
        return graph.op("Gelu", [graph.op("Add", [value, graph.constant(weights[f"{name}.bias"])])])

    hidden = graph.op("Mul", [convolution("conv1", mel, 1), valid])
    hidden = convolution("conv2", hidden, 2, integers=encoder.integers)
    width = weights["conv2.bias"].size
    steps = graph.op("Gather", [graph.op("Shape", [hidden]), graph.integer(1)])
    last = graph.op("Squeeze", [steps, graph.integer(0)])
    zero, one = graph.constant(0, "int64"), graph.constant(1, "int64")
    clock = graph.op("Cast", [graph.op("Range", [zero, last, one])], to=1)
    rates = np.exp(-np.log(10_000.0) / (width // 2 - 1) * np.arange(width // 2))
    column = graph.op("Unsqueeze", [clock, graph.integer(1)])
    angle = graph.op("Mul", [column, graph.constant(rates)])
    place = graph.op("Concat", [graph.op("Sin", [angle]), graph.op("Cos", [angle])], axis=1)
    hidden = graph.op("Add", [hidden, place])
    # Every second frame of the mask: an odd last frame still makes one step.
    even = graph.op(
        "Slice",
        [valid, graph.integer(0), graph.integer(2**31), graph.integer(1), graph.integer(2)],
    )
    off = graph.op("Mul", [graph.op("Sub", [even, graph.constant(1.0)]), graph.constant(1e9)])
    key_bias = graph.op(
        "Unsqueeze", [graph.op("Transpose", [off], perm=[0, 2, 1]), graph.integer(1)]
    )
    return hidden, key_bias, even


class _Layer:
    """One pre-norm transformer layer, appended when called."""

    def __init__(self, graph: Graph, encoder: Branch, number: int) -> None:
        self._graph = graph
        self._prefix = f"layers.{number - 1}."
        self._weights = encoder.weights
        self._exact = number <= encoder.exact
        self._integers = encoder.integers

    def __call__(self, hidden: str, key_bias: str) -> str:
        """Map ``(batch, time, width)`` to the same."""
        graph = self._graph
        mixed = self._attention(self._norm("self_attn_layer_norm", hidden), key_bias)
        mixed = self._product(mixed, *self._linear("self_attn.out_proj"))
        hidden = graph.op("Add", [hidden, mixed])
        normal = self._norm("final_layer_norm", hidden)
        inner = graph.op("Gelu", [self._product(normal, *self._linear("fc1"))])
        return graph.op("Add", [hidden, self._product(inner, *self._linear("fc2"))])

    def _attention(self, normal: str, key_bias: str) -> str:
        graph, factor = self._graph, np.float32(HEAD_WIDTH**-0.5)
        parts = [self._linear(f"self_attn.{kind}_proj") for kind in "qkv"]
        parts[0] = (parts[0][0] * factor, parts[0][1] * factor)
        weight = np.concatenate([part[0] for part in parts], axis=1)
        bias = np.concatenate([part[1] for part in parts])
        width = len(weight)
        heads = graph.integer(0, 0, width // HEAD_WIDTH, HEAD_WIDTH)
        query, key, value = (
            graph.op("Reshape", [part, heads])
            for part in graph.split(self._product(normal, weight, bias), [width] * 3, axis=2)
        )
        query = graph.op("Transpose", [query], perm=[0, 2, 1, 3])
        key = graph.op("Transpose", [key], perm=[0, 2, 3, 1])
        value = graph.op("Transpose", [value], perm=[0, 2, 1, 3])
        match = graph.op("Add", [graph.op("MatMul", [query, key]), key_bias])
        mixed = graph.op("MatMul", [graph.op("Softmax", [match], axis=-1), value])
        mixed = graph.op("Transpose", [mixed], perm=[0, 2, 1, 3])
        return graph.op("Reshape", [mixed, graph.integer(0, 0, width)])

    def _linear(self, name: str) -> tuple[Floats, Floats]:
        """Return a matrix ``(inputs, outputs)`` and its bias; zeros where there is none."""
        weight = np.ascontiguousarray(self._weights[f"{self._prefix}{name}.weight"].T)
        bias = self._weights.get(f"{self._prefix}{name}.bias")
        return weight, np.zeros(weight.shape[1], np.float32) if bias is None else bias

    def _product(self, value: str, weight: Floats, bias: Floats) -> str:
        graph = self._graph
        if self._integers:
            product = graph.integer_product(value, weight)
        elif self._exact:
            product = graph.op("MatMul", [value, graph.half(weight)])
        else:
            product = graph.op("MatMul", [value, graph.quantised(weight)])
        return graph.op("Add", [product, graph.constant(bias)])

    def _norm(self, name: str, value: str) -> str:
        parts = [
            self._graph.constant(self._weights[f"{self._prefix}{name}.{part}"])
            for part in ("weight", "bias")
        ]
        return self._graph.op("LayerNormalization", [value, *parts], axis=-1, epsilon=1e-5)


def _mean_and_deviation(graph: Graph, hidden: str, share: str) -> list[str]:
    """Return both over time, each ``(batch, width)``; ``share`` ``(batch, 1, time)`` weighs."""
    mean = graph.op("MatMul", [share, hidden])
    centred = graph.op("Sub", [hidden, mean])
    variance = graph.op("MatMul", [share, graph.op("Mul", [centred, centred])])
    over_time = graph.integer(1)
    return [
        graph.op("Squeeze", [mean, over_time]),
        graph.op("Sqrt", [graph.op("Squeeze", [variance, over_time])]),
    ]
