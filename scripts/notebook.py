"""Make examples/tutorial.ipynb from docs/tutorial.md; a test checks that it is up to date.

python scripts/notebook.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
NOTEBOOK = ROOT / "examples" / "tutorial.ipynb"
PARTS = re.compile(r"^```python\n(.*?)^```$|^<!-- notebook:\n(.*?)^-->$", re.S | re.M)


def cells(page: str) -> list[dict[str, Any]]:
    """Return the page's text and Python blocks as cells, in order.

    A comment that begins with ``notebook:`` is a cell.
    """
    found: list[dict[str, Any]] = []
    position = 0
    for part in PARTS.finditer(page):
        found.append(_cell("markdown", page[position : part.start()]))
        found.append(_cell("code", part[1] or part[2] or ""))
        position = part.end()
    found.append(_cell("markdown", page[position:]))
    kept = [cell for cell in found if cell["source"]]
    return [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(kept)]


def notebook(page: str) -> str:
    """Return the notebook as text, without outputs."""
    content = {
        "cells": cells(page),
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, text: str) -> dict[str, Any]:
    # Links of the page lead from docs/, those of the notebook from examples/.
    if kind == "markdown":
        text = re.sub(r"\]\((\w+\.md)\)", r"](../docs/\1)", text)
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return {**cell, "source": text.strip().splitlines(keepends=True)}


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook(PAGE.read_text("utf-8")), "utf-8")
