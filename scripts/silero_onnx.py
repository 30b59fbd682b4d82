"""Write Silero's network, of which intona bundles the weights, as an ONNX graph for intona.js.

Inputs ``chunks`` ``(n, 512)`` at 16 kHz and ``memory`` ``(2, 1, 128)``, zeros at first; outputs
``speech`` ``(n,)`` in [0, 1] and ``after``, the memory for the next call. The weights are those of
``intona/assets/silero.npz``, in the same precision. Run::

    python scripts/silero_onnx.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "src" / "intona" / "assets" / "silero.npz"
WHERE = ROOT / "js" / "silero.onnx"

STRIDES = (1, 2, 2, 1)
HIDDEN = 128


def graph() -> onnx.ModelProto:
    """Return the network."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        weights = {name: stored[name] for name in stored.files}
    # PyTorch orders the gates input, forget, new, output; ONNX input, output, forget, new.
    gates = np.concatenate([np.arange(k, k + HIDDEN) for k in (0, 384, 128, 256)])
    rnn = {name: weights[f"decoder.rnn.{name}"][gates] for name in _RNN}
    constants = {
        "basis": weights["stft.forward_basis_buffer"],
        "input": rnn["weight_ih"][None],
        "recurrent": rnn["weight_hh"][None],
        "bias": np.concatenate([rnn["bias_ih"], rnn["bias_hh"]])[None],
        "output": weights["decoder.decoder.2.weight"].reshape(HIDDEN, 1),
        "offset": weights["decoder.decoder.2.bias"],
        "edges": np.array([0, 64, 0, 64], np.int64),
        "channel": np.array([1], np.int64),
        "steps": np.array([-1, 1, HIDDEN], np.int64),
        "flat": np.array([-1], np.int64),
        "two": np.array(2.0, np.float32),
    }
    for number in range(len(STRIDES)):
        kernel = f"encoder.{number}.reparam_conv"
        constants[f"kernel{number}"] = weights[f"{kernel}.weight"]
        constants[f"shift{number}"] = weights[f"{kernel}.bias"]
    halves = [name for name, value in constants.items() if value.dtype == np.float16]
    node = helper.make_node
    nodes = [node("Cast", [name], [f"{name}_"], to=TensorProto.FLOAT) for name in halves]
    nodes += [
        node("Pad", ["chunks", "edges"], ["padded"], mode="reflect"),
        node("Unsqueeze", ["padded", "channel"], ["sound"]),
        node("Conv", ["sound", "basis_"], ["spectrum"], strides=[128]),
        node("Split", ["spectrum"], ["real", "imaginary"], axis=1, num_outputs=2),
        node("Pow", ["real", "two"], ["real2"]),
        node("Pow", ["imaginary", "two"], ["imaginary2"]),
        node("Add", ["real2", "imaginary2"], ["power"]),
        node("Sqrt", ["power"], ["layer0"]),
    ]
    for number, stride in enumerate(STRIDES):
        names = [f"layer{number}", f"kernel{number}_", f"shift{number}"]
        nodes += [
            node("Conv", names, [f"sum{number}"], strides=[stride], pads=[1, 1]),
            node("Relu", [f"sum{number}"], [f"layer{number + 1}"]),
        ]
    nodes += [
        node("Reshape", [f"layer{len(STRIDES)}", "steps"], ["sequence"]),
        node("Split", ["memory"], ["hidden", "cell"], axis=0, num_outputs=2),
        node(
            "LSTM",
            ["sequence", "input", "recurrent", "bias", "", "hidden", "cell"],
            ["all", "hidden_", "cell_after"],
            hidden_size=HIDDEN,
        ),
        node("Concat", ["hidden_", "cell_after"], ["after"], axis=0),
        node("Relu", ["all"], ["heard"]),
        node("MatMul", ["heard", "output_"], ["product"]),
        node("Add", ["product", "offset"], ["score"]),
        node("Sigmoid", ["score"], ["chance"]),
        node("Reshape", ["chance", "flat"], ["speech"]),
    ]
    shape = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "silero",
        [
            shape("chunks", TensorProto.FLOAT, ["n", 512]),
            shape("memory", TensorProto.FLOAT, [2, 1, HIDDEN]),
        ],
        [
            shape("speech", TensorProto.FLOAT, ["n"]),
            shape("after", TensorProto.FLOAT, [2, 1, HIDDEN]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model


_RNN = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else WHERE
    where.write_bytes(graph().SerializeToString(deterministic=True))
    print(f"{where}: {where.stat().st_size} bytes")
