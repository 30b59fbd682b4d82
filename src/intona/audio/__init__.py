"""Audio input: decoding, resampling, voice activity detection, capture, checks, transforms."""

from intona.audio.core import AUDIO_SUFFIXES, MIN_RATE, Audio, blocks, check, read, resample
from intona.audio.damage import Damage
from intona.audio.finding import files, find

__all__ = [
    "AUDIO_SUFFIXES",
    "MIN_RATE",
    "Audio",
    "Damage",
    "blocks",
    "check",
    "files",
    "find",
    "read",
    "resample",
]
