"""What can be wrong with a live signal, noticed second by second and said in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FULL = 0.999  # of full scale
CLIPPED = 0.01  # share of samples at full scale that is audible distortion
DEAD = 5  # seconds of exact zeros after which a microphone is called dead
AGAIN = 30  # seconds before the same trouble is told again


class Watch:
    """Watch a stream for clipping, dropouts and a dead microphone.

    Args:
        rate: sample rate in Hz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._second = 0
        self._left = rate  # samples to the end of this second
        self._clipped = self._broken = 0
        self._silent = True
        self._dead = 0  # seconds of zeros so far
        self._told: dict[str, int] = {}

    def parts(self, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Yield the samples in parts that end where seconds of the stream end.

        Each part must have been given to :meth:`look` before the next is asked for.
        """
        while len(samples):
            size = min(self._left, len(samples))
            yield samples[:size]
            samples = samples[size:]

    def look(
        self, part: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], list[tuple[float, str]]]:
        """Return the part with silence for what is no number, and the troubles of this second.

        Args:
            part: one of :meth:`parts`.

        Returns:
            The mended samples, and ``(time in seconds, sentence)`` pairs.
        """
        good = np.isfinite(part)
        if not good.all():
            part = np.where(good, part, np.float32(0))
            self._broken += len(part) - int(good.sum())
        self._clipped += int(np.count_nonzero(np.abs(part) >= FULL))
        self._silent = self._silent and not part.any()
        self._left -= len(part)
        return part, [] if self._left else self._end_second()

    def _end_second(self) -> list[tuple[float, str]]:
        self._second += 1
        self._dead = self._dead + 1 if self._silent else 0
        found = {
            "the sound is clipped: turn the input level down": self._clipped > CLIPPED * self._rate,
            "samples are missing (not a number): check the device or its driver": self._broken > 0,
            f"nothing but zeros for {DEAD} s: is the microphone muted?": self._dead >= DEAD,
        }
        self._left, self._silent = self._rate, True
        self._clipped = self._broken = 0
        news = [
            words
            for words, is_so in found.items()
            if is_so and self._second - self._told.get(words, -AGAIN) >= AGAIN
        ]
        self._told.update(dict.fromkeys(news, self._second))
        return [(float(self._second), words) for words in news]
