"""The tutorial's features without librosa: mean MFCC, chroma and mel from one STFT.

The numbers are those of librosa 0.11's ``mfcc(n_mfcc=40)``, ``chroma_stft(S=abs(stft))`` (with
its own tuning estimate) and ``melspectrogram``, each averaged over time at the file's own rate,
with ``n_fft`` 2048 and a hop of 512. Three things make it several times faster: one STFT serves
all three, the mel filters touch only the bins under their triangles, and the cosine transform
of the MFCC, being linear, is taken once, after the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio.given import one_channel
from intona.errors import AudioError, UsageError
from intona.features.mel import slaney, unit_area
from intona.features.spectrum import HOP, N_FFT, frames, magnitude
from intona.features.transformer import Transformer
from intona.features.tuning import tuning

N_MFCC = 40
N_CHROMA = 12
N_MELS = 128
PITCH_CLASSES = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_BANDS = 16  # mel bands multiplied at a time
_FRAMES = 64  # frames multiplied at a time: their power stays in the processor's cache
_FLOOR = 1e-10  # power below which the decibel scale ends
_TOP_DB = 80.0


class Classic(Transformer):
    """Mean over time of 40 MFCC, 12 chroma and 128 mel energies, in this order.

    Args:
        mfcc: the 40 mel-frequency cepstral coefficients (dB scale, orthonormal DCT-II).
        chroma: the 12 pitch classes from C, each frame scaled to a maximum of 1.
        mel: the 128 mel energies (power, Slaney's scale and area norm), 0 to half the rate.
        n_mfcc: how many coefficients, up to ``n_mels``.
        n_mels: how many mel bands; the coefficients are computed from them.
        n_fft: samples of a frame, even, 64 to 65536.
        hop: samples from one frame to the next, up to ``n_fft``.

    The tutorial's numbers are those of the last four's defaults.

    Raises:
        UsageError: when all three are switched off, or a number is out of range.

    Examples:
        >>> front_end = Classic(chroma=False)
        >>> len(front_end.names), front_end.names[0], front_end.names[-1]
        (168, 'mfcc_0', 'mel_127')
        >>> front_end(np.sin(np.arange(8000, dtype=np.float32)), 8000).shape
        (168,)
    """

    name = "classic"
    version = 1
    rate: int | None = None

    def __init__(
        self,
        mfcc: bool = True,
        chroma: bool = True,
        mel: bool = True,
        n_mfcc: int = N_MFCC,
        n_mels: int = N_MELS,
        n_fft: int = N_FFT,
        hop: int = HOP,
    ) -> None:
        if not (mfcc or chroma or mel):
            raise UsageError("the classic front end needs at least one of mfcc, chroma and mel")
        self.mfcc = bool(mfcc)
        self.chroma = bool(chroma)
        self.mel = bool(mel)
        self.n_mels = _within("n_mels", n_mels, 1, 512)
        self.n_mfcc = _within("n_mfcc", n_mfcc, 1, self.n_mels, "n_mels")
        self.n_fft = _within("n_fft", n_fft, 64, 65_536)
        self.hop = _within("hop", hop, 1, self.n_fft, "n_fft")
        if self.n_fft % 2:
            raise UsageError(f"the classic front end's n_fft is even, got {n_fft}")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The keyword arguments that rebuild this front end; of numbers those that were chosen."""
        usual = {"n_mfcc": N_MFCC, "n_mels": N_MELS, "n_fft": N_FFT, "hop": HOP}
        chosen = {key: getattr(self, key) for key in usual if getattr(self, key) != usual[key]}
        return {"mfcc": self.mfcc, "chroma": self.chroma, "mel": self.mel, **chosen}

    @property
    def names(self) -> tuple[str, ...]:
        """``mfcc_0`` to ``mfcc_39``, ``chroma_c`` to ``chroma_b``, ``mel_0`` to ``mel_127``."""
        names: list[str] = []
        if self.mfcc:
            names += [f"mfcc_{i}" for i in range(self.n_mfcc)]
        if self.chroma:
            names += [f"chroma_{pitch}" for pitch in PITCH_CLASSES]
        if self.mel:
            names += [f"mel_{i}" for i in range(self.n_mels)]
        return tuple(names)

    def __call__(self, samples: NDArray[np.float32], rate: int) -> Floats:
        """Return the feature vector, shape ``(len(names),)``.

        A signal shorter than one frame is padded with zeros, as librosa does.

        Args:
            samples: mono samples in [-1, 1], shape ``(n,)`` or ``(1, n)``.
            rate: sample rate in Hz.

        Raises:
            AudioError: when the samples are empty, not one channel, or not finite, or the
                rate is not positive.
        """
        signal = one_channel(samples)
        if rate <= 0:
            raise AudioError(f"the sample rate must be positive, but is {rate} Hz")
        spectrum = magnitude(frames(signal, self.n_fft, self.hop))
        parts: list[Floats] = []
        if self.mfcc or self.mel:
            mel = _mel(spectrum, rate, self.n_mels)
            if self.mfcc:
                parts.append(_mean_mfcc(mel, self.n_mfcc))
        if self.chroma:
            parts.append(_mean_chroma(spectrum, tuning(spectrum, rate), rate))
        if self.mel:
            parts.append(mel.mean(axis=0))
        return np.concatenate(parts).astype(np.float32, copy=False)


def _within(name: str, value: Any, least: int, most: int, top: str = "") -> int:
    """Return a whole number in a range.

    Raises:
        UsageError: it is not.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole and least <= value <= most):
        end = f"{top} ({most})" if top else f"{most}"
        raise UsageError(
            f"the classic front end's {name} is a whole number from {least} to {end}, got {value!r}"
        )
    return int(value)


@lru_cache(maxsize=8)
def _mel_blocks(rate: int, n_mels: int, bins: int) -> tuple[tuple[int, int, int, Floats], ...]:
    """Return the mel filters in blocks of bands: first band, first and last bin, weights.

    The weights have shape ``(bins, bands)``; bins outside a block's triangles are left out.
    """
    edges = slaney(rate / 2.0, n_mels + 2)
    weights = unit_area(edges, np.linspace(0.0, rate / 2.0, bins)).astype(np.float32)
    blocks = []
    for first in range(0, n_mels, _BANDS):
        part = weights[first : first + _BANDS]
        used = np.flatnonzero(part.any(axis=0))
        low, high = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 1)
        blocks.append((first, low, high, np.ascontiguousarray(part[:, low:high].T)))
    return tuple(blocks)


def _mel(spectrum: Floats, rate: int, n_mels: int) -> Floats:
    """Return mel energies from the power spectrogram, shape ``(frames, n_mels)``."""
    mel = np.empty((len(spectrum), n_mels), dtype=np.float32)
    blocks = _mel_blocks(rate, n_mels, spectrum.shape[1])
    for start in range(0, len(spectrum), _FRAMES):
        rows = slice(start, start + _FRAMES)
        power = np.square(spectrum[rows])
        for first, low, high, weights in blocks:
            mel[rows, first : first + _BANDS] = power[:, low:high] @ weights
    return mel


@lru_cache(maxsize=4)
def _cosines(n_mfcc: int, n_mels: int) -> Doubles:
    """Orthonormal DCT-II, its first rows, shape ``(n_mfcc, n_mels)``."""
    rows = np.arange(n_mfcc)[:, None] * (np.arange(n_mels) + 0.5)[None, :]
    basis = np.cos(np.pi / n_mels * rows) * np.sqrt(2.0 / n_mels)
    basis[0] /= np.sqrt(2.0)
    return basis


def _mean_mfcc(mel: Floats, n_mfcc: int) -> Floats:
    decibels = np.log10(np.maximum(np.float32(_FLOOR), mel))
    decibels *= np.float32(10.0)
    np.maximum(decibels, decibels.max() - np.float32(_TOP_DB), out=decibels)
    return (_cosines(n_mfcc, mel.shape[1]) @ decibels.mean(axis=0, dtype=np.float64)).astype(
        np.float32
    )


@lru_cache(maxsize=64)
def _chroma_filters(rate: int, n_fft: int, deviation: float) -> Floats:
    """Return the chroma filters after Ellis (2007), shape ``(n_fft // 2 + 1, 12)``.

    Gaussian bumps around each pitch class, bins scaled to unit length, weighted by a Gaussian
    of two octaves around 880 Hz (the fifth octave).
    """
    hz = np.arange(1, n_fft) * (rate / n_fft)
    a440 = 440.0 * 2.0 ** (deviation / N_CHROMA)
    position = N_CHROMA * np.log2(hz / (a440 / 16.0))
    position = np.concatenate(([position[0] - 1.5 * N_CHROMA], position))
    width = np.concatenate((np.maximum(np.diff(position), 1.0), [1.0]))
    half = N_CHROMA / 2
    distance = position[:, None] - np.arange(N_CHROMA)[None, :]
    distance = np.remainder(distance + half + 10 * N_CHROMA, N_CHROMA) - half
    weights = np.exp(-0.5 * (2.0 * distance / width[:, None]) ** 2)
    length = np.sqrt((weights**2).sum(axis=1, keepdims=True))
    weights /= np.where(length < np.finfo(np.float64).tiny, 1.0, length)
    weights *= np.exp(-0.5 * ((position / N_CHROMA - 5.0) / 2.0) ** 2)[:, None]
    weights = np.roll(weights, -3, axis=1)
    return np.ascontiguousarray(weights[: n_fft // 2 + 1], dtype=np.float32)


def _mean_chroma(spectrum: Floats, deviation: float, rate: int) -> Floats:
    chroma = spectrum @ _chroma_filters(rate, 2 * (spectrum.shape[1] - 1), deviation)
    peak = chroma.max(axis=1, keepdims=True)
    chroma /= np.where(peak < np.finfo(np.float32).tiny, np.float32(1.0), peak)
    return chroma.mean(axis=0)
