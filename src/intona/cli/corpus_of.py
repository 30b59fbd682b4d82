"""The corpus that several verbs' options describe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from intona.corpora.base import Corpus

__all__ = ["corpus_of"]


def corpus_of(
    paths: Sequence[Path],
    name: str | None,
    *,
    target: str = "emotion",
    numbers: str | None = None,
    emotions: str | None = None,
    merge: str | None = None,
) -> Corpus:
    """Load, report problems on standard error, then select, merge and number as asked."""
    from intona import corpora, labels, targets

    corpus = corpora.load(paths, name)
    for problem in corpus.problems:
        typer.echo(f"note: {problem}", err=True)
    chosen = targets.parse_numbers(numbers)
    keep, merged = labels.parse_list(emotions), labels.parse_merge(merge)
    if target == "emotion" or keep or merged:
        corpus = corpus.select(keep, merged)
    return targets.as_numbers(corpus, target, chosen) if chosen else corpus
