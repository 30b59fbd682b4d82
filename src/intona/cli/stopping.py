"""Being asked to stop, by Ctrl-C or SIGTERM, and finishing properly all the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class Stopped(BaseException):
    """Somebody asked to stop.

    Not a KeyboardInterrupt, which the command line's library takes for itself.

    Attributes:
        signal: the number of the signal that came.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


@contextmanager
def stoppable() -> Iterator[None]:
    """Within its block, Ctrl-C, SIGTERM and the end of the terminal raise :class:`Stopped`.

    So files that are half written are removed and workers are ended, whatever the signal. The
    next signal acts as ever. What is ignored (by ``nohup``, say) or handled already stays so.

    Examples:
        >>> with stoppable():
        ...     try:
        ...         signal.raise_signal(signal.SIGTERM)
        ...     except Stopped as stop:
        ...         stop.signal == signal.SIGTERM
        True
    """
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(number: int, frame: FrameType | None) -> None:
        restore()
        raise Stopped(number)

    if threading.current_thread() is threading.main_thread():
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        restore()


class Stop:
    """Within its block, the first Ctrl-C or SIGTERM only sets a flag; the second interrupts.

    What runs long asks :meth:`__call__` now and then, ends as if its input had ended, and its
    results are complete and valid as far as they go. In a thread other than the main one, which
    gets no signals, it is never set by itself.

    Attributes:
        signal: the number of the signal that came, or ``None``.

    Examples:
        >>> with Stop() as stop:
        ...     signal.raise_signal(signal.SIGTERM)
        ...     stop()
        True
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether somebody asked to stop."""
        return self.signal is not None

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
