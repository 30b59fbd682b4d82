"""Numeric targets: words of a corpus as numbers, so that they can be learnt as a regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from intona.errors import CorpusError, UsageError

if TYPE_CHECKING:
    from intona.corpora.base import Corpus


def parse_numbers(text: str | None) -> dict[str, float]:
    """Read ``"normal=1,strong=2"``; an empty text gives an empty mapping.

    Raises:
        UsageError: a part is not of the form ``word=number``.

    Examples:
        >>> parse_numbers("normal=1,strong=2")
        {'normal': 1.0, 'strong': 2.0}
    """
    found: dict[str, float] = {}
    for part in (text or "").split(","):
        word, _, number = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        try:
            found[word] = float(number)
        except ValueError:
            raise UsageError(f"cannot read {part.strip()!r}: write it as word=number") from None
    return found


def as_numbers(corpus: Corpus, column: str, numbers: Mapping[str, float]) -> Corpus:
    """Return the corpus with the words of a column replaced by numbers.

    A word without a number has no value afterwards, and is not used.

    Raises:
        CorpusError: no such column, or a word that does not occur in it.
    """
    from dataclasses import replace

    if column not in corpus.table.columns:
        raise CorpusError(
            f"no column {column!r}; {corpus.name} has {', '.join(map(str, corpus.table.columns))}"
        )
    words = corpus.table[column]
    missing = [word for word in numbers if word not in set(words.dropna())]
    if missing:
        raise CorpusError(
            f"{', '.join(missing)} does not occur in the column {column}, which has "
            f"{', '.join(sorted(map(str, set(words.dropna()))))}"
        )
    return replace(corpus, table=corpus.table.assign(**{column: words.map(numbers).astype(float)}))
