"""A progress bar on standard error, only where a person watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from intona.cli.log import Log

Progress = Callable[[int, int, str], None]


@contextmanager
def following(log: Log) -> Iterator[Progress]:
    """Yield a report as :func:`bar` does; one in lines where they are wanted, none when quiet."""
    if log.verbose:
        yield lambda done, total, text: log.detail(
            f"{text}: {done} of {total}", done=done, total=total
        )
    elif log.quiet or log.json:
        yield lambda done, total, text: None
    else:
        with bar() as report:
            yield report


@contextmanager
def bar() -> Iterator[Progress]:
    """Yield ``report(done, total, text)``; each new text starts a new bar.

    Nothing is drawn when standard error is not a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda done, total, text: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress
    from rich.text import Text

    from intona.files import plain

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:,.1f}/s")

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with RichProgress(*columns, console=Console(stderr=True)) as view:

        def report(done: int, total: int, text: str) -> None:
            if text not in tasks:
                tasks[text] = view.add_task(plain(text), total=total)
            view.update(tasks[text], completed=done, total=total)

        yield report
