"""Online recognition: the core that timeline and live stream share; audio in, events out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from intona.inference.model import Model
from intona.inference.segments import Segment, Segmenter
from intona.inference.windows import Item, TimelineOptions, Windower
from intona.tables import Event

REMEMBERED = 32  # rows of the last windows
MOST = 8  # windows judged at once, whatever was pushed


class Online:
    """Detect, cut, judge, smooth, merge, while audio arrives.

    Args:
        model: judges windows.
        rate: sample rate of what will be pushed, in Hz.
        options: windows, segments and speech.
        update: seconds of speech between ``update`` events; ``None`` for none.
        batch: so many windows are collected before the model is called; 1 loses no time.
        file: name put into the predictions.
    """

    def __init__(
        self,
        model: Model,
        rate: int,
        options: TimelineOptions,
        *,
        update: float | None = None,
        batch: int = 1,
        file: str | None = None,
    ) -> None:
        self._model = model
        self._windower = Windower(rate, model.rate, options, update)
        self._segmenter = Segmenter(options, None if model.numeric else len(model.labels))
        self._batch = batch
        self._file = file
        self._queue: list[Item] = []
        self._waiting = 0
        self._judged: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._smooth: NDArray[np.float64] | None = None

    def push(self, samples: NDArray[np.float32]) -> list[Event]:
        """Take the next samples, shape ``(n,)``; return what has been decided."""
        return self._take(self._windower.push(samples), self._batch)

    def flush(self) -> list[Event]:
        """End the stream; return all that is left."""
        return self._take(self._windower.flush(), 1)

    def _take(self, items: Iterable[Item], batch: int) -> list[Event]:
        events: list[Event] = []
        for item in items:
            self._queue.append(item)
            self._waiting += len(item.samples) > 0
            if self._waiting >= max(batch, MOST):
                events += self._drain()
        if self._waiting >= batch or batch == 1:
            events += self._drain()
        return events

    def _drain(self) -> list[Event]:
        queue, self._queue, self._waiting = self._queue, [], 0
        # A window of the timeline often is what an update has just heard: judged once.
        fresh = {
            _key(item): item.samples
            for item in queue
            if len(item.samples) and _key(item) not in self._judged
        }
        if fresh:
            rows = self._model.rows(list(fresh.values()), self._windower.rate)
            self._judged.update(zip(fresh, rows, strict=True))
        events: list[Event] = []
        for item in queue:
            events += self._event(item, self._judged[_key(item)] if len(item.samples) else None)
        for old in list(self._judged)[:-REMEMBERED]:
            del self._judged[old]
        return events

    def _event(self, item: Item, row: NDArray[np.float64] | None) -> Iterator[Event]:
        if item.kind == "speech_start":
            self._segmenter.begin(item.start)
            self._smooth = None
            yield Event("speech_start", item.start)
        elif item.kind == "speech_end":
            yield from map(self._segment, self._segmenter.end(item.end))
            yield Event("speech_end", item.end)
        elif row is None:
            return
        elif item.kind == "update":
            # Half of what was, half of what is: a single odd window does not flip the view.
            self._smooth = row if self._smooth is None else (self._smooth + row) / 2
            found = self._model.prediction(self._smooth, item.start, item.end, self._file)
            yield Event("update", item.end, found)
        else:
            tail = item.kind == "tail"
            yield from map(self._segment, self._segmenter.add(item.start, item.end, row, tail=tail))

    def _segment(self, segment: Segment) -> Event:
        start, end = segment.start, segment.end
        found = self._model.prediction(segment.row, start, end, self._file, speech=end - start)
        return Event("segment", end, found)


def _key(item: Item) -> tuple[int, int]:
    return round(item.start * 10_000), round(item.end * 10_000)
