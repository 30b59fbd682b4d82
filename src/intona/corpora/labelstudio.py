"""What people have marked in Label Studio, as rows of a table: its exports JSON and JSON-MIN.

Regions of ``labels`` on a recording (and choices for a whole one) are utterances. Where several
controls were used, the one called ``emotion`` holds the emotions and one called ``speaker`` the
speakers; without it, the note (``meta``) of a region is its speaker, as
:mod:`intona.formats.labelstudio` writes it. Of several annotations of a task the ground truth
counts, else the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from intona.audio import AUDIO_SUFFIXES
from intona.corpora.located import locate
from intona.corpora.problem import ROW, Problem

Row = dict[str, Any]

_UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # what Label Studio puts before the name of an upload
_KINDS = ("labels", "choices", "textarea", "text")


def is_export(content: Any) -> bool:
    """Tell whether a JSON document is an export of Label Studio."""
    if not isinstance(content, list):
        return False
    return any(_is_task(task) or _marked(task) for task in content[:100])


def rows_of(content: list[Any], folder: Path) -> tuple[list[tuple[str, Row]], list[Problem]]:
    """Return the utterances of an export, each with its place in words, and what is left out.

    Args:
        content: of :func:`is_export`.
        folder: of the export, in or above which its recordings are looked for.

    Raises:
        ValueError: which control holds the emotions cannot be told.
    """
    rows: list[tuple[str, Row]] = []
    problems: list[Problem] = []
    idle = 0
    tasks = [(f"task {_number(task, k)}", task) for k, task in enumerate(content, 1)]
    found = [(place, task, _items(task)) for place, task in tasks if isinstance(task, dict)]
    controls = {item["from"] for _, _, items in found for item in items}
    emotion = _control(controls, found)
    for place, task, items in found:
        file = _file(task, folder)
        own = list(_regions(items, emotion))
        if not own:
            idle += 1
        for region in own:
            speaker = region.pop("speaker", None) or _data(task).get("speaker")
            row = {"file": file, "speaker": speaker, **region}
            if not isinstance(row["emotion"], str):
                problems.append(Problem(f"{place}: left out, a region has not one emotion", ROW))
            elif not (_is_whole(row) or (_is_time(row["start"]) and _is_time(row["end"]))):
                problems.append(Problem(f"{place}: left out, a region has no begin or end", ROW))
            else:
                rows.append((place, row))
    if idle:
        problems.append(Problem(f"{idle} of {len(found)} tasks left out: nothing is marked", ROW))
    return rows, problems


def _is_whole(row: Row) -> bool:
    """Whether it is about the whole recording."""
    return row["start"] is None and row["end"] is None


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9


def _is_task(task: Any) -> bool:
    return (
        isinstance(task, dict)
        and isinstance(task.get("data"), dict)
        and isinstance(task.get("annotations"), list)
    )


def _marked(task: Any) -> bool:
    """Whether it is a task of JSON-MIN: regions stand under the name of their control."""
    return (
        isinstance(task, dict)
        and "annotations" not in task
        and any(map(_is_regions, task.values()))
    )


def _is_regions(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, dict) and {"start", "end"} <= each.keys() for each in value)
        and any(not {"labels", "choices"}.isdisjoint(each) for each in value)
    )


def _data(task: Row) -> Mapping[str, Any]:
    return task["data"] if _is_task(task) else task


def _number(task: Any, place: int) -> Any:
    number = task.get("id") if isinstance(task, dict) else None
    return number if isinstance(number, int) else place


def _items(task: Row) -> list[Row]:
    """Return what is marked: control (``from``), region (``id``), times, the words, and a note."""
    if not _is_task(task):
        return [
            _item(name, f"{name} {k}", each, each)
            for name, value in task.items()
            if _is_regions(value)
            for k, each in enumerate(value)
        ]
    given = [each for each in task["annotations"] if isinstance(each, dict)]
    done = [each for each in given if not each.get("was_cancelled")]
    if not done:
        return []
    chosen = next((each for each in done if each.get("ground_truth")), None)
    last = chosen or max(done, key=lambda each: str(each.get("updated_at") or ""))
    results = last.get("result")
    return [
        _item(str(each.get("from_name")), str(each.get("id")), each["value"], each)
        for each in (results if isinstance(results, list) else ())
        if isinstance(each, dict) and isinstance(each.get("value"), dict)
    ]


def _item(control: str, region: str, value: Row, outer: Row) -> Row:
    said = next((value[kind] for kind in _KINDS if kind in value), None)
    words = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    meta = outer.get("meta")
    note = meta.get("text") if isinstance(meta, dict) else None
    note = note[0] if isinstance(note, list) and note else note
    return {
        "from": control,
        "id": region,
        "start": value.get("start"),
        "end": value.get("end"),
        "said": words,
        "text": "text" in value or "textarea" in value,
        "note": note if isinstance(note, str) else None,
    }


def _control(controls: set[str], found: list[tuple[str, Row, list[Row]]]) -> str | None:
    """Return the name of the control that holds the emotions."""
    named = sorted(name for name in controls if "emotion" in name.casefold())
    if named:
        return named[0]
    texts = {item["from"] for _, _, items in found for item in items if item["text"]}
    others = sorted(name for name in controls - texts if "speaker" not in name.casefold())
    if len(others) > 1:
        raise ValueError(
            f"which of the controls {', '.join(others)[:200]} holds the emotions cannot be told: "
            "call it emotion in the labeling interface"
        )
    return others[0] if others else None


def _regions(items: list[Row], emotion: str | None) -> Iterator[Row]:
    """Yield the utterances of a task; what other controls say of a region stands with it."""
    beside: dict[str, Row] = {}
    for item in items:
        own = beside.setdefault(item["id"], {})
        word = item["said"][0] if item["said"] and isinstance(item["said"][0], str) else None
        if "speaker" in item["from"].casefold() and word:
            own["speaker"] = word
        elif item["text"] and word:
            own["text"] = word
        if item["note"]:
            own.setdefault("note", item["note"])
    for item in items:
        if item["from"] != emotion:
            continue
        more = beside[item["id"]]
        one = item["said"][0] if len(item["said"]) == 1 else None
        row: Row = {"emotion": one, "start": item["start"], "end": item["end"]}
        row["speaker"] = more.get("speaker") or more.get("note")
        yield row | ({"text": more["text"]} if "text" in more else {})


def _file(task: Row, folder: Path) -> str | None:
    """Return the recording of a task, under the name it has where it lies."""
    texts = [value for value in _data(task).values() if isinstance(value, str)]
    sounds = [text for text in texts if _suffix(text) in AUDIO_SUFFIXES]
    if not sounds:
        return None
    names = list(_names(sounds[0]))
    return next((name for name in names if locate(name, folder) is not None), names[-1])


def _suffix(text: str) -> str:
    return PurePosixPath([*_names(text)][-1]).suffix.lower()


def _names(text: str) -> Iterator[str]:
    """Yield how a recording may be called here: as it is written, and as it was before it was sent.

    Examples:
        >>> list(_names("/data/upload/3/0a1b2c3d-call%201.wav"))[-2:]
        ['0a1b2c3d-call 1.wav', 'call 1.wav']
        >>> list(_names("/data/local-files/?d=calls/a.wav"))
        ['calls/a.wav', 'a.wav']
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        yield text
        return
    asked = parse_qs(parts.query).get("d")
    if asked:
        text = asked[0]
        yield text
    else:
        yield text
        text = unquote(parts.path)
        if text:
            yield text
    last = PurePosixPath(text.replace("\\", "/")).name
    yield last
    if _UPLOADED.match(last):
        yield _UPLOADED.sub("", last)
