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
WHOLE = 3  # hops that a signal reflected at both ends, and its windows, have more than frames


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

    The first is ``(batch, 200 + longest + 200)`` or somewhat longer, whole hops.
    """
    one = graph.integer(1)
    size = graph.op("Gather", [graph.op("Shape", ["waveform"]), one])
    # Places are counted in float32, whose maxima are found the fastest: exact for 17 minutes.
    count = graph.op("Cast", [size], to=1)
    steps = [graph.constant(0, "int64"), _scalar(graph, size), _unit(graph)]
    clock = graph.op("Cast", [graph.op("Range", steps)], to=1)
    level = graph.op("Abs", ["waveform"])
    quiet = graph.op("Mul", [graph.largest(level, 1), graph.constant(QUIET)])
    loud = graph.op("Cast", [graph.op("Greater", [level, quiet])], to=1)
    some = graph.op("Cast", [graph.op("Greater", [level, graph.constant(0.0)])], to=1)
    passed, left = graph.op("Add", [clock, graph.constant(1.0)]), graph.op("Sub", [count, clock])

    def most(mask: str, places: str) -> str:
        return graph.largest(graph.op("Mul", [mask, places]), 1)

    keep = graph.constant(KEEP * RATE)
    first = graph.op("Sub", [count, most(loud, left)])
    start = graph.op("Max", [graph.op("Sub", [first, keep]), graph.constant(0.0)])
    stop = graph.op("Min", [graph.op("Add", [most(loud, passed), keep]), most(some, passed)])
    length = graph.op("Max", [graph.op("Sub", [stop, start]), graph.constant(float(LEAST))])
    start, length = (graph.op("Cast", [value], to=6) for value in (start, length))

    def small(value: int) -> str:  # half the bytes for places
        return graph.constant(value, "int32")

    longest = graph.op("ReduceMax", [length], keepdims=0)
    hops = graph.op("Add", [graph.op("Div", [longest, small(HOP)]), small(WHOLE)])
    limit = graph.op("Sub", [graph.op("Mul", [hops, small(HOP)]), small(HALF)])
    clock = graph.op("Range", [small(-HALF), limit, small(1)])
    place = graph.op("Abs", [clock])
    end = graph.op("Sub", [length, small(1)])
    mirrored = graph.op("Sub", [graph.op("Mul", [end, small(2)]), place])
    place = graph.op("Max", [graph.op("Min", [place, mirrored]), small(0)])
    place = graph.op("Add", [place, start])
    # Only a signal shorter than LEAST is read past its end; what follows is its last sample.
    final = graph.op("Cast", [graph.op("Sub", [size, one])], to=6)
    place = graph.op("Min", [place, final])
    signal = graph.op("GatherElements", ["waveform", place], axis=1)

    inside = graph.op("Less", [clock, length])
    heard = graph.op("Mul", [signal, graph.op("Cast", [inside], to=1)])
    heard = graph.op("Slice", [heard, graph.integer(HALF), graph.integer(2**31), one])
    total = graph.op("ReduceSum", [graph.op("Mul", [heard, heard]), one], keepdims=1)
    length = graph.op("Cast", [length], to=7)
    power = graph.op("Div", [total, graph.op("Cast", [length], to=1)])
    root = graph.op("Sqrt", [graph.op("Max", [power, graph.constant(1e-20)])])
    factor = graph.op("Div", [graph.constant(LEVEL), root])
    return graph.op("Mul", [signal, factor]), length


def _log_mel(
    graph: Graph, signal: str, length: str, dynamic_range: float, bands: int
) -> tuple[str, str]:
    """Return the log-mel ``(batch, frames, bands)`` and which frames are real, as 0 or 1."""
    frames = graph.op("Div", [length, graph.integer(HOP)])
    most = graph.op("ReduceMax", [frames], keepdims=0)
    power = _power(graph, signal, _vector(graph, most))
    energy = graph.op("MatMul", [power, graph.constant(filterbank(bands).T)])
    floor = graph.op("Max", [energy, graph.constant(1e-10)])
    level = graph.op("Mul", [graph.op("Log", [floor]), graph.constant(1.0 / np.log(10.0))])

    clock = graph.op("Range", [graph.constant(0, "int64"), most, _unit(graph)])
    real = graph.op("Unsqueeze", [graph.op("Less", [clock, frames]), graph.integer(2)])
    heard = graph.op("Where", [real, level, graph.constant(-1e9)])
    loudest = graph.largest(heard, 1, 2)
    below = graph.constant(dynamic_range / 10.0)
    level = graph.op("Max", [level, graph.op("Sub", [loudest, below])])
    level = graph.op("Mul", [graph.op("Add", [level, graph.constant(4.0)]), graph.constant(0.25)])
    valid = graph.op("Cast", [real], to=1)  # (batch, frames, 1)
    return graph.op("Mul", [level, valid]), valid


def _power(graph: Graph, signal: str, count: str) -> str:
    """Return the power spectrum of the first ``count`` windows, ``(batch, count, 201)``.

    A window and its mirror image are added and subtracted first: cosines are even and sines odd
    about its middle, so that half of the products do.
    """
    rows = graph.op("Reshape", [signal, graph.integer(0, -1, HOP)])

    def cut(row: int, first: int, last: int) -> str:
        """Return a part of every window's row, backwards where it begins after its end."""
        until = graph.op("Add", [count, graph.integer(row)])
        steps = graph.integer(1, 1 if first < last else -1)
        ends = graph.op("Concat", [until, graph.integer(last)], axis=0)
        return graph.op(
            "Slice", [rows, graph.integer(row, first), ends, graph.integer(1, 2), steps]
        )

    # Samples 1 to 200, and 399 to 200: the first has no weight.
    onward = graph.op("Concat", [cut(0, 1, HOP), cut(1, 0, HALF + 1 - HOP)], axis=2)
    back = [cut(2, WINDOW - 2 * HOP - 1, -HOP - 1), cut(1, HOP - 1, HALF - HOP - 1)]
    backward = graph.op("Concat", back, axis=2)
    turn = 2.0 * np.pi / WINDOW
    bins, times = (
        graph.op("Range", [graph.constant(np.int64(k), "int64") for k in (low, BINS, 1)])
        for low in (0, 1)
    )
    column = graph.op("Unsqueeze", [times, graph.integer(1)])
    # The angle is reduced in integers: exact, where the cosine of a large angle is not.
    product = graph.op("Mod", [graph.op("Mul", [column, bins]), graph.integer(WINDOW)])
    angle = graph.op("Mul", [graph.op("Cast", [product], to=1), graph.constant(turn)])
    hann = 0.5 - 0.5 * np.cos(turn * np.arange(1, BINS))
    hann[-1] /= 2.0  # the middle is its own mirror image
    hann = graph.constant(hann[:, None])
    squares = []
    for mix, wave in (("Add", "Cos"), ("Sub", "Sin")):
        kernel = graph.op("Mul", [graph.op(wave, [angle]), hann])
        part = graph.op("MatMul", [graph.op(mix, [onward, backward]), kernel])
        squares.append(graph.op("Mul", [part, part]))
    return graph.op("Add", squares)


def _unit(graph: Graph) -> str:
    return graph.constant(1, "int64")


def _scalar(graph: Graph, value: str) -> str:
    return graph.op("Squeeze", [value, graph.integer(0)])


def _vector(graph: Graph, value: str) -> str:
    return graph.op("Unsqueeze", [value, graph.integer(0)])
