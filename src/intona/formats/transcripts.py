"""Transcripts as JSON: what Whisper and its relatives, and diarizers, write.

Read are the files of Whisper, WhisperX, faster-whisper (also as lists of its fields, and one
segment a line), whisper.cpp, the pipelines of transformers, the answers of transcription services
with ``segments`` or ``words``, pyannote's diarization, and timelines written here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from intona.errors import UsageError
from intona.formats.turns import Turn, lines_of

SHORTEST = 1.0  # seconds of a phrase that words are joined to
PAUSE = 0.3  # seconds of silence that end one
GAP = 1.0  # seconds of silence that end one however short it is
LONGEST = 8.0  # seconds
_ENDS = (".", "!", "?", "…", "。", "！", "？")
_CJK = 0x2E80  # from here on, words are written without white space
_FORMS = "segments with start, end and text in seconds, as Whisper, WhisperX and faster-whisper do"


def read(text: str, where: str) -> list[Turn]:
    """Read sentences; words without sentences are joined to phrases of at least a second.

    A sentence in which words of several speakers are marked becomes their phrases.

    Raises:
        UsageError: it is no JSON, holds no segments, or a time in it is no number.
    """
    content = _content(text, where)
    kind, found = _segments(content)
    if not found:
        raise UsageError(f"{where} is no transcript: it must hold {_FORMS}")
    if kind == "words":
        return phrases(_words(found, where, None))
    turns: list[Turn] = []
    for number, segment in enumerate(found, 1):
        sentence = _turn(segment, where, number)
        if sentence is None:
            continue
        inner = segment.get("words") if isinstance(segment, dict) else None
        if isinstance(inner, list):
            words = _words(inner, where, sentence)
            if len({word.values.get("speaker") for word in words}) > 1:
                turns += phrases(words)
                continue
        turns.append(sentence)
    return turns


def phrases(words: Sequence[Turn]) -> list[Turn]:
    """Join words to phrases of one speaker, of at least a second where the speech allows it.

    Examples:
        >>> words = [Turn(k / 2, k / 2 + 0.4, {"text": f"w{k}"}) for k in range(5)]
        >>> [(one.start, one.end, one.values["text"]) for one in phrases(words)]
        [(0.0, 2.4, 'w0 w1 w2 w3 w4')]
    """
    groups: list[list[Turn]] = []
    for word in words:
        if groups and _goes_on(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    joined: list[list[Turn]] = []
    for group in groups:
        if joined and _length(group) < SHORTEST and _may_join(joined[-1], group):
            joined[-1] = joined[-1] + group
        else:
            joined.append(group)
    return [_phrase(group) for group in joined]


def _goes_on(group: Sequence[Turn], word: Turn) -> bool:
    if not _may_join(group, [word]):
        return False
    ended = word.start - group[-1].end >= PAUSE or group[-1].values.get("text", "").endswith(_ENDS)
    return not (ended and _length(group) >= SHORTEST)


def _may_join(group: Sequence[Turn], other: Sequence[Turn]) -> bool:
    return (
        group[0].values.get("speaker") == other[0].values.get("speaker")
        and other[0].start - group[-1].end <= GAP
        and other[-1].end - group[0].start <= LONGEST
    )


def _length(group: Sequence[Turn]) -> float:
    return group[-1].end - group[0].start


def _phrase(group: Sequence[Turn]) -> Turn:
    text = group[0].values.get("text", "")
    for before, word in pairwise(group):
        own, last = word.values.get("text", ""), before.values.get("text", "")
        close = own and last and ord(own[0]) >= _CJK and ord(last[-1]) >= _CJK
        text += own if close else f" {own}"
    return Turn(group[0].start, group[-1].end, {**group[0].values, "text": text.strip()})


def _words(found: Sequence[Any], where: str, sentence: Turn | None) -> list[Turn]:
    """Return the words; one without times (WhisperX has none for numbers) is put to the one before.

    Words whose speaker is not marked have the sentence's.
    """
    words: list[Turn] = []
    for number, item in enumerate(found, 1):
        word = _turn(item, where, number)
        if word is None:
            if words and isinstance(item, dict) and isinstance(item.get("word"), str):
                last = words[-1]
                text = f"{last.values.get('text', '')} {item['word'].strip()}"
                words[-1] = Turn(last.start, last.end, {**last.values, "text": text})
            continue
        if sentence is not None:
            word = Turn(word.start, word.end, {**sentence.values, **word.values}, sentence.file)
        words.append(word)
    return words


def _content(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in lines_of(text) if line.strip()]
        if len(lines) > 1 and all(line.lstrip()[:1] in ("{", "[") for line in lines):
            try:
                return [json.loads(line) for line in lines]
            except (ValueError, RecursionError):
                pass
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{where} is not readable as JSON: {reason[:200]}") from None


def _segments(content: Any) -> tuple[str, list[Any]]:
    """Return whether a file holds sentences or words, and these."""
    if isinstance(content, list):
        return ("words" if _is_word(content) else "sentences"), content
    if isinstance(content, Mapping):
        for name in ("segments", "transcription", "chunks", "exclusive_diarization", "diarization"):
            found = content.get(name)
            if isinstance(found, list) and found:
                return ("words" if _is_word(found) else "sentences"), found
        for name in ("words", "word_segments"):
            found = content.get(name)
            if isinstance(found, list) and found:
                return "words", found
    return "sentences", []


def _is_word(found: Sequence[Any]) -> bool:
    first = found[0] if found else None
    return isinstance(first, Mapping) and "word" in first and "text" not in first


def _turn(item: Any, where: str, number: int) -> Turn | None:
    """Return a segment or word; ``None`` for one that has no times at all."""
    if isinstance(item, list):
        item = _of_fields(item)
    if not isinstance(item, Mapping):
        raise UsageError(f"{where}, segment {number}: expected an object, as in {_FORMS}")
    times = list(_times(item))
    if all(time is None for time in times):
        return None
    try:
        start, end = (math.nan if time is None else _number(time) for time in times)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(
            f"{where}, segment {number}: start and end must be seconds, for example 12.5"
        ) from None
    if isinstance(item.get("offsets"), Mapping):  # whisper.cpp counts milliseconds
        start, end = start / 1000, end / 1000
    text = item.get("text", item.get("word"))
    values = {
        "speaker": _word(item.get("speaker")),
        "channel": _word(item.get("channel")),
        "text": text.strip() if isinstance(text, str) else "",
    }
    file = item.get("file")
    known = {name: value for name, value in values.items() if value}
    return Turn(start, end, known, file if isinstance(file, str) else None)


def _of_fields(fields: Sequence[Any]) -> Mapping[str, Any] | None:
    """Return a segment of faster-whisper that is written as the list of its fields."""
    if len(fields) < 5 or not isinstance(fields[4], str):
        return None
    words = next((each for each in fields[5:] if isinstance(each, list) and _is_word(each)), None)
    return {"start": fields[2], "end": fields[3], "text": fields[4], "words": words}


def _times(item: Mapping[str, Any]) -> Iterator[Any]:
    offsets, stamp = item.get("offsets"), item.get("timestamp")
    if isinstance(offsets, Mapping):
        yield from (offsets.get("from"), offsets.get("to"))
    elif isinstance(stamp, list) and len(stamp) == 2:
        yield from stamp
    else:
        yield from (item.get("start"), item.get("end"))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def _word(value: Any) -> str:
    """Return a name, also one that is a number; empty where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()
