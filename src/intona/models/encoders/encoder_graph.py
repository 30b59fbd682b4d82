"""Whisper's encoder as a part of an ONNX graph: log-mel in, pooled hidden states out.

Operators are chosen as onnxruntime would fuse them, so that its optimiser, which costs more than
the computing of a short clip, may be switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intona.models.encoders.graph import MIDDLE, Graph, Halves

HEAD_WIDTH = 64  # dimensions per attention head, in every Whisper model

Floats = NDArray[np.float32]
Linear = tuple[Floats, Floats]  # a matrix or a factor, and what is added


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

    def taps(value: str, stride: int, nothing: str) -> str:
        """Put three frames side by side."""
        value = graph.op("Pad", [value, graph.integer(0, 1, 0, 0, 1, 0), nothing])
        ends, axis, step = (-2, -1, 2**31), graph.integer(1), graph.integer(stride)
        parts = [
            graph.op("Slice", [value, graph.integer(k), graph.integer(end), axis, step])
            for k, end in enumerate(ends)
        ]
        return graph.op("Concat", parts, axis=2)

    def linear(name: str) -> Linear:
        """Return the kernel, its three taps one below the other, and the bias."""
        kernel = weights[f"{name}.weight"].transpose(2, 1, 0)
        kernel = np.ascontiguousarray(kernel.reshape(-1, kernel.shape[2]))
        return kernel, weights[f"{name}.bias"]

    def convolution(name: str, value: str, stride: int) -> str:
        kernel, bias = linear(name)
        value = graph.op("MatMul", [taps(value, stride, nothing), graph.half(kernel)])
        return graph.op("Gelu", [graph.op("Add", [value, graph.constant(bias)])])

    nothing = graph.constant(0.0)
    hidden = graph.op("Mul", [convolution("conv1", mel, 1), valid])
    if encoder.integers:
        halves = graph.halved(hidden, _peak(graph, hidden, 1, 2))
        zero = graph.constant(MIDDLE, "uint8")
        codes = (taps(half, 2, zero) for half in (halves.coarse, halves.fine))
        halves = Halves(*codes, halves.step, halves.scale)
        hidden = graph.op("Gelu", [graph.integer_product(halves, *linear("conv2"))])
    else:
        hidden = convolution("conv2", hidden, 2)
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
        hidden = graph.op("Add", [hidden, self._attention(hidden, key_bias)])
        (inner,) = self._of_normal(self._norm("final_layer_norm"), hidden, self._linear("fc1"))
        inner = graph.op("Gelu", [inner])
        weight, bias = self._linear("fc2")
        if self._integers:
            mixed = graph.integer_product(graph.halved(inner, _peak(graph, inner, 2)), weight, bias)
        else:
            mixed = self._product(inner, weight, bias)
        return graph.op("Add", [hidden, mixed])

    def _attention(self, hidden: str, key_bias: str) -> str:
        graph, factor = self._graph, np.float32(HEAD_WIDTH**-0.5)
        norm = self._norm("self_attn_layer_norm")
        query, key, value = (self._linear(f"self_attn.{kind}_proj") for kind in "qkv")
        query = query[0] * factor, query[1] * factor
        weight, bias = self._linear("self_attn.out_proj")
        limit = 1.0
        if self._integers:  # what is mixed is no larger than the largest value
            gain, shift = norm
            most = np.linalg.norm(gain[:, None] * value[0], axis=0) * len(gain) ** 0.5
            sizes, limit = _evened(most + np.abs(shift @ value[0] + value[1]))
            value = value[0] / sizes, value[1] / sizes
            weight = weight * sizes[:, None]
        heads = graph.integer(0, 0, len(weight) // HEAD_WIDTH, HEAD_WIDTH)
        query, key, value = (
            graph.op("Transpose", [graph.op("Reshape", [part, heads])], perm=order)
            for part, order in zip(
                self._of_normal(norm, hidden, query, key, value),
                ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]),
                strict=True,
            )
        )
        match = graph.op("Add", [graph.op("MatMul", [query, key]), key_bias])
        mixed = graph.op("MatMul", [graph.op("Softmax", [match], axis=-1), value])
        mixed = graph.op("Transpose", [mixed], perm=[0, 2, 1, 3])
        mixed = graph.op("Reshape", [mixed, graph.integer(0, 0, len(weight))])
        if self._integers:
            return graph.integer_product(graph.halved(mixed, limit), weight, bias)
        return self._product(mixed, weight, bias)

    def _of_normal(self, norm: Linear, hidden: str, *linears: Linear) -> list[str]:
        """Return the products of what is normalised and some matrices."""
        graph, (gain, shift) = self._graph, norm
        limit = 1.0
        if self._integers:  # a normalised value is within the square root of the width
            sizes, limit = _evened(np.abs(gain) * len(gain) ** 0.5 + np.abs(shift))
            gain, shift = gain / sizes, shift / sizes
            linears = tuple((weight * sizes[:, None], bias) for weight, bias in linears)
        parts = [graph.constant(gain), graph.constant(shift)]
        normal = graph.op("LayerNormalization", [hidden, *parts], axis=-1, epsilon=1e-5)
        if self._integers:
            halves = graph.halved(normal, limit)
            return [graph.integer_product(halves, *linear) for linear in linears]
        return [self._product(normal, *linear) for linear in linears]

    def _linear(self, name: str) -> Linear:
        """Return a matrix ``(inputs, outputs)`` and its bias; zeros where there is none."""
        weight = np.ascontiguousarray(self._weights[f"{self._prefix}{name}.weight"].T)
        bias = self._weights.get(f"{self._prefix}{name}.bias")
        return weight, np.zeros(weight.shape[1], np.float32) if bias is None else bias

    def _norm(self, name: str) -> Linear:
        """Return by what every channel is multiplied when normalised, and what is added."""
        gain, shift = (self._weights[f"{self._prefix}{name}.{part}"] for part in ("weight", "bias"))
        return gain, shift

    def _product(self, value: str, weight: Floats, bias: Floats) -> str:
        graph = self._graph
        stored = graph.half(weight) if self._exact else graph.quantised(weight)
        return graph.op("Add", [graph.op("MatMul", [value, stored]), graph.constant(bias)])


def _evened(limits: Floats) -> tuple[Floats, float]:
    """Return by what channels are divided before they are rounded, and a limit of all of them.

    Their square roots: a step of one channel is then not far too coarse for another, and neither
    are those of the weights, which are multiplied by the same.

    Args:
        limits: what no absolute value of a channel exceeds, positive, shape ``(channels,)``.
    """
    sizes = np.sqrt(np.maximum(limits, 1e-6))
    return sizes, float(sizes.max())


def _peak(graph: Graph, value: str, *axes: int) -> str:
    """Return a limit along axes of what Gelu gives, which is never below -0.17."""
    return graph.op("Max", [graph.largest(value, *axes), graph.constant(0.17)])


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
