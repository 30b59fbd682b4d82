"""A timeline as an audformat database: a folder with ``db.yaml`` and one table of segments.

``audformat.Database.load(folder)["emotion"].df`` is the timeline again. The format is described
at https://audeering.github.io/audformat/; nothing of that package is needed to write it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from intona.files import atomic
from intona.formats.rows import Segmentation, framed
from intona.tables import legible

if TYPE_CHECKING:
    import pandas as pd


def save(table: Segmentation | pd.DataFrame, path: Path) -> None:
    """Write ``db.yaml`` and ``db.emotion.csv`` into a folder, which is made if need be.

    Raises:
        OSError: the folder cannot be written.
    """
    path.mkdir(parents=True, exist_ok=True)
    table = legible(framed(table))
    frame = table.reset_index()
    with atomic(path / "db.emotion.csv") as temporary:
        frame.to_csv(temporary, index=False)
    with atomic(path / "db.yaml") as temporary:
        temporary.write_text(_header(table), encoding="utf-8")


def _header(table: pd.DataFrame) -> str:
    """Return the header; every value is JSON, which is YAML too."""
    schemes, columns = {}, {}
    for name in table.columns:
        if name in ("emotion", "status"):
            used = {str(label) for label in table[name].dropna()}
            labels = ["no_speech", "ok", "unsure"] if name == "status" else sorted(used)
            schemes[name] = {"dtype": "str", **({"labels": labels} if labels else {})}
        elif table[name].dtype.kind == "f":
            schemes[name] = {"dtype": "float"}
        else:
            schemes[name] = {"dtype": "str"}
        columns[name] = {"scheme_id": name}
    header = {
        "name": "timeline",
        "source": "intona",
        "usage": "unrestricted",
        "languages": [],
        "schemes": schemes,
        "tables": {"emotion": {"type": "segmented", "columns": columns}},
    }
    return "".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in header.items()
    )
