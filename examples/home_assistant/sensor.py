"""An MQTT sensor for Home Assistant: intona listen --json | python sensor.py --host BROKER."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from typing import Any

import paho.mqtt.client as mqtt

STATE = "intona/{}/state"
ONLINE = "intona/{}/online"


def sensors(name: str) -> dict[str, dict[str, Any]]:
    """Return what Home Assistant's discovery wants to know, by its topic."""
    common = {
        "state_topic": STATE.format(name),
        "availability_topic": ONLINE.format(name),
        "device": {"identifiers": [f"intona_{name}"], "name": f"intona {name}"},
    }
    emotion = {
        "name": "Emotion",
        "unique_id": f"intona_{name}_emotion",
        "value_template": "{{ value_json.emotion or 'unsure' }}",
        "json_attributes_topic": STATE.format(name),
        "icon": "mdi:account-voice",
    }
    arousal = {
        "name": "Arousal",
        "unique_id": f"intona_{name}_arousal",
        "value_template": "{{ (value_json.arousal * 100) | round(0) "
        "if value_json.arousal is not none else none }}",
        "unit_of_measurement": "%",
        "state_class": "measurement",
    }
    return {
        f"homeassistant/sensor/intona_{name}/{kind}/config": {**common, **one}
        for kind, one in (("emotion", emotion), ("arousal", arousal))
    }


def states(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    """Yield the state after each stretch of speech; ``emotion`` is ``None`` where it is unsure."""
    for line in lines:
        event = json.loads(line)
        if event["event"] == "segment":
            sure = event["status"] == "ok"
            yield {
                "emotion": event.get("emotion") if sure else None,
                "confidence": event.get("confidence") if sure else None,
                "arousal": event.get("arousal"),
            }


def main() -> None:
    """Announce the sensors, then publish a state for each stretch of speech."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--name", default="room", help="letters, digits and _")
    options = parser.parse_args()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    if "MQTT_USER" in os.environ:
        client.username_pw_set(os.environ["MQTT_USER"], os.environ.get("MQTT_PASSWORD"))
    online = ONLINE.format(options.name)
    client.will_set(online, "offline", retain=True)
    try:
        client.connect(options.host, options.port)
    except OSError as error:
        raise SystemExit(f"no broker at {options.host}:{options.port}: {error}") from None
    client.loop_start()
    for topic, config in sensors(options.name).items():
        client.publish(topic, json.dumps(config), qos=1, retain=True)
    client.publish(online, "online", qos=1, retain=True)
    for state in states(sys.stdin):
        client.publish(STATE.format(options.name), json.dumps(state), qos=1)
    client.publish(online, "offline", qos=1, retain=True).wait_for_publish(5)
    client.loop_stop()
    client.disconnect()


if __name__ == "__main__":
    main()
