"""``intona enroll`` as typed: what it refuses before it listens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from intona.corpora import synthetic


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    audio = synthetic.utterance("neutral", seconds=2.5)
    soundfile.write(tmp_path / "a.wav", audio.samples, audio.rate)
    return tmp_path / "a.wav"


def test_a_profile_that_could_not_be_found_again_is_refused(
    intona: Callable, clip: Path, tmp_path: Path
) -> None:
    result = intona("enroll", "me", "--from", clip, "--out", tmp_path / "me.txt")
    assert result.code == 2
    assert "change the suffix of --out" in result.err
    assert not (tmp_path / "me.txt").exists()
    result = intona("enroll", "me.json", "--from", clip)
    assert result.code == 2
    assert "no .json at its end" in result.err


@pytest.mark.parametrize("seconds", ["0", "1.9", "-3"])
def test_too_short_a_recording_is_refused_before_anybody_speaks(
    intona: Callable, seconds: str
) -> None:
    result = intona("enroll", "me", "--microphone", seconds)
    assert result.code == 2
    assert "speak for" not in result.out
