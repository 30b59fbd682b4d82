"""Make the page's example: a synthetic voice that speaks in two ways, in turns.

Run: ``python scripts/example.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from intona.corpora import synthetic

EXAMPLE = Path(__file__).parents[1] / "src" / "intona" / "server" / "page" / "example.flac"
SPOKEN = ("neutral", "fearful", "fearful", "neutral", "fearful", "fearful", "neutral", "fearful")
SPEAKER = 5
GAP = 11_200  # samples


def sound() -> np.ndarray:
    """Return it at 16 kHz, about 32 s."""
    voices = [
        synthetic.utterance(emotion, speaker=SPEAKER, take=take, seconds=3.4).samples
        for take, emotion in enumerate(SPOKEN)
    ]
    gap = np.zeros(GAP, np.float32)
    return np.concatenate([part for voice in voices for part in (voice, gap)][:-1])


if __name__ == "__main__":
    soundfile.write(EXAMPLE, sound(), 16_000)
