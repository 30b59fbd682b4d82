"""A transform: a function of samples, sample rate and the only source of chance."""

import numpy as np


def mumble(
    samples: np.ndarray, rate: int, rng: np.random.Generator, *, seconds: float = 0.001
) -> np.ndarray:
    """Return the samples smoothed over so many seconds, as through a closed mouth."""
    size = max(1, int(seconds * rate))
    return np.convolve(samples, np.full(size, 1 / size), mode="same").astype(np.float32)
