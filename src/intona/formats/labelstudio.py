"""A timeline as Label Studio's pre-annotations: tasks that people correct there.

The form is that of https://labelstud.io/guide/predictions: regions of ``labels`` on an ``audio``
object. It fits a labeling interface with ``<Labels name="emotion" toName="audio">`` and ``<Audio
name="audio" value="$audio"/>``; what is corrected comes back as a corpus
(:mod:`intona.corpora.labelstudio`).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from intona._version import __version__
from intona.formats.rows import Row, Segmentation, rows

if TYPE_CHECKING:
    import pandas as pd


def render(table: Segmentation | pd.DataFrame) -> str:
    """Return a list of tasks, one for each recording; what is no speech has no region."""
    tasks: dict[str, list[Row]] = {}
    for row in rows(table):
        tasks.setdefault(row.file, []).append(row)
    return (
        json.dumps([_task(file, own) for file, own in tasks.items()], indent=2, ensure_ascii=False)
        + "\n"
    )


def _task(file: str, found: list[Row]) -> dict[str, Any]:
    spoken = [row for row in found if row.emotion is not None]
    sure = [row.confidence for row in spoken if row.confidence is not None]
    prediction: dict[str, Any] = {
        "model_version": f"intona {__version__}",
        "result": [region for row in spoken for region in _regions(row)],
    }
    if sure:
        prediction["score"] = round(sum(sure) / len(sure), 4)
    return {"data": {"audio": file}, "predictions": [prediction]}


def _regions(row: Row) -> list[dict[str, Any]]:
    """Return the regions of a segment: its emotion, and its words where they are known."""
    channel = row.values.get("channel", "")
    place: dict[str, Any] = {
        "start": row.start,
        "end": row.end,
        "channel": int(channel) - 1 if channel.isdecimal() else 0,
    }
    key = f"{row.file} {row.start} {row.end} {channel} {row.values.get('speaker', '')}"
    common: dict[str, Any] = {
        "id": hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:10],
        "to_name": "audio",
    }
    if "speaker" in row.values:
        common["meta"] = {"text": [row.values["speaker"]]}
    emotion = {**common, "from_name": "emotion", "type": "labels"}
    emotion["value"] = {**place, "labels": [row.emotion]}
    if row.confidence is not None:
        emotion["score"] = round(row.confidence, 4)
    if "text" not in row.values:
        return [emotion]
    words = {**common, "from_name": "transcription", "type": "textarea"}
    words["value"] = {**place, "text": [row.values["text"]]}
    return [emotion, words]
