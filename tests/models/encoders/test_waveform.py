"""Several encoders in one graph, against torch, on small random weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from intona import corpora
from intona.corpora.synthetic import corpus as synthetic_corpus
from intona.corpora.synthetic import utterance
from intona.features import front_end
from intona.features.joined import Joined
from intona.inference.recognizer import Recognizer
from intona.models import recipes
from intona.models.encoders.encoder_graph import Branch
from intona.models.encoders.waveform import embedding_graph, finished
from intona.models.task import Task
from intona.models.train import fit

torch = pytest.importorskip("torch")

# Layers, width, inner width and the layers used.
SHAPES = {"small": (2, 64, 128, (1, 2)), "large": (3, 128, 256, (2, 3))}
DIMENSION = 2 * 2 * 64 + 2 * 2 * 128
OFF = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
ALL = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.torch import save_file

    from intona.models.encoders.whisper import WhisperEncoder

    torch.manual_seed(1)
    found = tmp_path_factory.mktemp("encoders")
    for name, (layers, width, inner, _) in SHAPES.items():
        state = WhisperEncoder(layers, width, inner).state_dict()
        save_file(state, found / f"{name}-encoder.safetensors")
    return found


@pytest.fixture
def front(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Joined:
    monkeypatch.setenv("INTONA_ENCODER", str(folder))
    return Joined(parts(55.0))


def parts(dynamic_range: float) -> list[dict[str, Any]]:
    return [
        {
            "name": "encoder",
            "model": f"nobody/{name}",
            "layers": list(layers),
            "dynamic_range": dynamic_range,
        }
        for name, (*_, layers) in SHAPES.items()
    ]


def session(
    folder: Path, level: Any = ALL, **settings: Any
) -> tuple[onnxruntime.InferenceSession, int]:
    from intona.models.encoders.whisper import load_whisper, weights_of

    branches = []
    for name, (count, *_, layers) in SHAPES.items():
        weights = weights_of(load_whisper(folder / f"{name}-encoder.safetensors", count))
        branches.append(Branch(weights, layers, **settings))
    centre, scale = np.zeros(DIMENSION, np.float32), np.ones(DIMENSION, np.float32)
    graph = embedding_graph(branches, centre, scale, 55.0)
    content = finished(graph, {"embedding": DIMENSION}).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(content, options), len(content)


CLIPS = [utterance("happy", seconds=seconds).samples for seconds in (1.0, 1.6)]


@pytest.mark.parametrize("level", [OFF, ALL])
@pytest.mark.parametrize(
    ("settings", "tolerance"),
    [
        ({"exact": 3}, 2e-3),
        ({"exact": 0}, 0.02),
        ({"exact": 0, "integer_after": 0}, 0.05),
        ({"exact": 1, "integer_after": 1, "wide": True}, 0.05),
    ],
)
def test_the_graph_is_the_joined_front_end(
    front: Joined, folder: Path, settings: dict[str, Any], tolerance: float, level: Any
) -> None:
    """In half precision, in bytes and multiplied in integers; hidden states are around 1."""
    run, _ = session(folder, level, **settings)
    for clip in CLIPS:
        (found,) = run.run(None, {"waveform": clip[None]})
        wanted = front(clip, 16_000)
        assert np.abs(wanted).mean() > 0.2
        assert np.abs(found[0] - wanted).max() < tolerance


@pytest.mark.parametrize("integer_after", [None, 0])
def test_a_mixed_batch_is_its_rows(folder: Path, integer_after: int | None) -> None:
    run, _ = session(folder, integer_after=integer_after)
    longest = max(map(len, CLIPS))
    batch = np.stack([np.pad(clip, (0, longest - len(clip))) for clip in CLIPS])
    (together,) = run.run(None, {"waveform": batch})
    rows = np.concatenate([run.run(None, {"waveform": clip[None]})[0] for clip in CLIPS])
    # What is rounded to integers may fall to the other side.
    assert np.abs(together - rows).max() < (1e-4 if integer_after is None else 5e-3)


def test_a_weight_is_a_byte(folder: Path) -> None:
    layers = {name: count for name, (count, *_) in SHAPES.items()}
    weights = sum(
        layers[name] * (4 * width * width + 2 * width * inner)
        for name, (_, width, inner, _) in SHAPES.items()
    )
    convolutions = sum(2 * 3 * width * (80 + width) for _, width, *_ in SHAPES.values())
    filters, other = 4 * 80 * 201, 100_000  # operators, biases, centre and scale
    _, size = session(folder, exact=0)
    assert size < weights * (1 + 2 / 32) + convolutions + filters + other
    assert session(folder, exact=0, integer_after=0)[1] < size + 20_000
    assert session(folder, exact=3)[1] > size + 0.8 * weights


def test_wide_products_of_the_first_layers_are_of_integers_too(folder: Path) -> None:
    plain, wide = (
        session(folder, exact=1, integer_after=1, wide=wide)[1] for wide in (False, True)
    )
    saved = sum(2 * width * inner for _, width, inner, _ in SHAPES.values())  # a byte of two
    assert 0.9 * saved < plain - wide < saved


def test_integers_do_not_overflow() -> None:
    """The largest codes of weights and values together; some kernels add pairs in 16 bits."""
    from intona.models.encoders.graph import Graph

    graph = Graph()
    weight = np.ones((64, 8), np.float32)
    name = graph.integer_product("waveform", weight)
    graph.op("Identity", [name], name="y")
    model = graph.model([("waveform", ["batch", "time", 64])], [("y", ["batch", "time", 8])])
    run = onnxruntime.InferenceSession(model.SerializeToString())
    values = np.stack([np.ones((3, 64)), -np.ones((3, 64)), np.zeros((3, 64))])
    (found,) = run.run(None, {"waveform": values.astype(np.float32)})
    np.testing.assert_allclose(found, values.sum(2, keepdims=True).repeat(8, 2), rtol=1e-5)


def test_a_recipe_of_two_encoders(
    front: Joined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path / "cache"))
    voices = corpora.load(
        synthetic_corpus(tmp_path / "voices", speakers=3, takes=1, emotions=("sad", "angry"))
    )
    plan = recipes.load("encoder-lr")
    plan = replace(plan, front_end={"name": "joined", "parts": parts(40.0)})
    fitted = fit(Task(plan, voices.table))
    facts = {"version": "0", "corpora": {}, "licence": "none", "name": "test", "seed": 0}
    model = Recognizer.load(fitted.export(tmp_path / "model.onnx", metadata=facts))
    assert model.metadata["embedding"] == DIMENSION
    assert [one["layers"] for one in model.metadata["encoder"]] == [[1, 2], [2, 3]]
    from intona.audio import read

    signals = [read(file, rate=16_000).samples for file, *_ in voices.table.index]
    found = model.probabilities(signals, 16_000)
    assert np.abs(found - fitted.probabilities(voices.table)).max() < 5e-2


def test_the_front_end_of_one_part_is_that_part(front: Joined) -> None:
    alone = front_end("encoder", **{k: v for k, v in parts(55.0)[1].items() if k != "name"})
    assert np.array_equal(front(CLIPS[0], 16_000)[4 * 64 :], alone(CLIPS[0], 16_000))
