"""Whether the two channels of a recording carry different speech, as those of a call do.

Judged second by second, where something is said. One channel far louder than the other is one
speaker's turn; both at once are the same sound where some delay of up to a tenth of a second brings
their waveforms together, as with two microphones in one room, and different sound where none does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 2000  # Hz, about
FRAME = 0.05  # seconds of which the power is one number
DELAY = 0.1  # seconds between two microphones, at most
FAINT = 1e-8  # mean square below which a channel is silent (-80 dBFS)
QUIET = 3e-3  # of a channel's loudest second: what is fainter is not its speech (-25 dB)
ALONE = 30.0  # ratio of powers of a channel that is alone (15 dB)
LIVELY = 3.0  # dB by which the power of speech varies; hum and hiss vary less
ALIKE = 0.25  # correlation above which two waveforms are the same sound
LEAST = 0.5  # seconds of speech that each channel has for itself
SHARE = 0.5  # of all the speech
ENOUGH = 120.0  # seconds at once in both that are compared; what they tell holds for the rest


class Sides:
    """Listens to blocks of two channels, and says whether each has a speaker of its own.

    Args:
        rate: of the blocks, in Hz.

    Examples:
        >>> sound = np.random.default_rng(0).standard_normal((8000, 1)).astype(np.float32)
        >>> sides = Sides(8000)
        >>> sides.add(np.repeat(sound, 2, axis=1))
        >>> sides.apart
        False
    """

    def __init__(self, rate: int) -> None:
        self._step = max(1, rate // RATE)
        self._rate = rate / self._step
        self._loudest = np.zeros(2)
        self._alone = np.zeros(2)  # seconds
        self._both = self._same = self._compared = 0.0  # seconds

    def add(self, block: NDArray[np.float32]) -> None:
        """Count about a second in, shape ``(n, 2)``."""
        count = len(block) // self._step
        if count < 4 * FRAME * self._rate or not np.isfinite(block).all():
            return
        sound = block[: count * self._step].reshape(count, self._step, 2).mean(axis=1)
        sound = np.diff(sound, axis=0)  # hum is in both channels of a call too
        power = (sound.astype(np.float64) ** 2).mean(axis=0)
        self._loudest = np.maximum(self._loudest, power)
        heard = (power > FAINT) & (power > QUIET * self._loudest) & self._lively(sound)
        seconds = count / self._rate
        louder = int(power[1] > power[0])
        if not heard[louder]:
            return
        both = bool(heard.all())
        if both and self._compared >= ENOUGH:
            return
        self._compared += seconds * both
        if both and not self._alike(sound):
            self._both += seconds
        elif power[louder] >= ALONE * power[1 - louder]:
            self._alone[louder] += seconds
        else:
            self._same += seconds

    @property
    def apart(self) -> bool:
        """Whether each channel has a speaker of its own, in what was heard so far."""
        own = self._alone + self._both
        said = float(self._alone.sum()) + self._both
        return bool((own >= LEAST).all()) and said > SHARE * (said + self._same)

    def _lively(self, sound: NDArray[np.float32]) -> NDArray[np.bool_]:
        step = round(FRAME * self._rate)
        frames = sound[: len(sound) // step * step].reshape(-1, step, 2)
        level = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-12)
        return level.std(axis=0) > LIVELY

    def _alike(self, sound: NDArray[np.float32]) -> bool:
        size = 1 << (2 * len(sound) - 1).bit_length()
        left, right = np.fft.rfft(sound.T.astype(np.float64), size)
        products = np.abs(np.fft.irfft(left * right.conj(), size))
        most = int(DELAY * self._rate)
        best = max(products[: most + 1].max(), products[-most:].max())
        energy = np.sqrt((sound.astype(np.float64) ** 2).sum(axis=0).prod())
        return bool(best >= ALIKE * energy)
