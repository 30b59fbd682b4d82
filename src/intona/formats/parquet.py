"""A timeline as Parquet, exactly as it is: the (file, start, end) index and all columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from intona.files import atomic
from intona.formats.rows import Segmentation, framed
from intona.tables import legible

if TYPE_CHECKING:
    import pandas as pd


def save(table: Segmentation | pd.DataFrame, path: Path) -> None:
    """Write the table; ``pandas.read_parquet`` returns it, index and all.

    Raises:
        OSError: the file cannot be written.
    """
    with atomic(path) as temporary:
        legible(framed(table)).to_parquet(temporary)
