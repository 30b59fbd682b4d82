"""A small writer of ONNX graphs: operators as method calls, weights as int8 where asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

# The first with Gelu as one operator; onnxruntime has read it since 1.17.
OPSET = 20
# A value in a product of integers is so many units, and steps of a unit.
MOST = 63  # units, and steps to either side
UNIT = 126.0  # steps
CODES = 127  # the largest code of a weight


class Graph:
    """Collects nodes and constants; every operator is ``graph.op(name, inputs, **attributes)``.

    Examples:
        >>> graph = Graph()
        >>> graph.op("Add", ["x", graph.constant(1.0)], name="y")
        'y'
    """

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._given: list[tuple[str, list[int]]] = []
        self._count = 0
        self._unit = ""

    @classmethod
    def of(cls, content: bytes, output: str, name: str) -> Graph:
        """Return the part of a model that computes one of its outputs, to be gone on with.

        Args:
            content: bytes of an ``.onnx`` file of ours.
            output: of the model.
            name: what it is called from now on.
        """
        import onnx

        model = onnx.load_model_from_string(content)
        makers = {made: node for node in model.graph.node for made in node.output}
        stored = {constant.name: constant for constant in model.graph.initializer}
        graph, needed = cls(), [output]
        used: set[str] = set()
        while needed:
            wanted = needed.pop()
            if wanted in used:
                continue
            used.add(wanted)
            if wanted in stored:
                graph._constants[wanted] = stored[wanted]
            elif wanted in makers:
                needed += makers[wanted].input
        graph._nodes = [n for n in model.graph.node if any(made in used for made in n.output)]
        for node in graph._nodes:
            node.input[:] = [name if one == output else one for one in node.input]
            node.output[:] = [name if one == output else one for one in node.output]
        graph._count = 1_000_000  # no new name meets one of the file's
        return graph

    def include(self, content: bytes, given: str) -> str:
        """Append a model of one input and one output, and return the name of what it gives.

        Args:
            content: bytes of the ``.onnx`` file, of the same operator set.
            given: what its input is.
        """
        import onnx

        model = onnx.load_model_from_string(content)
        prefix = self._name("inside")
        names = {"": "", model.graph.input[0].name: given}

        def renamed(name: str) -> str:
            return names.setdefault(name, f"{prefix}/{name}")

        for constant in model.graph.initializer:
            constant.name = renamed(constant.name)
            self._constants[constant.name] = constant
        for node in model.graph.node:
            node.input[:] = map(renamed, node.input)
            node.output[:] = map(renamed, node.output)
            node.name = ""
            self._nodes.append(node)
        return renamed(model.graph.output[0].name)

    def op(
        self,
        kind: str,
        inputs: Sequence[str],
        *,
        name: str | None = None,
        **attributes: Any,
    ) -> str:
        """Append an operator and return the name of its (first) output."""
        from onnx import helper

        output = name or self._name(kind.lower())
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, value: Any, dtype: str = "float32") -> str:
        """Store an array or number and return its name; equal small constants are shared."""
        from onnx import numpy_helper

        array = np.asarray(value, dtype=dtype)
        name = self._name("c")
        if array.size <= 8:
            name = f"c_{array.dtype}_{array.shape}_{array.tolist()}".replace(" ", "")
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def given(self, name: str, value: NDArray[np.float32]) -> str:
        """Declare an input with a default value, which a caller may leave out; return its name."""
        from onnx import numpy_helper

        self._constants[name] = numpy_helper.from_array(value, name)
        self._given.append((name, list(value.shape)))
        return name

    def integer(self, *values: int) -> str:
        """Store a list of int64, as shapes, axes and slices want them."""
        return self.constant(list(values), "int64")

    def half(self, weight: NDArray[np.float32]) -> str:
        """Store a weight in two bytes per value and return the name of its float32 copy."""
        return self.op("Cast", [self.constant(weight, "float16")], to=1)

    def quantised(self, weight: NDArray[np.float32], group: int = 32) -> str:
        """Store a matrix in one byte per value and return the name of its float32 copy.

        Symmetric, one scale per column and ``group`` rows; the copy is made once, when the
        model is loaded.

        Args:
            weight: shape ``(inputs, outputs)``.
            group: rows that share a scale; divides the number of rows.
        """
        rows, columns = weight.shape
        blocks = weight.reshape(rows // group, group, columns)
        scale = np.maximum(np.abs(blocks).max(axis=1, keepdims=True) / 127.0, 1e-12)
        # As stored: the codes make up for the rounding of the scale.
        scale = scale.astype(np.float16).astype(np.float32)
        scale = np.maximum(scale, np.float32(6e-8))
        codes = np.clip(np.rint(blocks / scale), -127, 127)
        exact = self.op("Cast", [self.constant(codes, "int8")], to=1)
        scaled = self.op("Mul", [exact, self.half(scale)])
        return self.op("Reshape", [scaled, self.integer(rows, columns)])

    def largest(self, value: str, *axes: int) -> str:
        """Return the maximum along axes, which are kept with length 1."""
        return self.op("ReduceMax", [value, self.integer(*axes)], keepdims=1)

    def split(self, value: str, sizes: Sequence[int], axis: int) -> list[str]:
        """Cut an array along an axis into parts of the given sizes."""
        from onnx import helper

        parts = [self._name("part") for _ in sizes]
        inputs = [value, self.integer(*sizes)]
        self._nodes.append(helper.make_node("Split", inputs, parts, axis=axis))
        return parts

    def integer_product(self, value: str, weight: NDArray[np.float32]) -> str:
        """Multiply by a matrix in integers of 8 bits.

        Every time step is rounded to 14 bits of its own largest value, in two halves: runtimes
        differ in the last digit of what they compute, and roundings to 8 bits, layer after layer,
        would make a third digit of that. A half has 7 bits, because kernels for x86 processors
        without VNNI add two products in 16 bits and would overflow with 8.

        Args:
            value: shape ``(batch, time, inputs)``.
            weight: shape ``(inputs, outputs)``; one scale per column.

        Returns:
            Name of the product, float32 ``(batch, time, outputs)``.
        """
        columns = np.maximum(np.abs(weight).max(axis=0) / CODES, 1e-12).astype(np.float32)
        codes = self.constant(np.clip(np.rint(weight / columns), -CODES, CODES), "int8")
        middle, unit = self.constant(MOST + 1, "uint8"), self.constant(UNIT)
        top = self.largest(self.op("Abs", [value]), 2)
        step = self.op("Mul", [top, self.constant(1.0 / (MOST * UNIT))])
        step = self.op("Max", [step, self.constant(1e-12)])
        steps = self.op("Div", [value, step])
        coarse = self.op("QuantizeLinear", [steps, unit, middle])
        rest = self.op("Sub", [steps, self.op("DequantizeLinear", [coarse, unit, middle])])
        fine = self.op("QuantizeLinear", [rest, self.constant(1.0), middle])
        parts = []
        for half, size in ((coarse, UNIT), (fine, 1.0)):
            product = self.op("Cast", [self.op("MatMulInteger", [half, codes, middle])], to=1)
            # With a factor that is not known beforehand, onnxruntime makes these one operator.
            scale = self.op("Mul", [self._one(value), self.constant(columns * np.float32(size))])
            parts.append(self.op("Mul", [product, scale]))
        return self.op("Mul", [self.op("Add", parts), step])

    def _one(self, value: str) -> str:
        """Return the number 1.0, which only the size of a value tells."""
        if not self._unit:
            size = self.op("Min", [self.op("Size", [value]), self.constant(1, "int64")])
            self._unit = self.op("Cast", [size], to=1)
        return self._unit

    def model(
        self, inputs: Sequence[tuple[str, Sequence[str]]], outputs: Sequence[tuple[str, list[Any]]]
    ) -> onnx.ModelProto:
        """Return the checked model.

        Args:
            inputs: name and axis names of each float32 input.
            outputs: name and axes (names or sizes) of each float32 output.
        """
        import onnx
        from onnx import TensorProto, helper

        def values(pairs: Any) -> list[Any]:
            return [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in pairs]

        graph = helper.make_graph(
            self._nodes,
            "intona",
            values([*inputs, *self._given]),
            values(outputs),
            initializer=list(self._constants.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 9
        onnx.checker.check_model(model)
        return model

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"
