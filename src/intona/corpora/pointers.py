"""Pointers of git-lfs: small files in the place of recordings, with their size and SHA-256."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from intona.corpora.publishers import received
from intona.errors import CorpusError
from intona.files import atomic

_FORM = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d{1,12})\n"
)
_LONGEST = 1024  # bytes of a pointer
_LARGEST = 2**28  # bytes of one recording


@dataclass(frozen=True)
class Pointer:
    """A file that stands for another.

    Attributes:
        path: the file.
        sha256: of what it stands for.
        size: of what it stands for, in bytes.
    """

    path: Path
    sha256: str
    size: int


def pointers(folder: Path) -> Iterator[Pointer]:
    """Yield the pointers below a folder, sorted by path."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LONGEST:
            found = _FORM.fullmatch(path.read_bytes())
            if found is not None:
                yield Pointer(path, found[1].decode(), int(found[2]))


def fill(
    folder: Path,
    place: str,
    *,
    patience: float = 30.0,
    progress: Callable[[int, int, str], None] | None = None,
) -> None:
    """Put recordings in the place of their pointers; what is filled already stays.

    Pointers to anything but wav files (compressed copies, videos) are removed.

    Args:
        folder: what was unpacked; one folder in it is that of the repository.
        place: address below which the repository's files are, by their paths in it.
        patience: seconds without a byte after which a connection counts as dropped.
        progress: called as ``progress(done, total, text)``.

    Raises:
        CorpusError: one cannot be had, or is another than its pointer says; what was filled stays.
    """
    import requests

    found = list(pointers(folder))
    wanted = [one for one in found if one.path.suffix.lower() == ".wav"]
    for one in found:
        if one not in wanted:
            one.path.unlink()
    with requests.Session() as session:
        for number, one in enumerate(wanted, 1):
            # The first folder is the one that an archive of a repository has around it.
            inside = "/".join(one.path.relative_to(folder).parts[1:])
            url = f"{place}/{quote(inside)}"
            _fill(session, url, one, patience)
            if progress is not None:
                progress(number, len(wanted), f"{folder.name} recordings")


def _fill(session: object, url: str, pointer: Pointer, patience: float) -> None:
    import requests

    assert isinstance(session, requests.Session)
    if pointer.size > _LARGEST:
        raise CorpusError(f"{url}: {pointer.size} bytes are too large for a recording")
    try:
        with session.get(url, timeout=patience, stream=True) as answer:
            if answer.status_code != 200:
                reason = f"HTTP {answer.status_code} {answer.reason}"
                raise CorpusError(f"{url}: cannot be fetched ({reason}); run the command again")
            content = received(answer, pointer.size)
    except (requests.RequestException, OSError) as error:
        raise CorpusError(
            f"{url}: cannot be fetched ({type(error).__name__}); run the command again to go on"
        ) from None
    if hashlib.sha256(content).hexdigest() != pointer.sha256:
        raise CorpusError(f"{url}: is not what its pointer says (its SHA-256 is another)")
    with atomic(pointer.path) as temporary:
        temporary.write_bytes(content)
