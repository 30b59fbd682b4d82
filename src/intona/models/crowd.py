"""A crowd that babbles behind training recordings: synthetic talkers, the same in every training.

Babble of the training speakers themselves would tie a changed copy to who else is trained on, so
that every fold had copies of its own. This crowd holds nobody's recordings: a copy is a function of
its recording alone, computed once for all folds, corpora and recipes.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np

from intona.audio import read
from intona.audio.transforms import Bank
from intona.audio.transforms.tempo import speed
from intona.corpora.synthetic import PAUSE, RATE, utterance

TALKERS = 16
MOODS = ("neutral", "happy", "sad", "angry")
SHIPPED = ("voice-1.flac", "voice-2.flac", "voice-3.flac")
# The shipped voices have whole words, which the babbling ones have not; played at other speeds they
# are other talkers.
SPEEDS = (0.82, 0.9, 1.0, 1.1, 1.22)


@cache
def crowd() -> Bank:
    """Return 31 talkers at 16 kHz, always the same samples.

    Examples:
        >>> bank = crowd()
        >>> len(bank.signals), bank.rate
        (31, 16000)
    """
    edge = round(PAUSE * RATE)
    babblers = [
        np.concatenate([utterance(mood, talker).samples[edge:-edge] for mood in MOODS])
        for talker in range(100, 100 + TALKERS)
    ]
    rng = np.random.default_rng(0)
    speakers = []
    for name in SHIPPED:
        with resources.as_file(resources.files("intona") / "assets" / name) as path:
            samples = read(path, rate=RATE).samples
        speakers += [speed(samples, RATE, rng, factor=factor) for factor in SPEEDS]
    return Bank((*babblers, *speakers), RATE)
