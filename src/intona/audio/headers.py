"""What the header of a sound file promises, against what is in the file.

Programs that are killed, or write into a pipe, leave sizes behind that were never filled in; a copy
that was stopped leaves less than they say. Libraries believe headers, so headers are looked at
first.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from dataclasses import dataclass, replace
from typing import BinaryIO

_UNKNOWN = 0x7FFF0000  # sizes from here on are written by programs that do not know them
_ENDLESS = 2**62  # bytes; likewise of files with long sizes
# Hz, by the code in a frame's header (RFC 9639, section 9.1.2).
_FLAC_RATES = dict(
    enumerate((88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000), 1)
) | {11: 96_000}
_SLACK = 256  # bytes; some writers count their header in
_SCAN = 2**20
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Survey:
    """What was seen in a file.

    Attributes:
        kind: ``wav``, ``aiff``, ``au``, ``w64``, ``caf``, ``sph``, ``flac``, ``ogg``, ``mp3`` or
            empty.
        patches: ``(place, bytes)`` with which the header would be right.
        promised: seconds of sound that the header says, when the file holds less or when no
            library would tell; else ``None``.
        cut: whether the file ends too soon.
        hurt: whether something in it is damaged or its parts do not follow each other.
        sequel: where another recording begins in the same file, in bytes.
    """

    kind: str = ""
    patches: tuple[tuple[int, bytes], ...] = ()
    promised: float | None = None
    cut: bool = False
    hurt: bool = False
    sequel: int | None = None


def view(
    file: BinaryIO,
    base: int = 0,
    end: int | None = None,
    patches: tuple[tuple[int, bytes], ...] = (),
) -> BinaryIO:
    """Return a stretch of a file, with some bytes changed, and without a name.

    Args:
        file: binary, seekable; it is not closed with the view.
        base: where the stretch begins, in bytes.
        end: where it ends; ``None`` for the end of the file.
        patches: ``(place, bytes)`` in the view.
    """
    return io.BufferedReader(_View(file, base, end, patches))


class _View(io.RawIOBase):
    def __init__(
        self,
        file: BinaryIO,
        base: int,
        end: int | None,
        patches: tuple[tuple[int, bytes], ...],
    ) -> None:
        self._file = file
        self._base = base
        self._patches = patches
        self._place = 0
        self._size = (file.seek(0, io.SEEK_END) if end is None else end) - base

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read as much as is there, at most what fits."""
        self._file.seek(self._base + self._place)
        data = bytearray(self._file.read(max(0, min(len(buffer), self._size - self._place))))
        for place, value in self._patches:
            for k, byte in enumerate(value, place - self._place):
                if 0 <= k < len(data):
                    data[k] = byte
        memoryview(buffer)[: len(data)] = data
        self._place += len(data)
        return len(data)


def survey(file: BinaryIO) -> Survey:
    """Look at a file from its first byte.

    Args:
        file: binary, seekable; its place is changed.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(64)
    try:
        if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
            return _wav(file, size)
        if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
            return _aiff(file, size)
        if head[:4] == b".snd":
            return _au(head, size)
        if head[:4] == b"riff" and head[24:28] == b"wave":
            return _w64(file, size)
        if head[:4] == b"caff":
            return _caf(file, size)
        if head[:7] == b"NIST_1A":
            return _sphere(file, size)
        if head[:4] == b"fLaC":
            return _flac(file)
        if head[:4] == b"OggS":
            return _ogg(file, size)
        if head[:3] == b"ID3" or _is_mp3(head):
            return _mp3(file)
    except (struct.error, OverflowError):  # a header that makes no sense is for the libraries
        pass
    return Survey()


def _wav(file: BinaryIO, size: int) -> Survey:
    place, long_size, long_place, rate = 12, 0, None, 0
    while True:
        name, length = struct.unpack("<4sI", _at(file, place, 8))
        if name == b"ds64":
            long_place = place + 16
            (long_size,) = struct.unpack("<Q", _at(file, long_place, 8))
        if name == b"fmt ":
            (rate,) = struct.unpack("<I", _at(file, place + 16, 4))
        if name == b"data":
            break
        place += 8 + length + length % 2
    begin = place + 8
    have = size - begin
    is_long = length == 0xFFFFFFFF and long_place is not None
    says = long_size if is_long else length
    unknown = says == 0 or says >= (2**63 - 1 if is_long else _UNKNOWN)
    found = Survey("wav")
    if not unknown and says > have + _SLACK:
        return replace(found, cut=True, promised=says / rate if rate else None)
    after = begin + says + says % 2
    if says and not unknown and _at(file, after, 4) in (b"RIFF", b"RF64"):
        return replace(found, sequel=after)
    if have <= 8 or (unknown and says and not is_long):  # libsndfile reads those to the end
        return found
    if not unknown or says == 0:
        left = size - after
        if left < max(0.1 * rate, 8) or _chunks_follow(file, after, size, "<"):
            return found
    if is_long:
        assert long_place is not None
        return replace(found, patches=((long_place, struct.pack("<Q", have)),))
    sizes = [struct.pack("<I", min(value, 0xFFFFFFFF)) for value in (size - 8, have)]
    return replace(found, patches=((4, sizes[0]), (place + 4, sizes[1])))


def _aiff(file: BinaryIO, size: int) -> Survey:
    place, frames, rate = 12, 0, 0.0
    while True:
        name, length = struct.unpack(">4sI", _at(file, place, 8))
        if name == b"COMM":
            (frames,) = struct.unpack(">I", _at(file, place + 10, 4))
            rate = _extended(_at(file, place + 16, 10))
        if name == b"SSND":
            break
        place += 8 + length + length % 2
    begin = place + 16
    have = size - begin
    found = Survey("aiff")
    if 0 < length < _UNKNOWN and length - 8 > have + _SLACK:
        return replace(found, cut=True, promised=frames / rate if frames and rate else None)
    after = place + 8 + length + length % 2
    if not 8 < length < _UNKNOWN or size - after < max(0.1 * rate, 8):
        return found  # libsndfile reads those to the end
    if _at(file, after, 4) == b"FORM":
        return replace(found, sequel=after)
    if _chunks_follow(file, after, size, ">"):
        return found
    return replace(found, patches=((place + 4, struct.pack(">I", have + 8)),))


def _au(head: bytes, size: int) -> Survey:
    begin, says, code, rate, channels = struct.unpack(">5I", head[4:24])
    have = size - begin
    width = {1: 1, 27: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8}.get(code, 0) * channels
    found = Survey("au")
    if says == 0xFFFFFFFF or have <= 0:
        return found
    if says > have + _SLACK:
        seconds = says / (width * rate) if width * rate else None
        return replace(found, cut=True, promised=seconds)
    if says < have - width:
        return replace(found, patches=((8, struct.pack(">I", min(have, 0xFFFFFFFF))),))
    return found


def _flac(file: BinaryIO) -> Survey:
    found = Survey("flac", sequel=_find(file, b"fLaC\x00\x00\x00\x22", 4))
    place, last = 4, False
    while not last:
        (word,) = struct.unpack(">I", _at(file, place, 4))
        place, last = place + 4 + (word & 0xFFFFFF), word >> 31 == 1
    frame = _at(file, place, 8)
    if len(frame) < 8 or frame[:1] != b"\xff" or frame[1] & 0xFC != 0xF8 or frame[4]:
        return found
    long = 5 + {6: 1, 7: 2}.get(frame[2] >> 4, 0)
    rate = _FLAC_RATES.get(frame[2] & 15)
    (word,) = struct.unpack(">I", b"\x00" + _at(file, 18, 3))
    # The frame's checksum vouches for its rate, nothing for the header's.
    if rate is None or rate == word >> 4 or _crc8(frame[:long]) != frame[long]:
        return found
    right = (rate << 4 | word & 15).to_bytes(3, "big")
    return replace(found, patches=((18, right),))


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07 if value & 0x80 else value << 1) & 0xFF
    return value


def _w64(file: BinaryIO, size: int) -> Survey:
    place, rate = 40, 0
    while place < size:  # names of 16 bytes, lengths that count name and length, multiples of 8
        name, length = struct.unpack("<4s12xQ", _at(file, place, 24))
        if name == b"fmt ":
            (rate,) = struct.unpack("<I", _at(file, place + 32, 4))
        if name == b"data":
            return _promised("w64", length - 24, size - place - 24, rate)
        place += max(24, length + -length % 8)
    return Survey("w64")


def _caf(file: BinaryIO, size: int) -> Survey:
    place, rate = 8, 0.0
    while place < size:
        name, length = struct.unpack(">4sq", _at(file, place, 12))
        if name == b"desc":
            hertz, packet, frames = struct.unpack(">d8xII", _at(file, place + 12, 24))
            rate = hertz * packet / frames if frames else 0.0
        if name == b"data":
            return _promised("caf", length - 4, size - place - 16, rate)
        place += 12 + max(0, length)
    return Survey("caf")


def _sphere(file: BinaryIO, size: int) -> Survey:
    text = _at(file, 0, 1024).decode("latin-1")
    facts = dict(re.findall(r"^(\w+) -i (\d{1,15})\s*$", text, re.MULTILINE))
    count, width, channels, rate = (
        int(facts.get(name, 0))
        for name in ("sample_count", "sample_n_bytes", "channel_count", "sample_rate")
    )
    frame = width * max(1, channels)
    return _promised("sph", count * frame, size - 1024, frame * rate)


def _promised(kind: str, says: int, have: int, rate: float) -> Survey:
    """Tell whether fewer bytes are there than promised, at so many bytes a second."""
    if not have + _SLACK < says < _ENDLESS:
        return Survey(kind)
    return Survey(kind, cut=True, promised=says / rate if rate else None)


def _ogg(file: BinaryIO, size: int) -> Survey:
    """Walk the pages: whether all are whole, in order, of one stream, and the last is marked."""
    place, stream, number, last = 0, b"", -1, False
    found = Survey("ogg")
    while place < size:
        head = _at(file, place, 27)
        if len(head) < 27:
            return replace(found, cut=True)
        if head[:4] != b"OggS":
            return replace(found, hurt=True)
        table = _at(file, place + 27, head[26])
        length = 27 + len(table) + sum(table)
        if place + length > size:
            return replace(found, cut=True)
        serial, count, check = head[14:18], *struct.unpack("<2I", head[18:26])
        page = bytearray(_at(file, place, length))
        page[22:26] = bytes(4)
        if stream and serial != stream and last and head[5] & 2:
            return replace(found, sequel=place)
        if (stream and serial != stream) or count != number + 1 or last or _crc(page) != check:
            return replace(found, hurt=True)
        stream, number, last = serial, count, bool(head[5] & 4)
        place += length
    return replace(found, cut=not last)


def _mp3(file: BinaryIO) -> Survey:
    """Read how many frames an MPEG audio file should have, where its first frame says so."""
    head = _at(file, 0, 10)
    place = 0
    if head[:3] == b"ID3":
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 127
        place = 10 + size
    frame = _at(file, place, 200)
    found = Survey("mp3")
    if not _is_mp3(frame) or len(frame) < 60:
        return found if place == 0 else Survey()
    version, index = frame[1] >> 3 & 3, frame[2] >> 2 & 3
    alone = frame[3] >> 6 == 3
    if index == 3 or version == 1:
        return found
    rate = (44_100, 48_000, 32_000)[index] >> {3: 0, 2: 1, 0: 2}[version]
    side = (17 if alone else 32) if version == 3 else (9 if alone else 17)
    frames = 0
    if frame[4 + side : 8 + side] in (b"Xing", b"Info") and frame[11 + side] & 1:
        (frames,) = struct.unpack(">I", frame[12 + side : 16 + side])
    elif frame[36:40] == b"VBRI":
        (frames,) = struct.unpack(">I", frame[50:54])
    if not frames:
        return found
    return replace(found, promised=frames * (1152 if version == 3 else 576) / rate)


def _is_mp3(head: bytes) -> bool:
    """Whether it begins with a frame of MPEG audio, layer 1 to 3."""
    return len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 6 != 0


def _chunks_follow(file: BinaryIO, place: int, size: int, order: str) -> bool:
    """Whether what follows are chunks (or padding), and so no sound."""
    while place + 8 <= size:
        name, length = struct.unpack(f"{order}4sI", _at(file, place, 8))
        if name[:3] == b"TAG" and size - place <= 128:
            return True
        if not all(32 <= byte < 127 for byte in name):
            return not any(_at(file, place, min(size - place, _SCAN)))
        if place + 8 + length > size:
            return False
        place += 8 + length + length % 2
    return True


def _find(file: BinaryIO, mark: bytes, place: int) -> int | None:
    """Return where a mark stands, from a place on."""
    file.seek(place)
    before, block = b"", file.read(_SCAN)
    while block:
        joined = before + block
        found = joined.find(mark)
        if found >= 0:
            return place - len(before) + found
        before = joined[-len(mark) + 1 :]
        place += len(block)
        block = file.read(_SCAN)
    return None


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)


def _crc(page: bytearray) -> int:
    """Return Ogg's checksum, that of zlib with the bits the other way round."""
    check = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{check:032b}"[::-1], 2)


def _extended(value: bytes) -> float:
    """Return a number of 80 bits, as AIFF writes the rate."""
    exponent, mantissa = struct.unpack(">HQ", value)
    return float(mantissa) * 2.0 ** ((exponent & 0x7FFF) - 16383 - 63)
