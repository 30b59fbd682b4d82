"""The OpenAPI document is one that generators of clients can use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import Running, Start

USE_PYTHON = """
import io, json, sys
from intona_client import AuthenticatedClient
from intona_client.api.v1 import (
    export_v1_export_post, model_v1_model_get, predict_v1_predict_post, timeline_v1_timeline_post,
)
from intona_client.models import BodyPredictV1PredictPost, BodyTimelineV1TimelinePost
from intona_client.types import File

client = AuthenticatedClient(sys.argv[1], "a-token", raise_on_unexpected_status=True)
def sound(name):
    return File(io.BytesIO(b"sound"), name, "audio/wav")
clip = predict_v1_predict_post.sync(client=client, body=BodyPredictV1PredictPost(sound("a.wav")))
found = timeline_v1_timeline_post.sync(
    client=client, body=BodyTimelineV1TimelinePost(sound("b.wav"))
)
text = export_v1_export_post.sync(client=client, body=found)
wrong = predict_v1_predict_post.sync(
    client=client, body=BodyPredictV1PredictPost(sound("broken.wav"))
)
print(json.dumps([clip.emotion, found.segments[0].end, text, wrong.detail,
                  model_v1_model_get.sync(client=client).name]))
"""

USE_TYPESCRIPT = """
import type { paths } from "./intona";

type Body = paths["/v1/predict"]["post"]["requestBody"]["content"]["multipart/form-data"];
type Found = paths["/v1/timeline"]["post"]["responses"]["200"]["content"]["application/json"];
type Written = paths["/v1/export"]["post"]["responses"]["200"]["content"]["text/vtt"];
type Sent = paths["/v1/export"]["post"]["requestBody"]["content"]["application/json"];

export function seconds(found: Found): number {
  return found.segments.reduce((sum, segment) => sum + segment.end - segment.start, 0);
}
export const resend = (found: Found): Sent => found;
export const lines = (written: Written): string[] => written.split("\\n");
export const field: keyof Body = "file";
// @ts-expect-error there is no such field
export const none: keyof Body = "sound";
"""


@pytest.fixture
def document(service: Running) -> dict[str, Any]:
    return service.client.get("/openapi.json").json()


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from _parts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _parts(value)


def test_uploads_are_binary_and_references_lead_somewhere(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    uploads = [shape["properties"]["file"] for name, shape in shapes.items() if "Body" in name]
    assert [(one["type"], one["format"]) for one in uploads] == [("string", "binary")] * 3
    references = {part["$ref"] for part in _parts(document) if isinstance(part.get("$ref"), str)}
    assert references <= {f"#/components/schemas/{name}" for name in shapes}
    assert "#/components/schemas/Timeline" in references
    written = document["paths"]["/v1/export"]["post"]["responses"]["200"]["content"]
    assert {kind for kind, one in written.items() if one["schema"].get("format") == "binary"} == {
        "application/vnd.apache.parquet"
    }


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("openapi-python-client"), reason="openapi-python-client is not installed"
)
def test_a_generated_python_client_works(start: Start, tmp_path: Path) -> None:
    service = start(token="a-token")
    (tmp_path / "openapi.json").write_text(service.client.get("/openapi.json").text)
    made = _run(
        [
            *("openapi-python-client", "generate", "--path", "openapi.json"),
            *("--output-path", "client", "--fail-on-warning"),
        ],
        tmp_path,
    )
    assert "Generating" in made
    pytest.importorskip("attrs", reason="generated clients need attrs")
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "client"), *sys.path])}
    told = _run([sys.executable, "-c", USE_PYTHON, service.url], tmp_path, environment)
    assert json.loads(told) == [
        "happy",
        2.0,
        "as csv",
        "broken.wav is text, not audio",
        "fake.onnx",
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("openapi-typescript") and shutil.which("tsc")),
    reason="openapi-typescript or tsc is not installed",
)
def test_generated_types_fit(service: Running, tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(service.client.get("/openapi.json").text)
    _run(["openapi-typescript", "openapi.json", "-o", "intona.d.ts"], tmp_path)
    (tmp_path / "use.ts").write_text(USE_TYPESCRIPT)
    _run(["tsc", "--noEmit", "--strict", "--target", "es2022", "use.ts"], tmp_path)


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"NO_PROXY": "*"} | (environment or {}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
