"""The live view shows arousal, the reason of a doubt and the adaptation, where they are known."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from intona.cli.liveview import LiveView
from intona.tables import Event, Prediction

FOUND = Prediction("angry", 0.4, {"sad": 0.3, "angry": 0.4}, "unsure", None, 0.0, 2.0)


def drawn(view: LiveView) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(view)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_what_is_known_is_shown() -> None:
    view = LiveView(("sad", "angry"))
    told = replace(FOUND, reason="unfamiliar", arousal=0.83, familiarity=0.1, adapted=7)
    for event in (Event("speech_start", 0.5), Event("update", 2.0, told)):
        view.take(event)
    text = drawn(view)
    assert "unsure: unfamiliar" in text
    assert "adapted to 7" in text
    assert "arousal" in text
    assert "83 %" in text
    view.take(Event("segment", 2.0, told))
    view.take(Event("speech_end", 2.0))
    text = drawn(view)
    assert "angry? 40 %  (unfamiliar)" in text
    assert "unsure: unfamiliar" not in text  # of nobody who speaks now


def test_what_is_not_known_is_not_shown() -> None:
    view = LiveView(("sad", "angry"))
    for event in (Event("speech_start", 0.5), Event("update", 2.0, FOUND)):
        view.take(event)
    text = drawn(view)
    assert not any(word in text for word in ("arousal", "adapted", "unsure"))
