from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from intona.corpora.archive import Limits, cached, is_archive, unpack
from intona.errors import CorpusError


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize(("make", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_unpacks_all(tmp_path, make, name):
    path = make(tmp_path / name, {"one/a.wav": b"a" * 5000, "b.wav": b"b"})
    assert is_archive(path)
    folder = unpack(path, tmp_path / "out")
    assert (folder / "one" / "a.wav").read_bytes() == b"a" * 5000
    assert (folder / "b.wav").read_bytes() == b"b"


@pytest.mark.parametrize("member", ["../out.wav", "/tmp/out.wav", "a/../../out.wav", "C:/x.wav"])
@pytest.mark.parametrize(("make", "name"), [(zipped, "a.zip"), (tarred, "a.tar")])
def test_nothing_escapes(tmp_path, make, name, member):
    (tmp_path / "in").mkdir()
    path = make(tmp_path / "in" / name, {"ok.wav": b"ok", member: b"bad"})
    with pytest.raises(CorpusError, match="leads out of the archive"):
        unpack(path, tmp_path / "in" / "out")
    assert [entry.name for entry in (tmp_path / "in").iterdir()] == [name]
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]


def test_links_are_left_out(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("passwd.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert list(unpack(path, tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(("make", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_bombs_are_refused(tmp_path, make, name):
    path = make(tmp_path / name, {"zeros.wav": bytes(101 * 1024**2)})
    assert path.stat().st_size < 1024**2
    with pytest.raises(CorpusError, match="50 times its size"):
        unpack(path, tmp_path / "out")
    with pytest.raises(CorpusError, match="more than 0 GB"):
        unpack(path, tmp_path / "out", Limits(total=1000))
    assert not (tmp_path / "out").exists()


def test_too_many_files_and_no_room(tmp_path):
    path = zipped(tmp_path / "a.zip", {f"{number}.wav": b"" for number in range(11)})
    with pytest.raises(CorpusError, match="more than 10 files"):
        unpack(path, tmp_path / "out", Limits(files=10))
    with pytest.raises(CorpusError, match="are free at"):
        unpack(path, tmp_path / "out", Limits(spare=10**18))


@pytest.mark.parametrize("cut", [0.5, 0.9])
@pytest.mark.parametrize(("make", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_damaged_archives_leave_nothing(tmp_path, make, name, cut):
    import random

    content = random.Random(1).randbytes(100_000)
    path = make(tmp_path / name, {"a.wav": content})
    data = bytearray(path.read_bytes())
    if make is zipped:
        data[int(len(data) * cut)] ^= 0xFF
        path.write_bytes(data)
    else:
        path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(CorpusError, match="damaged"):
        unpack(path, tmp_path / "out")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_the_cache_unpacks_once_and_notices_a_change(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.wav": b"1"})
    first = cached(path)
    assert cached(path) == first
    zipped(path, {"a.wav": b"22"})
    assert cached(path) != first
    assert (cached(path) / "a.wav").read_bytes() == b"22"
