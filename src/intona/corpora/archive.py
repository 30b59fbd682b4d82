"""Archives, unpacked safely: nothing escapes the folder, nothing fills the disk."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from intona.errors import CorpusError
from intona.features.cache import cache_folder


@dataclass(frozen=True)
class Limits:
    """What an archive may grow to before it is refused.

    Attributes:
        total: all files together, in bytes, unpacked.
        files: number of files.
        ratio: unpacked over packed size, judged above 100 MB.
        spare: bytes of disk that must stay free.
    """

    total: int = 200 * 1024**3
    files: int = 500_000
    ratio: float = 50.0
    spare: int = 500 * 1024**2


_BLOCK = 1024**2
_JUDGED = 100 * 1024**2


def is_archive(path: Path) -> bool:
    """Say whether the file is a zip or tar archive, by its content."""
    return path.is_file() and (zipfile.is_zipfile(path) or _is_tar(path))


def _is_tar(path: Path) -> bool:
    # tarfile takes some arbitrary bytes for an empty archive: the suffix must agree.
    suffixes = "".join(path.suffixes[-2:]).lower()
    return suffixes.endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")) and bool(
        tarfile.is_tarfile(path)
    )


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> Path:
    """Unpack a zip or tar archive into a new ``folder``, all of it or nothing.

    Links and device files are left out. The bytes really written are counted, so an archive that
    lies about its sizes is stopped as well.

    Args:
        archive: the file.
        folder: where its content goes; made at the end, by one rename.
        limits: what it may grow to; default :class:`Limits`.

    Raises:
        CorpusError: when the archive is damaged, tries to write outside of ``folder``, is larger
            than the limits, or the disk has no room.
    """
    limits = limits or Limits()
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, scratch, limits)
        else:
            _unpack_tar(archive, scratch, limits)
        try:
            os.replace(scratch, folder)
        except OSError:
            # Somebody else finished the same archive first; theirs is as good.
            if not folder.is_dir():
                raise
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError) as error:
        raise CorpusError(f"{archive}: the archive is damaged ({error}); fetch it again") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def cached(archive: Path) -> Path:
    """Unpack an archive into the cache folder once; return the folder.

    The folder is called as the archive is, for that names the corpus and its speakers. The one
    above is named by the archive's path, size and time of change, so a changed one is unpacked
    anew. ``INTONA_CACHE`` overrides the platform's cache folder.
    """
    status = archive.stat()
    key = f"{archive.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    name = archive.stem.removesuffix(".tar") or "archive"
    folder = cache_folder() / "archives" / digest / name
    return folder if folder.is_dir() else unpack(archive, folder)


def _unpack_zip(archive: Path, folder: Path, limits: Limits) -> None:
    with zipfile.ZipFile(archive) as packed:
        members = [member for member in packed.infolist() if not member.is_dir()]
        budget = _Budget(archive, folder, limits, sum(m.file_size for m in members), len(members))
        for member in members:
            if stat.S_ISLNK(member.external_attr >> 16):
                continue
            if member.flag_bits & 1:
                raise CorpusError(f"{archive}: {member.filename} is encrypted; unpack it yourself")
            with packed.open(member) as source:
                _write(source, _inside(archive, folder, member.filename), budget)


def _unpack_tar(archive: Path, folder: Path, limits: Limits) -> None:
    # One pass: asking a compressed tar for its list first would decompress it twice, and a bomb
    # would go off in the first of them.
    with tarfile.open(archive) as packed:
        budget = _Budget(archive, folder, limits, 0, 0)
        for member in packed:
            budget.take_file()
            source = packed.extractfile(member) if member.isreg() else None
            if source is not None:
                with source:
                    _write(source, _inside(archive, folder, member.name), budget)


class _Budget:
    """Counts files and bytes while they are written, and stops what grows too large."""

    def __init__(self, archive: Path, folder: Path, limits: Limits, size: int, files: int) -> None:
        self.archive = archive
        self.folder = folder
        self.limits = limits
        self.packed = max(1, archive.stat().st_size)
        self.written = 0
        self.files = 0
        self._judge(size, files)
        free = shutil.disk_usage(folder).free
        if size + limits.spare > free:
            raise CorpusError(
                f"{archive}: needs {size / 1e9:.1f} GB unpacked, "
                f"but only {free / 1e9:.1f} GB are free at {folder.parent}"
            )

    def take_file(self) -> None:
        self.files += 1
        self._judge(self.written, self.files)

    def take(self, size: int) -> None:
        before = self.written
        self.written += size
        self._judge(self.written, self.files)
        if self.written // _JUDGED != before // _JUDGED:
            free = shutil.disk_usage(self.folder).free
            if free < self.limits.spare:
                raise CorpusError(
                    f"{self.archive}: the disk at {self.folder.parent} is full, free some space"
                )

    def _judge(self, size: int, files: int) -> None:
        limits = self.limits
        if files > limits.files:
            raise CorpusError(f"{self.archive}: refused, it holds more than {limits.files} files")
        if size > limits.total:
            raise CorpusError(
                f"{self.archive}: refused, it unpacks to more than {limits.total / 1e9:.0f} GB"
            )
        if size > _JUDGED and size > limits.ratio * self.packed:
            raise CorpusError(
                f"{self.archive}: refused, it unpacks to more than {limits.ratio:.0f} times its "
                "size, which no audio does"
            )


def _inside(archive: Path, folder: Path, name: str) -> Path:
    """Return where a member goes, refusing names that lead out of the folder."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in (parts.parts or ("",))[0]:
        raise CorpusError(f"{archive}: refused, the member {name!r} leads out of the archive")
    return folder.joinpath(*parts.parts)


def _write(source: IO[bytes], path: Path, budget: _Budget) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as target:
        while block := source.read(_BLOCK):
            budget.take(len(block))
            target.write(block)
