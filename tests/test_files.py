"""Outputs: whole, legible, never in the place of an input, never lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from intona import files
from intona.errors import UsageError


@pytest.mark.parametrize("kind", ["itself", "dotted", "symbolic link", "hard link"])
def test_an_output_is_no_input_by_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = Path("a.wav")
    source.write_text("sound")
    out = Path("b.csv")
    if kind == "symbolic link":
        out.symlink_to(source)
    elif kind == "hard link":
        out.hardlink_to(source)
    else:
        out = source if kind == "itself" else tmp_path / "." / "a.wav"
    with pytest.raises(UsageError, match="overwritten"):
        files.require_apart([out], [source])
    files.require_apart([Path("new.csv")], [source])


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        files.require_apart([tmp_path / "a.png", f"{tmp_path}/./a.png"], [])


def test_a_long_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 245}.TextGrid"
    assert files.save_text(path, "w\udcfc").read_text("utf-8") == "w\\udcfc"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    with pytest.raises(UsageError, match="kept as") as caught:
        files.save_text(tmp_path / "gone" / "a.csv", "hours of work")
    (kept,) = room.glob("*/result.csv")
    assert str(kept) in str(caught.value)
    assert kept.read_text() == "hours of work"


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "latest.csv"
    link.symlink_to(real)
    files.save_text(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    files.save_text(os.devnull, "nothing")
    assert not os.path.isfile(os.devnull)


@pytest.mark.parametrize("name", ["absent/a.csv", "."])
def test_a_place_is_checked_before_the_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        files.require_writable(tmp_path / name)
