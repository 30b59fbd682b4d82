"""Features as a table that other tools open: CSV, Parquet or NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.audio.damage import Notice, warn
from intona.audio.decode import name_of
from intona.audio.finding import Found, UnheardError
from intona.errors import AudioError, UsageError
from intona.features.base import FrontEnd
from intona.features.extract import extract_each
from intona.parallel import HERE, Engine
from intona.tables import Utterance

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".parquet", ".npz")
_BLOCK = 1 << 16


def feature_table(
    files: Iterable[Found],
    front_end: FrontEnd,
    *,
    on: Engine = HERE,
    progress: Callable[[int, int, str], None] | None = None,
    notice: Notice = warn,
) -> tuple[pd.DataFrame, list[AudioError]]:
    """Return features, one row per readable file, and the errors of the others.

    ``notice`` is told what is lost or odd, see :func:`intona.audio.read`.

    The index is ``(file, start, end)``, with the length of each file as its end; the columns are
    the front end's names.
    """
    import pandas as pd

    from intona.tables import segmented_index

    wanted: list[Utterance] = []
    errors: list[AudioError] = []
    for file in files:
        if isinstance(file, UnheardError):
            errors.append(file)
        else:
            wanted.append(Utterance(name_of(file)))
    rows, kept = [], []
    for k, result in enumerate(extract_each(wanted, front_end, on=on, notice=notice)):
        if isinstance(result, AudioError):
            errors.append(result)
        else:
            rows.append(result)
            kept.append(wanted[k].file)
        if progress is not None:
            progress(k + 1, len(wanted), f"features ({front_end.name})")
    values = np.stack(rows) if rows else np.zeros((0, len(front_end.names)), dtype=np.float32)
    # Files are decoded once more: what the cache holds of them does not tell their length.
    lengths = extract_each([Utterance(file) for file in kept], Length(), on=on, notice=_unheard)
    ends = [np.nan if isinstance(one, AudioError) else Length.seconds(one) for one in lengths]
    index = segmented_index(kept, ends=ends)
    return pd.DataFrame(values, index=index, columns=list(front_end.names)), errors


class Length:
    """The length of a recording as a front end, so that it is cached and found in parallel.

    In parts that single precision holds exactly, for other tools join tables by it.
    """

    name = "length"
    version = 1
    rate: int | None = None
    names = ("blocks", "rest", "rate")
    parameters: Mapping[str, Any] = {}

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the samples, in whole blocks and what is left, and their rate in Hz."""
        return np.array([*divmod(len(samples), _BLOCK), rate], dtype=np.float32)

    @staticmethod
    def seconds(values: NDArray[np.float32]) -> float:
        """Return the length in seconds."""
        blocks, rest, rate = map(float, values)
        return (_BLOCK * blocks + rest) / rate


def _unheard(sentence: str) -> None:
    """Take a note that has been told already."""


def require_suffix(out: str | Path) -> None:
    """Refuse the name of a table of features, before the work.

    Raises:
        UsageError: an unknown suffix.
    """
    if Path(out).suffix not in SUFFIXES:
        raise UsageError(f"cannot tell the format of {out}: end its name in {', '.join(SUFFIXES)}")


def save(table: pd.DataFrame, out: str | Path) -> None:
    """Write a feature table; the suffix says how, and the file appears whole or not at all.

    ``.npz`` holds ``files`` (n,), ``names`` (d,) and ``features`` (n, d) float32.

    Raises:
        UsageError: an unknown suffix, or the file cannot be written.
    """
    from intona import files
    from intona.tables import for_spreadsheets, legible

    out = Path(out)
    require_suffix(out)
    table = for_spreadsheets(table) if out.suffix == ".csv" else legible(table)

    def write(place: Path) -> None:
        if out.suffix == ".csv":
            table.to_csv(place)
        elif out.suffix == ".parquet":
            table.to_parquet(place)
        else:
            np.savez_compressed(
                place,
                files=table.index.get_level_values("file").to_numpy(dtype=str),
                names=np.array(table.columns, dtype=str),
                features=table.to_numpy(np.float32),
            )

    files.save(out, write)
