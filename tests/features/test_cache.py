"""The feature cache: what a file's content is called, and what is kept."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from intona.features import cache


def test_a_file_is_hashed_once_and_anew_when_it_changes(tmp_path, monkeypatch):
    read = []
    digest = hashlib.file_digest

    def counted(stream, name):
        read.append(Path(stream.name))
        return digest(stream, name)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    file = tmp_path / "a.wav"
    file.write_bytes(b"one")
    assert {cache.content_hash(file) for _ in range(3)} == {hashlib.sha256(b"one").hexdigest()}
    assert read == [file]
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert cache.content_hash(str(file)) == hashlib.sha256(b"two").hexdigest()
    assert read == [file, file]
    file.unlink()
    with pytest.raises(OSError, match="No such file"):
        cache.content_hash(file)
