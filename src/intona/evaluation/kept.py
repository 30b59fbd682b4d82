"""Kept predictions: the table of an evaluation read back, and looked through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CELLS = 2 * 10**8  # rows times columns; what is more would fill the memory
COLUMNS = ("truth", "confidence", "status", "fold", "model_seed", "speaker")


def read_predictions(path: Path, target: object, labels: Sequence[object]) -> pd.DataFrame:
    """Return the predictions of an evaluation.

    Args:
        path: the parquet file.
        target: what was predicted.
        labels: of its probabilities.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such table, too large, or holds what is no answer.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not isinstance(target, str) or not labels or not all(isinstance(k, str) for k in labels):
        raise ValueError("target and labels must be texts")
    if len(set(labels)) < len(labels):
        raise ValueError("its labels are not distinct")
    try:
        with open(path, "rb") as file:
            head = pq.read_metadata(file)
        if head.num_rows * head.num_columns > CELLS:
            raise ValueError(f"{path.name} has more than {CELLS} values")
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, NotImplementedError, MemoryError, RecursionError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f"{path.name} is damaged ({reason})") from None
    if list(table.index.names) != ["file", "start", "end"]:
        raise ValueError(f"{path.name} is not indexed by file, start and end")
    missing = [name for name in (*COLUMNS, target, *labels) if name not in table.columns]
    if missing:
        raise ValueError(f"{path.name} lacks the columns {', '.join(map(str, missing))}")
    if table.empty or not table.columns.is_unique:
        raise ValueError(f"{path.name} is empty, or has a column twice")
    _require_answers(table, target, labels, path.name)
    return table


def _require_answers(table: pd.DataFrame, target: str, labels: Sequence[object], name: str) -> None:
    """Refuse probabilities that are none, and answers that are no labels."""
    import pandas as pd

    for label in labels:
        if not pd.api.types.is_float_dtype(table[label]):
            raise ValueError(f"{name}: the column {label} holds no numbers")
    values = table[list(labels)].to_numpy(dtype=np.float64)
    if np.isinf(values).any():
        raise ValueError(f"{name} holds numbers that are not finite")
    if tuple(labels) == (target,):
        if not pd.api.types.is_numeric_dtype(table["truth"]):
            raise ValueError(f"{name}: the column truth holds no numbers")
        return
    if ((values < 0.0) | (values > 1.001)).any():
        raise ValueError(f"{name} holds probabilities that are not between 0 and 1")
    unknown = set(table[target].dropna().unique()) - set(labels)
    if unknown:
        raise ValueError(f"{name} has answers that are none of the labels")
