"""The service with a real model: its answers are the library's, whatever it is sent."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import pandas as pd
import pytest
import soundfile
from server_process import Running
from websockets.sync.client import connect

import intona
from intona import formats
from intona.audio import read
from intona.corpora import synthetic
from intona.explain.occlusion import occlude
from intona.features.manner import remarks
from intona.inference.timeline import segments
from intona.tables import to_table

HANDLER = "intona.server.handler:ModelHandler"
TEXTS = ["jsonl", "csv", "vtt", "srt", "textgrid", "audacity", "rttm", "text"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    options = {"handler": HANDLER, "max_recording_seconds": 600, "max_upload_mb": 4}
    running = Running(options, tmp_path_factory.mktemp("service"))
    yield running
    running.stop()
    assert list(running.temporary.iterdir()) == []


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two voices, half a minute."""
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    parts = []
    for take, emotion in enumerate(("happy", "sad", "angry", "neutral")):
        parts.append(synthetic.utterance(emotion, speaker=take % 2, take=take, seconds=3).samples)
        parts.append(np.random.default_rng(take).standard_normal(12_000).astype(np.float32) * 1e-4)
    soundfile.write(path, np.concatenate(parts), 16_000)
    return path


def test_the_service_says_what_the_library_says(service: Running, talk: Path) -> None:
    clip = Path(str(files("intona") / "assets" / "voice-1.flac"))
    answer = service.upload("voice-1.flac", clip.read_bytes()).json()
    expected = intona.load().predict(clip)
    assert answer["emotion"] == expected.emotion
    assert answer["probabilities"] == expected.rounded().to_dict()["probabilities"]

    model = intona.load()
    rows = list(segments(model, talk))
    given = service.upload("talk.wav", talk.read_bytes(), "/v1/timeline").json()
    assert len(rows) >= 3
    assert [(s["start"], s["end"], s["emotion"]) for s in given["segments"]] == [
        (row.start, row.end, row.emotion) for row in rows
    ]


@pytest.fixture(scope="module")
def both(service: Running, talk: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The timeline as the library and as the service give it."""
    model = intona.load()
    frame = to_table(segments(model, talk), model.labels)
    frame.index = frame.index.set_levels(["talk.wav"], level="file")
    return frame, service.upload("talk.wav", talk.read_bytes(), "/v1/timeline").json()


@pytest.mark.parametrize("style", TEXTS)
def test_every_format_is_the_librarys(
    service: Running, talk: Path, both: tuple[pd.DataFrame, dict[str, Any]], style: str
) -> None:
    frame, timeline = both
    answer = service.upload("talk.wav", talk.read_bytes(), f"/v1/timeline?format={style}")
    assert answer.text == formats.render(frame, style)
    again = service.client.post(f"/v1/export?format={style}", json=timeline)
    assert again.text == answer.text


def test_parquet_opens_in_pandas(service: Running, talk: Path) -> None:
    answer = service.upload("talk.wav", talk.read_bytes(), "/v1/timeline?format=parquet")
    frame = pd.read_parquet(io.BytesIO(answer.content))
    assert list(frame.index.names) == ["file", "start", "end"]
    assert len(frame) >= 3


@pytest.mark.parametrize(("encoding", "dtype"), [("s16le", "<i2"), ("f32le", "<f4")])
def test_a_stream_says_what_the_timeline_says(
    service: Running, talk: Path, encoding: str, dtype: str
) -> None:
    pcm, rate = soundfile.read(talk, dtype="int16" if dtype == "<i2" else "float32")
    data = pcm.astype(dtype).tobytes()
    url = f"ws://127.0.0.1:{service.port}/v1/stream?rate={rate}&encoding={encoding}"
    events = []
    with connect(url, proxy=None, compression=None) as stream:
        for first in range(0, len(data), 40_000):
            stream.send(data[first : first + 40_000])
        stream.send('{"event": "end"}')
        while not events or events[-1]["event"] != "end":
            events.append(json.loads(stream.recv(timeout=30)))
    assert {"ready", "speech_start", "update", "segment", "speech_end", "end"} <= {
        event["event"] for event in events
    }
    found = [(e["start"], e["end"], e["emotion"]) for e in events if e["event"] == "segment"]
    timeline = service.upload("talk.wav", talk.read_bytes(), "/v1/timeline").json()
    expected = [(s["start"], s["end"], s["emotion"]) for s in timeline["segments"]]
    assert [emotion for *_, emotion in found] == [emotion for *_, emotion in expected]
    assert np.allclose([row[:2] for row in found], [row[:2] for row in expected], atol=1e-3)


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/timeline", "/v1/explain"])
@pytest.mark.parametrize("name", sorted(hostile.FILES))
def test_hostile_files_get_a_clear_no(service: Running, name: str, path: str) -> None:
    answer = service.upload(name, hostile.FILES[name], path)
    assert answer.status_code in (413, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "internal" not in answer.text
    assert service.client.get("/readyz").status_code == 200


def _wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 16_000, format="WAV")
    return file.getvalue()


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/timeline"])
def test_silence_and_damage_are_answered(service: Running, path: str) -> None:
    answer = service.upload("zeros.wav", _wav(np.zeros(16_000)), path).json()
    assert answer["warnings"] == []
    assert answer.get("segments", [answer])[0]["status"] == "no_speech"
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000)
    cut = service.upload("cut.wav", _wav(noise)[:-20_000], path).json()
    assert cut["warnings"] == [
        "cut.wav is cut short, at 1.38 s of the 2.00 s that its header promises: what followed is "
        "missing"
    ]


def test_after_all_that_memory_is_bounded_and_nobody_died(service: Running) -> None:
    peaks = []
    for pid in [service.process.pid, *service.children()]:
        status = Path(f"/proc/{pid}/status").read_text()
        peaks.append(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
    assert len(peaks) == 3
    assert max(peaks) < 600
    assert service.metric("intona_worker_deaths_total") == 0
    assert list(service.temporary.iterdir()) == []


def test_an_explanation_is_the_librarys(service: Running, talk: Path) -> None:
    path = "/v1/explain?start=1&end=1.8&emotion=sad"
    answer = service.upload("talk.wav", talk.read_bytes(), path)
    audio = read(talk, start=1.0, end=1.8)
    evidence = occlude(intona.load(), audio, emotion="sad")
    given = answer.json()
    assert given["emotion"] == "sad"
    assert given["neutral_of"] is None
    assert given["times"] == pytest.approx(evidence.times + 1.0)
    np.testing.assert_allclose(given["values"], evidence.values, atol=1e-6)
    assert [one["word"] for one in given["manner"]] == [one.word for one in remarks(audio)]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("", 413, "at most 12 s"),
        ("?start=1&end=14", 413, "at most 12 s"),
        ("?start=2&end=1", 422, "the end must be later"),
        ("?start=500", 422, "earlier part"),
        ("?end=1&emotion=proud", 422, "does not know 'proud'"),
    ],
)
def test_what_cannot_be_explained(
    service: Running, talk: Path, query: str, status: int, words: str
) -> None:
    answer = service.upload("talk.wav", talk.read_bytes(), f"/v1/explain{query}")
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_noise_and_hum_have_no_emotion(service: Running) -> None:
    file = io.BytesIO()
    hum = 0.05 * np.sin(2 * np.pi * 50 * np.arange(48_000) / 16_000)
    soundfile.write(file, hum, 16_000, format="WAV")
    for path in ("/v1/predict", "/v1/timeline"):
        answer = service.upload("hum.wav", file.getvalue(), path).json()
        row = answer if path == "/v1/predict" else answer["segments"][0]
        assert row["status"] == "no_speech"
        assert row["emotion"] is None
        assert row["confidence"] is None


def test_a_clip_may_not_be_long(service: Running) -> None:
    file = io.BytesIO()
    noise = np.random.default_rng(0).standard_normal(8000 * 302) * 0.01
    soundfile.write(file, noise, 8000, format="FLAC")
    answer = service.upload("long.flac", file.getvalue())
    assert answer.status_code == 413
    assert "/v1/timeline" in answer.json()["detail"]
