"""Whisper's encoder as a part of an ONNX graph: log-mel in, pooled hidden states out.

Operators are chosen as onnxruntime would fuse them, so that its optimiser, which costs more than
the computing of a short clip, may be switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from intona.models.encoders.graph import MIDDLE, Graph

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
        halves = graph.halved(hidden, _peak_of_gelu(graph, hidden, 1, 2))
        silence = graph.constant(MIDDLE, "uint8")
        coarse, fine = (taps(half, 2, silence) for half in (halves.coarse, halves.fine))
        halves = replace(halves, coarse=coarse, fine=fine)
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
        normal = self._normal(*self._norm("final_layer_norm"), hidden)
        inner = graph.op("Gelu", [self._product(normal, self._linear("fc1"))])
        limit = _peak_of_gelu(graph, inner, 2) if self._integers else None
        return graph.op("Add", [hidden, self._product(inner, self._linear("fc2"), limit)])

    def _attention(self, hidden: str, key_bias: str) -> str:
        graph = self._graph
        parts = self._queries_keys_values(hidden)
        heads = graph.integer(0, 0, -1, HEAD_WIDTH)
        orders = ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        query, key, value = (
            graph.op("Transpose", [graph.op("Reshape", [part, heads])], perm=order)
            for part, order in zip(parts, orders, strict=True)
        )
        match = graph.op("Add", [graph.op("MatMul", [query, key]), key_bias])
        mixed = graph.op("MatMul", [graph.op("Softmax", [match], axis=-1), value])
        mixed = graph.op("Transpose", [mixed], perm=[0, 2, 1, 3])
        weight, bias = self._linear("self_attn.out_proj")
        mixed = graph.op("Reshape", [mixed, graph.integer(0, 0, len(weight))])
        return self._product(mixed, (weight, bias))

    def _queries_keys_values(self, hidden: str) -> list[str]:
        """Return the three products of the normalised values, each ``(batch, time, width)``."""
        graph, factor = self._graph, np.float32(HEAD_WIDTH**-0.5)
        gain, shift = self._norm("self_attn_layer_norm")
        query, *others = (self._linear(f"self_attn.{kind}_proj") for kind in "qkv")
        linears = [(query[0] * factor, query[1] * factor), *others]
        if not self._integers:
            normal = self._normal(gain, shift, hidden)
            return [self._product(normal, linear) for linear in linears]
        sizes, limit = normal_limits(gain, shift)
        normal = self._normal(gain / sizes, shift / sizes, hidden)
        halves = graph.halved(normal, limit)
        return [
            graph.integer_product(halves, weight * sizes[:, None], bias) for weight, bias in linears
        ]

    def _linear(self, name: str) -> Linear:
        """Return a matrix ``(inputs, outputs)`` and its bias; zeros where there is none."""
        weight = np.ascontiguousarray(self._weights[f"{self._prefix}{name}.weight"].T)
        bias = self._weights.get(f"{self._prefix}{name}.bias")
        return weight, np.zeros(weight.shape[1], np.float32) if bias is None else bias

    def _norm(self, name: str) -> Linear:
        """Return by what every channel is multiplied when normalised, and what is added."""
        gain, shift = (self._weights[f"{self._prefix}{name}.{part}"] for part in ("weight", "bias"))
        return gain, shift

    def _product(self, value: str, linear: Linear, limit: str | None = None) -> str:
        """Multiply by a matrix and add its bias.

        Args:
            value: shape ``(batch, time, inputs)``.
            linear: the matrix and its bias.
            limit: in integers, of every time step, where it is known.
        """
        graph, (weight, bias) = self._graph, linear
        if self._integers:
            limit = limit or graph.peak(graph.op("Abs", [value]), 1e-12, 2)
            return graph.integer_product(graph.halved(value, limit), weight, bias)
        stored = graph.half(weight) if self._exact else graph.quantised(weight)
        return graph.op("Add", [graph.op("MatMul", [value, stored]), graph.constant(bias)])

    def _normal(self, gain: Floats, shift: Floats, value: str) -> str:
        parts = [self._graph.constant(part) for part in (gain, shift)]
        return self._graph.op("LayerNormalization", [value, *parts], axis=-1, epsilon=1e-5)


def normal_limits(gain: Floats, shift: Floats) -> tuple[Floats, float]:
    """Return by what normalised channels are divided before they are rounded, and their limit.

    No normalised value exceeds the square root of the width, whatever is heard, so that the
    largest need not be looked for. Channels of large gain are made smaller and the weights that
    multiply them larger: by a power of their limits between 0, where one step would be too
    coarse for most channels, and 1, where it would be so for most weights.

    Args:
        gain: multiplies each channel, shape ``(width,)``.
        shift: is added, shape ``(width,)``.

    Returns:
        The divisors, shape ``(width,)``, and what no absolute value exceeds after the division.
    """
    limits = np.maximum(np.abs(gain) * len(gain) ** 0.5 + np.abs(shift), 1e-6)
    sizes = (limits**0.75).astype(np.float32)
    return sizes, float((limits / sizes).max())


def _peak_of_gelu(graph: Graph, value: str, *axes: int) -> str:
    """Return a limit along axes of what Gelu gives, which is never below -0.17."""
    return graph.peak(value, 0.17, *axes)


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
