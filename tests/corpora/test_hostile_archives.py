"""Archives of somebody who means ill: one sentence, bounded memory, nothing left behind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import resource
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from intona.corpora import metered
from intona.corpora.archive import Limits, cached, is_archive, unpack
from intona.errors import CorpusError
from intona.files import SCRATCH

OPENED: dict[str, Callable] = {
    "a.tar": open,
    "a.tar.gz": gzip.open,
    "a.tgz": gzip.open,
    "a.tar.bz2": bz2.open,
    "a.tar.xz": lzma.open,
}


def head(kind: bytes, size: int, name: str = "x") -> bytes:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size = kind, size
    return entry.tobuf(tarfile.GNU_FORMAT)


def refused(path: Path, words: str) -> None:
    """The archive is refused in one sentence that names it, and leaves nothing."""
    folder = path.parent / "unpacked"
    with pytest.raises(CorpusError, match=words) as found:
        unpack(path, folder)
    assert str(path) in str(found.value)
    assert len(str(found.value)) < 400
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("name", OPENED)
@pytest.mark.parametrize(
    "kind",
    [
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    ],
)
def test_giant_extension_headers_take_no_memory(tmp_path: Path, name: str, kind: bytes) -> None:
    path = tmp_path / name
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with OPENED[name](path, "wb") as file:
        file.write(head(kind, 2**31))
        file.write(bytes(2**22))
    assert is_archive(path)
    refused(path, "a header is too large or leads back")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@pytest.mark.parametrize("count", [600, 5000])
def test_headers_upon_headers_are_refused(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(count):
            file.write(head(tarfile.GNUTYPE_LONGNAME, 100) + b"n".ljust(512, b"\0"))
        file.write(head(tarfile.REGTYPE, 0) + bytes(1024))
    refused(path, "damaged")


@pytest.mark.parametrize("before", [b"", head(tarfile.REGTYPE, 0)])
def test_a_header_that_leads_back_to_itself_is_refused(tmp_path: Path, before: bytes) -> None:
    entry = bytearray(head(tarfile.REGTYPE, 0))
    entry[124:136] = b"\xff" * 10 + b"\xfe\x00"  # -512, as GNU tar writes negative numbers
    entry[148:156] = b" " * 8
    entry[148:156] = b"%06o\0 " % sum(entry)
    path = tmp_path / "a.tar"
    path.write_bytes(before + bytes(entry) + bytes(1024))
    refused(path, "damaged")


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.bz2"])
def test_what_is_skipped_counts_as_well(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with OPENED[name](path, "wb") as file:
        file.write(head(b"Q", 110 * 2**20))  # a kind that no reader knows
        for _ in range(110):
            file.write(bytes(2**20))
    refused(path, "50 times its size")


def test_a_map_of_holes_without_end_is_refused(tmp_path: Path) -> None:
    fields = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n26 GNU.sparse.realsize=9\n"
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb") as file:
        file.write(head(tarfile.XHDTYPE, len(fields)) + fields.ljust(512, b"\0"))
        file.write(head(tarfile.REGTYPE, 2**30) + b"9" * 2**24)
    begin = time.process_time()
    refused(path, "damaged")
    assert time.process_time() - begin < 5.0


def zipped(path: Path, name: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"x")
    return path


def tarred(path: Path, name: str) -> Path:
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    return path


@pytest.mark.parametrize(("make", "file"), [(zipped, "a.zip"), (tarred, "a.tar")])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("c/sad/" + "n" * 300 + ".wav", "cannot unpack 'c/sad/n.*too long"),
        ("d/" * 3000 + "a.wav", "too many folders"),
        (".", "no file's name"),
        ("./.", "no file's name"),
    ],
)
def test_names_that_no_file_can_have(
    tmp_path: Path, make: Callable, file: str, name: str, words: str
) -> None:
    refused(make(tmp_path / file, name), words)


@pytest.mark.parametrize("names", [("a", "a/b.wav"), ("a/b.wav", "a")])
def test_a_file_in_place_of_a_folder(tmp_path: Path, names: tuple[str, str]) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    refused(path, "cannot unpack 'a")


def test_a_method_nobody_knows(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "a.wav")
    content = bytearray(path.read_bytes())
    content[8] = content[content.index(b"PK\x01\x02") + 10] = 99
    path.write_bytes(content)
    refused(path, "damaged .*compression")


def test_a_name_that_is_not_unicode(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "ä.wav")
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xff\xfe"))
    refused(path, "damaged")


def test_a_table_of_contents_that_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(100):
            archive.writestr(f"{number}.wav", b"x")
    monkeypatch.setattr(metered, "CONTENTS", 1000)
    refused(path, "header is too large")


def test_devices_and_pipes_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for kind in (tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.LNKTYPE):
            entry = tarfile.TarInfo("x.wav")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert list(unpack(path, tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["a.zip", *OPENED])
@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100, bytes(512), b"\x1f\x8b\x08"])
def test_what_is_no_archive_is_said(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if content == bytes(512) and name != "a.zip":
        assert list(unpack(path, tmp_path / "out").iterdir()) == []  # an empty archive
    else:
        refused(path, "damaged")


@pytest.mark.parametrize("name", OPENED)
def test_every_kind_of_tar_is_unpacked(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    mode = {"a.tar": "w", "a.tar.bz2": "w:bz2", "a.tar.xz": "w:xz"}.get(name, "w:gz")
    content = bytes(range(256)) * 6_000  # more than a header may have
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT) as archive:
        for member in ("one/" + "l" * 120 + ".wav", "ü.wav"):
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    folder = unpack(path, tmp_path / "out")
    assert (folder / "one" / ("l" * 120 + ".wav")).read_bytes() == content
    assert (folder / "ü.wav").read_bytes() == content


def test_a_long_name_of_the_archive_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path / "cache"))
    path = zipped(tmp_path / ("z" * 250 + ".zip"), "a.wav")
    assert (cached(path) / "a.wav").read_bytes() == b"x"


KILLED = """
import sys
from pathlib import Path
from intona.corpora import archive
archive._write = lambda *_: (print("begun", flush=True), sys.stdin.read())
archive.unpack(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.skipif(os.name != "posix", reason="locks are POSIX")
def test_what_a_killed_run_left_goes_and_what_another_is_writing_stays(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "a.wav")
    running = subprocess.Popen(
        [sys.executable, "-c", KILLED, path, tmp_path / "cache" / "one"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"begun\n"
        unpack(path, tmp_path / "cache" / "two")
        assert len(list((tmp_path / "cache").glob(f"{SCRATCH}*"))) == 1
        running.send_signal(signal.SIGKILL)
    unpack(path, tmp_path / "cache" / "three")
    assert sorted(entry.name for entry in (tmp_path / "cache").iterdir()) == ["three", "two"]


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", "a.wav")
    monkeypatch.setattr(Path, "mkdir", _full)
    with pytest.raises(CorpusError, match="No space left"):
        unpack(path, tmp_path / "out", Limits())


def _full(path: Path, *_: object, **__: object) -> None:
    if "content" in path.name:
        raise OSError(28, "No space left on device")
