"""Short-time Fourier transform, forth and back: root-Hann windows, a quarter apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class ShortTime:
    """The transform of one recording.

    Args:
        size: samples of a window, a multiple of 4.
        rate: sample rate in Hz.
        samples: mono, shape ``(n,)``.

    Attributes:
        hz: frequencies of the bins, shape ``(bins,)``.
        times: centres of the frames in seconds, shape ``(frames,)``; the first is before 0, so that
            every sample is in as many frames.
        spectrum: shape ``(bins, frames)``.
    """

    def __init__(self, size: int, rate: int, samples: NDArray[np.float32]) -> None:
        self._window = np.sqrt(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size))
        self._hop = size // 4
        self._count = len(samples)
        self._before = size - self._hop
        frames = -(-(self._before + self._count) // self._hop)
        padded = np.zeros((frames - 1) * self._hop + size)
        padded[self._before : self._before + self._count] = samples
        views = np.lib.stride_tricks.sliding_window_view(padded, size)[:: self._hop]
        self.hz = np.fft.rfftfreq(size, 1.0 / rate)
        self.times = (np.arange(frames) * self._hop - self._before + size // 2) / rate
        self.spectrum = np.fft.rfft(views * self._window, axis=1).T

    def samples(self, spectrum: NDArray[np.complex128]) -> NDArray[np.float32]:
        """Return the samples of a spectrum, of which each frame counts by its window.

        Args:
            spectrum: of the shape of :attr:`spectrum`.
        """
        size = len(self._window)
        frames = np.fft.irfft(spectrum.T, size, axis=1) * self._window
        total = np.zeros((len(frames) - 1) * self._hop + size)
        for number, frame in enumerate(frames):
            total[number * self._hop : number * self._hop + size] += frame
        # The squares of four windows that overlap so sum to 2.
        return (total[self._before : self._before + self._count] / 2.0).astype(np.float32)
