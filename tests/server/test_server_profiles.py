"""The service adapts to the speakers it was started with, and to no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
import tiny_model
from server_process import Running
from websockets.sync.client import connect

from intona.corpora import synthetic
from intona.errors import UsageError
from intona.inference.enroll import enroll
from intona.inference.profile import Profile
from intona.inference.recognizer import Recognizer
from intona.inference.timeline import segments
from intona.server.choices import Choices
from intona.server.wire import Choice


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    return Recognizer.load(tiny_model.save(tmp_path_factory.mktemp("model") / "tiny.onnx"))


@pytest.fixture(scope="module")
def profiles(model: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two speakers' profiles, as files."""
    folder = tmp_path_factory.mktemp("profiles")
    found = {}
    for name, speaker in (("me", 0), ("you", 1)):
        voice = [synthetic.utterance("neutral", speaker=speaker, take=k) for k in range(2)]
        found[name] = enroll(model, voice, name=name).save(folder / f"{name}.json")
    return found


@pytest.fixture(scope="module")
def service(
    model: Recognizer, profiles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    options = {
        "handler": "intona.server.handler:ModelHandler",
        "model": str(model.path),
        "profiles": ",".join(map(str, profiles.values())),
    }
    running = Running(options, tmp_path_factory.mktemp("service"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.wav"
    voice = synthetic.utterance("happy", speaker=1, take=5, seconds=3)
    soundfile.write(path, voice.samples, voice.rate, subtype="PCM_16")
    return path


@pytest.mark.parametrize(
    ("query", "name"), [("", "me"), ("?profile=you", "you"), ("?profile=", "")]
)
def test_the_speaker_asked_for_is_adapted_to(
    service: Running,
    model: Recognizer,
    profiles: dict[str, Path],
    clip: Path,
    query: str,
    name: str,
) -> None:
    fitting = model.adapted(Profile.load(profiles[name]) if name else None)
    answer = service.upload("clip.wav", clip.read_bytes(), f"/v1/predict{query}").json()
    expected = fitting.predict(clip)
    assert answer["profile"] == (name or None)
    assert answer["probabilities"] == expected.rounded().to_dict()["probabilities"]

    timeline = service.upload("clip.wav", clip.read_bytes(), f"/v1/timeline{query}").json()
    assert timeline["profile"] == (name or None)
    (row,) = segments(fitting, clip)
    assert timeline["segments"][0]["probabilities"] == row.rounded().to_dict()["probabilities"]
    assert service.client.post("/v1/export", json=timeline).status_code == 200

    joint = "&" if query else "?"
    written = service.upload("clip.wav", clip.read_bytes(), f"/v1/timeline{query}{joint}format=csv")
    assert written.headers.get("intona-profile", "") == name


def test_answers_differ_between_speakers(service: Running, clip: Path) -> None:
    rows = [
        service.upload("clip.wav", clip.read_bytes(), f"/v1/predict?profile={name}").json()
        for name in ("me", "you", "")
    ]
    assert len({json.dumps(row["probabilities"]) for row in rows}) == 3


@pytest.mark.parametrize("name", ["you", ""])
def test_a_stream_is_adapted_too(
    service: Running, model: Recognizer, profiles: dict[str, Path], clip: Path, name: str
) -> None:
    pcm, rate = soundfile.read(clip, dtype="int16")
    url = f"ws://127.0.0.1:{service.port}/v1/stream?rate={rate}&profile={name}"
    events = []
    with connect(url, proxy=None, compression=None) as stream:
        stream.send(pcm.tobytes())
        stream.send('{"event": "end"}')
        while not events or events[-1]["event"] != "end":
            events.append(json.loads(stream.recv(timeout=30)))
    assert events[0]["profile"] == (name or None)
    (found,) = [event for event in events if event["event"] == "segment"]
    fitting = model.adapted(Profile.load(profiles[name]) if name else None)
    (row,) = segments(fitting, clip)
    assert found["probabilities"] == pytest.approx(dict(row.probabilities), abs=1e-3)


def test_only_names_given_at_the_start_are_taken(
    service: Running, profiles: dict[str, Path], clip: Path
) -> None:
    card = service.client.get("/v1/model")
    assert card.json()["profiles"] == ["me", "you"]
    assert str(profiles["me"].parent) not in card.text
    for name in ("nobody", str(profiles["me"])[-60:], "../me", "m\u00e9"):
        answer = service.client.post(
            "/v1/predict", params={"profile": name}, files={"file": ("a.wav", clip.read_bytes())}
        )
        assert answer.status_code == 422
        assert "me, you" in answer.json()["detail"]
    url = f"ws://127.0.0.1:{service.port}/v1/stream?rate=16000&profile={profiles['me']}"
    with connect(url, proxy=None) as stream:
        refused = json.loads(stream.recv(timeout=10))
    assert refused["event"] == "error"
    assert "no profile" in refused["message"]


def test_what_cannot_be_served_is_said_at_the_start(
    model: Recognizer, profiles: dict[str, Path], tmp_path: Path
) -> None:
    me = Profile.load(profiles["me"])
    with pytest.raises(UsageError, match="two profiles"):
        Choices(model, [str(profiles["me"]), str(profiles["me"])])
    nameless = replace(me, name="a b").save(tmp_path / "nameless.json")
    with pytest.raises(UsageError, match="cannot be asked"):
        Choices(model, [str(nameless)])
    foreign = replace(me, model="0" * 16).save(tmp_path / "foreign.json")
    with pytest.raises(UsageError, match="another model"):
        Choices(model, [str(foreign)])
    with pytest.raises(UsageError, match="no profile 'nobody'"):
        Choices(model, ["nobody"])
    with pytest.raises(UsageError, match="and none at all"):
        Choices(model, []).choose(Choice(profile="me"))
