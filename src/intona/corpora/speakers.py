"""Speakers of a table: names, whether they are known, whose utterances a pattern means."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intona.errors import CorpusError

if TYPE_CHECKING:
    import pandas as pd


def speaker_names(table: pd.DataFrame) -> list[str]:
    """Return the speaker per row; a row without one gets a name of its own."""
    import pandas as pd

    return [
        f"row {row}" if pd.isna(speaker) else str(speaker)
        for row, speaker in enumerate(table["speaker"])
    ]


def nobody(table: pd.DataFrame) -> str | None:
    """Say for how many utterances nobody knows who speaks; ``None`` where that is none.

    Args:
        table: a corpus table.
    """
    missing = int(table["speaker"].isna().sum())
    if not missing:
        return None
    return (
        f"no speaker is known for {missing} of {len(table)} utterances: whether a voice under test "
        "was heard in training cannot be told, and no number holds for new voices"
    )


def spoken_by(table: pd.DataFrame, wanted: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which rows are spoken by the wanted speakers.

    Args:
        table: a corpus table.
        wanted: speakers (``"ravdess-21"``), patterns (``"emodb-*"``), or what follows the
            corpus's name (``"21"``).

    Raises:
        CorpusError: when one of them fits no speaker.
    """
    names = speaker_names(table)
    keep = np.zeros(len(table), dtype=bool)
    for pattern in wanted:
        hits = np.array([fnmatchcase(name, pattern) for name in names])
        if not hits.any():
            hits = np.array([fnmatchcase(name, f"*-{pattern}") for name in names])
        if not hits.any():
            known = sorted(set(names))
            raise CorpusError(
                f"no speaker {pattern!r}: there are {', '.join(known[:40])}"
                f"{' ...' if len(known) > 40 else ''}"
            )
        keep |= hits
    return keep


def choose_speakers(table: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    """Return the rows of the wanted speakers; see :func:`spoken_by`."""
    return table[spoken_by(table, wanted)]
