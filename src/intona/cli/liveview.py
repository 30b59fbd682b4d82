"""What ``intona listen`` shows: a moving bar per emotion, or JSON Lines when piped."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import nan

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from intona.cli.say import say
from intona.files import plain
from intona.formats.text import clock
from intona.tables import Event

BAR = 36


class LiveView:
    """The state of the view, changed by events.

    Args:
        labels: the model's emotions.
        numeric: they are numbers, not probabilities.
    """

    def __init__(self, labels: tuple[str, ...], numeric: bool = False) -> None:
        self._values = dict.fromkeys(labels, 0.0)
        self._numeric = numeric
        self._speaking = False
        self._now = 0.0
        self._best: tuple[str, str] | None = None
        self._reason: str | None = None
        self._arousal = nan
        self._adapted = 0
        self._past: deque[str] = deque(maxlen=6)
        self._trouble = ""

    def take(self, event: Event) -> None:
        """Change what will be shown."""
        self._now = max(self._now, event.time)
        if event.kind in ("speech_start", "speech_end"):
            self._speaking = event.kind == "speech_start"
        if event.kind == "trouble":
            self._trouble = f"{clock(event.time)}  {event.message}"
        found = event.prediction
        if found is None:
            return
        self._values.update(found.probabilities)
        self._adapted = found.adapted
        if found.arousal == found.arousal:  # not NaN
            self._arousal = found.arousal
        if event.kind == "update" and found.emotion is not None:
            self._best = (found.emotion, found.status)
            self._reason = found.reason
        if event.kind == "segment":
            mark = "?" if found.status == "unsure" else ""
            why = f"  ({found.reason})" if found.reason else ""
            words = f"{found.emotion}{mark} {100 * found.confidence:.0f} %{why}"
            if found.emotion is None:
                words = "  ".join(f"{k} {v:.2f}" for k, v in found.probabilities.items())
            self._past.append(f"{clock(found.start)} - {clock(found.end or 0.0)}  {words}")

    def __rich__(self) -> Group:
        """Draw the state."""
        head = Text(f"{clock(self._now)}  ")
        head.append(
            "● speaking" if self._speaking else "○ silence", "green" if self._speaking else "dim"
        )
        if self._reason and self._speaking:
            head.append(f"  unsure: {self._reason}", "dim")
        if self._adapted:
            head.append(f"  adapted to {self._adapted}", "dim")
        bars = Table.grid(padding=(0, 1))
        for name, value in self._values.items():
            best = self._best is not None and self._best[0] == name and self._speaking
            sure = best and self._best is not None and self._best[1] == "ok"
            style = "bold yellow" if sure else "yellow" if best else "cyan"
            share = min(1.0, max(0.0, value))
            number = f"{value:.2f}" if self._numeric else f"{100 * value:3.0f} %"
            bar = ProgressBar(1.0, share if self._speaking else 0.0, BAR, complete_style=style)
            bars.add_row(Text(plain(name), style if best else ""), bar, Text(number))
        if self._arousal == self._arousal:
            share = self._arousal if self._speaking else 0.0
            bar = ProgressBar(1.0, share, BAR, complete_style="dim")
            number = f"{100 * self._arousal:3.0f} %"
            bars.add_row(Text("arousal", "dim"), bar, Text(number, "dim"))
        lines = [Text(plain(line), "dim") for line in self._past]
        if self._trouble:
            lines.append(Text(plain(self._trouble), "red"))
        return Group(head, bars, *lines, Text("Ctrl-C ends", "dim"))


@contextmanager
def shown(view: LiveView, as_lines: bool) -> Iterator[Callable[[Event], None]]:
    """Yield what shows an event: a live view in a terminal, else a JSON line each."""
    if as_lines or not sys.stdout.isatty():

        def line(event: Event) -> None:
            say(json.dumps(event.to_dict(), ensure_ascii=False))

        yield line
        return
    with Live(view, console=Console(), refresh_per_second=12, transient=False) as live:

        def draw(event: Event) -> None:
            view.take(event)
            live.update(view)

        yield draw
