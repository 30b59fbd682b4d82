"""Make ``src/intona/assets/silero.npz`` and what its test compares with from Silero's package.

Run::

    pip download silero-vad==6.2.0 --no-deps --dest /tmp/silero
    python scripts/silero_weights.py /tmp/silero/silero_vad-6.2.0-py3-none-any.whl

The wheel (MIT licence, Silero Team) holds the network for 16 kHz as an ONNX graph. Its weights
keep their names; the convolutions and the Fourier basis are rounded to half precision, as
whisper.cpp's converter does, the LSTM and the biases are not. The file has plain arrays, no
pickle, and is the same byte for byte whenever it is made.

``tests/audio/silero_reference.npz`` gets the probabilities which Silero's own graph, run by
onnxruntime one chunk at a time, gives for synthetic voices. Where that graph wants the 64 samples
before a chunk it gets the chunk's own, reflected: intona (like whisper.cpp) judges a chunk without
its past, so that chunks can be computed side by side.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from intona.corpora import synthetic

ROOT = Path(__file__).parents[1]
GRAPH = "silero_vad/data/silero_vad_16k_op15.onnx"
LICENCE = "silero_vad-6.2.0.dist-info/licenses/LICENSE"
EMOTIONS = ("happy", "sad", "angry")


def weights_of(graph: bytes) -> dict[str, np.ndarray]:
    """Return the weights of the network by name, rounded as described above."""
    weights = {}
    for stored in onnx.load_from_string(graph).graph.initializer:
        name = stored.name.removeprefix("model.")
        value = numpy_helper.to_array(stored)
        full = name.startswith("decoder.rnn") or name.endswith(".bias")
        weights[name] = value.astype(np.float32 if full else np.float16)
    return weights


def probabilities(graph: bytes, samples: np.ndarray) -> np.ndarray:
    """Return what Silero's own graph says of a recording at 16 kHz, chunk by chunk."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    state = np.zeros((2, 1, 128), np.float32)
    found = []
    for chunk in samples[: len(samples) // 512 * 512].reshape(-1, 1, 512):
        padded = np.pad(chunk, ((0, 0), (64, 0)), mode="reflect")
        inputs = {"input": padded, "state": state, "sr": np.array(16_000, np.int64)}
        probability, state = session.run(None, inputs)
        found.append(probability[0, 0])
    return np.array(found, np.float32)


def main() -> None:
    """Write the weights, the licence and the reference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    with zipfile.ZipFile(parser.parse_args().wheel) as wheel:
        graph, licence = wheel.read(GRAPH), wheel.read(LICENCE)
    assets = ROOT / "src/intona/assets"
    np.savez_compressed(assets / "silero.npz", **weights_of(graph))
    (assets / "SILERO_LICENSE").write_bytes(licence.rstrip() + b"\n")
    voices = {name: synthetic.utterance(name, 1, seconds=4.0).samples for name in EMOTIONS}
    reference = {name: probabilities(graph, samples) for name, samples in voices.items()}
    np.savez_compressed(ROOT / "tests/audio/silero_reference.npz", **reference)


if __name__ == "__main__":
    main()
