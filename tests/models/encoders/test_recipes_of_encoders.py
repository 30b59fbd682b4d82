"""Recipes on pretrained encoders of any kind: tiny random ones, trained, exported, refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from intona import corpora
from intona.audio import read
from intona.errors import MissingExtraError, ModelError, RecipeError
from intona.features import front_end
from intona.inference.recognizer import load
from intona.models import recipes
from intona.models.task import Task
from intona.models.train import fit, train

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CONVOLUTIONS = {
    "conv_dim": (16, 16),
    "conv_stride": (10, 32),
    "conv_kernel": (20, 64),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def whisper(bands: int = 80) -> object:
    from transformers import WhisperConfig, WhisperModel

    layers = {"encoder_layers": 3, "decoder_layers": 1}
    return WhisperModel(
        WhisperConfig(
            d_model=128, encoder_attention_heads=2, encoder_ffn_dim=256, vocab_size=64,
            decoder_attention_heads=2, decoder_ffn_dim=64, num_mel_bins=bands, **layers,
            pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny random encoders in Hugging Face's format."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("encoders")
    for kind in ("Wav2Vec2", "Hubert", "WavLM"):
        config = getattr(transformers, f"{kind}Config")(**CONVOLUTIONS)
        model = getattr(transformers, f"{kind}Model")(config)
        model.save_pretrained(folder / kind.lower())
        transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(
            folder / kind.lower()
        )
    stable = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
    config = transformers.Wav2Vec2Config(**CONVOLUTIONS, **stable)
    transformers.Wav2Vec2Model(config).save_pretrained(folder / "stable")
    whisper().save_pretrained(folder / "whisper")
    whisper(128).save_pretrained(folder / "whisper-large")
    whisper().save_pretrained(folder / "sharded", max_shard_size="200KB")
    return folder


def plan(model: object, kind: str = "logistic", **training: object) -> recipes.Recipe:
    front = {"name": "encoder", "model": str(model)}
    if "layers" not in training:
        front["layers"] = [2]  # type: ignore[assignment]
    return recipes.Recipe("mine", front, {"kind": kind, "C": 0.01}, training)


@pytest.mark.parametrize("name", ["wav2vec2", "hubert", "wavlm", "whisper"])
def test_any_encoder_is_trained_and_used_from_any_folder(
    encoders: Path,
    voices: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    intona: Callable,
    name: str,
) -> None:
    monkeypatch.chdir(encoders)
    out = tmp_path / "m.onnx"
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        f'[front_end]\nname = "encoder"\nmodel = "./{name}"\n[model]\nkind = "logistic"\nC = 0.01\n'
        "[training]\nlayers = [1, [2, 3]]\n"
    )
    done = intona("train", voices, "--recipe", recipe, "--out", out)
    assert (done.code, done.err) == (0, "")
    metadata = json.loads(intona("info", out, "--json").out)
    parameters = metadata["input"]["parameters"]
    assert (parameters["model"], len(parameters["weights"])) == (name, 16)
    assert metadata["recipe"]["front_end"]["model"] == name
    assert metadata["selected"]["layers"] == parameters["layers"]
    assert parameters["layers"] in ([1], [2, 3])
    assert str(encoders) not in json.dumps(metadata)
    assert (
        f"on {name} (weights {parameters['weights']}; needed to use it)" in intona("info", out).out
    )
    clip = next(voices.rglob("*.wav"))
    here = load(out).predict(clip)
    monkeypatch.chdir(tmp_path)
    done = intona("predict", clip, "--model", out)
    assert (done.code, done.out) == (1, "")
    assert f"no encoder weights at {name}" in done.err
    assert "INTONA_ENCODER" in done.err
    monkeypatch.setenv("INTONA_ENCODER", str(encoders))
    assert load(out).predict(clip).probabilities == here.probabilities


def test_other_weights_of_the_same_name_are_refused(
    encoders: Path, voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(plan(encoders / "wavlm"), corpora.load(voices), tmp_path / "m.onnx")
    shutil.copytree(encoders / "hubert", tmp_path / "others" / "wavlm")
    monkeypatch.setenv("INTONA_ENCODER", str(tmp_path / "others"))
    with pytest.raises(ModelError, match="other weights"):
        load(tmp_path / "m.onnx").predict(next(voices.rglob("*.wav")))


@pytest.mark.parametrize(
    ("name", "front", "sentence"),
    [
        ("wavlm", {"pooling": ["max"]}, "drop trim, level and pooling, or it can be"),
        ("whisper", {"pooling": ["max", "min"]}, "drop trim, level and pooling, or it can be"),
        ("whisper", {"trim": False}, "drop trim, level and pooling"),
    ],
)
def test_what_has_no_graph_is_refused_before_the_work(
    encoders: Path,
    voices: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    front: dict,
    sentence: str,
) -> None:
    monkeypatch.setattr("intona.models.material.extract", _never)
    monkeypatch.setattr("intona.models.layers.extract", _never)
    recipe = plan(encoders / name, "linear")
    recipe = replace(recipe, front_end={**recipe.front_end, **front})
    with pytest.raises(RecipeError, match=sentence):
        train(recipe, corpora.load(voices), tmp_path / "m.onnx")


def test_a_file_never_stands_on_another_file(
    tiny_adaptable: Path, voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intona.models.feature_model.extract", _never)
    front = {"name": "default", "model": str(tiny_adaptable)}
    with pytest.raises(RecipeError, match="the file would stand on another"):
        train(
            recipes.Recipe("m", front, {"kind": "svm"}), corpora.load(voices), tmp_path / "m.onnx"
        )


def test_too_large_a_file_is_refused_before_the_work(
    encoders: Path, voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intona.models.material.extract", _never)
    monkeypatch.setattr("intona.models.exportable.LARGEST", 2**10)
    with pytest.raises(RecipeError, match="would take about"):
        train(plan(encoders / "whisper", "linear"), corpora.load(voices), tmp_path / "m.onnx")


@pytest.mark.parametrize("name", ["wavlm", "hubert", "wav2vec2", "stable"])
def test_a_linear_model_on_another_encoder_is_one_file(
    encoders: Path, voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    corpus = corpora.load(voices)
    recipe = plan(encoders / name, "linear", layers=[1, [2, 3]])
    train(recipe, corpus, tmp_path / "m.onnx")
    monkeypatch.setenv("INTONA_ENCODER", str(tmp_path))  # where there is none
    model = load(tmp_path / "m.onnx")
    (told,) = model.metadata["encoder"]
    assert (told["model"], len(told["weights"])) == (name, 16)
    assert str(encoders) not in json.dumps(model.metadata)
    fitted = fit(Task(recipe, corpus.table))
    assert told["layers"] == fitted.details["selected"]["layers"]
    front = front_end("encoder", model=str(encoders / name), layers=told["layers"])
    clips = [read(file) for file, *_ in corpus.table.index[::12]]
    signals = [one.samples[: len(one.samples) - 3000 * k] for k, one in enumerate(clips)]
    signals = [one - one.mean() for one in signals]
    standard = fitted.heads.standard
    expected = [(front(one, 16_000) - standard.centre) / standard.scale for one in signals]
    found = model.embedding(signals, 16_000)
    assert np.abs(found - expected).max() < 1e-4 * max(1.0, np.abs(expected).max())
    # Each is heard alone, so that others beside it change nothing.
    rows = model.rows(signals, 16_000)
    np.testing.assert_array_equal(rows[1], model.rows(signals[1:2], 16_000)[0])
    files = [file for file, *_ in corpus.table.index[:6]]
    assert model.adapt(files).predict(files[0]).adapted == 6


def test_what_cannot_be_one_graph_is_refused_before_the_work(
    encoders: Path, voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intona.models.material.extract", _never)
    part = {"name": "encoder", "layers": [1]}
    parts = [{**part, "model": str(encoders / name)} for name in ("wavlm", "hubert")]
    two = recipes.Recipe("m", {"name": "joined", "parts": parts}, {"kind": "linear"})
    with pytest.raises(RecipeError, match="several encoders in one file are Whisper's, and wavlm"):
        train(two, corpora.load(voices), tmp_path / "m.onnx")
    monkeypatch.setattr("intona.models.encoders.traced.NEAR", -1.0)
    with pytest.raises(
        RecipeError, match=r'would answer differently as a graph .*kind = "logistic"'
    ):
        train(plan(encoders / "wavlm", "linear"), corpora.load(voices), tmp_path / "m.onnx")
    monkeypatch.setattr("intona.models.exportable.LARGEST", 2**10)
    with pytest.raises(RecipeError, match=r'would take about .*kind = "logistic"'):
        train(plan(encoders / "wavlm", "linear"), corpora.load(voices), tmp_path / "m.onnx")


@pytest.mark.parametrize("name", [pytest.param("whisper", marks=pytest.mark.slow), "whisper-large"])
def test_a_linear_model_on_whisper_of_any_size_is_one_file(
    encoders: Path, voices: Path, tmp_path: Path, name: str
) -> None:
    corpus = corpora.load(voices)
    recipe = plan(encoders / name, "linear", layers=[1, [1, 2]])
    train(recipe, corpus, tmp_path / "m.onnx")
    model = load(tmp_path / "m.onnx")
    fitted = fit(Task(recipe, corpus.table))
    assert model.metadata["selected"]["layers"] == fitted.details["selected"]["layers"]
    (told,) = model.metadata["encoder"]
    assert (told["model"], len(told["weights"])) == (name, 16)
    expected = fitted.probabilities(corpus.table.iloc[:2])
    audio = [file for file, *_ in corpus.table.index[:2]]
    found = [[model.predict(file).probabilities[k] for k in fitted.labels] for file in audio]
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_weights_in_several_files_are_those_in_one(encoders: Path) -> None:
    assert (encoders / "sharded" / "model.safetensors.index.json").is_file()
    samples = (0.1 * np.random.default_rng(0).standard_normal(8000)).astype(np.float32)
    front = front_end("encoder", model=str(encoders / "sharded"), layers=[3])
    assert front(samples, 16_000).shape == (256,)
    other = front_end("encoder", model=str(encoders / "whisper"), layers=[3])
    assert front.parameters["weights"] != other.parameters["weights"]


def test_layers_are_chosen_inside_each_fold(
    encoders: Path, voices: Path, tmp_path: Path, intona: Callable
) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        f'[front_end]\nname = "encoder"\nmodel = "{encoders / "wavlm"}"\n[model]\n'
        'kind = "logistic"\n[training]\nlayers = [1, 3]\n[training.select]\nC = [0.01, 0.1]\n'
    )
    words = ("evaluate", voices, "--recipe", recipe, "--protocol", "speakers:2")
    done = intona(*words, "--report", tmp_path / "r")
    assert (done.code, done.err) == (0, "")
    folds = json.loads((tmp_path / "r" / "evaluation.json").read_text())["folds"]
    for fold in folds:
        chosen = fold["chosen_inside"]["selected"]
        assert chosen["layers"] in ([1], [3])
        assert chosen["C"] in (0.01, 0.1)


def test_the_better_layer_is_chosen(voices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a front end whose second layer alone knows the answer."""
    from intona.models import layers

    table = corpora.load(voices).table
    truth = Task(plan("x"), table).targets()

    class Two:
        names = ("layer1_mean_0", "layer2_mean_0")

    monkeypatch.setattr(Task, "front_end", lambda self: Two())
    noise = np.random.default_rng(0).normal(size=len(truth))
    features = np.stack([noise, truth], axis=1).astype(np.float32)
    monkeypatch.setattr(layers, "extract", lambda *_, **__: features)
    task, chosen = layers.with_layers(Task(plan("x", layers=[1, 2]), table))
    assert chosen == {"layers": [2]}
    assert task.recipe.front_end["layers"] == [2]
    assert "layers" not in task.recipe.training


@pytest.mark.parametrize(
    ("front", "layers", "sentence"),
    [
        ({"name": "encoder"}, 3, "lists layers from 1 on"),
        ({"name": "encoder"}, [0], "lists layers from 1 on"),
        ({"name": "encoder"}, [[]], "lists layers from 1 on"),
        ({"name": "encoder", "layers": [1]}, [1, 2], r"drop layers from \[front_end\]"),
        ({"name": "classic"}, [1, 2], "chooses the layers of the front end encoder"),
    ],
)
def test_impossible_choices_are_explained(front: dict, layers: object, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        recipes.Recipe("mine", front, {"kind": "svm"}, {"layers": layers}).layer_sets()


def test_all_that_is_missing_is_one_sentence(
    encoders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intona.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        front_end("encoder", model=str(encoders / "wavlm")).names  # noqa: B018
    assert str(caught.value) == (
        "the encoder front end needs more packages: pip install torch safetensors transformers, "
        'or in a clone of intona pip install -e ".[torch,hub]"'
    )
    found = "pip install torch safetensors huggingface_hub transformers, or"
    with pytest.raises(MissingExtraError, match=found):
        front_end("encoder", model="nobody/nothing-at-all").names  # noqa: B018


def test_pickled_weights_say_how_to_convert(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    (tmp_path / "config.json").write_text('{"model_type": "wavlm"}')
    with pytest.raises(ModelError, match="pickled weights are not read: convert them once by"):
        front_end("encoder", model=str(tmp_path)).names  # noqa: B018


def _never(*_: object, **__: object) -> None:
    raise AssertionError("the work has begun")
