"""Hugging Face models as recognisers: tiny ones with random weights, saved in a folder."""

from __future__ import annotations

import json

import numpy as np
import pytest

from intona.audio import Audio
from intona.corpora import synthetic
from intona.errors import MissingExtraError, ModelError, UsageError
from intona.inference.foreign.hub import HubModel
from intona.inference.opening import open_recognizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WORDS = {0: "ang", 1: "hap", 2: "LABEL_2"}
KINDS = ("Wav2Vec2", "Hubert", "WavLM", "Whisper")


def configuration(kind, **more):
    labels = {"id2label": WORDS, "label2id": {word: k for k, word in WORDS.items()}, **more}
    if kind == "Whisper":
        return transformers.WhisperConfig(
            d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, vocab_size=20,
            pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
            classifier_proj_size=8, **labels,
        )  # fmt: skip
    return getattr(transformers, f"{kind}Config")(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
        classifier_proj_size=8, **labels,
    )  # fmt: skip


def classifier(kind, **more):
    suffix = "AudioClassification" if kind == "Whisper" else "SequenceClassification"
    torch.manual_seed(0)
    model = getattr(transformers, f"{kind}For{suffix}")(configuration(kind, **more))
    with torch.no_grad():  # far from even answers
        model.classifier.weight.mul_(50)
        model.projector.weight.mul_(50)
    return model.eval()


def extractor(kind):
    return getattr(
        transformers, f"{'Whisper' if kind == 'Whisper' else 'Wav2Vec2'}FeatureExtractor"
    )()


def saved(folder, kind, model):
    model.save_pretrained(folder)
    extractor(kind).save_pretrained(folder)
    return f"hf:{folder}"


@pytest.fixture
def voice():
    return synthetic.utterance("happy", 1, rate=16_000, seconds=1.5)


@pytest.mark.parametrize("kind", KINDS)
def test_it_answers_as_transformers_does(kind, tmp_path, voice):
    model = classifier(kind)
    found = open_recognizer(saved(tmp_path, kind, model))
    assert isinstance(found, HubModel)
    assert (found.labels, found.rate) == (("angry", "happy", "label_2"), 16_000)
    with torch.no_grad():
        inputs = extractor(kind)(voice.samples, sampling_rate=16_000, return_tensors="pt")
        expected = torch.softmax(model(**inputs).logits[0], dim=-1).numpy()
    answer = found.predict(voice)
    values = [answer.probabilities[label] for label in found.labels]
    np.testing.assert_allclose(values, expected, atol=1e-5)
    assert np.ptp(expected) > 0.01
    # Beside another of another length it gets the same answer.
    rows = found.rows([voice.samples, voice.samples[:9000]], 16_000)
    np.testing.assert_allclose(rows[0], expected, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_one_without_its_head_is_refused(kind, tmp_path):
    body = getattr(transformers, f"{kind}Model")(configuration(kind))
    text = saved(tmp_path, kind, body)
    with pytest.raises(ModelError, match=r"was not trained to classify: .* random numbers"):
        HubModel(text)


def test_a_head_of_another_size_is_refused(tmp_path):
    text = saved(tmp_path, "Wav2Vec2", classifier("Wav2Vec2"))
    facts = json.loads((tmp_path / "config.json").read_text())
    facts["id2label"] = {str(k): name for k, name in enumerate("abcde")}
    facts["label2id"] = {name: k for k, name in enumerate("abcde")}
    (tmp_path / "config.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError):
        HubModel(text)


def test_what_training_alone_needs_may_be_missing(tmp_path):
    from safetensors.torch import load_file, save_file

    text = saved(tmp_path, "Wav2Vec2", classifier("Wav2Vec2"))
    weights = load_file(tmp_path / "model.safetensors")
    del weights["wav2vec2.masked_spec_embed"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert HubModel(text).labels == ("angry", "happy", "label_2")


def test_one_that_does_not_choose_is_refused(tmp_path):
    model = classifier("Hubert", problem_type="multi_label_classification")
    with pytest.raises(ModelError, match="does not choose between emotions"):
        HubModel(saved(tmp_path, "Hubert", model))


def test_too_little_sound_is_one_sentence(tmp_path):
    model = HubModel(saved(tmp_path, "Wav2Vec2", classifier("Wav2Vec2")))
    with pytest.raises(ModelError, match=r"failed at 0\.00 s of sound: "):
        model.predict(Audio(np.zeros(50, np.float32), 16_000))


def test_damaged_weights_are_named(tmp_path, voice):
    model = classifier("Wav2Vec2")
    with torch.no_grad():
        model.classifier.bias.fill_(float("nan"))
    with pytest.raises(ModelError, match="answered with NaN"):
        HubModel(saved(tmp_path, "Wav2Vec2", model)).predict(voice)


def test_what_is_no_model_is_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"model_type": "bert"}')
    torn = tmp_path / "torn"
    saved(torn, "Wav2Vec2", classifier("Wav2Vec2"))
    (torn / "model.safetensors").write_bytes(b"no weights")
    bare = tmp_path / "bare"
    classifier("Wav2Vec2").save_pretrained(bare)
    for name, error, said in (
        ("", UsageError, "name a model after hf:"),
        (tmp_path / "missing", UsageError, "there is no such folder"),
        ("./missing", UsageError, "there is no such folder"),
        (tmp_path / "empty", UsageError, "no config.json"),
        (tmp_path / "file", UsageError, "is a file"),
        (broken, ModelError, "cannot be loaded"),
        (torn, ModelError, "cannot be loaded"),
        (bare, ModelError, "cannot be loaded"),
    ):
        with pytest.raises(error, match=said) as caught:
            HubModel(f"hf:{name}")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("gone", "wanted", "extras"),
    [
        (["torch", "transformers"], "torch transformers", "torch,hub"),
        (["torch"], "torch", "torch"),
        (["transformers"], "transformers", "hub"),
    ],
)
def test_all_that_is_missing_is_said_at_once(gone, wanted, extras, tmp_path, monkeypatch):
    from intona import extras as brought
    from intona.inference.foreign import hub

    there = brought.find_spec
    monkeypatch.setattr(brought, "find_spec", lambda name: None if name in gone else there(name))
    with pytest.raises(MissingExtraError) as told:
        hub.HubModel(f"hf:{tmp_path}")
    told_by = f'pip install {wanted}, or in a clone of intona pip install -e ".[{extras}]"'
    assert str(told.value).endswith(told_by)
