"""A seal on the test part: while a recipe trains, these files cannot be opened.

A recipe is handed training rows only, so honest code never notices. Code that goes looking
for the rest of the corpus, to fit a scaler on all of it for instance, is stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from intona.errors import LeakError

_SEALED: ContextVar[frozenset[str]] = ContextVar("sealed", default=frozenset())


@contextmanager
def sealed(files: Iterable[str | Path]) -> Iterator[None]:
    """Refuse these files to :func:`refuse_sealed` inside the block.

    Examples:
        >>> with sealed(["a.wav"]):
        ...     refuse_sealed("b.wav")
        >>> with sealed(["a.wav"]):
        ...     refuse_sealed("a.wav")
        Traceback (most recent call last):
        intona.errors.LeakError: the recipe tried to use the test recording a.wav in training
    """
    token = _SEALED.set(_SEALED.get() | {_full(file) for file in files})
    try:
        yield
    finally:
        _SEALED.reset(token)


def refuse_sealed(file: str | Path) -> None:
    """Raise when the file is sealed; costs nothing when no seal is set.

    Raises:
        LeakError: the file belongs to the test part of the fold being trained.
    """
    if _SEALED.get() and _full(file) in _SEALED.get():
        raise LeakError(f"the recipe tried to use the test recording {file} in training")


def _full(file: str | Path) -> str:
    return str(Path(file).resolve())
