"""Saying: all that the command line prints, so that nothing of it commands a terminal."""

from __future__ import annotations

import sys

import typer

from intona.files import plain


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text of one or more lines.

    Args:
        text: what is in it of others (names, labels, what a model file says) may hold anything.
        err: on standard error.
        nl: end the line.
    """
    typer.echo(plain(text, "\n\t"), err=err, nl=nl)


def complain(sentence: str) -> None:
    """Print one sentence, on one line of standard error, at once."""
    print(plain(sentence), file=sys.stderr, flush=True)
