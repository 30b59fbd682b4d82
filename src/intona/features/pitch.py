"""Fundamental frequency by autocorrelation and a cheapest path, after Boersma (1993).

P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993. Each frame's
autocorrelation is divided by the window's; its peaks are candidates; octave costs, jump costs
and a voicing cost choose among them over the whole recording (Viterbi).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

STEP = 0.01  # seconds from frame to frame
LOWEST = 75.0  # Hz
HIGHEST = 600.0  # Hz

_PERIODS = 3.0  # of the lowest pitch, in one window
_CANDIDATES = 6
_VOICING = 0.45  # autocorrelation below which a loud frame is called voiceless
_SILENCE = 0.03  # share of the recording's peak below which a frame is called silent
_OCTAVE = 0.01  # preference for the higher of two equally good candidates, per octave
_JUMP = 0.35  # cost of an octave's jump from frame to frame
_SWITCH = 0.14  # cost of going from voiced to voiceless or back
_OVERSAMPLING = 2  # of the autocorrelation, before a parabola refines its peaks

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PitchTrack:
    """The fundamental frequency over time.

    Attributes:
        times: centres of the frames in seconds, shape ``(frames,)``, ``STEP`` apart.
        hz: fundamental frequency, 0 where voiceless, shape ``(frames,)``.
        strength: normalised autocorrelation at the period, in [0, 1], 0 where voiceless.
    """

    times: Doubles
    hz: Doubles
    strength: Doubles

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Where the frames are voiced."""
        return self.hz > 0

    @property
    def hnr(self) -> Doubles:
        """Harmonics-to-noise ratio of the voiced frames in dB: ``10 lg (r / (1 - r))``."""
        r = np.clip(self.strength[self.voiced], 1e-6, 1.0 - 1e-6)
        return 10.0 * np.log10(r / (1.0 - r))


@lru_cache(maxsize=4)
def _window(rate: int) -> tuple[NDArray[np.float32], int, Doubles]:
    """Return the Hann window, the transform's size, and the window's autocorrelation."""
    size = int(_PERIODS / LOWEST * rate) // 2 * 2
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)
    n_fft = 1 << int(np.ceil(np.log2(1.5 * size)))
    own = _autocorrelation(window[None, :], n_fft)[0]
    return window.astype(np.float32), n_fft, own / own[0]


def _autocorrelation(frames: NDArray[np.floating], n_fft: int) -> NDArray[np.floating]:
    """Return the autocorrelation of each row at ``_OVERSAMPLING`` lags a sample."""
    spectrum = np.fft.rfft(frames, n_fft, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.fft.irfft(power, n_fft * _OVERSAMPLING, axis=1)


def pitch(samples: NDArray[np.float32], rate: int) -> PitchTrack:
    """Track the fundamental frequency between 75 and 600 Hz in steps of 10 ms.

    Args:
        samples: mono, shape ``(n,)``; shorter than one window (40 ms) gives an empty track.
        rate: sample rate in Hz; 16 kHz is plenty.

    Examples:
        >>> time = np.arange(16_000) / 16_000
        >>> track = pitch(np.float32(0.5 * np.sign(np.sin(2 * np.pi * 200 * time))), 16_000)
        >>> float(np.round(np.median(track.hz), 1)), bool(track.voiced.all())
        (200.0, True)
    """
    window, n_fft, own = _window(rate)
    size, step = window.size, STEP * rate
    count = int((len(samples) - size) / step) + 1 if len(samples) >= size else 0
    if count <= 0:
        nothing = np.zeros(0)
        return PitchTrack(nothing, nothing, nothing)
    starts = np.rint(np.arange(count) * step).astype(np.intp)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[starts]
    means = frames.mean(axis=1, keepdims=True)
    middle = slice(size // 2 - size // 6, size // 2 + size // 6)  # one longest period
    peak = np.abs(frames[:, middle] - means).max(axis=1)
    loudness = peak / max(float(np.abs(samples - samples.mean()).max()), 1e-12)
    quiet = np.maximum(0.0, 2.0 - loudness * (1.0 + _VOICING) / _SILENCE)
    hz = np.full((count, _CANDIDATES), LOWEST)
    strength = np.full((count, _CANDIDATES), -np.inf)
    # Where quiet is 1 or more, no candidate can win against silence: none is looked for.
    loud = np.flatnonzero(quiet < 1.0)
    if loud.size:
        correlation = _autocorrelation((frames[loud] - means[loud]) * window, n_fft)
        energy = np.maximum(correlation[:, :1], 1e-20)
        shortest = int(rate * _OVERSAMPLING / HIGHEST)
        longest = int(np.ceil(rate * _OVERSAMPLING / LOWEST)) + 1
        lags = slice(shortest - 1, longest + 2)
        normal = correlation[:, lags] / (energy * own[lags].astype(np.float32))
        hz[loud], strength[loud] = _candidates(normal, shortest, rate)
    chosen = _cheapest(hz, strength, _VOICING + quiet)
    rows = np.arange(count)
    hz = np.where(chosen < 0, 0.0, hz[rows, chosen])
    strength = np.where(chosen < 0, 0.0, np.clip(strength[rows, chosen], 0.0, 1.0))
    return PitchTrack((starts + size / 2) / rate, hz, strength)


def _candidates(normal: NDArray[np.floating], shortest: int, rate: int) -> tuple[Doubles, Doubles]:
    """Return frequency and autocorrelation of each frame's best peaks, ``(frames, k)``.

    A missing candidate has the strength ``-inf``.
    """
    centre = normal[:, 1:-1]
    is_peak = (centre > normal[:, :-2]) & (centre >= normal[:, 2:]) & (centre > 0.5 * _VOICING)
    lag = (np.arange(centre.shape[1]) + shortest).astype(np.float32)
    longest = rate * _OVERSAMPLING / LOWEST
    # The octave cost of the paper, so that the best few of many equal peaks are the high ones.
    score = np.where(is_peak, centre - _OCTAVE * np.log2(lag / longest), -np.inf)
    best = np.argpartition(score, -_CANDIDATES, axis=1)[:, -_CANDIDATES:]
    rows = np.arange(len(score))[:, None]
    before, top, after = (normal[rows, best + shift].astype(np.float64) for shift in range(3))
    curve = before - 2.0 * top + after
    offset = 0.5 * (before - after) / np.where(curve < 0, curve, -1.0)
    offset = np.clip(offset, -0.5, 0.5)
    strength = top - 0.25 * (before - after) * offset
    hz = rate * _OVERSAMPLING / (best + shortest + offset)
    usable = np.isfinite(score[rows, best]) & (hz >= LOWEST) & (hz <= HIGHEST)
    # Above 1 the division by the window overshoots; Boersma mirrors it.
    strength = np.where(strength > 1.0, 1.0 / np.maximum(strength, 1e-12), strength)
    return np.where(usable, hz, LOWEST), np.where(usable, strength, -np.inf)


def _cheapest(hz: Doubles, strength: Doubles, voiceless: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the candidate of each frame on the best path, -1 for voiceless.

    Args:
        hz: of the candidates, shape ``(frames, k)``.
        strength: of the candidates, shape ``(frames, k)``.
        voiceless: strength of being voiceless, shape ``(frames,)``.
    """
    frames, k = hz.shape
    value = np.empty((frames, k + 1))
    value[:, 0] = voiceless
    value[:, 1:] = strength - _OCTAVE * np.log2(LOWEST / hz)
    octaves = np.log2(hz)
    # cost[t, i, j]: from candidate i of frame t to candidate j of frame t + 1
    cost = np.empty((frames - 1, k + 1, k + 1))
    cost[:, 0, 0] = 0.0
    cost[:, 0, 1:] = _SWITCH
    cost[:, 1:, 0] = _SWITCH
    np.abs(octaves[:-1, :, None] - octaves[1:, None, :], out=cost[:, 1:, 1:])
    cost[:, 1:, 1:] *= _JUMP
    came_from = np.zeros((frames, k + 1), dtype=np.intp)
    total = value[0]
    columns = np.arange(k + 1)
    for t in range(1, frames):
        reached = total[:, None] - cost[t - 1]
        origin = reached.argmax(axis=0)
        came_from[t] = origin
        total = reached[origin, columns] + value[t]
    path = np.empty(frames, dtype=np.intp)
    path[-1] = int(total.argmax())
    for t in range(frames - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path - 1
