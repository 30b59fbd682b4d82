"""Groups of rows and blocks of rows, against masks and the whole."""

from __future__ import annotations

import numpy as np
import pytest

from intona.metrics.arrays import BLOCK, blocks, rows_of


@pytest.mark.parametrize("kind", [str, object, int])
def test_rows_of_a_name_are_those_a_mask_finds(kind: type) -> None:
    names = np.random.default_rng(0).integers(0, 7, 50).astype(kind)
    found = rows_of(names)
    assert list(found) == np.unique(names).tolist()
    for name, rows in found.items():
        assert rows.tolist() == np.flatnonzero(names == name).tolist()


def test_no_rows_have_no_names() -> None:
    assert rows_of(np.array([], dtype=str)) == {}


@pytest.mark.parametrize("width", [1, 7, BLOCK // 3, 2 * BLOCK])
def test_blocks_hold_every_row_once(width: int) -> None:
    rows = np.arange(1000)
    parts = [rows[part] for part in blocks(len(rows), width)]
    assert np.concatenate(parts).tolist() == rows.tolist()
    assert max(len(part) for part in parts) * width <= max(BLOCK, width)
