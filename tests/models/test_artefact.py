from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from intona.errors import ModelError, UsageError
from intona.models.artefact import read_model, write_model
from intona.models.metadata import SCHEMA

METADATA = {
    "labels": ["happy", "sad"],
    "target": "emotion",
    "input": {"kind": "waveform", "rate": 16000},
    "threshold": 0.5,
    "recipe": {"name": "test"},
    "corpora": {},
    "licence": "none",
    "version": "0",
}


def graph() -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None]) for name in "ab"]
    node = helper.make_node("Identity", ["a"], ["b"])
    return helper.make_model(helper.make_graph([node], "test", values[:1], values[1:]))


def test_metadata_survives(tmp_path: Path) -> None:
    path = write_model(graph(), METADATA, tmp_path / "m.onnx")
    content, metadata = read_model(path)
    assert metadata == {"schema": SCHEMA, **METADATA, "identity": metadata["identity"]}
    assert content == path.read_bytes()
    # The independent reader agrees.
    (entry,) = onnx.load(path).metadata_props
    assert json.loads(entry.value) == metadata


@pytest.mark.parametrize("key", ["labels", "input", "threshold", "licence"])
def test_incomplete_metadata_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ModelError, match=key):
        write_model(graph(), {k: v for k, v in METADATA.items() if k != key}, tmp_path / "m.onnx")


def test_other_files_are_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.onnx"
    onnx.save(graph(), foreign)
    text = tmp_path / "text.onnx"
    text.write_text("not a model, only words" * 100)
    empty = tmp_path / "empty.onnx"
    empty.touch()
    for path in (foreign, text, empty):
        with pytest.raises(ModelError, match="not an intona model"):
            read_model(path)
    with pytest.raises(ModelError, match="no model file"):
        read_model(tmp_path / "absent.onnx")
    with pytest.raises(ModelError, match="folder"):
        read_model(tmp_path)


def test_truncation_is_noticed_at_every_length(tmp_path: Path) -> None:
    whole = write_model(graph(), METADATA, tmp_path / "m.onnx").read_bytes()
    part = tmp_path / "part.onnx"
    for length in range(0, len(whole), 7):
        part.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            read_model(part)


def test_a_newer_schema_asks_for_an_upgrade(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="newer intona"):
        write_model(graph(), {**METADATA, "schema": SCHEMA + 1}, tmp_path / "m.onnx")


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        write_model(graph(), METADATA, tmp_path / "absent" / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_damaged_sound_is_refused_when_the_file_is_read(tmp_path):
    heard = {"form": 1, "complete": True, "groups": [["a", 2]], "landmarks": "AAAA"}
    with pytest.raises(ModelError, match="what it heard in training is damaged; make the model"):
        write_model(graph(), {**METADATA, "heard": heard}, tmp_path / "m.onnx")
