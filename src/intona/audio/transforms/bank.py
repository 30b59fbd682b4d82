"""A bank of recordings that transforms draw from: other voices, noises, impulse responses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intona.audio import core as audio
from intona.audio import finding
from intona.errors import AudioError, UsageError

if TYPE_CHECKING:
    import pandas as pd

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Bank:
    """Recordings at one sample rate.

    Attributes:
        signals: mono float32 signals, none of them empty.
        rate: their sample rate in Hz.
        names: where each came from.

    Raises:
        UsageError: when there is no signal, or an empty one.
    """

    signals: tuple[Samples, ...]
    rate: int
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.signals or any(signal.size == 0 for signal in self.signals):
            raise UsageError("a bank of recordings needs at least one, and none of them empty")

    @classmethod
    def from_folder(
        cls, folder: str | Path, *, rate: int = 16_000, seconds: float | None = 60.0
    ) -> Bank:
        """Read the first ``seconds`` of every audio file below ``folder``, at ``rate`` Hz.

        Raises:
            AudioError: when the folder is missing or holds no audio.
        """
        files = finding.files([folder])
        if not files:
            raise AudioError(f"{folder} is missing or holds no audio file: name a folder with some")
        signals = tuple(audio.read(file, rate=rate, end=seconds).samples for file in files)
        return cls(signals, rate, tuple(file.name for file in files))

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        *,
        rate: int = 16_000,
        limit: int | None = 100,
        seed: int = 0,
    ) -> Bank:
        """Read up to ``limit`` random utterances of a corpus table, at ``rate`` Hz.

        Args:
            table: indexed by ``(file, start, end)``.
            rate: sample rate of the bank in Hz.
            limit: how many utterances at most; ``None`` takes all.
            seed: of the choice.
        """
        import pandas as pd

        rows = np.random.default_rng(seed).permutation(len(table))[:limit]
        signals, names = [], []
        for file, start, end in table.index[np.sort(rows)]:
            stop = None if pd.isna(end) else end.total_seconds()
            read = audio.read(file, rate=rate, start=start.total_seconds(), end=stop)
            signals.append(read.samples)
            names.append(Path(file).name)
        return cls(tuple(signals), rate, tuple(names))

    def pick(self, rng: np.random.Generator, rate: int) -> Samples:
        """Return a whole random recording at ``rate`` Hz."""
        return audio.resample(self.signals[int(rng.integers(len(self.signals)))], self.rate, rate)

    def draw(
        self, rng: np.random.Generator, count: int, rate: int, which: int | None = None
    ) -> Samples:
        """Return ``count`` samples at ``rate`` Hz from a random place of a recording.

        The recording is number ``which``, or a random one. One too short is repeated.
        """
        chosen = int(rng.integers(len(self.signals))) if which is None else which
        signal = self.signals[chosen]
        need = int(np.ceil(count * self.rate / rate)) + 1
        if signal.size < need:
            excerpt = np.resize(np.roll(signal, -int(rng.integers(signal.size))), need)
        else:
            start = int(rng.integers(signal.size - need + 1))
            excerpt = signal[start : start + need]
        found = audio.resample(excerpt, self.rate, rate)[:count]
        return np.resize(found, count).astype(np.float32)
