"""Segments of somebody who means ill: one sentence, bounded memory and time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from intona.errors import UsageError
from intona.formats import read_turns
from intona.formats.turns import MOST, MOST_TOGETHER, Turn, checked

FILES = {
    "large cell.csv": ("start,end,text\n0,1," + "x" * 200_000 + "\n", "line 2: not readable"),
    "large head.csv": ("start,end," + "x" * 200_000 + "\n0,1,a\n", "line 1: not readable"),
    "days.csv": ("start,end\n" + "9" * 5000 + " days 00:00:00,1\n", "must be seconds"),
    "endless.csv": ("start,end\n0,1e400\n", "have no length"),
    "many.csv": ("start,end\n" + "0,1\n" * 2000, "overlap at one time"),
    "more.csv": ("start,end\n" + "0,1\n" * (MOST + 1), "more than 100000 segments"),
    "long.srt": ("1\n00:00:00,000 --> " + "9" * 5000 + ":00:01,000\nx\n", "no cues"),
    "long.vtt": ("WEBVTT\n\n" + "9" * 5000 + ":00:00.000 --> 01:00.000\nx\n", "no cues"),
    "endless.rttm": ("SPEAKER v 1 0 1e400 <NA> <NA> s <NA> <NA>\n", "no length|turn is"),
    "endless.txt": ("0\t1e400\tx\n", "no length"),
}


@pytest.mark.parametrize("name", FILES)
def test_one_sentence(tmp_path: Path, name: str) -> None:
    text, words = FILES[name]
    path = tmp_path / name
    path.write_text(text)
    begin = time.process_time()
    with pytest.raises(UsageError, match=words) as found:
        read_turns(path)
    assert name in str(found.value)
    assert len(str(found.value)) < 400
    assert time.process_time() - begin < 5.0


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=r"cannot read .*zero\.csv: it has more than"):
        read_turns(tmp_path / "zero.csv")


def test_as_many_as_may_overlap_do() -> None:
    crowd = [Turn(0.0, 1.0)] * MOST_TOGETHER
    assert len(checked([*crowd, Turn(1.0, 2.0)], "the list")) == MOST_TOGETHER + 1
    with pytest.raises(UsageError, match="overlap"):
        checked([*crowd, Turn(0.5, 2.0)], "the list")
