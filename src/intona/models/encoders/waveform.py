"""The waveform model as an ONNX graph: samples in, probabilities and embedding out.

Everything is inside the graph: silence trimming, Whisper's log-mel spectrogram, the encoder,
pooling over time and the classifier. Each row of a batch is treated by its own length (trailing
zeros are no signal), so a batch of mixed lengths, padded with zeros, gives the answers that
its rows give alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intona.features.logmel import (
    DYNAMIC_RANGE,
    HOP,
    KEEP,
    LEVEL,
    QUIET,
    RATE,
    WINDOW,
    filterbank,
)
from intona.models.encoders.graph import Graph

if TYPE_CHECKING:
    import onnx

__all__ = ["waveform_model", "with_head", "with_scores"]

Weights = Mapping[str, NDArray[np.float32]]

HALF = WINDOW // 2
BINS = HALF + 1
LEAST = 2 * WINDOW  # samples: the shortest stretch the graph looks at
HEADS_WIDTH = 64  # dimensions per attention head, in every Whisper model


def waveform_model(
    encoder: Weights,
    layers: tuple[int, ...],
    centre: NDArray[np.float32],
    scale: NDArray[np.float32],
    head: tuple[NDArray[np.float32], NDArray[np.float32]],
    dynamic_range: float = DYNAMIC_RANGE,
) -> onnx.ModelProto:
    """Return the graph ``waveform (batch, samples) -> probabilities, embedding``.

    Args:
        encoder: Whisper encoder weights by their Hugging Face names.
        layers: whose outputs are pooled, counted from 1; mean then standard deviation each.
        centre: subtracted from the pooled vector, shape ``(d,)``.
        scale: divides it afterwards, shape ``(d,)``; the result is ``embedding``.
        head: weights ``(d, labels)`` and bias ``(labels,)`` on the embedding, temperature
            already divided in.
        dynamic_range: of the log-mel spectrogram, in dB.
    """
    graph = Graph()
    mel, valid = _log_mel(graph, *_speech(graph), dynamic_range)
    hidden, key_bias, real = _stem(graph, encoder, mel, valid)
    total = graph.op("ReduceSum", [real, graph.integer(1)], keepdims=1)
    share = graph.op("Div", [real, total])
    pooled = []
    for number in range(1, max(layers) + 1):
        hidden = _layer(graph, encoder, f"layers.{number - 1}.", hidden, key_bias)
        if number in layers:
            pooled += _mean_and_deviation(graph, hidden, share)
    vector = graph.op("Concat", pooled, axis=1)
    centred = graph.op("Sub", [vector, graph.constant(centre)])
    embedding = graph.op("Div", [centred, graph.constant(scale)], name="embedding")
    weight, bias = (graph.constant(part) for part in head)
    scores = graph.op("Gemm", [embedding, weight, bias])
    graph.op("Softmax", [scores], name="probabilities", axis=-1)
    return graph.model(
        [("waveform", ["batch", "samples"])],
        [
            ("probabilities", ["batch", len(head[1])]),
            ("embedding", ["batch", len(centre)]),
        ],
    )


def with_head(
    model: onnx.ModelProto, weights: NDArray[np.float32], bias: NDArray[np.float32]
) -> onnx.ModelProto:
    """Return a waveform model with another classifier on its embedding.

    Args:
        model: made by :func:`waveform_model`.
        weights: on the embedding, shape ``(d, labels)``.
        bias: shape ``(labels,)``.
    """
    import onnx
    from onnx import numpy_helper

    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    nodes = {node.output[0]: node for node in changed.graph.node}
    scores = nodes[nodes["probabilities"].input[0]]
    values = dict(zip(scores.input[1:], (weights, bias), strict=True))
    for constant in changed.graph.initializer:
        if constant.name in values:
            array = np.asarray(values[constant.name], dtype=np.float32)
            constant.CopyFrom(numpy_helper.from_array(array, constant.name))
    changed.graph.output[0].type.tensor_type.shape.dim[1].dim_value = len(bias)
    onnx.checker.check_model(changed)
    return changed


def with_scores(
    model: onnx.ModelProto,
    heads: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]],
) -> onnx.ModelProto:
    """Return a waveform model with other linear outputs of its embedding, and none but these.

    Args:
        model: made by :func:`waveform_model`.
        heads: per name of an output, starting with ``scores_``, its weights ``(d, labels)`` on
            the embedding and its bias ``(labels,)``.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    for kept in (graph.output, graph.node, graph.initializer):
        others = [one for one in kept if not _name_of(one).startswith("scores_")]
        del kept[:]
        kept.extend(others)
    for name, (weights, bias) in heads.items():
        constants = {f"{name}_weights": weights, f"{name}_bias": bias}
        for key, value in constants.items():
            graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), key))
        graph.node.append(helper.make_node("Gemm", ["embedding", *constants], [name]))
        shape: list[str | int | None] = ["batch", len(bias)]
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    onnx.checker.check_model(changed)
    return changed


def _name_of(part: onnx.NodeProto | onnx.TensorProto | onnx.ValueInfoProto) -> str:
    """Return the name of an output or a constant; of a node that of what it computes."""
    outputs = getattr(part, "output", ())
    return str(outputs[0] if outputs else part.name)


def _speech(graph: Graph) -> tuple[str, str]:
    """Return the trimmed signals, reflected at their own ends, and their lengths ``(batch, 1)``.

    The first is ``(batch, 200 + longest + 200)``.
    """
    zero, one = graph.integer(0), graph.integer(1)
    size = graph.op("Gather", [graph.op("Shape", ["waveform"]), one])
    clock = graph.op("Range", [graph.constant(0, "int64"), _scalar(graph, size), _unit(graph)])
    level = graph.op("Abs", ["waveform"])
    peak = graph.op("ReduceMax", [level], axes=[1], keepdims=1)
    loud = graph.op("Greater", [level, graph.op("Mul", [peak, graph.constant(QUIET)])])
    some = graph.op("Greater", [level, graph.constant(0.0)])

    def last(mask: str) -> str:
        places = graph.op("Where", [mask, clock, graph.integer(-1)])
        found = graph.op("ReduceMax", [places], axes=[1], keepdims=1)
        return graph.op("Add", [found, one])

    keep = graph.integer(int(KEEP * RATE))
    first = graph.op("ReduceMin", [graph.op("Where", [loud, clock, size])], axes=[1], keepdims=1)
    start = graph.op("Max", [graph.op("Sub", [first, keep]), zero])
    stop = graph.op("Min", [graph.op("Add", [last(loud), keep]), last(some)])
    length = graph.op("Max", [graph.op("Sub", [stop, start]), graph.integer(LEAST)])

    longest = graph.op("ReduceMax", [length], keepdims=0)
    limit = graph.op("Add", [longest, graph.constant(HALF, "int64")])
    clock = graph.op("Range", [graph.constant(-HALF, "int64"), limit, _unit(graph)])
    clock = graph.op("Unsqueeze", [clock, zero])
    place = graph.op("Abs", [clock])
    end = graph.op("Sub", [length, one])
    mirrored = graph.op("Sub", [graph.op("Mul", [end, graph.integer(2)]), place])
    place = graph.op("Max", [graph.op("Min", [place, mirrored]), zero])
    place = graph.op("Add", [place, start])
    # Only a signal shorter than LEAST is read past its end; what follows is its last sample.
    place = graph.op("Min", [place, graph.op("Sub", [size, one])])
    signal = graph.op("GatherElements", ["waveform", place], axis=1)

    inside = graph.op("Greater", [clock, graph.integer(-1)])
    inside = graph.op("And", [inside, graph.op("Less", [clock, length])])
    energy = graph.op("Mul", [graph.op("Mul", [signal, signal]), graph.op("Cast", [inside], to=1)])
    total = graph.op("ReduceSum", [energy, one], keepdims=1)
    power = graph.op("Div", [total, graph.op("Cast", [length], to=1)])
    root = graph.op("Sqrt", [graph.op("Max", [power, graph.constant(1e-20)])])
    factor = graph.op("Div", [graph.constant(LEVEL), root])
    return graph.op("Mul", [signal, factor]), length


def _log_mel(graph: Graph, signal: str, length: str, dynamic_range: float) -> tuple[str, str]:
    """Return the log-mel ``(batch, 80, frames)`` and which frames are real, as 0 or 1."""
    turn = 2.0 * np.pi / WINDOW
    steps = [graph.constant(np.int64(k), "int64") for k in (0, BINS, WINDOW)]
    bins = graph.op("Range", [steps[0], steps[1], _unit(graph)])
    times = graph.op("Range", [steps[0], steps[2], _unit(graph)])
    column = graph.op("Unsqueeze", [bins, graph.integer(1)])
    # The angle is reduced in integers: exact, where the cosine of a large angle is not.
    product = graph.op("Mod", [graph.op("Mul", [column, times]), graph.integer(WINDOW)])
    angle = graph.op("Mul", [graph.op("Cast", [product], to=1), graph.constant(turn)])
    hann = (0.5 - 0.5 * np.cos(turn * np.arange(WINDOW))).astype(np.float32)
    parts = [
        graph.op("Mul", [graph.op(part, [angle]), graph.constant(hann)]) for part in ("Cos", "Sin")
    ]
    kernel = graph.op(
        "Unsqueeze", [graph.op("Concat", parts, axis=0), graph.integer(1)]
    )  # (402, 1, 400)
    spectrum = graph.op(
        "Conv", [graph.op("Unsqueeze", [signal, graph.integer(1)]), kernel], strides=[HOP]
    )
    square = graph.op("Mul", [spectrum, spectrum])
    halves = [
        graph.op("Slice", [square, graph.integer(k), graph.integer(k + BINS), graph.integer(1)])
        for k in (0, BINS)
    ]
    power = graph.op("Add", halves)
    energy = graph.op("MatMul", [graph.constant(filterbank()), power])
    floor = graph.op("Max", [energy, graph.constant(1e-10)])
    level = graph.op("Mul", [graph.op("Log", [floor]), graph.constant(1.0 / np.log(10.0))])

    frames = graph.op("Div", [length, graph.integer(HOP)])
    most = graph.op("ReduceMax", [frames], keepdims=0)
    level = graph.op("Slice", [level, graph.integer(0), _vector(graph, most), graph.integer(2)])
    clock = graph.op("Range", [graph.constant(0, "int64"), most, _unit(graph)])
    real = graph.op("Unsqueeze", [graph.op("Less", [clock, frames]), graph.integer(1)])
    heard = graph.op("Where", [real, level, graph.constant(-1e9)])
    loudest = graph.op("ReduceMax", [heard], axes=[1, 2], keepdims=1)
    below = graph.constant(dynamic_range / 10.0)
    level = graph.op("Max", [level, graph.op("Sub", [loudest, below])])
    level = graph.op("Mul", [graph.op("Add", [level, graph.constant(4.0)]), graph.constant(0.25)])
    valid = graph.op("Cast", [real], to=1)  # (batch, 1, frames)
    return graph.op("Mul", [level, valid]), valid


def _stem(graph: Graph, encoder: Weights, mel: str, valid: str) -> tuple[str, str, str]:
    """Return hidden states, what keeps attention off the padding, and which steps are real.

    Shapes ``(batch, time, width)``, ``(batch, 1, 1, time)`` and ``(batch, time, 1)``.
    """
    hidden = graph.op("Mul", [_gelu(graph, _convolution(graph, encoder, "conv1", mel, 1)), valid])
    hidden = _gelu(graph, _convolution(graph, encoder, "conv2", hidden, 2))
    hidden = graph.op("Transpose", [hidden], perm=[0, 2, 1])
    width = encoder["conv2.bias"].size
    steps = graph.op("Gather", [graph.op("Shape", [hidden]), graph.integer(1)])
    clock = graph.op("Range", [graph.constant(0, "int64"), _scalar(graph, steps), _unit(graph)])
    rates = np.exp(-np.log(10_000.0) / (width // 2 - 1) * np.arange(width // 2))
    angle = graph.op(
        "Mul",
        [
            graph.op("Cast", [graph.op("Unsqueeze", [clock, graph.integer(1)])], to=1),
            graph.constant(rates),
        ],
    )
    place = graph.op("Concat", [graph.op("Sin", [angle]), graph.op("Cos", [angle])], axis=1)
    hidden = graph.op("Add", [hidden, place])
    # Every second frame of the mask: an odd last frame still makes one step.
    even = graph.op(
        "Slice",
        [valid, graph.integer(0), graph.integer(2**31), graph.integer(2), graph.integer(2)],
    )
    off = graph.op("Mul", [graph.op("Sub", [even, graph.constant(1.0)]), graph.constant(1e9)])
    key_bias = graph.op("Unsqueeze", [off, graph.integer(1)])
    return hidden, key_bias, graph.op("Transpose", [even], perm=[0, 2, 1])


def _layer(graph: Graph, encoder: Weights, prefix: str, hidden: str, key_bias: str) -> str:
    """Append one pre-norm transformer layer."""
    width = encoder[f"{prefix}fc1.weight"].shape[1]
    heads = width // HEADS_WIDTH
    normal = _norm(graph, encoder, f"{prefix}self_attn_layer_norm", hidden)
    split = graph.integer(0, 0, heads, HEADS_WIDTH)

    def project(name: str, factor: float = 1.0) -> str:
        flat = _linear(graph, encoder, f"{prefix}self_attn.{name}", normal, factor)
        return graph.op("Reshape", [flat, split])

    query = graph.op("Transpose", [project("q_proj", HEADS_WIDTH**-0.5)], perm=[0, 2, 1, 3])
    key = graph.op("Transpose", [project("k_proj")], perm=[0, 2, 3, 1])
    value = graph.op("Transpose", [project("v_proj")], perm=[0, 2, 1, 3])
    match = graph.op("Add", [graph.op("MatMul", [query, key]), key_bias])
    mixed = graph.op("MatMul", [graph.op("Softmax", [match], axis=-1), value])
    mixed = graph.op("Transpose", [mixed], perm=[0, 2, 1, 3])
    mixed = graph.op("Reshape", [mixed, graph.integer(0, 0, width)])
    hidden = graph.op(
        "Add", [hidden, _linear(graph, encoder, f"{prefix}self_attn.out_proj", mixed)]
    )
    normal = _norm(graph, encoder, f"{prefix}final_layer_norm", hidden)
    inner = _gelu(graph, _linear(graph, encoder, f"{prefix}fc1", normal))
    return graph.op("Add", [hidden, _linear(graph, encoder, f"{prefix}fc2", inner)])


def _mean_and_deviation(graph: Graph, hidden: str, share: str) -> list[str]:
    over_time = graph.integer(1)
    mean = graph.op("ReduceSum", [graph.op("Mul", [hidden, share]), over_time], keepdims=1)
    centred = graph.op("Sub", [hidden, mean])
    square = graph.op("Mul", [graph.op("Mul", [centred, centred]), share])
    variance = graph.op("ReduceSum", [square, over_time], keepdims=0)
    return [graph.op("Squeeze", [mean, over_time]), graph.op("Sqrt", [variance])]


def _convolution(graph: Graph, encoder: Weights, name: str, value: str, stride: int) -> str:
    weight = graph.half(encoder[f"{name}.weight"])
    bias = graph.constant(encoder[f"{name}.bias"])
    return graph.op("Conv", [value, weight, bias], pads=[1, 1], strides=[stride])


def _linear(graph: Graph, encoder: Weights, name: str, value: str, factor: float = 1.0) -> str:
    matrix = np.ascontiguousarray(encoder[f"{name}.weight"].T) * factor
    # Errors of the first layer go through all others.
    weight = graph.half(matrix) if name.startswith("layers.0.") else graph.quantised(matrix)
    product = graph.op("MatMul", [value, weight])
    bias = encoder.get(f"{name}.bias")
    if bias is None:
        return product
    return graph.op("Add", [product, graph.constant(bias * factor)])


def _norm(graph: Graph, encoder: Weights, name: str, value: str) -> str:
    parts = [graph.constant(encoder[f"{name}.{part}"]) for part in ("weight", "bias")]
    return graph.op("LayerNormalization", [value, *parts], axis=-1, epsilon=1e-5)


def _gelu(graph: Graph, value: str) -> str:
    error = graph.op("Erf", [graph.op("Mul", [value, graph.constant(2.0**-0.5)])])
    factor = graph.op("Add", [error, graph.constant(1.0)])
    return graph.op("Mul", [graph.op("Mul", [value, factor]), graph.constant(0.5)])


def _unit(graph: Graph) -> str:
    return graph.constant(1, "int64")


def _scalar(graph: Graph, value: str) -> str:
    return graph.op("Squeeze", [value, graph.integer(0)])


def _vector(graph: Graph, value: str) -> str:
    return graph.op("Unsqueeze", [value, graph.integer(0)])
