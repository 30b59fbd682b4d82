"""A recogniser without a model file, quick and predictable, for tests of what surrounds it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np

from intona.models.adaptation import Statistics
from intona.tables import Prediction


class FakeRecognizer:
    """Calls loud speech angry, soft speech sad, and what is between neutral.

    Its embedding is the level in dB; adapted, it calls loud what is louder than usual.
    """

    labels: tuple[str, ...] = ("neutral", "sad", "angry")
    threshold = 0.5
    numeric = False
    adaptable = True

    def __init__(self, rate: int | None = 16_000) -> None:
        self.rate = rate
        self.calls: list[tuple[int, int]] = []  # (signals, longest) of each call
        self.adapted_to = 0
        self.usual = 0.0  # dB above what is usual otherwise

    def rows(self, signals: Sequence[np.ndarray], rate: int) -> np.ndarray:
        self.calls.append((len(signals), max(map(len, signals), default=0)))
        level = self.embedding(signals, rate)[:, 0] - self.usual
        scores = np.stack([-np.abs(level), -(level + 4), level - 4], axis=1) * 0.7
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def embedding(self, signals: Sequence[np.ndarray], rate: int) -> np.ndarray:
        level = [20 * np.log10(float(np.std(signal)) + 1e-9) + 24 for signal in signals]
        return np.array(level).reshape(-1, 1)

    def rows_and_embedding(
        self, signals: Sequence[np.ndarray], rate: int
    ) -> tuple[np.ndarray, np.ndarray]:
        return self.rows(signals, rate), self.embedding(signals, rate)

    def prediction(
        self,
        row: np.ndarray | None,
        start: float,
        end: float,
        file: str | None = None,
        *,
        speech: float = np.inf,
        clear: bool = True,
    ) -> Prediction:
        place: dict[str, Any] = {"file": file, "start": start, "end": end}
        if row is None:
            return Prediction(
                None, np.nan, dict.fromkeys(self.labels, np.nan), "no_speech", **place
            )
        answers = dict(zip(self.labels, map(float, row), strict=True))
        if self.numeric:
            return Prediction(None, np.nan, answers, "ok", **place)
        best = max(answers, key=lambda label: answers[label])
        sure = answers[best] >= self.threshold
        return Prediction(
            best,
            answers[best],
            answers,
            "ok" if sure else "unsure",
            reason=None if sure else "low confidence",
            adapted=self.adapted_to,
            **place,
        )

    def adapted(self, to: Statistics | None) -> FakeRecognizer:
        other = copy(self)
        other.usual, other.adapted_to = (0.0, 0) if to is None else (float(to.mean[0]), to.count)
        return other

    def require_adaptable(self) -> None:
        pass
