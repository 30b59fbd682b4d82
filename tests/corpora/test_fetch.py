"""Downloads from a local server that drops connections, corrupts, throttles and stalls."""

from __future__ import annotations

import hashlib
import http.server
import io
import random
import threading
import time
import zipfile

import pytest

from intona.corpora import fetch
from intona.corpora.publishers import Record
from intona.errors import CorpusError, UsageError

CONTENT = random.Random(5).randbytes(300_000)
QUICK = fetch.Patience(attempts=3, stall=0.5, pause=0.01)


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("Actor_01/03-01-01-01-01-01-01.wav", CONTENT)
    return stream.getvalue()


BODY = archive()


class Place:
    """A server on the loopback interface; ``faults`` says what goes wrong, once per entry."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.ranges: list[str | None] = []
        place = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                place.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/Audio_Speech.zip"

    def answer(self, handler) -> None:
        asked = handler.headers.get("Range")
        self.ranges.append(asked)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "gone":
            handler.send_error(404)
            return
        start = 0
        if asked and fault != "no range":
            start = begin(asked)
        body = bytearray(BODY[start:])
        if fault == "corrupt":
            body[len(body) // 2] ^= 0xFF
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.close_connection = True
        if fault == "drop at once":
            return
        if fault == "drop":
            body = body[: len(body) // 2]
        if fault == "stall":
            handler.wfile.write(body[:100_000])
            handler.wfile.flush()
            time.sleep(2 * QUICK.stall)
            return
        if fault == "throttle":
            for first in range(0, len(body), 50_000):
                handler.wfile.write(body[first : first + 50_000])
                time.sleep(0.02)
            return
        handler.wfile.write(body)

    def download(self, **changes) -> tuple[fetch.Download, ...]:
        known = {
            "part": "speech",
            "folder": "ravdess",
            "url": self.url,
            "md5": hashlib.md5(BODY).hexdigest(),
            "size": len(BODY),
        }
        return (fetch.Download(**{**known, **changes}),)


@pytest.fixture
def place():
    found = Place()
    yield found
    found.server.shutdown()
    found.server.server_close()


def begin(asked: str) -> int:
    return int(asked.removeprefix("bytes=").removesuffix("-"))


def bring(place, folder, **changes):
    (unpacked,) = fetch.get("ravdess", folder, downloads=place.download(**changes), patience=QUICK)
    return unpacked


@pytest.mark.parametrize(
    "faults",
    [
        [],
        ["throttle"],
        ["drop", "drop", "drop", "drop"],
        ["drop at once", "drop at once"],
        ["drop", "no range"],
        ["stall"],
        ["corrupt"],
        ["drop", "corrupt"],
        ["gone"],
    ],
)
def test_it_arrives_whole_whatever_happens(place, tmp_path, faults):
    place.faults = list(faults)
    folder = bring(place, tmp_path)
    assert (folder / "Actor_01/03-01-01-01-01-01-01.wav").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["ravdess"]
    assert place.faults == []


def test_a_dropped_connection_is_continued_not_repeated(place, tmp_path):
    place.faults = ["drop"]
    bring(place, tmp_path)
    first, second = place.ranges
    assert first is None
    assert len(BODY) // 2 - 20_000 < begin(second) <= len(BODY) // 2


def test_the_next_call_goes_on_where_the_last_one_gave_up(place, tmp_path):
    place.faults = ["drop", *["drop at once"] * QUICK.attempts]
    with pytest.raises(CorpusError, match="what has arrived is kept"):
        bring(place, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["Audio_Speech.zip.part"]
    bring(place, tmp_path)
    assert begin(place.ranges[-1]) > len(BODY) // 2 - 20_000


def test_what_is_there_is_not_fetched_again(place, tmp_path):
    bring(place, tmp_path)
    bring(place, tmp_path)
    assert len(place.ranges) == 1


def test_a_part_larger_than_the_archive_is_thrown_away(place, tmp_path):
    (tmp_path / "Audio_Speech.zip.part").write_bytes(b"x" * (len(BODY) + 1))
    bring(place, tmp_path)
    assert place.ranges == [None]


def test_damaged_twice_is_an_error_and_nothing_is_left(place, tmp_path):
    place.faults = ["corrupt", "corrupt"]
    with pytest.raises(CorpusError, match="arrived damaged twice"):
        bring(place, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_server_and_no_room(place, tmp_path):
    with pytest.raises(CorpusError, match="cannot be fetched"):
        bring(place, tmp_path, url="http://127.0.0.1:9/x.zip")
    with pytest.raises(CorpusError, match="are free"):
        bring(place, tmp_path, size=10**17)


def test_progress_reaches_the_total(place, tmp_path):
    place.faults = ["drop"]
    seen = []
    fetch.get(
        "ravdess",
        tmp_path,
        downloads=place.download(),
        patience=QUICK,
        progress=lambda done, total, text: seen.append((done, total, text)),
    )
    assert seen[-1] == (len(BODY), len(BODY), "Audio_Speech.zip")
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


def test_registration_says_what_to_do(tmp_path):
    with pytest.raises(CorpusError, match="sign the release form"):
        fetch.get("iemocap", tmp_path)
    with pytest.raises(UsageError, match="no part 'video'"):
        fetch.get("ravdess", tmp_path, parts=("video",))


def test_the_command_line(place, tmp_path, intona, monkeypatch):
    monkeypatch.setitem(fetch.DOWNLOADS, "ravdess", place.download())
    place.faults = ["drop"]
    told = intona("corpus", "get", "ravdess", "--into", tmp_path / "data")
    assert told.code == 0
    assert "CC BY-NC-SA 4.0" in told.out
    assert "Please cite: Livingstone and Russo" in told.out
    assert f"{tmp_path / 'data' / 'ravdess'}: 1 utterances, 1 speakers" in told.out


def test_what_is_known_of_the_official_archives():
    for name, downloads in fetch.DOWNLOADS.items():
        for each in downloads:
            if isinstance(each, Record):  # which says the rest itself, when it is asked
                assert each.site == "https://zenodo.org"
                continue
            assert each.url.startswith("https://")
            if name != "ravdess":  # no digest is declared, and none is made up
                assert (each.md5, each.size) == ("", 0)
                continue
            assert len(bytes.fromhex(each.md5)) == 16
            assert each.size > 10**6
