"""Metered reading: a file from which an archive's reader gets only so much at a time.

Readers of archives take what headers say on trust: a header of 2 GiB is read into memory as it is,
and one with a negative size leads back to itself.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import IO

HEADER = 2**20  # bytes of all headers before a member of a tar archive
CONTENTS = 2**26  # bytes of the table of contents of a zip archive

_BLOCK = 2**20
_PACKED: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),  # type: ignore[dict-item, return-value]
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}


class TooMuchError(Exception):
    """An archive's reader asked for more than it may have, or went back."""


class Metered:
    """A file, decompressed, whose reader may read some bytes and go forwards only.

    Args:
        path: the file; gzip, bzip2 and xz are recognised by their first bytes.
        passed: called with the number of bytes that are left out unread.

    Attributes:
        allowance: bytes that may still be read, set anew by the owner.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, passed: Callable[[int], object]) -> None:
        self.allowance = HEADER
        self._passed = passed
        self._file: IO[bytes] = open(path, "rb")  # noqa: SIM115  closed by close()
        self._inner: IO[bytes] = self._file
        start = self._file.read(6)
        self._file.seek(0)
        for magic, opened in _PACKED.items():
            if start.startswith(magic):
                self._inner = opened(self._file)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            TooMuchError: more than is allowed.
        """
        if size < 0 or size > self.allowance:
            raise TooMuchError
        found = self._inner.read(size)
        self.allowance -= len(found)
        return found

    def seek(self, position: int, whence: int = 0) -> int:
        """Go forwards to a position.

        Raises:
            TooMuchError: it lies behind.
        """
        left = position - self._inner.tell()
        if whence or left < 0:
            raise TooMuchError
        if self._inner is self._file:
            return self._file.seek(position)
        while left > 0:
            found = self._inner.read(min(left, _BLOCK))
            if not found:
                break
            left -= len(found)
            self._passed(len(found))
        return self._inner.tell()

    def tell(self) -> int:
        """Return the position."""
        return self._inner.tell()

    def close(self) -> None:
        """Close the file."""
        self._inner.close()
        self._file.close()


class Sparing(io.BufferedReader):
    """A file whose reader cannot have very much of it at once: for zip archives.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes.

        Raises:
            TooMuchError: more than :data:`CONTENTS`.
        """
        if size is not None and size > CONTENTS:
            raise TooMuchError
        return super().read(size)
