"""Encoders as front ends: tiny random checkpoints, checked against transformers itself."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intona.errors import AudioError, IntonaError, ModelError, UsageError
from intona.features import front_end

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

RNG = np.random.default_rng(0)
SAMPLES = (0.1 * RNG.standard_normal(16_000)).astype(np.float32)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.torch import save_file
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=128, encoder_layers=3, encoder_attention_heads=2, encoder_ffn_dim=256
    )
    path = tmp_path_factory.mktemp("whisper") / "encoder.safetensors"
    save_file(dict(WhisperEncoder(config).state_dict()), path)
    return path


@pytest.fixture(scope="module")
def wav2vec2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        conv_dim=(16, 16),
        conv_stride=(10, 8),
        conv_kernel=(20, 8),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
    )
    folder = tmp_path_factory.mktemp("wav2vec2")
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return folder


def test_whisper_is_transformers_whisper(whisper: Path) -> None:
    """The same hidden states as transformers' encoder, whose attention sees 30 s of padding."""
    from safetensors.torch import load_file
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    from intona.features.logmel import log_mel
    from intona.models.encoders.whisper import load_whisper

    config = WhisperConfig(
        d_model=128, encoder_layers=3, encoder_attention_heads=2, encoder_ffn_dim=256
    )
    theirs = WhisperEncoder(config).eval()
    theirs.load_state_dict(load_file(whisper))
    samples = np.tile(SAMPLES, 30)
    mel = torch.from_numpy(log_mel(samples))[None]
    with torch.inference_mode():
        wanted = theirs(mel, output_hidden_states=True).hidden_states
        found, _ = load_whisper(whisper, 3)(mel, torch.tensor([3000]))
    # The last of theirs has gone through the final normalisation.
    for ours, reference in zip(found[:2], wanted[1:3], strict=True):
        assert (ours - reference).abs().max() < 1e-3


def test_pooling_and_layers(whisper: Path) -> None:
    front = front_end("encoder", model=str(whisper), layers=[1, 3], pooling=["mean", "max"])
    values = front(SAMPLES, 16_000)
    assert values.shape == (2 * 2 * 128,) == (len(front.names),)
    assert front.names[0] == "layer1_mean_0"
    assert np.all(values[128:256] >= values[:128])


def test_padding_in_a_batch_changes_nothing(whisper: Path) -> None:
    from intona.features.logmel import log_mel
    from intona.models.encoders.whisper import load_whisper, pool

    encoder = load_whisper(whisper, 2).eval()
    long, short = log_mel(SAMPLES), log_mel(SAMPLES[:9000])
    batch = torch.zeros(2, 80, long.shape[1])
    batch[0], batch[1, :, : short.shape[1]] = torch.from_numpy(long), torch.from_numpy(short)
    with torch.inference_mode():
        together = pool(*encoder(batch, torch.tensor([100, 56])), (1, 2))
        alone = pool(*encoder(torch.from_numpy(short)[None], torch.tensor([56])), (1, 2))
    assert (together[1] - alone[0]).abs().max() < 1e-4


def test_wav2vec2_through_transformers(wav2vec2: Path) -> None:
    front = front_end("encoder", model=str(wav2vec2), layers=[2], pooling=["mean"], trim=False)
    model = transformers.AutoModel.from_pretrained(wav2vec2).eval()
    scaled = (SAMPLES - SAMPLES.mean()) / SAMPLES.std()
    with torch.inference_mode():
        states = model(torch.from_numpy(scaled)[None], output_hidden_states=True).hidden_states
    assert np.abs(front(SAMPLES, 16_000) - states[2][0].mean(0).numpy()).max() < 1e-4


def test_travels_to_a_worker(whisper: Path) -> None:
    front = front_end("encoder", model=str(whisper), layers=[1])
    before = front(SAMPLES, 16_000)
    there = pickle.loads(pickle.dumps(front))
    assert np.array_equal(there(SAMPLES, 16_000), before)


def test_other_weights_are_refused(whisper: Path) -> None:
    known = dict(front_end("encoder", model=str(whisper), layers=[1]).parameters)
    assert front_end("encoder", **known)(SAMPLES, 16_000).shape == (256,)
    with pytest.raises(ModelError, match="other weights"):
        front_end("encoder", **{**known, "weights": "0" * 16})(SAMPLES, 16_000)


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"layers": [0]}, UsageError, "count from 1"),
        ({"layers": []}, UsageError, "count from 1"),
        ({"pooling": ["mode"]}, UsageError, "pooling"),
        ({"dynamic_range": 5.0}, UsageError, "20 to 80 dB"),
        ({"dynamic_range": 100.0}, UsageError, "20 to 80 dB"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], error: type[IntonaError], words: str) -> None:
    with pytest.raises(error, match=words):
        front_end("encoder", **parameters)


def test_too_many_layers(whisper: Path, wav2vec2: Path) -> None:
    with pytest.raises(ModelError, match="first 4 layers"):
        front_end("encoder", model=str(whisper), layers=[4])(SAMPLES, 16_000)
    with pytest.raises(UsageError, match="2 layers"):
        front_end("encoder", model=str(wav2vec2), layers=[3])(SAMPLES, 16_000)


def test_missing_weights_say_where_they_belong() -> None:
    with pytest.raises(ModelError, match="INTONA_ENCODER"):
        front_end("encoder", model="/nowhere/at-all.safetensors")(SAMPLES, 16_000)


def test_rate_and_length(whisper: Path) -> None:
    front = front_end("encoder", model=str(whisper), layers=[1])
    with pytest.raises(AudioError, match="16000 Hz"):
        front(SAMPLES, 8000)
    with pytest.raises(AudioError, match="at least"):
        front(SAMPLES[:100], 16_000)


def test_pickled_weights_are_refused(wav2vec2: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in wav2vec2.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ModelError, match="safetensors"):
        front_end("encoder", model=str(folder))(np.ones(16_000, dtype=np.float32), 16_000)
