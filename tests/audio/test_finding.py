"""Recordings by name: what is no recording is an item of the list, and nothing hangs."""

from __future__ import annotations

import io
import os
import pickle
import socket
from pathlib import Path

import pytest

from intona.audio import finding
from intona.errors import AudioError


def special(folder: Path, kind: str) -> Path:
    path = folder / "live.wav"
    if kind == "named pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "device":
        path.symlink_to(os.devnull)
    elif kind == "nowhere":
        path.symlink_to("absent.wav")
    else:
        path.symlink_to("b.wav")
        (folder / "b.wav").symlink_to("live.wav")
    return path


@pytest.mark.parametrize("kind", ["named pipe", "socket", "device", "nowhere", "circle"])
def test_in_folders_only_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    special(Path(), kind)
    Path("good.wav").touch()
    found = list(finding.find([Path()]))
    assert [item for item in found if isinstance(item, Path)] == [Path("good.wav")]
    errors = [item for item in found if isinstance(item, finding.UnheardError)]
    assert "live.wav" in [error.path.name for error in errors]
    assert all("left out" in str(error) for error in errors)
    if kind == "named pipe":
        assert list(finding.find([Path("live.wav")])) == [Path("live.wav")]


def test_an_error_travels() -> None:
    again = pickle.loads(pickle.dumps(finding.UnheardError(Path("a"), "is gone")))
    assert (again.path, str(again)) == (Path("a"), "a is gone")


def test_of_names_none_of_which_exists_there_is_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    finding.require_some([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(AudioError, match="none of these 2 names"):
        finding.require_some([tmp_path / "b", tmp_path / "c"])


def test_standard_input_can_be_read_again() -> None:
    with finding.standard_input(io.BytesIO(b"sound")) as heard:
        assert heard.name == "-"
        assert heard.read() == b"sound"
        heard.seek(0)
        assert heard.read() == b"sound"
    with pytest.raises(AudioError, match="more than"):
        finding.standard_input(io.BytesIO(b"sound"), largest=4)
