"""Front ends joined: columns, caches, refusals."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intona import corpora
from intona.corpora.synthetic import corpus as synthetic_corpus
from intona.errors import IntonaError
from intona.features import front_end
from intona.features.extract import extract
from intona.models.encoders.weights import locate

HALVES = [{"name": "classic", "mel": False, "chroma": False}, {"name": "classic", "mfcc": False}]
SAMPLES = np.random.default_rng(0).standard_normal(8000).astype(np.float32)


def test_columns_are_the_parts() -> None:
    joined = front_end("joined", parts=HALVES)
    assert joined.rate is None
    assert joined.names[0] == "1_classic_mfcc_0"
    assert joined.names[40] == "2_classic_chroma_c"
    assert np.array_equal(joined(SAMPLES, 8000), front_end("classic")(SAMPLES, 8000))
    again = front_end("joined", **pickle.loads(pickle.dumps(joined)).parameters)
    assert again.names == joined.names
    assert again.parameters == joined.parameters


def test_each_part_is_cached_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path / "cache"))
    table = corpora.load(
        synthetic_corpus(tmp_path / "voices", speakers=1, takes=1, emotions=("sad", "angry"))
    ).table
    joined = front_end("joined", parts=HALVES)
    rows = extract(table, joined)
    first = front_end("classic", mel=False, chroma=False)
    monkeypatch.setattr(type(first), "__call__", lambda *_: pytest.fail("computed again"))
    assert np.array_equal(extract(table, first), rows[:, :40])
    assert np.array_equal(extract(table, joined), rows)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], "list of parts"),
        ({"name": "classic"}, "list of parts"),
        ([{"mel": False}], "no name"),
        ([{"name": "nothing"}], "no front end"),
        ([{"name": "classic"}, {"name": "encoder"}], "16000 and None"),
        ([{"name": "classic", "version": 99}], "not 99"),
    ],
)
def test_what_cannot_be_joined(parts: Any, words: str) -> None:
    with pytest.raises(IntonaError, match=words):
        front_end("joined", parts=parts)


def test_a_folder_of_encoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("whisper-tiny.en", "whisper-base"):
        (tmp_path / f"{name}-encoder.safetensors").touch()
    monkeypatch.setenv("INTONA_ENCODER", str(tmp_path))
    assert locate().name == "whisper-tiny.en-encoder.safetensors"
    assert locate("openai/whisper-base").name == "whisper-base-encoder.safetensors"
    own = tmp_path / "own.safetensors"
    own.touch()
    assert locate(str(own)) == own
