"""Files that appear whole or not at all, never in the place of an input, under legible names."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from intona.errors import ChannelsWarning, RecordingWarning, UsageError
from intona.extras import require

PICTURES = (".png", ".svg", ".pdf")
SCRATCH = ".intona-scratch-"
LONGEST = 255  # bytes of a name, in the file systems people have
# What commands a terminal or turns the direction of writing: control characters, the marks,
# embeddings and isolates of bidirectional text, the separators of lines and paragraphs.
_COMMANDS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def picture(path: str | Path) -> Path:
    """Return the path of a picture that is drawn later; refuse a bad one before the work.

    Raises:
        UsageError: the suffix is not a picture's, or the folder does not exist or is closed.
        MissingExtraError: there is nothing to draw with.

    Examples:
        >>> picture("why.png").name
        'why.png'
        >>> picture("why.txt")
        Traceback (most recent call last):
        intona.errors.UsageError: cannot draw why.txt: end its name in .png, .svg or .pdf
    """
    path = Path(path)
    if path.suffix.lower() not in PICTURES:
        raise UsageError(f"cannot draw {path}: end its name in .png, .svg or .pdf")
    if not path.parent.is_dir():
        raise UsageError(f"cannot draw {path}: there is no folder {path.parent}")
    require_writable(path)
    require("a picture", "matplotlib")
    return path


def require_writable(path: str | Path) -> None:
    """Refuse a place that a result cannot be written to, before the work.

    Raises:
        UsageError: it is a folder, or there is no folder that it could be written into.
    """
    path = Path(path)
    folder = Path(os.path.realpath(path)).parent
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: it is a folder, name a file in it")
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise UsageError(f"cannot write {path}: {folder} is not a writable folder")
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise UsageError(f"cannot write {path}: it is read-only")


def require_folder(path: str | Path) -> Path:
    """Make a folder for results, so that it fails before the work and not after it.

    Raises:
        UsageError: it cannot be made or written.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {path}: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise UsageError(f"cannot write to the folder {path}: name another")
    return path


def require_apart(outputs: Iterable[str | Path], inputs: Iterable[str | Path]) -> None:
    """Refuse to write where something is read, whatever the two are called.

    Files are compared by what they are, so links and other spellings of a name are seen through.

    Args:
        outputs: files that will be written.
        inputs: files that will be read; looked at only when an output exists already.

    Raises:
        UsageError: an output is an input, or two outputs are one file.
    """
    wanted = list(outputs)
    places: dict[str, str | Path] = {}
    for path in wanted:
        place = os.path.realpath(path)
        if place in places:
            raise UsageError(f"{path} would be written twice: name another file")
        places[place] = path
    taken = {key: path for path in wanted if (key := _identity(path)) is not None}
    for path in inputs if taken else ():
        out = taken.get(_identity(path) or (0, 0))
        if out is not None:
            raise UsageError(
                f"{out} is an input of this command ({path}) and would be overwritten: "
                "write to another file"
            )


def _identity(path: str | Path) -> tuple[int, int] | None:
    """Return what tells a file from all others; nothing for what is no regular file."""
    try:
        # "-" is standard input, which may have been redirected from a file.
        status = os.fstat(0) if str(path) == "-" else os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def spelled(name: str) -> str:
    r"""Spell out what is no Unicode in a name, for files and tables that hold nothing else.

    Examples:
        >>> spelled(os.fsdecode(b"w\xfctend.wav")), spelled("wütend.wav")
        ('w\\udcfctend.wav', 'wütend.wav')
    """
    return name.encode("utf-8", "backslashreplace").decode()


class TooLargeError(ValueError):
    """A file is larger than it may be."""


def read_bounded(path: str | Path, largest: int) -> bytes:
    """Return what a file holds, whatever it is: a pipe or a device may have no end.

    Args:
        path: the file.
        largest: bytes it may have.

    Raises:
        OSError: it cannot be read.
        TooLargeError: it is larger.
    """
    with open(path, "rb") as stream:
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise TooLargeError(f"it has more than {largest} bytes")
    return content


def read_json(path: str | Path, largest: int) -> Any:
    """Return what a JSON file holds.

    Args:
        path: the file.
        largest: bytes it may have.

    Raises:
        OSError: it cannot be read.
        ValueError: it is larger, is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(read_bounded(path, largest))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_plain(text: str) -> bool:
    """Tell whether a text holds nothing that :func:`plain` would spell out."""
    return _COMMANDS.search(text) is None


def plain(text: str, keep: str = "") -> str:
    r"""Return a text that does nothing to a terminal: what would command one is spelled out.

    Names of files, labels, what a model file says of itself and what a library says went wrong may
    hold escape sequences. Spelled as here they stay valid inside JSON.

    Args:
        text: of whatever origin.
        keep: characters to leave, for text of several lines ``"\n\t"``.

    Examples:
        >>> plain("\x1b[31mred\n"), plain("two\nlines\n", "\n")
        ('\\u001b[31mred\\u000a', 'two\nlines\n')
    """
    return _COMMANDS.sub(
        lambda found: found[0] if found[0] in keep else f"\\u{ord(found[0]):04x}", text
    )


def show_plainly() -> None:
    """Show each :class:`RecordingWarning` once, as a line ``note: ...`` on standard error.

    Of all recordings whose channels should not be mixed, the first is told.
    """
    usual = warnings.showwarning
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if isinstance(message, RecordingWarning):
            # A recording is read more than once, and a corpus may be all calls.
            key = category.__name__ if issubclass(category, ChannelsWarning) else str(message)
            if key not in said:
                said.add(key)
                print(plain(f"note: {message.shell or message}"), file=sys.stderr)
        else:
            usual(message, category, *where, **more)

    warnings.showwarning = show


def fitting(stem: str, suffix: str) -> str:
    """Return a file's name, with the stem cut where a file system would not take it.

    Examples:
        >>> fitting("talk", ".vtt"), len(fitting("t" * 250, ".TextGrid"))
        ('talk.vtt', 255)
    """
    name = f"{stem}{suffix}"
    if len(os.fsencode(name)) <= LONGEST:
        return name
    from hashlib import sha256

    mark = f"~{sha256(os.fsencode(stem)).hexdigest()[:8]}{suffix}"
    while len(os.fsencode(stem)) + len(mark) > LONGEST:
        stem = stem[:-1]
    return f"{stem}{mark}"


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it when the block succeeds.

    What a link points to is replaced, not the link; a pipe or device is written to.

    Raises:
        OSError: the folder does not exist or cannot be written.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic(Path(folder) / "a.txt") as temporary:
        ...         _ = temporary.write_text("whole")
        ...     (Path(folder) / "a.txt").read_text()
        'whole'
    """
    path = Path(os.path.realpath(path))
    special = os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
    folder = None if special else path.parent
    handle, name = tempfile.mkstemp(dir=folder, prefix=".intona-", suffix=path.suffix[:16])
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if special:
            with open(temporary, "rb") as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)
            return
        # mkstemp makes files private; a result gets the rights any new file would have.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """Yield an empty folder that is gone afterwards; those that killed processes left go first.

    A folder in use is locked, and the lock ends with the process, however that ends.

    Args:
        beside: the folder it is made in; made if need be.

    Raises:
        OSError: it cannot be made.
    """
    beside.mkdir(parents=True, exist_ok=True)
    for left in beside.glob(f"{SCRATCH}*"):
        lock = _lock(left)
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=beside))
    lock = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Lock a folder; ``None`` where somebody else has, or where there are no locks."""
    if os.name != "posix":
        return None
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def save(path: str | Path, write: Callable[[Path], object]) -> Path:
    """Write a result whole; where its place has failed meanwhile, keep it elsewhere and say where.

    Args:
        path: the file.
        write: called with the path to write to.

    Raises:
        UsageError: it could not be written there.
    """
    try:
        with atomic(path) as temporary:
            write(temporary)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror or error}{_kept(Path(path), write)}"
        ) from None
    return Path(path)


def save_text(path: str | Path, text: str) -> Path:
    """Write text as UTF-8, as :func:`save` does; what is no Unicode in it is spelled out.

    Raises:
        UsageError: it could not be written there.
    """
    content = spelled(text).encode()
    return save(path, lambda place: place.write_bytes(content))


def _kept(path: Path, write: Callable[[Path], object]) -> str:
    """Write a result to where there is room, and return where that is, in words."""
    for room in (tempfile.gettempdir(), Path.home(), Path.cwd()):
        try:
            kept = Path(tempfile.mkdtemp(prefix="intona-", dir=room)) / f"result{path.suffix[:16]}"
            write(kept)
        except OSError:
            continue
        return f"; what was done is kept as {kept}"
    return ""
