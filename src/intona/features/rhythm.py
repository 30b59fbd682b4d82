"""Speech rate and pauses, from syllable nuclei in the intensity contour.

After N. H. de Jong & T. Wempe, "Praat script to detect syllable nuclei and measure speech rate
automatically", Behavior Research Methods 41, 2009: a nucleus is a voiced peak of the intensity
with a dip of at least 2 dB before the next one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intona.features.pitch import STEP

DIP = 2.0  # dB
SHORTEST_PAUSE = 0.15  # seconds; shorter gaps are part of plosives

_SMOOTHING = 5  # frames


class Rhythm(NamedTuple):
    """How fast and with how many pauses somebody speaks; NaN without speech.

    Attributes:
        speech_seconds: from the first to the last sound.
        syllables_per_second: nuclei over that time, pauses included (speech rate).
        articulation_rate: nuclei per second, pauses excluded.
        pauses_per_second: pauses of at least 0.15 s within the speech.
        pause_share: their share of the time, in [0, 1].
        pause_seconds: their mean length, 0 without pauses.
    """

    speech_seconds: float
    syllables_per_second: float
    articulation_rate: float
    pauses_per_second: float
    pause_share: float
    pause_seconds: float


def rhythm(
    intensity: NDArray[np.float64], active: NDArray[np.bool_], voiced: NDArray[np.bool_]
) -> Rhythm:
    """Count syllable nuclei and pauses.

    Args:
        intensity: in dB, one value every 10 ms, shape ``(frames,)``.
        active: where there is sound.
        voiced: where the sound is voiced.
    """
    sounding = np.flatnonzero(active)
    if sounding.size == 0:
        nan = float("nan")
        return Rhythm(nan, nan, nan, nan, nan, nan)
    inside = slice(int(sounding[0]), int(sounding[-1]) + 1)
    seconds = (inside.stop - inside.start) * STEP
    silent = np.concatenate([[False], ~active[inside], [False]])
    begins = np.flatnonzero(silent[1:] & ~silent[:-1])
    ends = np.flatnonzero(~silent[1:] & silent[:-1])
    pauses = (ends - begins) * STEP
    pauses = pauses[pauses >= SHORTEST_PAUSE - STEP / 2]
    syllables = len(nuclei(intensity[inside], active[inside] & voiced[inside]))
    speaking = max(seconds - float(pauses.sum()), STEP)
    return Rhythm(
        speech_seconds=seconds,
        syllables_per_second=syllables / seconds,
        articulation_rate=syllables / speaking,
        pauses_per_second=len(pauses) / seconds,
        pause_share=float(pauses.sum()) / seconds,
        pause_seconds=float(pauses.mean()) if len(pauses) else 0.0,
    )


def nuclei(intensity: NDArray[np.float64], voiced: NDArray[np.bool_]) -> list[int]:
    """Return the frames of the syllable nuclei.

    Args:
        intensity: in dB, shape ``(frames,)``.
        voiced: where a nucleus may be.
    """
    kernel = np.hanning(_SMOOTHING + 2)[1:-1]
    padded = np.pad(intensity, _SMOOTHING // 2, mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), "valid")
    padded = np.concatenate([[-np.inf], smooth, [-np.inf]])
    peaks = np.flatnonzero((smooth > padded[:-2]) & (smooth >= padded[2:]))
    found: list[int] = []
    for peak in peaks:
        if not voiced[peak]:
            continue
        if not found:
            found.append(int(peak))
            continue
        dip = float(smooth[found[-1] : peak + 1].min())
        if min(smooth[found[-1]], smooth[peak]) - dip >= DIP:
            found.append(int(peak))
        elif smooth[peak] > smooth[found[-1]]:
            found[-1] = int(peak)
    return found
