"""What publishers declare of their archives: where they are, how large, and their digests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from intona.errors import CorpusError

if TYPE_CHECKING:
    import requests

_LARGEST = 2**22  # bytes of a description
_PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Download:
    """One archive of a corpus.

    Attributes:
        part: what it holds, for example ``"speech"``.
        folder: the folder it is unpacked into, below the one given to ``get``.
        url: where it is.
        md5: its MD5, as the publisher states it; empty where none does.
        size: its size in bytes; 0 where it is to be asked.
        file: what it is called here; empty for the last part of the address.
        pointers: where the recordings are that the archive holds as pointers of git-lfs alone.
    """

    part: str
    folder: str
    url: str
    md5: str = ""
    size: int = 0
    file: str = ""
    pointers: str = ""

    @property
    def name(self) -> str:
        """What the archive is called here."""
        return self.file or self.url.rsplit("/", 1)[-1].split("?")[0]


@dataclass(frozen=True)
class Record:
    """A record of Zenodo, which says itself what it holds.

    Attributes:
        part: as of a :class:`Download`.
        folder: as of a :class:`Download`.
        number: of the record.
        site: where Zenodo is.
    """

    part: str
    folder: str
    number: int
    site: str = "https://zenodo.org"

    def download(self) -> Download:
        """Ask what the record holds: its largest archive, with size and MD5.

        Raises:
            CorpusError: it cannot be asked, or holds no archive.
        """
        url = f"{self.site}/api/records/{self.number}"
        found = [one for one in _files(_asked(url)) if one[0].lower().endswith(".zip")]
        if not found:
            raise CorpusError(f"{url}: the record holds no zip with its size and MD5")
        name, size, md5 = max(found, key=lambda one: one[1])
        place = f"{self.site}/records/{self.number}/files/{quote(name)}"
        return Download(self.part, self.folder, place, md5, size, file=name)


def received(answer: requests.Response, largest: int) -> bytes:
    """Return what a server answers, or of too long an answer a little more than allowed.

    Raises:
        requests.RequestException: the connection dropped.
    """
    content = bytearray()
    for block in answer.iter_content(2**14):
        content += block
        if len(content) > largest:
            break
    return bytes(content)


def _asked(url: str) -> Any:
    import requests

    try:
        with requests.get(url, timeout=_PATIENCE, stream=True) as answer:
            if answer.status_code != 200:
                raise CorpusError(f"{url}: HTTP {answer.status_code} {answer.reason}")
            content = received(answer, _LARGEST)
        if len(content) > _LARGEST:
            raise CorpusError(f"{url}: its answer is larger than {_LARGEST} bytes")
        return json.loads(content)
    except (requests.RequestException, OSError) as error:
        raise CorpusError(f"{url}: cannot be asked ({type(error).__name__})") from None
    except (ValueError, RecursionError):
        raise CorpusError(f"{url}: its answer is no description of a record") from None


def _files(record: Any) -> list[tuple[str, int, str]]:
    """Return name, size and MD5 of the files of a record, of which all three are declared."""
    found = []
    for one in record.get("files", ()) if isinstance(record, Mapping) else ():
        name, size, digest = (one.get(key) for key in ("key", "size", "checksum"))
        kind, _, md5 = str(digest).partition(":")
        plain = isinstance(name, str) and "/" not in name and name not in (".", "..")
        if plain and isinstance(size, int) and kind == "md5" and len(md5) == 32:
            found.append((name, size, md5))
    return found
