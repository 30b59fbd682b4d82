"""Which stretches of speech a model is given, whatever the pushes."""

from __future__ import annotations

import numpy as np
import pytest

from intona.audio.vad import Edge, Step
from intona.inference.windows import Item, TimelineOptions, Windower

RATE = 16_000
START = 1.0


def heard(length: float, options: TimelineOptions, *, push: float = 0.1) -> list[Item]:
    """Return what is judged of one region that is so long, its bounds as a detector gives them."""
    windower = Windower(RATE, RATE, options)
    end, time = START + length, 0.0
    found: list[Item] = []
    while time < end + 1.0:
        time = round(time + push, 6)
        windower._buffer = np.concatenate(
            [windower._buffer, np.zeros(round(push * RATE), np.float32)]
        )
        edges = [
            Edge(kind, at)
            for kind, at in (("start", START), ("end", end))
            if time - push < at <= time
        ]
        step = Step(time=time, heard=min(time, end), edges=tuple(edges))
        found += windower._step(step)
        windower._trim(step.heard)
    return [item for item in found if len(item.samples)]


def spans(items: list[Item]) -> list[tuple[float, float]]:
    for item in items:
        assert len(item.samples) == pytest.approx((item.end - item.start) * RATE, abs=2)
    return [(round(item.start - START, 3), round(item.end - START, 3)) for item in items]


@pytest.mark.parametrize("push", [0.032, 0.1, 2.0])
@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0.05, []),
        (1.2, [(0.0, 1.2)]),
        (3.0, [(0.0, 3.0)]),
        (4.4, [(0.0, 4.4)]),
        (4.5, [(0.0, 3.0), (1.5, 4.5)]),
        (4.6, [(0.0, 3.0), (1.5, 4.5)]),
        (5.0, [(0.0, 3.0), (1.5, 4.5), (2.0, 5.0)]),
        (6.1, [(0.0, 3.0), (1.5, 4.5), (3.0, 6.0)]),
    ],
)
def test_a_short_region_is_heard_as_a_whole(
    length: float, expected: list[tuple[float, float]], push: float
) -> None:
    assert spans(heard(length, TimelineOptions(), push=push)) == expected


def test_a_whole_region_is_never_much_longer_than_a_window() -> None:
    apart = TimelineOptions(window=4.0, hop=4.0)
    assert spans(heard(5.9, apart)) == [(0.0, 5.9)]
    assert spans(heard(6.5, apart)) == [(0.0, 4.0), (2.5, 6.5)]
    dense = TimelineOptions(window=2.0, hop=0.5)
    assert spans(heard(2.4, dense)) == [(0.0, 2.4)]
    assert spans(heard(2.6, dense)) == [(0.0, 2.0), (0.5, 2.5)]
