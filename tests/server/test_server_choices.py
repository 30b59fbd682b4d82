"""Requests choose how the model answers: adapted to the sound at hand, with some labels only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
import tiny_model
from server_process import Running
from websockets.sync.client import connect

from intona.audio import Audio
from intona.corpora import synthetic
from intona.inference.adapt import FEWEST, Following
from intona.inference.recognizer import Recognizer
from intona.inference.stream import Stream
from intona.inference.timeline import TimelineOptions, adapted_to, segments

HANDLER = "intona.server.handler:ModelHandler"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    return Recognizer.load(tiny_model.save(tmp_path_factory.mktemp("model") / "tiny.onnx"))


@pytest.fixture(scope="module")
def service(model: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    options = {"handler": HANDLER, "model": str(model.path), "max_recording_seconds": 60.0}
    running = Running(options, tmp_path_factory.mktemp("service"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five utterances with pauses between them."""
    gap = np.zeros(12_000, np.float32)
    spoken = ("neutral", "angry", "sad", "happy", "neutral")
    voices = [synthetic.utterance(emotion, speaker=3, seconds=3).samples for emotion in spoken]
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    joined = np.concatenate([part for voice in voices for part in (voice, gap)])
    soundfile.write(path, joined, 16_000, subtype="PCM_16")
    return path


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 422
    return answer.json()["detail"]


def heard(service: Running, path: Path, query: str) -> list[dict]:
    pcm, rate = soundfile.read(path, dtype="int16")
    url = f"ws://127.0.0.1:{service.port}/v1/stream?rate={rate}&{query}"
    events: list[dict] = []
    with connect(url, proxy=None, compression=None) as stream:
        while not events or events[-1]["event"] not in ("end", "error"):
            events.append(json.loads(stream.recv(timeout=30)))
            if events[-1]["event"] == "ready":
                stream.send(pcm.tobytes())
                stream.send('{"event": "end"}')
    return events


def test_a_recording_is_judged_against_itself(
    service: Running, model: Recognizer, talk: Path
) -> None:
    data = talk.read_bytes()
    fitted = adapted_to(model, [talk], TimelineOptions())
    answer = service.upload("talk.wav", data, "/v1/timeline?adapt=true").json()
    expected = list(segments(fitted, talk))
    assert answer["adapted"] == expected[0].adapted >= 5
    plain = service.upload("talk.wav", data, "/v1/timeline").json()
    assert plain["adapted"] == plain["segments"][0]["adapted"] == 0
    assert plain["segments"] != answer["segments"]
    for found, row in zip(answer["segments"], expected, strict=True):
        times = {"start": round(row.start, 3), "end": round(row.end or 0.0, 3)}
        said = row.rounded().to_dict()
        assert said.pop("model") == answer["model"]  # once, at the head
        assert found == said | {"file": "talk.wav"} | times
        assert 0 < found["familiarity"] < 1
        assert 0 < found["arousal"] < 1

    again = service.client.post("/v1/export?format=json", json=answer).json()
    for row, before in zip(again, answer["segments"], strict=True):
        for name in ("emotion", "status", "reason", "adapted"):
            assert row[name] == before[name]
        for name in ("familiarity", "arousal", "confidence"):
            assert row[name] == pytest.approx(before[name], abs=1e-6)
    written = service.upload("talk.wav", data, "/v1/timeline?adapt=true&format=vtt")
    assert written.headers["intona-adapted"] == str(answer["adapted"])


def test_a_clip_is_judged_against_itself_where_it_can(
    service: Running, model: Recognizer, talk: Path
) -> None:
    answer = service.upload("talk.wav", talk.read_bytes(), "/v1/predict?adapt=1").json()
    expected = adapted_to(model, [talk], TimelineOptions()).predict(talk)
    assert answer["probabilities"] == expected.rounded().to_dict()["probabilities"]
    assert answer["adapted"] == expected.adapted
    assert answer["profile"] is None
    voice = synthetic.utterance("happy", seconds=3)
    short = talk.with_name("short.wav")
    soundfile.write(short, voice.samples, voice.rate)
    words = refusal(service.upload("short.wav", short.read_bytes(), "/v1/predict?adapt=true"))
    assert words.startswith("short.wav is too short to be judged against itself")
    assert str(FEWEST) in words


def test_an_explanation_is_of_the_adapted_model(
    service: Running, model: Recognizer, talk: Path
) -> None:
    query = "adapt=true&start=4&end=6&emotion=angry"
    answer = service.upload("talk.wav", talk.read_bytes(), f"/v1/explain?{query}").json()
    fitted = adapted_to(model, [talk], TimelineOptions())
    samples, rate = soundfile.read(talk, dtype="float32")
    part = Audio(samples[4 * rate : 6 * rate], rate)
    (row,) = fitted.rows([part.samples], rate)
    assert answer["probability"] == pytest.approx(row[3], abs=1e-3)
    assert answer["adapted"] >= FEWEST


def test_a_stream_is_judged_against_what_was_heard(
    service: Running, model: Recognizer, talk: Path
) -> None:
    events = heard(service, talk, "adapt=true")
    assert events[0]["adapt"] is True
    stream = Stream(Following(model), 16_000)
    pcm, rate = soundfile.read(talk, dtype="int16")
    expected = []
    for first in range(0, len(pcm), rate):
        expected += stream.push(pcm[first : first + rate])
    expected += stream.flush()
    found = [event for event in events if event["event"] == "segment"]
    rows = [event.to_dict() for event in expected if event.kind == "segment"]
    assert [row["probabilities"] for row in found] == [row["probabilities"] for row in rows]
    assert found[-1]["adapted"] >= FEWEST
    assert {"familiarity", "arousal"} <= found[-1].keys()


@pytest.mark.parametrize("path", ["predict", "timeline"])
def test_labels_are_chosen(service: Running, model: Recognizer, talk: Path, path: str) -> None:
    query = f"/v1/{path}?emotions=neutral,sad,angry&merge=happy=neutral"
    answer = service.upload("talk.wav", talk.read_bytes(), query).json()
    rows = answer.get("segments", [answer])
    assert list(rows[0]["probabilities"]) == ["neutral", "sad", "angry"]
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1, abs=3e-6)  # six decimals each
    narrowed = model.narrowed(["neutral", "sad", "angry"], {"happy": "neutral"})
    if path == "predict":
        assert (
            rows[0]["probabilities"] == narrowed.predict(talk).rounded().to_dict()["probabilities"]
        )
    else:
        assert answer["labels"] == ["neutral", "sad", "angry"]
    events = heard(service, talk, query.partition("?")[2])
    assert events[0]["labels"] == ["neutral", "sad", "angry"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("adapt=true&profile=me", "two answers to one question"),
        ("emotions=bored", "bored not in the model"),
        ("emotions=sad", "at least two"),
        ("merge=sad", "old=new"),
        (f"emotions={'x' * 1001}", "1000"),
        ("adapt=maybe", "adapt"),
    ],
)
def test_choices_that_make_no_sense_are_explained(
    service: Running, talk: Path, query: str, words: str
) -> None:
    data = talk.read_bytes()
    for path in ("predict", "timeline", "explain"):
        assert words in refusal(service.upload("talk.wav", data, f"/v1/{path}?{query}"))
    (event,) = heard(service, talk, query)
    assert words in event["message"]


def test_what_cannot_be_adapted_says_so(service: Running, talk: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(32_000), 16_000)
    data = (tmp_path / "silence.wav").read_bytes()
    answer = service.upload("silence.wav", data, "/v1/timeline?adapt=true")
    assert "no speech" in refusal(answer)
    soundfile.write(tmp_path / "long.wav", np.zeros(16_000 * 70), 16_000)
    data = (tmp_path / "long.wav").read_bytes()
    answer = service.upload("long.wav", data, "/v1/timeline?adapt=true")
    assert answer.status_code == 413


def test_a_model_that_cannot_adapt_says_so(start, model: Recognizer, talk: Path) -> None:
    import onnx

    from intona.models.artefact import read_model, write_model

    fixed = talk.with_name("fixed.onnx")
    content, metadata = read_model(model.path)
    del metadata["adaptation"]
    write_model(onnx.load_from_string(content), metadata, fixed)
    service = start(handler=HANDLER, model=str(fixed), emotions="sad,angry", merge="happy=angry")
    assert service.client.get("/v1/model").json()["adaptable"] is False
    words = refusal(service.upload("talk.wav", talk.read_bytes(), "/v1/timeline?adapt=true"))
    assert "cannot be adapted" in words
    assert str(fixed.parent) not in words
    # The service's own choice of labels holds where a request says nothing.
    assert service.client.get("/v1/model").json()["labels"] == ["sad", "angry"]
    data = talk.read_bytes()
    answer = service.upload("talk.wav", data).json()
    assert list(answer["probabilities"]) == ["sad", "angry"]
    answer = service.upload("talk.wav", data, "/v1/predict?emotions=&merge=").json()
    assert list(answer["probabilities"]) == tiny_model.LABELS


def test_each_channel_of_a_call_is_heard_by_itself(
    service: Running, model: Recognizer, tmp_path: Path
) -> None:
    left, right = (
        synthetic.utterance(emotion, speaker=k, seconds=3.0).samples[:40_000]
        for k, emotion in enumerate(("neutral", "angry"))
    )
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack([left, right], 1), 16_000, subtype="FLOAT")
    alone = [model.predict(Audio(side, 16_000)).rounded().probabilities for side in (left, right)]

    found = service.upload(
        "call.wav", path.read_bytes(), "/v1/predict?channels=each:agent,customer"
    ).json()
    assert [(one["channel"], one["speaker"]) for one in found["channels"]] == [
        (1, "agent"),
        (2, "customer"),
    ]
    assert [one["probabilities"] for one in found["channels"]] == alone
    assert found["warnings"] == []
    one = service.upload("call.wav", path.read_bytes(), "/v1/predict?channels=right").json()
    assert (one["channel"], one["probabilities"]) == (2, alone[1])

    mixed = service.upload("call.wav", path.read_bytes(), "/v1/predict").json()
    assert "channel" not in mixed
    (warning,) = mixed["warnings"]
    assert "call.wav has different speech in its two channels" in warning
    assert warning.endswith("they are mixed: channels=each hears them one by one")

    over = service.upload("call.wav", path.read_bytes(), "/v1/timeline?channels=each").json()
    assert {(row["channel"], row["speaker"]) for row in over["segments"]} == {
        (1, "left"),
        (2, "right"),
    }
    again = service.client.post("/v1/export?format=csv", json=over)
    assert again.status_code == 200
    assert "channel,speaker" in again.text.splitlines()[0]
    for query, words in {
        "predict?channels=3": "has 2 channels, and no channel 3",
        "timeline?channels=each:a": "2 channels, and names are given for 1",
        "predict?channels=middle": "channels are mix, left, right",
        "explain?channels=each": "hears one channel",
    }.items():
        assert words in refusal(service.upload("call.wav", path.read_bytes(), f"/v1/{query}"))


def test_a_live_stream_is_of_one_channel(service: Running, talk: Path) -> None:
    (error,) = heard(service, talk, "channels=left")
    assert error["event"] == "error"
    assert "one channel" in error["message"]
    assert heard(service, talk, "channels=mix")[0]["event"] == "ready"


def test_every_answer_says_which_model_it_is_of(
    service: Running, model: Recognizer, talk: Path
) -> None:
    data, said = talk.read_bytes(), model.identity.short()
    assert said["version"] == 1
    card = service.client.get("/v1/model").json()
    assert card["identity"] == model.identity.to_dict()
    for corpus in card["metadata"]["corpora"].values():
        assert type(corpus["speakers"]) is int  # how many, not who
    for path in ("/v1/predict", "/v1/timeline", "/v1/explain?end=3"):
        assert service.upload("talk.wav", data, path).json()["model"] == said
    exported = service.upload("talk.wav", data, "/v1/timeline?format=vtt")
    whole = f"{said['name']}/{said['version']}/{said['content']}"
    assert exported.headers["intona-model"] == whole
    events = heard(service, talk, "")
    assert events[0]["model"] == said
    segments = [one for one in events if one["event"] == "segment"]
    assert segments
    assert all(one["model"] == said for one in segments)
