"""The waveform model as an ONNX graph: samples in, embedding out.

Everything is inside the graph: silence trimming, Whisper's log-mel spectrogram, the encoders,
which share it, and pooling over time; heads are put on it by
:mod:`intona.models.heads_graph`. Each row of a batch is treated by its own
length (trailing zeros are no signal), so a batch of mixed lengths, padded with zeros, gives the
answers that its rows give alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from intona.models.encoders.encoder_graph import Branch, pooled_layers
from intona.models.encoders.graph import Graph

if TYPE_CHECKING:
    import onnx

HALF = WINDOW // 2
BINS = HALF + 1
LEAST = 2 * WINDOW  # samples: the shortest stretch the graph looks at


def embedding_graph(
    encoders: Sequence[Branch],
    centre: NDArray[np.float32],
    scale: NDArray[np.float32],
    dynamic_range: float = DYNAMIC_RANGE,
) -> Graph:
    """Return the graph ``waveform (batch, samples) -> embedding (batch, d)``, to be gone on with.

    Whatever is put on it reads the name ``embedding``; :func:`finished` makes a model of it.

    Args:
        encoders: of as many mel bands, each pooled on its own; the embedding has them one after
            the other.
        centre: subtracted from the pooled vector, shape ``(d,)``.
        scale: divides it afterwards, shape ``(d,)``; the result is ``embedding``.
        dynamic_range: of the log-mel spectrogram, in dB.
    """
    graph = Graph()
    bands = encoders[0].weights["conv1.weight"].shape[1]
    mel, valid = _log_mel(graph, *_speech(graph), dynamic_range, bands)
    pooled = [part for one in encoders for part in pooled_layers(graph, one, mel, valid)]
    vector = graph.op("Concat", pooled, axis=1)
    centred = graph.op("Sub", [vector, graph.constant(centre)])
    graph.op("Div", [centred, graph.constant(scale)], name="embedding")
    return graph


def traced_graph(content: bytes, centre: NDArray[np.float32], scale: NDArray[np.float32]) -> Graph:
    """Return the graph ``waveform (1, samples) -> embedding (1, d)`` on a traced encoder.

    Args:
        content: from :func:`intona.models.encoders.traced.traced`.
        centre: subtracted from the pooled vector, shape ``(d,)``.
        scale: divides it afterwards.
    """
    graph = Graph()
    signal, length = _speech(graph)
    begin, end = graph.integer(HALF), graph.op("Add", [length, graph.integer(HALF)])
    end = graph.op("Reshape", [end, graph.integer(-1)])
    heard = graph.op("Slice", [signal, begin, end, graph.integer(1)])
    centred = graph.op("Sub", [graph.include(content, heard), graph.constant(centre)])
    graph.op("Div", [centred, graph.constant(scale)], name="embedding")
    return graph


def finished(graph: Graph, outputs: Mapping[str, int]) -> onnx.ModelProto:
    """Return the model of an :func:`embedding_graph`.

    Args:
        graph: with whatever was put on the embedding.
        outputs: width of each output by name, every one ``(batch, width)``.
    """
    return graph.model(
        [("waveform", ["batch", "samples"])],
        [(name, ["batch", width]) for name, width in outputs.items()],
    )


def embedding_graph_on(
    content: bytes, centre: NDArray[np.float32], scale: NDArray[np.float32]
) -> Graph:
    """Return the graph of a finished model up to its embedding, standardised anew.

    Args:
        content: a model file that takes a waveform and gives an ``embedding``.
        centre: subtracted from that embedding, shape ``(d,)``.
        scale: divides it afterwards.
    """
    graph = Graph.of(content, "embedding", "base_embedding")
    centred = graph.op("Sub", ["base_embedding", graph.constant(centre)])
    graph.op("Div", [centred, graph.constant(scale)], name="embedding")
    return graph


def _speech(graph: Graph) -> tuple[str, str]:
    """Return the trimmed signals, reflected at their own ends, and their lengths ``(batch, 1)``.

    The first is ``(batch, 200 + longest + 200)``.
    """
    zero, one = graph.integer(0), graph.integer(1)
    size = graph.op("Gather", [graph.op("Shape", ["waveform"]), one])
    clock = graph.op("Range", [graph.constant(0, "int64"), _scalar(graph, size), _unit(graph)])
    level = graph.op("Abs", ["waveform"])
    peak = graph.largest(level, 1)
    loud = graph.op("Greater", [level, graph.op("Mul", [peak, graph.constant(QUIET)])])
    some = graph.op("Greater", [level, graph.constant(0.0)])

    def last(mask: str) -> str:
        places = graph.op("Where", [mask, clock, graph.integer(-1)])
        found = graph.largest(places, 1)
        return graph.op("Add", [found, one])

    keep = graph.integer(int(KEEP * RATE))
    first = graph.op("ReduceMin", [graph.op("Where", [loud, clock, size]), one], keepdims=1)
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


def _log_mel(
    graph: Graph, signal: str, length: str, dynamic_range: float, bands: int
) -> tuple[str, str]:
    """Return the log-mel ``(batch, bands, frames)`` and which frames are real, as 0 or 1."""
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
    energy = graph.op("MatMul", [graph.constant(filterbank(bands)), power])
    floor = graph.op("Max", [energy, graph.constant(1e-10)])
    level = graph.op("Mul", [graph.op("Log", [floor]), graph.constant(1.0 / np.log(10.0))])

    frames = graph.op("Div", [length, graph.integer(HOP)])
    most = graph.op("ReduceMax", [frames], keepdims=0)
    level = graph.op("Slice", [level, graph.integer(0), _vector(graph, most), graph.integer(2)])
    clock = graph.op("Range", [graph.constant(0, "int64"), most, _unit(graph)])
    real = graph.op("Unsqueeze", [graph.op("Less", [clock, frames]), graph.integer(1)])
    heard = graph.op("Where", [real, level, graph.constant(-1e9)])
    loudest = graph.largest(heard, 1, 2)
    below = graph.constant(dynamic_range / 10.0)
    level = graph.op("Max", [level, graph.op("Sub", [loudest, below])])
    level = graph.op("Mul", [graph.op("Add", [level, graph.constant(4.0)]), graph.constant(0.25)])
    valid = graph.op("Cast", [real], to=1)  # (batch, 1, frames)
    return graph.op("Mul", [level, valid]), valid


def _unit(graph: Graph) -> str:
    return graph.constant(1, "int64")


def _scalar(graph: Graph, value: str) -> str:
    return graph.op("Squeeze", [value, graph.integer(0)])


def _vector(graph: Graph, value: str) -> str:
    return graph.op("Unsqueeze", [value, graph.integer(0)])
