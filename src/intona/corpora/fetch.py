"""Download a corpus from its official place: resumed, checked, unpacked safely.

pooch names the file and checks its hash; the transfer itself is ours, because pooch starts again
from the first byte when a connection drops. What has arrived stays in ``NAME.zip.part`` and is
continued, in this call and in the next one. Where a publisher declares no digest, that of the first
download is kept beside the corpus, and a later one must have the same.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from intona.corpora import info
from intona.corpora.archive import Limits, unpack
from intona.corpora.pointers import fill
from intona.corpora.publishers import Download, Record
from intona.errors import CorpusError, UsageError
from intona.files import save_text

Progress = Callable[[int, int, str], None]

_BLOCK = 16 * 1024  # what a dropped connection may cost
_DROPPED = "the connection was dropped"
LARGEST = 2**36  # bytes of an archive
_GROWTH = 4  # unpacked and packed together, over packed: enough for zipped PCM


@dataclass(frozen=True)
class Patience:
    """How long to go on when a transfer fails.

    Attributes:
        attempts: how often in a row a transfer may bring nothing.
        stall: seconds without a byte after which a connection counts as dropped.
        pause: seconds before the second attempt, doubled for each further one.
    """

    attempts: int = 6
    stall: float = 30.0
    pause: float = 1.0


_ZENODO = "https://zenodo.org/records/1188976/files/"
DOWNLOADS: dict[str, tuple[Download | Record, ...]] = {
    "ravdess": (
        Download(
            "speech",
            "ravdess",
            _ZENODO + "Audio_Speech_Actors_01-24.zip",
            "bc696df654c87fed845eb13823edef8a",
            208_468_073,
        ),
        Download(
            "song",
            "ravdess_song",
            _ZENODO + "Audio_Song_Actors_01-24.zip",
            "5411230427d67a21e18aa4d466e6d1b9",
            225_505_317,
        ),
    ),
    "emozionalmente": (Record("speech", "emozionalmente", 6569824),),
    "subesco": (Record("speech", "subesco", 4526477),),
    "mesd": (
        Download(
            "speech",
            "mesd",
            "https://prod-dcd-datasets-cache-zipfiles.s3.eu-west-1.amazonaws.com/cy34mh68j9-5.zip",
        ),
    ),
    "jlcorpus": (
        Download(
            "speech",
            "jlcorpus",
            "https://www.kaggle.com/api/v1/datasets/download/tli725/jl-corpus",
            file="jl-corpus.zip",
        ),
    ),
    "cremad": (
        Download(
            "speech",
            "cremad",
            "https://codeload.github.com/CheyneyComputerScience/CREMA-D/zip/refs/heads/master",
            file="cremad.zip",
            pointers="https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master",
        ),
    ),
}


def instructions(name: str) -> str:
    """Say how to obtain a corpus that cannot be fetched directly, in one paragraph.

    Raises:
        UsageError: for an unknown name.
    """
    found = info(name)
    return (
        f"{found.title} is not fetched automatically: {found.get or found.url}. "
        f"Licence: {found.licence}. Unpack it, then: intona corpus check FOLDER"
    )


def get(
    name: str,
    folder: Path,
    *,
    parts: tuple[str, ...] = ("speech",),
    downloads: tuple[Download | Record, ...] | None = None,
    patience: Patience | None = None,
    progress: Progress | None = None,
    notice: Callable[[str], object] | None = None,
) -> list[Path]:
    """Download and unpack a corpus; what is already there is left as it is.

    Args:
        name: registry name.
        folder: where the corpus's own folder goes.
        parts: which of its archives.
        downloads: other archives than :data:`DOWNLOADS` has (a mirror).
        patience: how long to go on when a transfer fails.
        progress: called as ``progress(bytes, total, text)``.
        notice: called with a sentence where the publisher declares no digest.

    Returns:
        The unpacked folders.

    Raises:
        UsageError: unknown name or part.
        CorpusError: the corpus is not fetched directly, the place cannot be reached, the archive
            arrives damaged twice, or the disk has no room.
    """
    known = info(name)
    available = downloads if downloads is not None else DOWNLOADS.get(known.name, ())
    if not available:
        raise CorpusError(instructions(name))
    unknown = [part for part in parts if part not in {each.part for each in available}]
    if unknown:
        names = ", ".join(each.part for each in available)
        raise UsageError(f"{known.title} has no part {unknown[0]!r}; it has {names}")
    folder.mkdir(parents=True, exist_ok=True)
    folders = []
    for each in available:
        if each.part not in parts:
            continue
        target = folder / each.folder
        if not target.is_dir():
            try:
                found = each.download() if isinstance(each, Record) else each
                archive = _fetch(found, folder, patience or Patience(), progress)
                if found.md5:
                    unpack(archive, target)
                else:
                    _unpack_undeclared(archive, target, notice)
            except CorpusError as error:
                by_hand = f"; by hand: {known.get}" if known.get else ""
                raise CorpusError(f"{error}{by_hand}") from None
            archive.unlink()
        if isinstance(each, Download) and each.pointers:
            stall = (patience or Patience()).stall
            fill(target, each.pointers, patience=stall, progress=progress)
        folders.append(target)
    return folders


def _unpack_undeclared(archive: Path, target: Path, notice: Callable[[str], object] | None) -> None:
    """Unpack an archive that its publisher gives no digest of, and keep its digest.

    Nothing is kept of one that cannot be unpacked: the next download may be whole.

    Raises:
        CorpusError: it is another than an earlier download was, or cannot be unpacked.
    """
    import hashlib

    with open(archive, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    kept = target.with_name(f"{target.name}.sha256")
    if kept.is_file() and kept.read_text("utf-8").split()[:1] != [digest]:
        archive.unlink()
        raise CorpusError(
            f"{archive.name} is not what was fetched before (its SHA-256 is not that in {kept}): "
            "its publisher has changed it, or it is damaged; remove that file to accept it"
        )
    try:
        unpack(archive, target)
    except CorpusError:
        archive.unlink()
        raise
    save_text(kept, f"{digest}  {archive.name}\n")
    if notice is not None:
        notice(f"the publisher declares no digest of {archive.name}; its SHA-256 is now in {kept}")


def _fetch(download: Download, folder: Path, patience: Patience, progress: Progress | None) -> Path:
    """Bring one archive into the folder; a damaged one is fetched once more from the start."""
    import pooch

    name, size = download.name, download.size or _size(download.url, patience)
    part = folder / f"{name}.part"
    needed = _GROWTH * size - (part.stat().st_size if part.is_file() else 0)
    free = shutil.disk_usage(folder).free
    if needed + Limits().spare > free:
        raise CorpusError(
            f"{folder}: {name} needs {needed / 1e9:.1f} GB here, "
            f"but only {free / 1e9:.1f} GB are free"
        )

    def transfer(url: str, output_file: str, _: object) -> None:
        _transfer(url, part, size, patience, progress)
        shutil.move(part, output_file)

    if not download.md5:
        transfer(download.url, str(folder / name), None)
        return folder / name
    for final in (False, True):
        try:
            pooch.retrieve(download.url, f"md5:{download.md5}", name, folder, downloader=transfer)
            return folder / name
        except ValueError:  # the hash does not match; pooch has removed the file
            if final:
                raise CorpusError(
                    f"{download.url}: arrived damaged twice (its MD5 is not {download.md5}); "
                    "try again later or report it to the publisher"
                ) from None
    raise AssertionError("unreachable")


def _size(url: str, patience: Patience) -> int:
    """Ask how large something is; 0 where the host does not say, or does not answer."""
    import requests

    try:
        asked = {"Accept-Encoding": "identity"}
        with requests.head(
            url, headers=asked, allow_redirects=True, timeout=patience.stall
        ) as answer:
            length = answer.headers.get("Content-Length", "") if answer.ok else ""
            return int(length) if length.isdigit() else 0
    except requests.RequestException:
        return 0


def _transfer(
    url: str, part: Path, size: int, patience: Patience, progress: Progress | None
) -> None:
    """Append to ``part`` until it has ``size`` bytes, reconnecting when the connection drops.

    Where the size is 0, unknown, it is begun anew each time and ends with the answer.
    """
    import requests

    failures = 0
    with requests.Session() as session:
        while True:
            have = part.stat().st_size if part.is_file() else 0
            if have == size and size:
                return
            if have > size:  # not ours, or the publisher has changed it
                part.unlink()
                have = 0
            reason = _receive(session, url, part, have, size, patience, progress)
            if not reason and not size:
                return
            now = part.stat().st_size if part.is_file() else 0
            failures = 0 if now > have and size else failures + 1
            if failures >= patience.attempts:
                raise CorpusError(
                    f"{url}: cannot be fetched ({reason or _DROPPED}); what has arrived is kept, "
                    "run the command again to go on"
                )
            if now != size and failures:
                time.sleep(patience.pause * 2 ** (failures - 1))


def _receive(
    session: object,
    url: str,
    part: Path,
    have: int,
    size: int,
    patience: Patience,
    progress: Progress | None,
) -> str:
    """Receive what one connection gives; return why it ended, nothing where it was whole."""
    import requests

    assert isinstance(session, requests.Session)
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with session.get(
            url, headers=headers, stream=True, timeout=(patience.stall, patience.stall)
        ) as answer:
            if answer.status_code == 416:
                part.unlink()
                return "the server does not know that range"
            if answer.status_code not in (200, 206):
                return f"HTTP {answer.status_code} {answer.reason}"
            continued = answer.status_code == 206
            done = have if continued else 0
            with open(part, "ab" if continued else "wb") as target:
                for block in answer.iter_content(_BLOCK):
                    target.write(block)
                    done += len(block)
                    if done > LARGEST:
                        raise CorpusError(f"{url}: larger than the {LARGEST} bytes allowed")
                    if progress is not None and size:
                        progress(min(done, size), size, part.name.removesuffix(".part"))
        return ""
    except requests.RequestException as error:
        return type(error).__name__
