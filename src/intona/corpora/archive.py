"""Archives, unpacked safely: nothing escapes the folder, nothing fills the disk."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from intona.corpora.metered import HEADER, Metered, Sparing, TooMuchError
from intona.errors import CorpusError
from intona.features.cache import cache_folder
from intona.files import scratch_folder


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


SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
DEEPEST = 64  # folders in each other
_DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,  # what zipfile cannot do, for example method 99
)
_BLOCK = 1024**2
_JUDGED = 100 * 1024**2


def is_archive(path: Path) -> bool:
    """Say whether the file is a zip archive by its content, or any archive by its suffix."""
    # tarfile takes some arbitrary bytes for an empty archive: only the suffix tells.
    suffixes = "".join(path.suffixes[-2:]).lower()
    return path.is_file() and (suffixes.endswith(SUFFIXES) or zipfile.is_zipfile(path))


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> Path:
    """Unpack a zip or tar archive into a new ``folder``, all of it or nothing.

    Links and device files are left out. The bytes really written are counted, so an archive that
    lies about its sizes is stopped as well. What a run that was killed has left beside ``folder``
    is removed.

    Args:
        archive: the file.
        folder: where its content goes; made at the end, by one rename.
        limits: what it may grow to; default :class:`Limits`.

    Raises:
        CorpusError: when the archive is damaged, tries to write outside of ``folder``, is larger
            than the limits, holds names that no file can have, or the disk has no room.
    """
    limits = limits or Limits()
    with scratch_folder(folder.parent) as scratch:
        content = scratch / "content"
        try:
            content.mkdir()
            if archive.suffix.lower() == ".zip" or zipfile.is_zipfile(archive):
                _unpack_zip(archive, content, limits)
            else:
                _unpack_tar(archive, content, limits)
        except (TooMuchError, *_DAMAGED) as error:
            reason = "a header is too large or leads back" if _too_much(error) else error
            raise CorpusError(
                f"{archive}: the archive is damaged ({reason}); fetch it again"
            ) from error
        except OSError as error:
            raise CorpusError(
                f"{archive}: cannot be unpacked ({error.strerror or error}); unpack it yourself"
            ) from None
        try:
            os.replace(content, folder)
        except OSError:
            # Somebody else finished the same archive first; theirs is as good.
            if not folder.is_dir():
                raise
    return folder


def _too_much(error: Exception) -> bool:
    return isinstance(error, TooMuchError | RecursionError)


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
    with Sparing(archive) as file, zipfile.ZipFile(file) as packed:
        members = [member for member in packed.infolist() if not member.is_dir()]
        budget = _Budget(archive, folder, limits, sum(m.file_size for m in members), len(members))
        for member in members:
            if stat.S_ISLNK(member.external_attr >> 16):
                continue
            if member.flag_bits & 1:
                raise CorpusError(
                    f"{archive}: {_shown(member.filename)} is encrypted; unpack it yourself"
                )
            place = _inside(archive, folder, member.filename)
            with packed.open(member) as source:
                _write(source, place, member.filename, budget)


def _unpack_tar(archive: Path, folder: Path, limits: Limits) -> None:
    # One pass: asking a compressed tar for its list first would decompress it twice, and a bomb
    # would go off in the first of them.
    budget = _Budget(archive, folder, limits, 0, 0)
    with (
        closing(Metered(archive, budget.take)) as meter,
        tarfile.open(fileobj=cast("IO[bytes]", meter), mode="r:") as packed,
    ):
        while (member := packed.next()) is not None:
            packed.members.clear()  # type: ignore[attr-defined]
            budget.take_file()
            if member.size < 0:
                raise TooMuchError
            source = packed.extractfile(member) if member.isreg() else None
            if source is not None:
                meter.allowance = member.size + HEADER
                with source:
                    _write(source, _inside(archive, folder, member.name), member.name, budget)
            meter.allowance = HEADER


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
    """Return where a member goes, refusing names that lead out of the folder or are no file's."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in (parts.parts or ("",))[0]:
        raise CorpusError(f"{archive}: refused, the member {_shown(name)} leads out of the archive")
    if not parts.parts or len(parts.parts) > DEEPEST or "\0" in name:
        why = "is in too many folders" if parts.parts and "\0" not in name else "is no file's name"
        raise CorpusError(f"{archive}: refused, the member {_shown(name)} {why}")
    return folder.joinpath(*parts.parts)


def _shown(name: str) -> str:
    """Return a member's name for messages, not too long."""
    return repr(name if len(name) <= 80 else f"{name[:60]}...{name[-17:]}")


def _write(source: IO[bytes], path: Path, name: str, budget: _Budget) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        target = open(path, "wb")  # noqa: SIM115  closed below
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or "a name that is not Unicode"
        raise CorpusError(
            f"{budget.archive}: cannot unpack {_shown(name)} ({reason}); unpack it yourself"
        ) from None
    with target:
        while block := source.read(_BLOCK):
            budget.take(len(block))
            target.write(block)
