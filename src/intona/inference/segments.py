"""From overlapping windows' probabilities to segments of one emotion each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intona.inference.windows import TimelineOptions

Row = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Segment:
    """A stretch of speech in one emotion.

    Attributes:
        start: begin in seconds.
        end: end in seconds.
        row: mean of the windows' rows, shape ``(columns,)``.
    """

    start: float
    end: float
    row: Row


@dataclass(slots=True)
class _Run:
    label: int
    start: float
    end: float
    total: Row  # rows times seconds

    @property
    def length(self) -> float:
        return self.end - self.start

    def extend(self, other: _Run) -> None:
        self.end = other.end
        self.total = self.total + other.total


class Segmenter:
    """Smooth and merge, one region of speech after the other.

    A region is divided into cells of one hop. A cell's probabilities are the mean of the windows
    around its middle; consecutive cells of the same best label make a segment; a label that does
    not last ``min_segment`` gives way to the one before.

    Args:
        options: hop and ``min_segment``.
        labels: how many columns of a row are labels; ``None`` for a model of numbers, of which
            a segment is simply a window long.

    Examples:
        >>> segmenter = Segmenter(TimelineOptions(window=3, hop=3), labels=2)
        >>> segmenter.begin(10.0)
        >>> angry, sad = np.array([0.8, 0.2]), np.array([0.1, 0.9])
        >>> parts = list(segmenter.add(10, 13, angry)) + list(segmenter.add(13, 16, sad))
        >>> [(p.start, p.end) for p in (*parts, *segmenter.end(16.0))]
        [(10.0, 13.0), (13.0, 16.0)]
    """

    def __init__(self, options: TimelineOptions, labels: int | None) -> None:
        self._options = options
        self._labels = labels
        self.begin(0.0)

    def begin(self, start: float) -> None:
        """Begin a region at ``start`` seconds."""
        self._region = start
        self._cells = 0
        self._windows: list[tuple[float, float, Row]] = []
        self._current: _Run | None = None
        self._pending: _Run | None = None

    def add(self, start: float, end: float, row: Row, tail: bool = False) -> Iterator[Segment]:
        """Take a window's probabilities; yield the segments that are complete.

        Args:
            start: begin of the window in seconds.
            end: its end in seconds.
            row: shape ``(columns,)``, probabilities first.
            tail: it is the region's last one, off the grid of hops.
        """
        self._windows.append((start, end, row))
        if tail:
            return
        begin = self._region + self._cells * self._options.hop
        yield from self._cell(begin, begin + self._options.hop)
        self._cells += 1
        middle = begin + 1.5 * self._options.hop
        self._windows = [w for w in self._windows if w[1] >= middle] or self._windows[-1:]

    def end(self, end: float) -> Iterator[Segment]:
        """End the region at ``end`` seconds; yield what is left of it."""
        hop = self._options.hop
        begin = self._region + self._cells * hop
        while self._windows and begin < end - 1e-6:
            # A sliver at the end belongs to the cell before it.
            stop = end if end - begin < 1.5 * hop else begin + hop
            yield from self._cell(begin, stop)
            begin = stop
        if self._current is not None:
            if self._pending is not None:
                self._current.extend(self._pending)
            yield self._finish(self._current, end)
        self.begin(end)

    def _cell(self, start: float, end: float) -> Iterator[Segment]:
        middle = min((start + end) / 2, max(window[1] for window in self._windows))
        around = [row for begin, stop, row in self._windows if begin <= middle <= stop]
        row = np.mean(around, axis=0)
        if self._labels is None:
            label = int((start - self._region + 1e-6) // self._options.window)
        else:
            label = int(np.argmax(row[: self._labels]))
        yield from self._merge(_Run(label, start, end, row * (end - start)))

    def _merge(self, cell: _Run) -> Iterator[Segment]:
        current, pending = self._current, self._pending
        if current is None:
            self._current = cell
            return
        if pending is None:
            if cell.label == current.label:
                current.extend(cell)
                return
            pending = cell
        elif cell.label == pending.label:
            pending.extend(cell)
        else:
            current.extend(pending)
            pending = cell
            if cell.label == current.label:
                current.extend(cell)
                self._pending = None
                return
        least = 0.0 if self._labels is None else self._options.min_segment - 1e-6
        if pending.length < least:
            self._pending = pending
            return
        self._pending = None
        if current.length >= least:
            yield self._finish(current, pending.start)
            self._current = pending
        else:
            current.extend(pending)
            current.label = int(np.argmax(current.total[: self._labels]))

    def _finish(self, run: _Run, end: float) -> Segment:
        return Segment(run.start, end, run.total / run.length)
