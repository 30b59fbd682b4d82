"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intona.errors import UsageError

PICTURES = (".png", ".svg", ".pdf")


def picture(path: str | Path) -> Path:
    """Return the path of a picture that is drawn later; refuse a bad one before the work.

    Raises:
        UsageError: the suffix is not a picture's, or the folder does not exist.

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
    return path


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it when the block succeeds.

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
    path = Path(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; a result gets the rights any new file would have.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
