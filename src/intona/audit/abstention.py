"""Abstention: on sounds without speech the model must not name an emotion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio
from intona.audio.transforms.noise import coloured, environment_noise
from intona.audio.transforms.sounds import music_sound
from intona.audit.model import AuditedModel, recognizer
from intona.audit.outcome import Outcome, share
from intona.errors import AudioError

Samples = NDArray[np.float32]

RATE = 16_000
CLIPS = 10
THRESHOLD = 0.9


def _at(samples: Samples, db: float) -> Samples:
    level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    return (samples * (10 ** (db / 20) / max(level, 1e-9))).astype(np.float32)


def _click(count: int, rng: np.random.Generator) -> Samples:
    """Keyboard and mouse: clicks of a few milliseconds at random times."""
    out = np.zeros(count)
    for place in rng.integers(0, count, size=max(1, count // 4000)):
        length = min(80, count - int(place))
        decay = np.exp(-np.arange(length) / 15)
        out[place : place + length] += decay * rng.standard_normal(length)
    return out.astype(np.float32)


NON_SPEECH: Mapping[str, Callable[[int, np.random.Generator], Samples]] = {
    "digital silence": lambda count, rng: np.zeros(count, dtype=np.float32),
    "a quiet room, -60 dB": lambda count, rng: _at(coloured(count, rng, 1.0), -60.0),
    "white noise, -30 dB": lambda count, rng: _at(coloured(count, rng, 0.0), -30.0),
    "pink noise, -30 dB": lambda count, rng: _at(coloured(count, rng, 1.0), -30.0),
    "hum of 50 Hz, -30 dB": lambda count, rng: _at(
        np.sin(2 * np.pi * 50 / RATE * np.arange(count)).astype(np.float32), -30.0
    ),
    "environment, -25 dB": lambda count, rng: _at(environment_noise(count, RATE, rng), -25.0),
    "clicks, -30 dB": lambda count, rng: _at(_click(count, rng), -30.0),
    "music, -25 dB": lambda count, rng: _at(music_sound(count, RATE, rng), -25.0),
}
"""Sounds without speech: ``(samples, rng) -> samples`` at 16 kHz."""


def abstention(model: AuditedModel, seed: int = 0) -> Iterator[Outcome]:
    """Yield how often a model abstains from sounds that hold no speech.

    Ten clips of one to six seconds of each kind. To abstain is the status ``no_speech`` or
    ``unsure``, or to refuse the recording with an :class:`~intona.errors.AudioError`. The
    random model never abstains. The interval is over clips.
    """
    for number, (kind, make) in enumerate(NON_SPEECH.items()):
        rng = np.random.default_rng([seed, number])
        clips = [Audio(make(round(rng.uniform(1.0, 6.0) * RATE), rng), RATE) for _ in range(CLIPS)]
        abstained = np.zeros(CLIPS, dtype=bool)
        if model.path is not None:
            found = recognizer(model.path).predict_each(clips)
            abstained[:] = [isinstance(one, AudioError) or one.status != "ok" for one in found]
        key = ("everyday", "abstention", kind, "abstained")
        yield share(abstained, np.arange(CLIPS), key, THRESHOLD)
