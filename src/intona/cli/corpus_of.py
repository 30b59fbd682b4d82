"""The corpus that several verbs' options describe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from intona.corpora.base import Corpus

__all__ = ["corpus_of", "load"]

SHOWN = 10  # problems; a corpus may have thousands


def load(
    paths: Sequence[Path],
    name: str | None,
    columns: str | None = None,
    settings: Sequence[str] | None = None,
) -> Corpus:
    """Load corpora as ``--corpus``, ``--columns`` and ``--set`` say.

    Raises:
        UsageError: a setting is not of the form ``name=value``.
    """
    from intona import corpora
    from intona.errors import UsageError

    chosen: dict[str, str] = {} if columns is None else {"columns": columns}
    for setting in settings or ():
        key, sign, value = (piece.strip() for piece in setting.partition("="))
        if not (sign and key and value):
            raise UsageError(f"cannot read --set {setting!r}: write it as name=value")
        chosen[key] = value
    return corpora.load(list(paths), name, **chosen)


def corpus_of(
    paths: Sequence[Path],
    name: str | None,
    *,
    target: str = "emotion",
    numbers: str | None = None,
    emotions: str | None = None,
    merge: str | None = None,
    columns: str | None = None,
    settings: Sequence[str] | None = None,
) -> Corpus:
    """Load, report problems on standard error, then select, merge and number as asked."""
    from intona import labels
    from intona.corpora import targets

    corpus = load(paths, name, columns, settings)
    for sentence in (*corpus.notes, *corpus.problems[:SHOWN]):
        typer.echo(f"note: {sentence}", err=True)
    if len(corpus.problems) > SHOWN:
        more = len(corpus.problems) - SHOWN
        typer.echo(f"note: and {more} more like these: see `intona corpus check`", err=True)
    chosen = targets.parse_numbers(numbers)
    keep, merged = labels.parse_list(emotions), labels.parse_merge(merge)
    if target == "emotion" or keep or merged:
        corpus = corpus.select(keep, merged)
    return targets.as_numbers(corpus, target, chosen) if chosen else corpus
