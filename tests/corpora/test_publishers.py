"""Corpora of publishers that declare digests in a record, by pointers, or not at all."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import threading
import zipfile

import numpy as np
import pytest
import soundfile

from intona.corpora import fetch
from intona.corpora.pointers import pointers
from intona.corpora.publishers import Download, Record
from intona.errors import CorpusError

QUICK = fetch.Patience(attempts=2, stall=0.5, pause=0.01)


def sound(seed):
    stream = io.BytesIO()
    samples = 0.1 * np.random.default_rng(seed).standard_normal(400)
    soundfile.write(stream, samples, 8000, format="WAV")
    return stream.getvalue()


def pointer(content):
    digest = hashlib.sha256(content).hexdigest()
    words = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    )
    return words.encode()


def packed(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.fixture
def web():
    """What a server gives by path, whether it says how long that is, and what was asked."""
    given, silent, asked = {}, set(), []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.append((self.command, self.path))
            content = given.get(self.path.partition("?")[0])
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            if self.path in silent:
                self.send_header("Transfer-Encoding", "chunked")
                content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
            else:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", given, silent, asked
    server.shutdown()
    server.server_close()


def record(given, content, **changes):
    one = {
        "key": "SUBESCO.zip",
        "size": len(content),
        "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
    }
    files = [{**one, **changes}, {"key": "readme.txt", "size": 3, "checksum": "md5:" + "0" * 32}]
    given["/api/records/7"] = json.dumps({"files": files}).encode()
    given["/records/7/files/SUBESCO.zip"] = content


def test_a_record_says_what_it_holds(web, tmp_path):
    url, given, _, _ = web
    names = [f"F_02_MONIKA_S_1_{word}_1.wav" for word in ("ANGRY", "HAPPY")]
    record(given, packed({f"SUBESCO/{name}": sound(k) for k, name in enumerate(names)}))
    said = []
    downloads = (Record("speech", "subesco", 7, url),)
    (folder,) = fetch.get(
        "subesco", tmp_path, downloads=downloads, patience=QUICK, notice=said.append
    )
    assert sorted(path.name for path in folder.rglob("*.wav")) == names
    assert [path.name for path in tmp_path.iterdir()] == ["subesco"]
    assert said == []  # its digest is declared


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "HTTP 404"),
        (b"<html>", "no description of a record"),
        (b"[" * 100_000, "no description of a record"),
        (b"[]", "holds no zip"),
        (b'{"files": [{"key": "../a.zip", "size": 1, "checksum": "md5:1"}]}', "holds no zip"),
        (b" " * (2**22 + 1), "larger than"),
    ],
)
def test_a_record_that_cannot_be_used_is_one_sentence(web, tmp_path, answer, said):
    url, given, _, _ = web
    given.update({"/api/records/7": answer} if answer is not None else {})
    with pytest.raises(CorpusError, match=said) as refused:
        fetch.get("subesco", tmp_path, downloads=(Record("speech", "s", 7, url),), patience=QUICK)
    assert "by hand: the archive at https://zenodo.org/records/4526477" in str(refused.value)


def test_what_a_record_declares_is_checked(web, tmp_path):
    url, given, _, _ = web
    record(given, packed({"a.wav": sound(1)}), checksum="md5:" + "1" * 32)
    with pytest.raises(CorpusError, match="arrived damaged twice"):
        fetch.get("subesco", tmp_path, downloads=(Record("speech", "s", 7, url),), patience=QUICK)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("what", ["cut", "page"])
def test_without_a_digest_nothing_is_kept_of_what_cannot_be_unpacked(web, tmp_path, what, silent):
    """The next download may be whole, and must not be refused for being another."""
    url, given, mute, _ = web
    whole = packed({"MESD/Anger_C_A_abajo.wav": sound(1)})
    given["/x"] = whole[: len(whole) // 2] if what == "cut" else b"<html>Please log in</html>"
    if silent:
        mute.add("/x")
    downloads = (Download("speech", "mesd", f"{url}/x", file="mesd.zip"),)
    with pytest.raises(CorpusError, match=r"the archive is damaged.*; by hand: "):
        fetch.get("mesd", tmp_path, downloads=downloads, patience=QUICK)
    assert list(tmp_path.iterdir()) == []
    given["/x"] = whole
    (folder,) = fetch.get("mesd", tmp_path, downloads=downloads, patience=QUICK)
    assert (folder / "MESD" / "Anger_C_A_abajo.wav").is_file()


@pytest.mark.parametrize("silent", [False, True])
def test_without_a_digest_the_first_one_is_kept(web, tmp_path, silent):
    url, given, mute, asked = web
    given["/x"] = packed({"MESD/Anger_C_A_abajo.wav": sound(1)})
    if silent:  # it says no length either
        mute.add("/x")
    downloads = (Download("speech", "mesd", f"{url}/x", file="mesd.zip"),)
    said = []

    def get():
        return fetch.get("mesd", tmp_path, downloads=downloads, patience=QUICK, notice=said.append)

    (folder,) = get()
    digest = hashlib.sha256(given["/x"]).hexdigest()
    assert (tmp_path / "mesd.sha256").read_text() == f"{digest}  mesd.zip\n"
    assert len(said) == 1
    before = len(asked)
    get()
    assert len(asked) == before  # it is there
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()
    given["/x"] = packed({"MESD/Anger_C_A_abajo.wav": sound(2)})
    with pytest.raises(CorpusError, match="not what was fetched before"):
        get()
    assert not folder.exists()


def test_recordings_come_for_their_pointers_and_go_on_where_they_stopped(web, tmp_path):
    url, given, mute, asked = web
    names = [f"1001_DFA_{word}_XX" for word in ("ANG", "HAP", "SAD")]
    sounds = {name: sound(k) for k, name in enumerate(names)}
    files = {f"CREMA-D-master/AudioWAV/{name}.wav": pointer(sounds[name]) for name in names}
    files["CREMA-D-master/AudioMP3/1001_DFA_ANG_XX.mp3"] = pointer(b"another")
    files["CREMA-D-master/README.md"] = b"words"
    given["/master"] = packed(files)
    mute.add("/master")
    downloads = (
        Download("speech", "cremad", f"{url}/master", file="c.zip", pointers=f"{url}/media"),
    )
    given["/media/AudioWAV/1001_DFA_ANG_XX.wav"] = sounds[names[0]]
    given["/media/AudioWAV/1001_DFA_HAP_XX.wav"] = sounds[names[2]]  # another one
    with pytest.raises(CorpusError, match=r"HAP_XX\.wav: is not what its pointer says"):
        fetch.get("cremad", tmp_path, downloads=downloads, patience=QUICK)
    del given["/media/AudioWAV/1001_DFA_HAP_XX.wav"]
    with pytest.raises(CorpusError, match="HTTP 404"):
        fetch.get("cremad", tmp_path, downloads=downloads, patience=QUICK)
    for name in names:
        given[f"/media/AudioWAV/{name}.wav"] = sounds[name]
    asked.clear()
    (folder,) = fetch.get("cremad", tmp_path, downloads=downloads, patience=QUICK)
    assert [path.rpartition("/")[2] for _, path in asked] == [f"{name}.wav" for name in names[1:]]
    assert {path.stem: path.read_bytes() for path in folder.rglob("*.wav")} == sounds
    assert not list(folder.rglob("*.mp3"))
    assert not list(pointers(folder))


def test_what_asks_for_consent_is_said(intona):
    done = intona("corpus", "get", "iemocap")
    assert done.code == 1
    assert "not fetched automatically" in done.err
    assert "sail.usc.edu" in done.err
