"""Windows' probabilities become segments: smoothed, merged, nothing lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intona.errors import UsageError
from intona.inference.segments import Segment, Segmenter
from intona.inference.windows import TimelineOptions


def segment(
    rows: list[list[float]], length: float, numeric: bool = False, **options: float
) -> list[Segment]:
    """Feed regular windows of a region that begins at 5 s, then a tail, then its end."""
    chosen = TimelineOptions(**options)
    segmenter = Segmenter(chosen, None if numeric else len(rows[0]))
    segmenter.begin(5.0)
    found: list[Segment] = []
    for k, row in enumerate(rows[:-1]):
        start = 5 + k * chosen.hop
        found += segmenter.add(start, start + chosen.window, np.array(row))
    end = 5 + length
    found += segmenter.add(max(5, end - chosen.window), end, np.array(rows[-1]), tail=True)
    return found + list(segmenter.end(end))


def test_a_short_region_is_one_segment() -> None:
    (only,) = segment([[0.3, 0.7]], 1.2)
    assert (only.start, only.end) == (5.0, 6.2)
    np.testing.assert_allclose(only.row, [0.3, 0.7])


def test_overlapping_windows_are_averaged() -> None:
    # Windows [5, 7] and [6, 8], cells of 1 s: the middle one hears both.
    (only,) = segment([[1.0, 0.0], [0.8, 0.2], [0.8, 0.2]], 3.0, window=2, hop=1)
    expected = np.mean([[1.0, 0.0], [0.9, 0.1], [0.8, 0.2]], axis=0)
    np.testing.assert_allclose(only.row, expected)


def test_a_change_is_a_boundary_and_a_flicker_is_none() -> None:
    a, b = [0.9, 0.1], [0.1, 0.9]
    change = segment([a, a, a, b, b, b], 6.0, window=1, hop=1, min_segment=2)
    assert [(s.start, s.end, int(s.row.argmax())) for s in change] == [(5, 8, 0), (8, 11, 1)]
    flicker = segment([a, a, b, a, a, a], 6.0, window=1, hop=1, min_segment=2)
    assert [(s.start, s.end) for s in flicker] == [(5, 11)]
    np.testing.assert_allclose(flicker[0].row, (5 * np.array(a) + b) / 6)


def test_numbers_are_cut_at_windows() -> None:
    found = segment([[1.0], [2.0], [3.0], [4.0]], 4.0, numeric=True, window=1, hop=1)
    assert [(s.start, s.end, s.row[0]) for s in found] == [
        (5, 6, 1),
        (6, 7, 2),
        (7, 8, 3),
        (8, 9, 4),
    ]


@settings(max_examples=60, deadline=None)
@given(
    choices=st.lists(st.integers(0, 2), min_size=1, max_size=20),
    hop=st.sampled_from([0.5, 1.0, 1.5]),
    least=st.sampled_from([0.0, 1.0, 4.0]),
    rest=st.floats(0.05, 1.4),
)
def test_segments_tile_the_region(
    choices: list[int], hop: float, least: float, rest: float
) -> None:
    rows = [list(np.eye(3)[k] * 0.8 + 0.2 / 3) for k in choices]
    length = (len(rows) - 1) * hop + rest
    found = segment(rows, length, window=max(1.5, hop), hop=hop, min_segment=least)
    bounds = [5.0] + [s.end for s in found]
    assert [s.start for s in found] == bounds[:-1]
    assert bounds[-1] == 5.0 + length
    for part in found:
        assert part.row.sum() == pytest.approx(1.0)
    for part in found[:-1]:
        assert part.end - part.start >= least - 1e-6


@pytest.mark.parametrize("values", [{"window": 0.1}, {"hop": 4.0}, {"min_segment": -1.0}])
def test_impossible_options(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(values))):
        TimelineOptions(**values)
