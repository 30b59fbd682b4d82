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
