"""What a run says beside its answers, on standard error: as text, or as JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from intona.cli.say import complain, say
from intona.errors import IntonaError, UsageError
from intona.logs import line

Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing beside the answers but what went wrong.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Also say what is being done.")]


@dataclass(frozen=True)
class Log:
    """Where a run says what is to be said of it.

    Attributes:
        quiet: leave out what is no error.
        verbose: also say what is being done.
        json: one JSON object a line.
    """

    quiet: bool = False
    verbose: bool = False
    json: bool = False

    @classmethod
    def of(cls, quiet: bool, verbose: bool, style: str | None) -> Log:
        """Return it as the options say.

        Raises:
            UsageError: quiet and verbose, or a format that there is not.
        """
        if quiet and verbose:
            raise UsageError("--quiet and --verbose are two answers to one question: choose one")
        if style not in (None, "text", "json"):
            raise UsageError(f"--log-format is text or json, not {style}")
        return cls(quiet, verbose, style == "json")

    def error(self, sentence: str, **facts: Any) -> None:
        """Say what went wrong."""
        self._say("error", f"error: {sentence}", sentence, facts)

    def note(self, sentence: str, **facts: Any) -> None:
        """Say what is odd."""
        if not self.quiet:
            self._say("warning", f"note: {sentence}", sentence, facts)

    def detail(self, sentence: str, **facts: Any) -> None:
        """Say what is being done, where somebody wants to know it."""
        if self.verbose:
            self._say("info", sentence, sentence, facts)

    def summary(self, sentence: str, **facts: Any) -> None:
        """Say what was done: as text on standard output."""
        if self.json:
            self._say("info", sentence, sentence, facts)
        elif not self.quiet:
            say(sentence)

    def stopped(self, sentence: str) -> None:
        """Say that somebody asked to stop, and what that means."""
        self._say("error", f"stopped: {sentence}", f"stopped: {sentence}", {})

    def tell(self, notes: Iterable[str]) -> bool:
        """Say what is odd about a recording; return whether it is damaged, which is said always."""
        from intona.audio import Damage

        damaged = False
        for note in notes:
            if isinstance(note, Damage):
                damaged = True
                self._say("warning", f"note: {note}", str(note), {})
            else:
                self.note(note)
        return damaged

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Say of an error that ends the run what it is in the same way.

        Raises:
            typer.Exit: with the code of the error.
        """
        try:
            yield
        except IntonaError as error:
            self.error(str(error))
            raise typer.Exit(error.exit_code) from None

    def _say(self, level: str, text: str, message: str, facts: dict[str, Any]) -> None:
        complain(line(level, message, **facts) if self.json else text)
