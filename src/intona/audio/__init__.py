"""Audio input: decoding, resampling, voice activity detection, capture, checks, transforms."""

from intona.audio.core import AUDIO_SUFFIXES, MIN_RATE, Audio, blocks, check, find, read, resample

__all__ = ["AUDIO_SUFFIXES", "MIN_RATE", "Audio", "blocks", "check", "find", "read", "resample"]
