"""Recognisers of others where intona cuts the sound: in timelines and live.

The speech is found and cut into windows by intona, as for its own models, and the recogniser judges
each window. A window to which it has no answer speaks for no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from intona.inference.foreign.base import Foreign
from intona.tables import Prediction

EVEN = 1e-9  # above an even distribution: less says nothing


class Windowed:
    """A recogniser of others as timelines and streams ask it.

    Args:
        recognizer: who judges the windows.
    """

    numeric = False

    def __init__(self, recognizer: Foreign) -> None:
        self._recognizer = recognizer
        self.labels, self.rate = recognizer.labels, recognizer.rate

    def rows(self, signals: Sequence[NDArray[np.float32]], rate: int) -> NDArray[np.float64]:
        """Return probabilities ``(signals, labels)``; even where it has no answer."""
        return np.nan_to_num(self._recognizer.rows(signals, rate), nan=1 / len(self.labels))

    def prediction(
        self,
        row: NDArray[np.float64] | None,
        start: float,
        end: float,
        file: str | None = None,
        *,
        speech: float = np.inf,
        clear: bool = True,
    ) -> Prediction:
        """Return what a mean of rows says; unsure where it says nothing."""
        found = self._recognizer.prediction(row, start, end, file, speech=speech, clear=clear)
        if row is None or row.max() - 1 / len(self.labels) > EVEN:
            return found
        return replace(found, status="unsure", reason="low confidence")
