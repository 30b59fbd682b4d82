"""Live sound: from a microphone, or from what another program pipes in."""

from __future__ import annotations

import os
import queue
import select
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from intona.audio.core import Audio
from intona.audio.mix import counted, mono
from intona.errors import AudioError, UsageError
from intona.extras import lacking

Samples: TypeAlias = NDArray[np.float32]
Stopped: TypeAlias = Callable[[], bool]

BLOCK = 0.05  # seconds asked of the device at once
PATIENCE = 2.0  # seconds without sound after which the device counts as lost
MOST = 65_536  # bytes read from a pipe at once
KEEP = 200  # blocks that wait for a slow machine before sound is dropped: 10 s

# Raw encodings by FFmpeg's names: bytes per sample, and what makes floats of them.
ENCODINGS: dict[str, tuple[int, Callable[[bytes], NDArray[Any]]]] = {
    "u8": (1, lambda data: np.frombuffer(data, "u1") / np.float32(128) - np.float32(1)),
    "s16le": (2, lambda data: np.frombuffer(data, "<i2") / np.float32(2**15)),
    "s24le": (3, lambda data: _from_24_bit(data)),
    "s32le": (4, lambda data: (np.frombuffer(data, "<i4") / 2**31).astype(np.float32)),
    "f32le": (4, lambda data: np.frombuffer(data, "<f4").astype(np.float32)),
    "f64le": (8, lambda data: np.frombuffer(data, "<f8").astype(np.float32)),
}
_WAV_ENCODINGS = {
    (1, 8): "u8",
    (1, 16): "s16le",
    (1, 24): "s24le",
    (1, 32): "s32le",
    (3, 32): "f32le",
    (3, 64): "f64le",
}


class Live(Protocol):
    """Sound that arrives.

    Attributes:
        rate: sample rate in Hz.
    """

    rate: int

    def blocks(self, stop: Stopped) -> Iterator[Samples | str]:
        """Yield mono samples as they come, or a sentence when something is wrong.

        Args:
            stop: the iteration ends soon after this says ``True``.
        """
        ...


class Pipe:
    """Sound another program writes, for example ``ffmpeg ... -f wav - | intona listen -``.

    Args:
        stream: binary, as ``sys.stdin.buffer``.
        rate: of raw samples, in Hz; ``None`` when the stream begins with a wav header.
        encoding: of raw samples, a key of :data:`ENCODINGS`.
        channels: of raw samples; they are averaged, except those that would cancel a louder one.
        side: the one channel that is heard, from 1; 0 for all.

    Raises:
        AudioError: the stream ends at once, has no such channel, or has no wav header and no rate
            was given.
        UsageError: the encoding, rate or channels are impossible.
    """

    def __init__(
        self,
        stream: BinaryIO,
        rate: int | None = None,
        encoding: str = "s16le",
        channels: int = 1,
        side: int = 0,
    ) -> None:
        if encoding not in ENCODINGS:
            raise UsageError(f"no encoding {encoding!r}: choose one of {', '.join(ENCODINGS)}")
        if channels < 1 or (rate is not None and rate < 1000):
            raise UsageError("a stream needs at least one channel and a rate of 1000 Hz or more")
        self._stream = stream
        if rate is None:
            self.rate, encoding, channels = self._header()
        else:
            self.rate = rate
        if side > channels:
            raise AudioError(
                f"the stream has {counted(channels)}, and no channel {side}: leave --channels out"
            )
        self._side = side
        width, self._convert = ENCODINGS[encoding]
        self._channels = channels
        self._frame = width * channels

    def blocks(self, stop: Stopped) -> Iterator[Samples | str]:
        """Yield what has been written, as soon as it is there, until the writer ends."""
        # read1 returns what is there instead of waiting for all that was asked for.
        read: Callable[[int], bytes] = getattr(self._stream, "read1", self._stream.read)
        rest = b""
        told = False
        first = True  # something may wait in Python's buffer, which select does not see
        while not stop():
            if not first and not _ready(self._stream):
                continue
            first = False
            fresh = read(MOST)
            if not fresh:
                return
            data = rest + fresh
            whole = len(data) // self._frame * self._frame
            rest = data[whole:]
            if whole:
                samples = self._convert(data[:whole]).reshape(-1, self._channels)
                if self._side:
                    yield samples[:, self._side - 1].astype(np.float32)
                    continue
                mixed, cancelled = mono(samples)
                if cancelled and not told:
                    told = True
                    yield "the channels cancel each other: the louder is taken there"
                yield mixed

    def _header(self) -> tuple[int, str, int]:
        """Read up to the samples; the sizes in the header of a pipe are not to be trusted."""
        head = self._exactly(12)
        if not head:
            raise AudioError("standard input is empty: pipe audio into it")
        if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            raise AudioError(
                "standard input has no wav header: say what it is, for example --rate 16000 "
                "--format s16le, or let ffmpeg write wav: ffmpeg -i INPUT -f wav -"
            )
        found: tuple[int, str, int] | None = None
        while True:
            head = self._exactly(8)
            if len(head) < 8:
                raise AudioError("standard input ends before its sound begins")
            name, size = head[:4], struct.unpack("<I", head[4:])[0]
            if name == b"data" and found is not None:
                return found
            body = self._exactly(min(size + size % 2, 1 << 20))
            if name == b"fmt " and len(body) >= 16:
                found = _wav_format(body)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self._stream.read(count - len(data))
            if not more:
                break
            data += more
        return data


def _ready(stream: BinaryIO) -> bool:
    """Wait a little for data; a pipe that is silent must not keep anybody from stopping."""
    if os.name != "posix":
        return True
    try:
        return bool(select.select([stream.fileno()], [], [], 0.2)[0])
    except (OSError, ValueError):  # not a file of the system
        return True


def _wav_format(body: bytes) -> tuple[int, str, int]:
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if kind == 0xFFFE and len(body) >= 26:  # extensible: the kind is in the sub-format
        (kind,) = struct.unpack("<H", body[24:26])
    encoding = _WAV_ENCODINGS.get((kind, bits))
    if encoding is None or channels < 1 or rate < 1000:
        raise AudioError(
            "standard input is wav of a kind that cannot be streamed: "
            "let ffmpeg write 16 bit: ffmpeg -i INPUT -f wav -c:a pcm_s16le -"
        )
    return rate, encoding, channels


def _from_24_bit(data: bytes) -> Samples:
    padded = np.zeros((len(data) // 3, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return (padded.reshape(-1).view("<i4") / 2**31).astype(np.float32)


class Microphone:
    """An input device. When it is lost, its return is waited for.

    Args:
        device: its number or part of its name, see :func:`devices`; ``None`` for the default.
        rate: sample rate in Hz; ``None`` for the device's own.

    Raises:
        AudioError: there is no such device, or it cannot be opened.
        MissingExtraError: sounddevice is not installed.
        UsageError: PortAudio, which it needs, is not.
    """

    def __init__(self, device: str | int | None = None, rate: int | None = None) -> None:
        self._sound = _sounddevice()
        self._device = int(device) if isinstance(device, str) and device.isdigit() else device
        self.rate = rate or 0
        self._queue: queue.Queue[Samples] = queue.Queue(KEEP)
        self._dropped = False
        self._stream = self._open()

    def blocks(self, stop: Stopped) -> Iterator[Samples | str]:
        """Yield blocks of about 50 ms; when the device is lost, say so and wait for it."""
        heard = time.monotonic()
        lost = False
        try:
            while not stop():
                try:
                    block = self._queue.get(timeout=0.2)
                except queue.Empty:
                    if time.monotonic() - heard < PATIENCE:
                        continue
                    if not lost:
                        yield "the microphone is gone: plug it in again, it will be picked up"
                    lost, heard = True, time.monotonic()
                    self._reopen()
                    continue
                if lost:
                    yield "the microphone is back"
                lost, heard = False, time.monotonic()
                if self._dropped:
                    self._dropped = False
                    yield "sound was dropped: the machine is too slow or too busy"
                yield block
        finally:
            self._close()

    def _open(self) -> Any:
        sound = self._sound
        which = "no microphone was found"
        if self._device is not None:
            which = f"no microphone {self._device!r}"
        try:
            found = sound.query_devices(self._device, "input")
            self.rate = self.rate or int(found["default_samplerate"])
            which = f"{found['name']} cannot be opened at {self.rate} Hz"
            stream = sound.InputStream(
                device=self._device,
                samplerate=self.rate,
                channels=1,
                dtype="float32",
                blocksize=round(BLOCK * self.rate),
                callback=self._receive,
            )
            stream.start()
        except (sound.PortAudioError, ValueError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise AudioError(
                f"{which} ({reason}): see intona listen --devices; without a microphone, use "
                "recordings, or pipe sound in with ffmpeg -i INPUT -f wav - | intona listen -"
            ) from None
        return stream

    def _receive(self, data: NDArray[np.float32], frames: int, when: Any, status: Any) -> None:
        self._dropped = self._dropped or bool(status and status.input_overflow)
        try:
            self._queue.put_nowait(data[:, 0].copy())
        except queue.Full:
            self._dropped = True

    def _reopen(self) -> None:
        self._close()
        # PortAudio lists the devices once; only a new start finds one that has come back.
        self._sound._terminate()
        self._sound._initialize()
        try:
            self._stream = self._open()
        except AudioError:
            self._stream = None

    def _close(self) -> None:
        if self._stream is not None:
            with suppress(self._sound.PortAudioError):  # the device may be gone
                self._stream.close()
            self._stream = None


def record(seconds: float, device: str | int | None = None) -> Audio:
    """Record from a microphone.

    Args:
        seconds: how long.
        device: see :class:`Microphone`.

    Raises:
        AudioError: no such device, or nothing came from it.
        MissingExtraError: sounddevice is not installed.
    """
    microphone = Microphone(device)
    end = time.monotonic() + seconds
    heard = [
        block
        for block in microphone.blocks(lambda: time.monotonic() >= end)
        if not isinstance(block, str)
    ]
    if not heard:
        raise AudioError("nothing came from the microphone: is it the right device?")
    return Audio(np.concatenate(heard), microphone.rate)


def devices() -> str:
    """Return the input devices, one per line: number, name, channels, rate.

    Raises:
        MissingExtraError: sounddevice is not installed.
        UsageError: PortAudio, which it needs, is not.
    """
    found = [
        f"{number}  {device['name']}  ({device['max_input_channels']} channels, "
        f"{device['default_samplerate']:.0f} Hz)\n"
        for number, device in enumerate(_sounddevice().query_devices())
        if device["max_input_channels"] > 0
    ]
    return "".join(found) or "no microphone was found\n"


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError:
        raise lacking("listening to a microphone", "sounddevice") from None
    except OSError:
        raise UsageError(
            "the PortAudio library is missing: install it (Debian: apt install libportaudio2), "
            "or pipe sound in with ffmpeg -i INPUT -f wav - | intona listen -"
        ) from None
    return sounddevice
