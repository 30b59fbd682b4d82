"""The feature cache: content hash + front end -> one small array on disk."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intona.features.base import FrontEnd
from intona.files import atomic


def cache_folder() -> Path:
    """Return the folder for everything that can be computed again.

    The environment variable ``INTONA_CACHE`` overrides the platform's cache directory.
    """
    override = os.environ.get("INTONA_CACHE")
    if override:
        return Path(override)
    from platformdirs import user_cache_path

    return user_cache_path("intona")


def content_hash(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, as hex.

    It is remembered as long as the file has the same size and time of change: an evaluation asks
    for it in every fold.

    Raises:
        OSError: when the file cannot be read.
    """
    status = os.stat(path)
    return _content_hash(str(path), status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=100_000)
def _content_hash(path: str, _size: int, _changed: int, _inode: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class FeatureCache:
    """Features of one front end on disk: written atomically, safe for concurrent writers.

    Args:
        front_end: whose features these are; its name, version and parameters are in the key.
        folder: where; ``None`` means ``cache_folder() / "features"``.
    """

    def __init__(self, front_end: FrontEnd, folder: str | Path | None = None) -> None:
        self._folder = Path(folder) if folder is not None else cache_folder() / "features"
        # A plug-in's name may hold a colon.
        self._folder /= f"{front_end.name.replace(':', '.')}-{front_end.version}"
        self._salt = json.dumps(dict(front_end.parameters), sort_keys=True, default=str)
        self._salt += getattr(front_end, "origin", "")
        self._size = len(front_end.names)

    def path(self, file: str | Path, start: float = 0.0, end: float | None = None) -> Path:
        """Return where the features of this stretch of this file's content belong."""
        return self._at(f"{content_hash(file)}|{start:.6f}|{end}")

    def path_of(self, samples: NDArray[np.float32], rate: int) -> Path:
        """Return where the features of samples that are in no file belong."""
        return self._at(f"{hashlib.sha256(samples.tobytes()).hexdigest()}|{rate} Hz")

    def _at(self, key: str) -> Path:
        digest = hashlib.sha256(f"{key}|{self._salt}".encode()).hexdigest()
        return self._folder / digest[:2] / f"{digest[2:]}.npy"

    def get(self, path: Path) -> NDArray[np.float32] | None:
        """Return the stored array, or ``None`` when absent or damaged."""
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        fits = values.shape[-1:] == (self._size,) and values.dtype == np.float32
        return values if fits else None

    def put(self, path: Path, values: NDArray[np.float32]) -> None:
        """Store an array; a full disk or a read-only folder only costs the caching."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic(path) as temporary:
                np.save(temporary, values, allow_pickle=False)
        except OSError:
            return
