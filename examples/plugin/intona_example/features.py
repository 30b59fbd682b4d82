"""A front end: how loud a recording is, and how much that varies."""

import numpy as np


class Loudness:
    """Level in dB of frames: mean, deviation and range.

    Args:
        frame: in seconds.
    """

    name = "loudness"
    version = 1  # raise it when the numbers change
    rate = 16_000  # Hz; None for the recording's own
    names = ("level_mean", "level_deviation", "level_range")

    def __init__(self, frame: float = 0.025) -> None:
        if frame <= 0:
            raise ValueError(f"frame is above 0 s, got {frame}")
        self.parameters = {"frame": frame}

    def __call__(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """Return the features of mono samples in [-1, 1], shape ``(3,)``."""
        size = max(1, int(self.parameters["frame"] * rate))
        padded = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
        level = 10 * np.log10((padded**2).mean(axis=1) + 1e-10)
        return np.array([level.mean(), level.std(), np.ptp(level)])
