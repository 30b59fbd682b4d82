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
from intona.features.logmel import level, log_mel, trim
from intona.inference.recognizer import Recognizer
from intona.models import recipes
from intona.models.encoders.encoder_graph import Branch
from intona.models.encoders.graph import Graph
from intona.models.encoders.waveform import _log_mel, _speech, embedding_graph, finished
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
        encoder = WhisperEncoder(layers, width, inner)
        state = {key: value.half().float() for key, value in encoder.state_dict().items()}
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
        ({"exact": 3}, 1e-4),
        ({"exact": 0}, 0.02),
        ({"integers": True}, 0.02),
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


@pytest.mark.parametrize("integers", [False, True])
def test_a_mixed_batch_is_its_rows(folder: Path, integers: bool) -> None:
    run, _ = session(folder, integers=integers)
    longest = max(map(len, CLIPS))
    batch = np.stack([np.pad(clip, (0, longest - len(clip))) for clip in CLIPS])
    (together,) = run.run(None, {"waveform": batch})
    rows = np.concatenate([run.run(None, {"waveform": clip[None]})[0] for clip in CLIPS])
    assert np.abs(together - rows).max() < 1e-4


def test_integers_do_not_make_much_of_the_last_digit(folder: Path) -> None:
    """Which is another in every runtime; with roundings to 8 bits it came to 5e-3."""
    run, _ = session(folder, integers=True)
    rng = np.random.default_rng(0)
    for clip in CLIPS:
        nudged = clip * (1 + 1.2e-7 * rng.integers(-1, 2, len(clip)))
        one, other = (
            run.run(None, {"waveform": each[None]})[0] for each in (clip, nudged.astype(np.float32))
        )
        assert 0 < np.abs(one - other).max() < 1e-4


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
    assert session(folder, integers=True)[1] < size + 20_000
    assert session(folder, exact=3)[1] > size + 0.8 * weights


def test_integers_do_not_overflow() -> None:
    """The largest codes of weights and values together; some kernels add pairs in 16 bits."""
    graph = Graph()
    weight = np.ones((64, 8), np.float32)
    name = graph.integer_product("waveform", weight)
    graph.op("Identity", [name], name="y")
    model = graph.model([("waveform", ["batch", "time", 64])], [("y", ["batch", "time", 8])])
    run = onnxruntime.InferenceSession(model.SerializeToString())
    halves = np.full((3, 64), 62.5 / 63)  # the largest codes of the second half
    halves[:, 0] = 1.0
    values = np.stack([np.ones((3, 64)), -np.ones((3, 64)), np.zeros((3, 64)), halves, -halves])
    (found,) = run.run(None, {"waveform": values.astype(np.float32)})
    np.testing.assert_allclose(found, values.sum(2, keepdims=True).repeat(8, 2), rtol=1e-5)


def test_an_integer_product_is_its_definition_in_two_operators(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(64, 8)).astype(np.float32)
    values = rng.normal(size=(2, 5, 64)).astype(np.float32)
    graph = Graph()
    graph.op("Identity", [graph.integer_product("x", weight)], name="y")
    model = graph.model([("x", ["batch", "time", 64])], [("y", ["batch", "time", 8])])
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    run = onnxruntime.InferenceSession(model.SerializeToString(), options)

    columns = np.abs(weight).max(axis=0) / 127
    step = np.abs(values).max(axis=2, keepdims=True) / (63 * 126)
    rounded = np.rint(values / step) * step
    wanted = rounded @ np.rint(weight / columns) * columns
    found = run.run(None, {"x": values})[0]
    assert np.abs(rounded - values).max() < 3e-4
    np.testing.assert_allclose(found, wanted, atol=3e-5)
    optimised = (tmp_path / "optimised.onnx").read_bytes().decode("latin-1")
    assert "MatMulIntegerToFloat" in optimised


def test_the_log_mel_in_the_graph_is_that_of_the_features() -> None:
    """For lengths that are no whole hops, alone and side by side, and with silence to cut off."""
    graph = Graph()
    mel, valid = _log_mel(graph, *_speech(graph), 55.0, 80)
    graph.op("Identity", [mel], name="mel")
    graph.op("Identity", [valid], name="valid")
    model = graph.model(
        [("waveform", ["batch", "samples"])],
        [("mel", ["batch", "frames", 80]), ("valid", ["batch", "frames", 1])],
    )
    run = onnxruntime.InferenceSession(model.SerializeToString())
    pause = np.zeros(4_000, np.float32)
    quiet = np.concatenate([pause, 1e-3 * CLIPS[0], pause])
    clips = [CLIPS[0], CLIPS[1][:17_321], CLIPS[0][3_000:3_900], quiet, CLIPS[1][:12_799]]
    longest = max(map(len, clips))
    batch = np.stack([np.pad(clip, (0, longest - len(clip))) for clip in clips])
    together, real = run.run(None, {"waveform": batch})
    for k, clip in enumerate(clips):
        wanted = log_mel(level(trim(clip)), 55.0).T
        count = int(real[k].sum())
        (alone,) = run.run(["mel"], {"waveform": clip[None]})
        assert count == len(wanted) == alone.shape[1]
        assert np.abs(alone[0] - wanted).max() < 1e-4
        assert np.abs(together[k, :count] - wanted).max() < 1e-4
        assert not together[k, count:].any()


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
