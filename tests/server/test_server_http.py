from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
from server_process import Running, Start

PUBLIC = ("/", "/static/app.js", "/healthz", "/readyz", "/openapi.json")


def problem(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert set(content) == {"type", "title", "status", "detail"}
    assert content["status"] == answer.status_code
    return content["type"].removeprefix("urn:intona:problem:")


def test_a_clip_gets_an_answer(service: Running) -> None:
    answer = service.upload("clip.wav", bytes(3_000_000))
    assert answer.status_code == 200
    assert answer.json()["emotion"] == "happy"
    assert answer.json()["file"] == "clip.wav"


def test_file_names_lose_their_folders(service: Running) -> None:
    assert service.upload("../../etc/pass\u200bwd").json()["file"] == "passwd"
    assert service.upload("C:\\voices\\a.wav").json()["file"] == "a.wav"


def test_a_timeline_comes_in_the_format_asked_for(service: Running) -> None:
    assert service.upload("a.wav", path="/v1/timeline").json()["segments"][0]["end"] == 2.0
    answer = service.upload("a b.wav", path="/v1/timeline?format=vtt")
    assert answer.text == "as vtt"
    assert answer.headers["content-type"].startswith("text/vtt")
    assert 'filename="a b.vtt"' in answer.headers["content-disposition"]
    assert problem(service.upload("a.wav", path="/v1/timeline?format=doc")) == "invalid"


def test_a_stretch_is_explained(service: Running) -> None:
    answer = service.upload("a.wav", path="/v1/explain?start=0.5&end=2&emotion=happy").json()
    assert answer["file"] == "a.wav"
    assert answer["values"][1][1] == 1.5
    assert answer["manner"][0]["amount"] == "220 Hz"
    for query in ("start=-1", "end=nan", "start=inf", f"emotion={'a' * 99}"):
        assert problem(service.upload("a.wav", path=f"/v1/explain?{query}")) == "invalid"
    assert problem(service.upload("crash.wav", path="/v1/explain")) == "not-decodable"
    service.until_ready()


def test_a_timeline_can_be_written_again_without_its_audio(service: Running) -> None:
    timeline = service.upload("a.wav", path="/v1/timeline").json()
    answer = service.client.post("/v1/export?format=textgrid", json=timeline)
    assert answer.text == "as textgrid"
    assert 'filename="a.TextGrid"' in answer.headers["content-disposition"]
    timeline["segments"][0]["start"] = -1
    assert problem(service.client.post("/v1/export", json=timeline)) == "invalid"
    assert problem(service.client.post("/v1/export", content=b"{")) == "invalid"


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("broken.wav", 422, "audio"),
        ("long.wav", 413, "too-much-audio"),
        ("memory.wav", 413, "too-much-audio"),
        ("crash.wav", 422, "not-decodable"),
        ("killed.wav", 503, "interrupted"),
        ("write.wav", 422, "not-processable"),
        ("bug.wav", 422, "not-processable"),
        ("print.wav", 200, None),
    ],
)
def test_a_hostile_file_costs_one_answer(
    service: Running, name: str, status: int, kind: str | None
) -> None:
    answer = service.upload(name)
    assert answer.status_code == status
    assert kind is None or problem(answer) == kind
    assert "secret" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)
    service.until_ready()
    assert service.upload("fine.wav").status_code == 200


def test_mistakes_get_problem_documents(service: Running) -> None:
    client = service.client
    assert problem(client.get("/v2")) == "not-found"
    assert problem(client.get("/v1/predict")) == "method-not-allowed"
    assert problem(client.post("/v1/predict")) == "invalid"
    assert problem(client.post("/v1/predict", json={"file": "x"})) == "invalid"
    torn = {"content-type": "multipart/form-data; boundary=x"}
    assert problem(client.post("/v1/predict", content=b"no parts", headers=torn)) in (
        "bad-request",
        "invalid",
    )


def test_every_answer_carries_security_headers(service: Running) -> None:
    for answer in (service.client.get("/"), service.client.get("/nowhere")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
    assert service.client.get("/v1/model").headers["cache-control"] == "no-store"


def test_other_web_sites_are_kept_out(service: Running) -> None:
    own = service.client.get("/v1/model", headers={"Origin": service.url})
    assert own.status_code == 200
    for origin in ("https://evil.example", "null", f"http://evil.example:{service.port}"):
        strange = service.client.post("/v1/predict", headers={"Origin": origin})
        assert strange.status_code == 403
        assert problem(strange) == "origin"
    rebound = service.client.get("/v1/model", headers={"Host": f"evil.example:{service.port}"})
    assert problem(rebound) == "host"
    asked = service.client.options("/v1/predict", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in asked.headers


def test_the_token_guards_all_but_the_page(start: Start) -> None:
    service = start(token="a-secret")
    assert [service.client.get(path).status_code for path in PUBLIC] == [200] * len(PUBLIC)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic a-secret"}):
        for path in ("/v1/model", "/metrics"):
            refused = service.client.get(path, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Bearer")
            assert problem(refused) == "token"
    right = {"Authorization": "Bearer a-secret"}
    assert service.client.get("/v1/model", headers=right).status_code == 200
    environment = Path(f"/proc/{service.children()[0]}/environ").read_bytes()
    assert b"a-secret" not in environment


def test_too_large_an_upload_is_refused(start: Start) -> None:
    service = start(max_upload_mb=0.5)
    declared = service.upload("big.wav", bytes(3 << 20))
    assert declared.status_code == 413
    assert problem(declared) == "too-large"

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(200):
            yield bytes(65536)

    torn = {"content-type": "multipart/form-data; boundary=x"}
    try:
        answer = service.client.post("/v1/predict", content=endless(), headers=torn)
        assert problem(answer) == "too-large"
    except httpx.TransportError:
        pass  # it may find the connection closed while still sending
    assert service.upload("fine.wav").status_code == 200


def test_a_full_queue_says_when_to_come_back(start: Start) -> None:
    service = start(queue=1)
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(service.upload("sleep-1.wav"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert {problem(answer) for answer in refused} == {"busy"}


def test_work_that_takes_too_long_is_stopped(start: Start) -> None:
    service = start(request_seconds=0.7)
    answer = service.upload("sleep-30.wav")
    assert answer.status_code == 503
    assert problem(answer) == "timeout"
    assert "retry-after" in answer.headers
    service.until_ready()
    assert service.upload("fine.wav").status_code == 200
    assert service.metric("intona_worker_deaths_total") == 1


def test_slow_clients_are_cut_off(start: Start) -> None:
    service = start(idle_seconds=0.6, queue=0)
    half_head = socket.create_connection(("127.0.0.1", service.port))
    half_head.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nX-A: ")
    half_body = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    half_body.putrequest("POST", "/v1/predict")
    half_body.putheader("Content-Length", "1000")
    half_body.putheader("Content-Type", "multipart/form-data; boundary=x")
    half_body.endheaders(b"--x\r\n")
    drip = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    drip.putrequest("POST", "/v1/predict")
    drip.putheader("Content-Length", "1000")
    drip.endheaders()
    assert drip.getresponse().status == 429  # the only slot is taken by half_body
    half_head.settimeout(10)
    assert half_head.recv(100) == b""
    assert half_body.getresponse().status == 408
    assert service.upload("fine.wav").status_code == 200
    half_head.close()


def test_a_body_that_drips_is_cut_off(start: Start) -> None:
    service = start(idle_seconds=0.5)
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(
            b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        )
        client.settimeout(0.1)
        answer = b""
        for _ in range(100):
            try:
                client.sendall(b"a")
                answer += client.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if answer:
                break
        assert b" 408 " in answer


def test_too_many_connections_are_turned_away(start: Start) -> None:
    service = start(max_connections=5)
    service.client.close()
    idle = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(5)]
    time.sleep(0.2)
    with socket.create_connection(("127.0.0.1", service.port)) as late:
        late.settimeout(5)
        received = b""
        while part := late.recv(4096):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert b"Retry-After" in head
    assert json.loads(body)["status"] == 503
    assert f"Content-Length: {len(body)}".encode() in head
    for connection in idle:
        connection.close()


def test_metrics_count_without_telling_names(service: Running) -> None:
    service.upload("a-very-private-name.wav")
    service.client.get("/a-random-path")
    text = service.client.get("/metrics").text
    assert 'route="/v1/predict"' in text
    assert "private" not in text
    assert "random" not in text


def test_a_model_that_cannot_be_loaded_is_one_sentence(tmp_path: Path) -> None:
    import asyncio

    from intona.errors import ModelError
    from intona.server.service import Service
    from intona.server.settings import Settings

    service = Service(Settings(model=tmp_path / "none.onnx", workers=1))
    with pytest.raises(ModelError, match=r"none\.onnx"):
        asyncio.run(service.start())


def test_a_taken_port_is_one_sentence(service: Running) -> None:
    from intona.errors import UsageError
    from intona.server.run import serve
    from intona.server.settings import Settings

    with pytest.raises(UsageError, match="--port"):
        serve(Settings(port=service.port))


@pytest.mark.parametrize(
    "path",
    ["predict?emotion=happy", "timeline?Format=vtt", "explain?start=0&x=", "predict?format=csv"],
)
def test_a_parameter_nobody_reads_is_refused(service: Running, path: str) -> None:
    name = path.rpartition("=")[0].rpartition("?")[2].rpartition("&")[2]
    answer = service.upload("a.wav", path=f"/v1/{path}")
    assert (answer.status_code, problem(answer)) == (422, "unknown-parameter")
    assert f"'{name}'" in answer.json()["detail"]
    assert "emotions" in answer.json()["detail"]


def test_a_part_nobody_reads_is_refused(service: Running) -> None:
    for part in ({"data": {"emotions": "happy"}}, {"files": {"audio": ("b.wav", b"y")}}):
        files = {"file": ("a.wav", b"x"), **part.get("files", {})}
        answer = service.client.post("/v1/predict", files=files, data=part.get("data"))
        assert (answer.status_code, problem(answer)) == (422, "unknown-parameter")
        assert "?emotions=" in answer.json()["detail"]
    for path in ("/v1/model?x=1", "/v1/model?format=csv"):
        answer = service.client.get(path)
        assert (answer.status_code, problem(answer)) == (422, "unknown-parameter")
    assert service.client.post("/v1/export?x=1", json={}).status_code == 422


def test_what_is_given_twice_is_refused(service: Running) -> None:
    twice = [("file", ("a.wav", b"x")), ("file", ("b.wav", b"y"))]
    for path in ("/v1/predict", "/v1/timeline", "/v1/explain"):
        answer = service.client.post(path, files=twice)
        assert answer.status_code == 422
        assert problem(answer) == "given-twice"
    doubled = service.upload("a.wav", path="/v1/timeline?format=vtt&format=srt")
    assert problem(doubled) == "given-twice"
