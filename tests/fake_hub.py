"""A stand-in for the Hugging Face hub on the loopback interface: one branch, files in memory."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from base64 import b64decode


class FakeHub:
    """Repositories by name, their files by path; ``faults`` says what goes wrong with a path."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.large: dict[str, bytes] = {}  # by SHA-256, before they are committed
        self.faults: dict[str, str] = {}
        self.tokens: list[str | None] = []
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                hub.answer(self, b"")

            def body(self):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))

            def do_POST(self):
                hub.answer(self, self.body())

            do_HEAD = do_GET  # noqa: N815
            do_PUT = do_POST  # noqa: N815

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def environment(self, home) -> dict[str, str]:
        return {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}

    def answer(self, handler, body: bytes) -> None:
        path = handler.path.partition("?")[0]
        self.tokens.append(handler.headers.get("Authorization"))
        allowed = self.tokens[-1] == f"Bearer {self.token}"
        if "/resolve/" in path:
            self.resolve(handler, path, allowed)
        elif path.startswith("/large/"):
            self.large[path.rpartition("/")[2]] = body
            self.send(handler, 200, {})
        elif not allowed:
            self.send(handler, 401, {"error": "Invalid token"})
        elif path.endswith("/repos/create"):
            self.create(handler, json.loads(body))
        elif "/preupload/" in path:
            asked = json.loads(body)["files"]
            kinds = [
                {"path": one["path"], "uploadMode": "lfs" if one["size"] > 10_000 else "regular",
                 "shouldIgnore": False}
                for one in asked
            ]  # fmt: skip
            self.send(handler, 200, {"files": kinds})
        elif path.endswith("/objects/batch"):
            self.batch(handler, json.loads(body))
        elif "/commit/" in path:
            self.commit(handler, path, body)
        else:
            self.send(handler, 200, {})

    def create(self, handler, asked) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        known = name in self.repositories
        self.repositories.setdefault(name, {})
        if asked.get("private") or asked.get("visibility") == "private":
            self.private.add(name)
        self.send(handler, 409 if known else 200, {"url": f"{self.url}/{name}"})

    def batch(self, handler, asked) -> None:
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.url}/large/{one['oid']}"}}}
            for one in asked["objects"]
        ]
        self.send(handler, 200, {"transfer": "basic", "objects": objects})

    def commit(self, handler, path: str, body: bytes) -> None:
        name = path.removeprefix("/api/models/").partition("/commit/")[0]
        for line in body.decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                self.repositories[name][value["path"]] = b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                self.repositories[name][value["path"]] = self.large[value["oid"]]
        revision = self.revision(name)
        said = {"commitUrl": f"{self.url}/{name}/commit/{revision}", "commitOid": revision}
        self.send(handler, 200, {"success": True, **said})

    def revision(self, name: str) -> str:
        files = self.repositories[name]
        return hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()

    def resolve(self, handler, path: str, allowed: bool) -> None:
        name, _, rest = path.strip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        if name not in self.repositories or (name in self.private and not allowed):
            self.send(handler, 401, {"error": "no such repository"}, code="RepoNotFound")
        elif revision not in ("main", self.revision(name)):
            self.send(handler, 404, {"error": "no such revision"}, code="RevisionNotFound")
        elif file not in self.repositories[name]:
            self.send(handler, 404, {"error": "no such file"}, code="EntryNotFound")
        else:
            self.give(handler, name, file)

    def give(self, handler, name: str, file: str) -> None:
        content, fault = self.repositories[name][file], self.faults.get(file, "")
        if fault == "down":
            self.send(handler, 503, {"error": "down"})
            return
        digest = hashlib.sha256(content).hexdigest()
        size = 2**40 if fault == "huge" else len(content)
        if fault == "damaged":
            content = content[:-1] + bytes([content[-1] ^ 1])
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("X-Repo-Commit", self.revision(name))
        if fault != "no digest":
            handler.send_header("X-Linked-Etag", f'"{digest}"')
        handler.send_header("ETag", '"anything"')
        handler.send_header("X-Linked-Size", str(size))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(content)

    def send(self, handler, status: int, content: object, *, code: str = "") -> None:
        body = json.dumps(content).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        if code:
            handler.send_header("X-Error-Code", code)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
