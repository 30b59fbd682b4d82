"""The numpy network gives what Silero's own graph gives, and a damaged file is said so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from intona.audio import silero, vad
from intona.corpora import synthetic
from intona.errors import ModelError

# Made by scripts/silero_weights.py from Silero's package.
REFERENCE = Path(__file__).with_name("silero_reference.npz")


@pytest.mark.parametrize("emotion", ["happy", "sad", "angry"])
def test_same_probabilities_as_the_reference(emotion: str) -> None:
    samples = synthetic.utterance(emotion, 1, seconds=4.0).samples
    chunks = samples[: len(samples) // 512 * 512].reshape(-1, 512)
    with np.load(REFERENCE) as stored:
        expected = stored[emotion]
    assert expected.min() < 0.1 < 0.9 < expected.max()
    # The shipped convolutions have half precision, the reference has single.
    np.testing.assert_allclose(silero.Silero()(chunks), expected, atol=0.01)


@pytest.mark.parametrize(
    ("emotion", "start", "end"),
    [("neutral", 0.188, 3.908), ("happy", 0.188, 3.94), ("sad", 0.188, 3.908),
     ("angry", 0.252, 3.94)],
)  # fmt: skip
def test_same_regions_as_ever(emotion: str, start: float, end: float) -> None:
    [region] = vad.regions(synthetic.utterance(emotion, 1, seconds=4.0))
    assert region == pytest.approx((start, end), abs=1e-6)


def plainly(chunks: np.ndarray) -> np.ndarray:
    """The network layer by layer as it is written down, one chunk after the other."""
    with np.load(Path(silero.__file__).parents[1] / "assets" / "silero.npz") as stored:
        weights = {name: stored[name].astype(np.float64) for name in stored.files}

    def logistic(values: np.ndarray) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-values))

    hidden, cell = np.zeros(128), np.zeros(128)
    bias = weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"]
    found = []
    for chunk in chunks.astype(np.float64):
        padded = np.pad(chunk, 64, mode="reflect")
        frames = np.stack([padded[first : first + 256] for first in range(0, 512, 128)], axis=1)
        spectrum = weights["stft.forward_basis_buffer"][:, 0] @ frames  # (258, 4)
        layer = np.hypot(spectrum[:129], spectrum[129:])
        for number, stride in enumerate((1, 2, 2, 1)):
            name = f"encoder.{number}.reparam_conv"
            wide = np.pad(layer, ((0, 0), (1, 1)))
            places = range(0, layer.shape[1], stride)
            products = [np.tensordot(weights[f"{name}.weight"], wide[:, p : p + 3]) for p in places]
            layer = np.maximum(np.stack(products, axis=1) + weights[f"{name}.bias"][:, None], 0.0)
        gates = weights["decoder.rnn.weight_ih"] @ layer[:, 0]
        gates += weights["decoder.rnn.weight_hh"] @ hidden + bias
        enter, forget, new, leave = np.split(gates, 4)
        cell = logistic(forget) * cell + logistic(enter) * np.tanh(new)
        hidden = logistic(leave) * np.tanh(cell)
        score = weights["decoder.decoder.2.weight"].reshape(-1) @ np.maximum(hidden, 0.0)
        found.append(logistic(score + weights["decoder.decoder.2.bias"][0]))
    return np.array(found)


def sounds() -> dict[str, np.ndarray]:
    """Voices, music, noise and silence, and all of them in turn; shape ``(n, 512)`` each."""
    rng, time = np.random.default_rng(0), np.arange(96 * 512) / 16_000
    voice = [synthetic.utterance(one, 1, seconds=1.6).samples for one in ("angry", "sad")]
    chords = sum(0.1 * np.sin(2 * np.pi * 220 * step * time) for step in (1, 1.26, 1.5))
    found = {
        "voice": np.concatenate(voice)[: 96 * 512],
        "music": chords * np.sign(np.sin(2 * np.pi * 2 * time)),
        "noise": rng.normal(0, 0.3, len(time)),
        "faint": rng.normal(0, 2e-4, len(time)),
        "silence": np.zeros(300 * 512),
    }
    found["all"] = np.concatenate([*found.values(), found["voice"]])
    return {name: one.astype(np.float32).reshape(-1, 512) for name, one in found.items()}


@pytest.mark.parametrize("name", sounds())
def test_the_network_is_its_definition(name: str) -> None:
    """In one call, in pushes of a few chunks, and beside other recordings."""
    chunks, pushed = sounds()[name], silero.Silero()
    expected = plainly(chunks)
    assert np.abs(silero.Silero()(chunks) - expected).max() < 1e-5
    parts = [pushed(chunks[first : first + 3]) for first in range(0, len(chunks), 3)]
    assert np.abs(np.concatenate(parts) - expected).max() < 1e-5
    _, beside, _ = silero.each([sounds()["noise"], chunks, sounds()["silence"]])
    assert np.abs(beside - expected).max() < 1e-5


def test_calls_continue_each_other() -> None:
    chunks = synthetic.utterance("happy", seconds=3.2).samples.reshape(-1, 512)
    whole, parts = silero.Silero(), silero.Silero()
    expected = whole(chunks)
    joined = np.concatenate([parts(chunks[:1]), parts(chunks[1:1]), parts(chunks[1:])])
    np.testing.assert_allclose(joined, expected, atol=1e-5)


def test_the_notice_stands_beside_the_weights() -> None:
    notice = (silero.files("intona") / "assets" / "SILERO_LICENSE").read_text()
    assert "Silero Team" in notice
    assert "MIT License" in notice


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", bytes(1000), b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    (tmp_path / "assets").mkdir()
    if content is not None:
        (tmp_path / "assets" / "silero.npz").write_bytes(content)
    monkeypatch.setattr(silero, "files", lambda package: tmp_path)
    silero._load.cache_clear()
    with pytest.raises(ModelError, match="install intona again"):
        silero.Silero()
    silero._load.cache_clear()


def test_a_file_of_another_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assets").mkdir()
    np.savez(tmp_path / "assets" / "silero.npz", weight=np.zeros(3))
    monkeypatch.setattr(silero, "files", lambda package: tmp_path)
    silero._load.cache_clear()
    with pytest.raises(ModelError, match="install intona again"):
        silero.Silero()
    silero._load.cache_clear()
