"""Sounds without a voice: reproducible, of the promised length and level."""

from __future__ import annotations

import numpy as np

from intona.models.voiceless import sounds_without_voice


def test_sounds_are_as_promised() -> None:
    sounds = list(sounds_without_voice(12, seed=3))
    for sound, again in zip(sounds, sounds_without_voice(12, seed=3), strict=True):
        assert np.array_equal(sound, again)
        assert 16_000 <= len(sound) <= 64_000
        assert np.abs(sound).max() == np.float32(0.5)
        assert np.isfinite(sound).all()
    assert not np.array_equal(sounds[0][:16_000], sounds[6][:16_000])
