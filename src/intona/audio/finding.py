"""Recordings by name: files as they are named, folders searched to the bottom, standard input."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from intona.audio.core import AUDIO_SUFFIXES
from intona.errors import AudioError

LARGEST = 4 * 2**30  # bytes taken from standard input
_STEP = 2**20

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnheardError(AudioError):
    """A name from which no recording comes: it is missing, or no file that can be searched for.

    Attributes:
        path: the name.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[UnheardError], tuple[Path, str]]:
        """Travel to another process and back."""
        return type(self), (self.path, self.reason)


Found: TypeAlias = Path | BinaryIO | UnheardError


def find(paths: Iterable[str | Path | BinaryIO]) -> Iterator[Found]:
    """List recordings: files as they are named, folders searched to the bottom, sorted.

    One bad name does not end the list: what cannot be heard is an item of it, in its place.

    Args:
        paths: files (taken whatever their suffix, pipes too), folders (searched for
            :data:`~intona.audio.core.AUDIO_SUFFIXES`; hidden entries are skipped) and binary
            files that are open, which are passed on.

    Yields:
        Paths, folder by folder, as they are found; an :class:`UnheardError` for a name that does
        not exist, a folder that holds no audio or may not be read, and, in folders, for pipes,
        sockets, devices and links that lead nowhere: opening them might never end.
    """
    for path in paths:
        if not isinstance(path, str | Path):
            yield path
            continue
        path = Path(path)
        if os.path.isdir(path):
            empty = True
            for file in _walk(path, frozenset()):
                empty = False
                yield file
            if empty:
                yield UnheardError(
                    path, "holds no audio file: name a folder with wav, flac, mp3 or the like"
                )
        elif os.path.exists(path):
            yield path
        else:
            yield UnheardError(path, "does not exist: check the path")


def files(paths: Iterable[str | Path | BinaryIO]) -> list[Path]:
    """Return the files among what :func:`find` finds."""
    return [path for path in find(paths) if isinstance(path, Path)]


def require_some(paths: Iterable[str | Path | BinaryIO]) -> None:
    """Refuse names of which none exists, before the work.

    Raises:
        AudioError: none of them exists.
    """
    missing = []
    for path in paths:
        if not isinstance(path, str | Path) or os.path.exists(path):
            return
        missing.append(str(path))
    if len(missing) == 1:
        raise UnheardError(Path(missing[0]), "does not exist: check the path")
    if missing:
        names = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise AudioError(f"none of these {len(missing)} names exists: {names}: check the paths")


def unusual(path: str | Path) -> str:
    """Say what a name in a folder is when it is no regular file or folder; else nothing.

    Examples:
        >>> unusual(os.devnull), unusual(os.curdir)
        ('a device', '')
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return "a link that leads nowhere" if os.path.islink(path) else ""
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "")


def standard_input(stream: BinaryIO, largest: int = LARGEST) -> BinaryIO:
    """Return what is piped in as a file that can be read again; its name is ``-``.

    Args:
        stream: standard input.
        largest: bytes taken at most.

    Raises:
        AudioError: there is more, nothing at all, or no room for it.
    """
    size = 0
    try:
        with tempfile.TemporaryFile() as kept:
            while block := stream.read(_STEP):
                size += len(block)
                if size > largest:
                    raise AudioError(
                        f"standard input has more than {largest / 2**30:g} GiB: save it to a file"
                    )
                kept.write(block)
            kept.seek(0)
            raw = io.FileIO(os.dup(kept.fileno()), "r")
    except OSError as error:
        raise AudioError(f"standard input cannot be read: {error.strerror or error}") from None
    raw.name = "-"
    return io.BufferedReader(raw)


def _walk(folder: Path, above: frozenset[str]) -> Iterator[Path | UnheardError]:
    real = os.path.realpath(folder)
    if real in above:  # a link back up
        return
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        yield UnheardError(folder, f"may not be read ({error.strerror}): check its permissions")
        return
    for name in names:
        if name.startswith("."):
            continue
        path = folder / name
        if os.path.isdir(path):
            yield from _walk(path, above | {real})
        elif os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES:
            kind = unusual(path)
            yield UnheardError(path, f"is {kind}: left out") if kind else path
