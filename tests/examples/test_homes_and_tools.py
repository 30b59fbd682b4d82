"""The sensor of Home Assistant and the MCP server, with stubs of their hosts."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from intona import load

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["pipecat", "livekit", "home_assistant", "mcp"])
def test_each_is_short_and_explained(name):
    (program,) = (EXAMPLES / name).glob("*.py")
    assert len(program.read_text("utf-8").splitlines()) < 100
    assert program.name in (EXAMPLES / name / "README.md").read_text("utf-8")


class Broker:
    """What of paho's client the example uses."""

    published: list[tuple[str, object, bool]]
    refused = False

    def __init__(self, version: object) -> None:
        Broker.published = []

    def __getattr__(self, name: str):
        return lambda *_, **__: None

    def will_set(self, topic, payload, retain):
        self.will = (topic, payload, retain)

    def connect(self, host, port):
        if Broker.refused:
            raise ConnectionRefusedError(111, "Connection refused")

    def publish(self, topic, payload, qos, retain=False):
        Broker.published.append((topic, payload, retain))
        return SimpleNamespace(wait_for_publish=lambda seconds: None)


@pytest.fixture
def sensor(example):
    paho = {"Client": Broker, "CallbackAPIVersion": SimpleNamespace(VERSION2=2)}
    return example("home_assistant/sensor.py", paho__mqtt__client=paho)


@pytest.fixture
def heard(intona, tiny_model, voices):
    """What `intona listen --json` says of two utterances."""
    clip = sorted(voices.rglob("*.wav"))[0]
    with open(clip, "rb") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
        return intona("listen", "-", "--json", "--model", tiny_model).out


def test_the_sensor_publishes_what_is_heard(sensor, heard, monkeypatch):
    segments = [one for one in map(json.loads, heard.splitlines()) if one["event"] == "segment"]
    assert segments
    doubtful = {**segments[0], "status": "unsure"}
    lines = f"{heard}{json.dumps(doubtful)}\n"
    monkeypatch.setattr("sys.argv", ["sensor.py", "--name", "kitchen"])
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    sensor.main()
    kept = {topic: json.loads(text) for topic, text, _ in Broker.published if "config" in topic}
    assert set(kept) == {
        f"homeassistant/sensor/intona_kitchen/{kind}/config" for kind in ("emotion", "arousal")
    }
    assert {one["state_topic"] for one in kept.values()} == {"intona/kitchen/state"}
    states = [json.loads(text) for topic, text, _ in Broker.published if topic.endswith("/state")]
    assert len(states) == len(segments) + 1
    for state, segment in zip(states, segments, strict=False):
        sure = segment["status"] == "ok"
        assert state["emotion"] == (segment["emotion"] if sure else None)
    assert states[-1]["emotion"] is None
    online = [text for topic, text, _ in Broker.published if topic == "intona/kitchen/online"]
    assert online == ["online", "offline"]


def test_a_broker_that_is_not_there_is_one_sentence(sensor, monkeypatch):
    monkeypatch.setattr("sys.argv", ["sensor.py"])
    monkeypatch.setattr(Broker, "refused", True)
    with pytest.raises(SystemExit, match="no broker at localhost:1883"):
        sensor.main()


class ToolError(Exception):
    """What an assistant may read."""


class Server:
    """What of the MCP package the example uses."""

    tools: ClassVar[dict[str, object]]

    def __init__(self, name: str) -> None:
        Server.tools = {}

    def tool(self):
        return lambda function: Server.tools.setdefault(function.__name__, function)

    def run(self):
        pass


@pytest.fixture
def tools(example, voices, monkeypatch):
    found = example(
        "mcp/server.py",
        mcp__server__mcpserver={"MCPServer": Server},
        mcp__server__mcpserver__exceptions={"ToolError": ToolError},
    )
    monkeypatch.setattr("sys.argv", ["server.py", str(voices), "--model", "small"])
    found.main()
    return Server.tools


def test_the_tools_answer_about_a_recording(tools, voices):
    clip = sorted(voices.rglob("*.wav"))[0]
    name = str(clip.relative_to(voices))
    whole = load("small").predict(clip)
    said = tools["predict"](name)
    assert said["status"] == whole.status
    assert said["emotion"] == (whole.emotion if whole.status == "ok" else None)
    assert said["probabilities"] == pytest.approx(whole.probabilities, abs=1e-6)
    segments = tools["timeline"](name)
    assert json.loads(json.dumps(segments)) == segments
    table = load("small").timeline(clip)
    assert [one["status"] for one in segments] == table["status"].tolist()


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/passwd", "none.wav", "", "link.wav"])
def test_the_tools_stay_in_their_folder(tools, voices, tmp_path, path):
    outside = tmp_path / "outside.wav"
    outside.write_bytes(Path(sorted(voices.rglob("*.wav"))[0]).read_bytes())
    link = voices / "link.wav"
    link.symlink_to(outside)
    try:
        for tool in tools.values():
            with pytest.raises(ToolError, match="below the server's folder"):
                tool(path)
    finally:
        link.unlink()


def test_what_is_no_recording_is_one_sentence(tools, voices):
    (voices / "notes.txt").write_text("no sound")
    for tool in tools.values():
        with pytest.raises(ToolError, match="text, not audio"):
            tool("notes.txt")
