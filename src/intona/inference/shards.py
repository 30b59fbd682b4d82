"""A stream of files, cut into shards: the unit of work, of restart and of loss."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

__all__ = ["Shard", "cut"]


@dataclass(frozen=True)
class Shard:
    """A few consecutive files; ``key`` is number and digest."""

    key: str
    files: tuple[str, ...]


def cut(files: Iterable[Path], size: int) -> Iterator[Shard]:
    """Cut the stream of files into shards named by number and content."""
    stream = iter(files)
    for number in range(10**9):
        chunk = list(islice(stream, size))
        if not chunk:
            return
        digest = hashlib.sha256()
        for file in chunk:
            try:
                status = file.stat()
                stamp = f"{status.st_size} {status.st_mtime_ns}"
            except OSError:
                stamp = "gone"
            digest.update(f"{file}\0{stamp}\n".encode(errors="surrogateescape"))
        key = f"{number:08d}-{digest.hexdigest()[:16]}"
        yield Shard(key, tuple(str(file) for file in chunk))
