"""Transcripts of other people's tools, as these write them, become segments."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from intona.errors import UsageError
from intona.formats import read_turns
from intona.formats.transcripts import phrases
from intona.formats.turns import Turn

WHISPER = {
    "text": " Hello, how are you? Fine.",
    "segments": [
        {"id": 0, "seek": 0, "start": 0.0, "end": 5.5, "text": " Hello, how are you?",
         "tokens": [50364], "temperature": 0.0, "avg_logprob": -0.3, "no_speech_prob": 0.01},
        {"id": 1, "seek": 550, "start": 6.0, "end": 7.25, "text": " Fine.", "tokens": [1]},
    ],
    "language": "en",
}  # fmt: skip
SENTENCES = [(0.0, 5.5, {"text": "Hello, how are you?"}), (6.0, 7.25, {"text": "Fine."})]


def turns_of(tmp_path: Path, content: Any, name: str = "t.json") -> list[tuple[float, float, dict]]:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return [(turn.start, turn.end, dict(turn.values)) for turn in read_turns(path)]


def word(text: str, start: float | None, end: float | None, speaker: str = "") -> dict[str, Any]:
    times = {} if start is None else {"start": start, "end": end}
    return {"word": text, **times, **({"speaker": speaker} if speaker else {})}


FORMS = {
    "whisper": WHISPER,
    "segments alone": WHISPER["segments"],
    "faster-whisper, lists of fields": [
        [1, 550, 0.0, 5.5, " Hello, how are you?", [50364], -0.3, 1.1, 0.01, None, 0.0],
        [2, 725, 6.0, 7.25, " Fine.", [1], -0.3, 1.1, 0.01, None, 0.0],
    ],
    "whisper.cpp": {
        "transcription": [
            {"timestamps": {"from": "00:00:00,000", "to": "00:00:05,500"},
             "offsets": {"from": 0, "to": 5500}, "text": " Hello, how are you?"},
            {"offsets": {"from": 6000, "to": 7250}, "text": " Fine."},
        ]
    },
    "transformers": {
        "text": "...",
        "chunks": [{"timestamp": [0.0, 5.5], "text": " Hello, how are you?"},
                   {"timestamp": [6.0, 7.25], "text": " Fine."}],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_sentences(tmp_path: Path, name: str) -> None:
    assert turns_of(tmp_path, FORMS[name]) == SENTENCES


def test_one_segment_a_line(tmp_path: Path) -> None:
    text = "".join(json.dumps(segment) + "\n" for segment in WHISPER["segments"])
    assert turns_of(tmp_path, text, "t.jsonl") == SENTENCES
    assert turns_of(tmp_path, text) == SENTENCES


def test_whisperx_keeps_its_speakers(tmp_path: Path) -> None:
    content = {
        "segments": [
            {"start": 0.5, "end": 2.0, "text": " I have 20 of them.", "speaker": "SPEAKER_00",
             "words": [word("I", 0.5, 0.6, "SPEAKER_00"), word("have", 0.7, 0.9, "SPEAKER_00"),
                       word("20", None, None), word("of", 1.2, 1.4, "SPEAKER_00"),
                       word("them.", 1.5, 2.0, "SPEAKER_00")]},
        ],
        "word_segments": [],
    }  # fmt: skip
    assert turns_of(tmp_path, content) == [
        (0.5, 2.0, {"speaker": "SPEAKER_00", "text": "I have 20 of them."})
    ]


def test_a_sentence_of_two_speakers_is_divided(tmp_path: Path) -> None:
    words = [
        word("really", 0.0, 0.5, "A"), word("now", 0.5, 1.2, "A"), word("7", None, None),
        word("yes", 1.2, 1.7, "B"), word("sir", 1.8, 2.4),
    ]  # fmt: skip
    segment = {"start": 0.0, "end": 2.4, "text": "x", "speaker": "B", "words": words}
    assert turns_of(tmp_path, {"segments": [segment]}) == [
        (0.0, 1.2, {"speaker": "A", "text": "really now 7"}),
        (1.2, 2.4, {"speaker": "B", "text": "yes sir"}),
    ]


def test_words_become_phrases_of_a_second(tmp_path: Path) -> None:
    spoken = ["So", "I", "said", "no.", "And", "then", "he", "left.", "Oh."]
    words = [word(f" {text}", 0.4 * k, 0.4 * k + 0.3) for k, text in enumerate(spoken)]
    found = turns_of(tmp_path, {"text": "...", "words": words})
    assert [values["text"] for _, _, values in found] == ["So I said no.", "And then he left. Oh."]
    assert [(start, round(end, 3)) for start, end, _ in found] == [(0.0, 1.5), (1.6, 3.5)]


def test_a_phrase_has_one_speaker_no_long_pause_and_eight_seconds_at_most() -> None:
    words = [Turn(float(k), k + 0.9, {"text": "a", "speaker": "x"}) for k in range(20)]
    found = phrases(words)
    assert [(one.start, one.end) for one in found] == [(0.0, 7.9), (8.0, 15.9), (16.0, 19.9)]
    apart = phrases([Turn(0.0, 0.2, {"text": "a"}), Turn(3.0, 3.2, {"text": "b"})])
    assert [one.values["text"] for one in apart] == ["a", "b"]
    assert (
        phrases([Turn(0, 1, {"text": "你"}), Turn(1, 2, {"text": "好"})])[0].values["text"]
        == "你好"
    )


def test_pyannote_without_overlap_first(tmp_path: Path) -> None:
    exclusive = [{"start": 0.0, "end": 2.0, "speaker": "SPEAKER_00"}]
    both = [*exclusive, {"start": 1.5, "end": 2.0, "speaker": "SPEAKER_01"}]
    content = {"diarization": both, "exclusive_diarization": exclusive}
    assert turns_of(tmp_path, content) == [(0.0, 2.0, {"speaker": "SPEAKER_00"})]
    assert len(turns_of(tmp_path, {"diarization": both})) == 2


BAD = {
    "broken": ('{"segments": [', "not readable as JSON"),
    "deep": ("[" * 200_000, "nested too deeply|not readable"),
    "digits": ('{"segments": [{"start": ' + "9" * 5000 + "}]}", "not readable"),
    "huge": ('[{"start": 1' + "0" * 400 + ', "end": 2}]', "must be seconds"),
    "empty": ("{}", "no transcript"),
    "number": ("17", "no transcript"),
    "no list": ('{"segments": {"a": 1}}', "no transcript"),
    "text": ('{"segments": ["hello"]}', "segment 1: expected an object"),
    "true": ('[{"start": true, "end": 2}]', "segment 1: start and end must be seconds"),
    "list": ('[{"start": [0], "end": 2}]', "must be seconds"),
    "words": ('[{"start": 0, "end": "soon"}]', "must be seconds"),
    "nan": ('[{"start": NaN, "end": 2}]', "have no length"),
    "reversed": ('[{"start": 3, "end": 2}]', "have no length"),
    "negative": ('[{"start": -3, "end": 2}]', "have no length"),
    "endless": ('[{"start": 0, "end": Infinity}]', "have no length"),
    "open": ('{"chunks": [{"timestamp": [1.0, null], "text": "x"}]}', "have no length"),
    "many": (json.dumps([{"start": 0, "end": 1}] * 2000), "overlap at one time"),
    "timeless": ('[{"text": "a"}, {"text": "b"}]', "no segments"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_sentence(tmp_path: Path, name: str) -> None:
    text, words = BAD[name]
    begin = time.process_time()
    with pytest.raises(UsageError, match=words) as found:
        turns_of(tmp_path, text)
    assert "t.json" in str(found.value)
    assert len(str(found.value)) < 400
    assert "\n" not in str(found.value)
    assert time.process_time() - begin < 5.0


def test_a_bad_segment_among_good_ones_is_left_out(tmp_path: Path) -> None:
    segments = [{"start": 5, "end": 4, "text": "x"}, {"start": 0, "end": 1.5, "text": "y"}]
    with pytest.warns(UserWarning, match="1 of 2 segments left out"):
        assert turns_of(tmp_path, {"segments": segments}) == [(0.0, 1.5, {"text": "y"})]
