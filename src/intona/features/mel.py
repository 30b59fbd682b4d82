"""The mel scale, frequency as the ear hears it, and triangular filters on it.

Two scales are in use: O'Shaughnessy's, ``2595 log10(1 + hz / 700)``, as in HTK, and Slaney's,
linear below 1 kHz and logarithmic above, as in librosa and Whisper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_BEND = 15.0  # mel of Slaney's scale at 1 kHz
_STEP = np.log(6.4) / 27.0  # of the logarithm of Hz, per mel above


def evenly(low: float, high: float, count: int) -> Doubles:
    """Return frequencies from ``low`` to ``high`` in Hz, evenly spaced in mel (HTK).

    Examples:
        >>> evenly(0.0, 8000.0, 3).round().tolist()
        [0.0, 1768.0, 8000.0]
    """
    first, last = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in (low, high))
    return 700.0 * (10.0 ** (np.linspace(first, last, count) / 2595.0) - 1.0)


def slaney(high: float, count: int) -> Doubles:
    """Return frequencies from 0 to ``high`` in Hz, evenly spaced in Slaney's mel.

    Examples:
        >>> slaney(8000.0, 4).round().tolist()
        [0.0, 1006.0, 2836.0, 8000.0]
    """
    top = high * 3.0 / 200.0 if high < 1000.0 else _BEND + np.log(high / 1000.0) / _STEP
    mels = np.linspace(0.0, top, count)
    return np.where(mels < _BEND, mels * 200.0 / 3.0, 1000.0 * np.exp((mels - _BEND) * _STEP))


def triangles(edges: Doubles, hz: Doubles) -> Doubles:
    """Return filters of height 1, each from one edge over the next to the one after.

    Args:
        edges: in Hz, shape ``(bands + 2,)``.
        hz: of the bins, shape ``(bins,)``.

    Returns:
        Weights, shape ``(bands, bins)``.

    Examples:
        >>> triangles(np.array([0.0, 2.0, 4.0]), np.arange(1.0, 4.0))
        array([[0.5, 1. , 0.5]])
    """
    width = np.diff(edges)[:, None]
    ramps = hz - edges[:, None]
    return np.maximum(0.0, np.minimum(ramps[:-2] / width[:-1], -ramps[2:] / width[1:]))


def unit_area(edges: Doubles, hz: Doubles) -> Doubles:
    """Return :func:`triangles` with Slaney's norm: each filter's area is 1 Hz."""
    return triangles(edges, hz) * (2.0 / (edges[2:] - edges[:-2]))[:, None]
