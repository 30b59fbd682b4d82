"""Files made to hurt a service that decodes what it is sent."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import soundfile

__all__ = ["FILES", "flac_of_silence"]


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value <<= 1
            if value >> bits:
                value ^= polynomial | 1 << bits
    return value


def _coded(number: int) -> bytes:
    """The frame number, in UTF-8's scheme."""
    if number < 0x80:
        return bytes([number])
    if number < 0x800:
        return bytes([0xC0 | number >> 6, 0x80 | number & 63])
    return bytes([0xE0 | number >> 12, 0x80 | number >> 6 & 63, 0x80 | number & 63])


def flac_of_silence(hours: float, rate: int = 1000) -> bytes:
    """Hours of silence in a few bytes per minute: constant subframes (RFC 9639, 9.2.3)."""
    size = 65_535
    frames = int(hours * 3600 * rate) // size
    packed = rate << 44 | 0 << 41 | 15 << 36 | frames * size
    info = struct.pack(">HH", size, size) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    out = [b"fLaC", b"\x80\x00\x00\x22", info]
    for number in range(frames):
        head = b"\xff\xf8\x70\x08" + _coded(number) + struct.pack(">H", size - 1)
        frame = head + bytes([_crc(head, 0x07, 8)]) + b"\x00\x00\x00"
        out.append(frame + struct.pack(">H", _crc(frame, 0x8005, 16)))
    return b"".join(out)


def _wav(rate: int, samples: np.ndarray, subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype=subtype)
    return file.getvalue()


def _zip_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(64 << 20))
    return file.getvalue()


def _with_header(rate: int, channels: int) -> bytes:
    """One second of noise behind a header that says something else."""
    body = np.random.default_rng(0).integers(-9000, 9000, 16_000, np.int16).tobytes()
    form = struct.pack(
        "<HHIIHH", 1, channels, rate, (rate * 2 * channels) % 2**32, (2 * channels) % 2**16, 16
    )
    parts = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(body))
    return b"RIFF" + struct.pack("<I", len(parts) + len(body)) + parts + body


_NOISE = np.random.default_rng(0).standard_normal(16_000) * 0.1

FILES: dict[str, bytes] = {
    "zipbomb.wav": _zip_bomb(),
    "day-of-silence.flac": flac_of_silence(24),
    "text.wav": b"this is no sound\n" * 100,
    "empty.wav": b"",
    "nan.wav": _wav(16_000, np.full(16_000, np.nan), "FLOAT"),
    "infinite.wav": _wav(16_000, np.full(16_000, np.inf), "FLOAT"),
    "slow.wav": _with_header(1, 1),
    "fast.wav": _with_header(2**32 - 1, 1),
    "wide.wav": _with_header(16_000, 65_535),
    "cut.wav": _wav(16_000, _NOISE)[:44],
    "one-sample.wav": _wav(16_000, np.ones(1) / 2),
    "random.mp4": b"\x00\x00\x00\x20ftypisom" + np.random.default_rng(1).bytes(50_000),
    "random.mp3": b"ID3\x03\x00\x00" + np.random.default_rng(2).bytes(50_000),
    "random.ogg": b"OggS\x00\x02" + np.random.default_rng(3).bytes(50_000),
    "list.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#\1\2\n#EXTINF:9,\n/etc/hostname\n",
    "list.ffconcat": b"ffconcat version 1.0\n#\1\2\nfile '/etc/hostname'\n",
    "list.sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=\1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
}
