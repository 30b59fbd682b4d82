"""Label Studio there and back: pre-annotations, corrected by people, become a corpus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from intona import corpora
from intona.corpora import tables
from intona.errors import CorpusError, IntonaError, UsageError
from intona.formats import render
from intona.tables import Prediction, to_table, utterances

LABELS = ("angry", "neutral", "sad")


def prediction(start: float, end: float, emotion: str, **values: Any) -> Prediction:
    chances = {label: 0.8 if label == emotion else 0.1 for label in LABELS}
    return Prediction(emotion, 0.8, chances, "ok", "call.wav", start, end, values=values)


@pytest.fixture
def folder(tmp_path: Path, grow: Callable[..., Path]) -> Path:
    return grow(tmp_path, ["call.wav", "other.wav"])


def exported(task: dict[str, Any], *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a task as Label Studio exports it."""
    annotation = {
        "id": 7, "completed_by": 1, "was_cancelled": False, "ground_truth": False,
        "created_at": "2026-01-02T10:00:00Z", "updated_at": "2026-01-02T10:05:00Z",
        "lead_time": 12.5, "result": list(results), **more,
    }  # fmt: skip
    return {"id": 41, "data": task, "annotations": [annotation], "predictions": []}


def region(start: Any, end: Any, *labels: str, **more: Any) -> dict[str, Any]:
    return {
        "original_length": 12.0, "id": f"r{start}", "from_name": "emotion", "to_name": "audio",
        "type": "labels", "origin": "manual",
        "value": {"start": start, "end": end, "channel": 0, "labels": list(labels)}, **more,
    }  # fmt: skip


def rows(folder: Path, content: Any) -> list[tuple[str, float, float | None, str, str | None]]:
    path = folder / "export.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    table = corpora.load(path).table
    return [
        (Path(one.file).name, one.start, one.end, emotion, None if speaker != speaker else speaker)
        for one, emotion, speaker in zip(
            utterances(table.index), table["emotion"], table["speaker"], strict=True
        )
    ]


def test_pre_annotations_are_as_documented() -> None:
    said = prediction(2.0, 3.5, "sad", channel=2, speaker="customer", text="Oh no.")
    (task,) = json.loads(
        render(to_table([prediction(0.5, 1.5, "angry"), said], LABELS), "labelstudio")
    )
    assert task["data"] == {"audio": "call.wav"}
    (answer,) = task["predictions"]
    assert answer["model_version"].startswith("intona ")
    assert answer["score"] == 0.8
    first, second, words = answer["result"]
    assert (first["from_name"], first["to_name"], first["type"]) == ("emotion", "audio", "labels")
    assert first["value"] == {"start": 0.5, "end": 1.5, "channel": 0, "labels": ["angry"]}
    assert second["value"] == {"start": 2.0, "end": 3.5, "channel": 1, "labels": ["sad"]}
    assert second["meta"] == {"text": ["customer"]}
    assert words["value"] == {"start": 2.0, "end": 3.5, "channel": 1, "text": ["Oh no."]}
    assert words["id"] == second["id"] != first["id"]


def test_there_and_back(folder: Path) -> None:
    answers = [
        prediction(0.0, 0.02, "angry", speaker="agent"),
        prediction(0.01, 0.04, "sad", speaker="customer", text="Oh no."),
    ]
    (task,) = json.loads(render(to_table(answers, LABELS), "labelstudio"))
    results = task["predictions"][0]["result"]
    results[0]["value"]["labels"] = ["neutral"]  # somebody corrects it
    task["data"]["audio"] = "/data/upload/3/0a1b2c3d-call.wav"
    assert rows(folder, [exported(task["data"], *results)]) == [
        ("call.wav", 0.0, 0.02, "neutral", "export-agent"),
        ("call.wav", 0.01, 0.04, "sad", "export-customer"),
    ]


@pytest.mark.parametrize(
    "name",
    ["call.wav", "/data/upload/1/0a1b2c3d-call.wav", "/data/local-files/?d=audio/call.wav",
     "https://example.org/a/call.wav?X-Amz-Signature=1", "s3://bucket/calls/call.wav"],
)  # fmt: skip
def test_the_recording_is_found_whatever_it_is_called_there(folder: Path, name: str) -> None:
    found = rows(folder, [exported({"audio": name, "id": "x"}, region(0.01, 0.03, "sad"))])
    assert found == [("call.wav", 0.01, 0.03, "sad", None)]


def test_the_short_form_of_exports(folder: Path) -> None:
    marked = [{"start": 0.01, "end": 0.02, "channel": 0, "labels": ["angry"]}]
    task = {"audio": "/data/upload/1/0a1b2c3d-call.wav", "id": 1, "emotion": marked,
            "annotator": 1, "annotation_id": 3, "lead_time": 2.0}  # fmt: skip
    assert rows(folder, [task]) == [("call.wav", 0.01, 0.02, "angry", None)]


def test_choices_are_of_the_whole_recording(folder: Path) -> None:
    choice = {"from_name": "feeling", "to_name": "audio", "type": "choices", "id": "c",
              "value": {"choices": ["sad"]}}  # fmt: skip
    assert rows(folder, [exported({"audio": "call.wav", "speaker": "anna"}, choice)]) == [
        ("call.wav", 0.0, None, "sad", "export-anna")
    ]


def test_of_several_annotations_the_last_that_counts(folder: Path) -> None:
    task = exported({"audio": "call.wav"}, region(0.0, 0.02, "angry"))
    later = exported({}, region(0.0, 0.02, "sad"), updated_at="2026-02-01T00:00:00Z")
    skipped = exported({}, region(0, 1, "neutral"), updated_at="2026-03-01", was_cancelled=True)
    task["annotations"] += [*later["annotations"], *skipped["annotations"]]
    assert rows(folder, [task])[0][3] == "sad"
    task["annotations"][0]["ground_truth"] = True
    assert rows(folder, [task])[0][3] == "angry"


def test_speakers_of_a_control_of_their_own(folder: Path) -> None:
    own = region(0.0, 0.02, "angry")
    who = {**own, "from_name": "speaker", "value": {**own["value"], "labels": ["anna"]}}
    assert rows(folder, [exported({"audio": "call.wav"}, who, own)])[0][3:] == (
        "angry",
        "export-anna",
    )


def test_two_controls_that_could_be_it_are_refused(folder: Path) -> None:
    one, other = (region(0, 0.02, "sad", from_name=name) for name in ("a", "b"))
    with pytest.raises(CorpusError, match="which of the controls a, b holds the emotions"):
        rows(folder, [exported({"audio": "call.wav"}, one, other)])


def test_tasks_without_an_answer_are_told(folder: Path) -> None:
    good = exported({"audio": "call.wav"}, region(0.0, 0.02, "sad"))
    idle = exported({"audio": "other.wav"})
    two = exported({"audio": "other.wav"}, region(0.0, 0.02, "sad", "angry"))
    path = folder / "export.json"
    path.write_text(json.dumps([good, idle, two]))
    corpus = tables.read(path)
    assert len(corpus.table) == 1
    assert any("1 of 3 tasks left out: nothing is marked" in text for text in corpus.problems)
    assert any("not one emotion" in text for text in corpus.problems)


@pytest.mark.parametrize(
    ("start", "end"), [(0.03, 0.01), (-1.0, 0.01), (float("nan"), 0.02), ("soon", 0.02), (True, [])]
)
def test_impossible_times_are_left_out_and_told(folder: Path, start: Any, end: Any) -> None:
    good, bad = region(0.0, 0.02, "sad"), region(start, end, "angry")
    path = folder / "export.json"
    path.write_text(json.dumps([exported({"audio": "call.wav"}, good, bad)]))
    corpus = tables.read(path)
    assert list(corpus.table["emotion"]) == ["sad"]
    assert any("task 41" in text and "left out" in text for text in corpus.problems)


@pytest.mark.parametrize(
    "content",
    [
        [exported({"audio": "none.wav"}, region(0, 1, "sad"))],
        [exported({"text": "no recording"}, region(0, 1, "sad"))],
        [exported({"audio": "call.wav"})],
        [{"data": {"audio": "call.wav"}, "annotations": [17, None, {"result": {"a": 1}}]}],
        [{"data": {}, "annotations": []}, None, 3],
        '[{"data": {"audio": "call.wav"}, "annotations": [' + "[" * 100_000,
    ],
)
def test_nothing_of_use_is_one_sentence(folder: Path, content: Any) -> None:
    with pytest.raises((CorpusError, UsageError)) as found:
        rows(folder, content)
    assert isinstance(found.value, IntonaError)
    assert "\n" not in str(found.value)
