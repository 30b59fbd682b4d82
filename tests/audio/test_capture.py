"""Sound from pipes in every encoding, and from microphones that come and go."""

from __future__ import annotations

import io
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from intona.audio import capture as live
from intona.errors import AudioError, MissingExtraError, UsageError


def tone(rate: int = 8000) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)).astype(np.float32)


def heard(source: live.Live, stop: Any = lambda: False) -> np.ndarray:
    blocks = [block for block in source.blocks(stop) if not isinstance(block, str)]
    assert all(block.dtype == np.float32 for block in blocks)
    return np.concatenate(blocks)


class Trickle(io.RawIOBase):
    """A pipe that delivers a few bytes at a time, odd numbers of them."""

    def __init__(self, data: bytes, size: int = 77) -> None:
        self._data, self._size = io.BytesIO(data), size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(self._size, size) if size >= 0 else self._size)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_says_what_it_is(tmp_path: Path, subtype: str, kind: str, channels: int) -> None:
    samples = np.stack([tone()] * channels, axis=1)
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype=subtype, format=kind)
    pipe = live.Pipe(Trickle((tmp_path / "a.wav").read_bytes()))
    assert pipe.rate == 8000
    got = heard(pipe)[:8000]  # libsndfile appends a chunk after the samples of some kinds
    np.testing.assert_allclose(got, tone(), atol=0.01 if subtype == "PCM_U8" else 1e-4)


def test_wav_from_a_pipe_lies_about_its_size(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(), 8000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    np.testing.assert_allclose(heard(live.Pipe(Trickle(bytes(data)))), tone(), atol=1e-4)


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("u8", (tone() * 127 + 128).astype("u1").tobytes()),
        ("s16le", (tone() * 32767).astype("<i2").tobytes()),
        ("s24le", b"".join(int(x * 8388607).to_bytes(3, "little", signed=True) for x in tone())),
        ("s32le", (tone().astype(float) * 2147483647).astype("<i4").tobytes()),
        ("f32le", tone().astype("<f4").tobytes()),
        ("f64le", tone().astype("<f8").tobytes()),
    ],
)
def test_raw(encoding: str, data: bytes) -> None:
    got = heard(live.Pipe(Trickle(data + b"\x00"), 8000, encoding))
    np.testing.assert_allclose(got[:8000], tone(), atol=0.01 if encoding == "u8" else 1e-4)


def test_a_pipe_can_be_stopped() -> None:
    pipe = live.Pipe(Trickle(bytes(16000)), 8000)
    calls = iter([False, False, True])
    assert len(heard(pipe, lambda: next(calls))) < 100


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"hello, no sound here", "no wav header"),
        (b"RIFF\x00\x00\x00\x00WAVE", "ends before"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + bytes(16), "cannot be streamed"),
    ],
)
def test_bad_pipes(data: bytes, words: str) -> None:
    with pytest.raises(AudioError, match=words):
        live.Pipe(io.BytesIO(data))


@pytest.mark.parametrize("values", [{"encoding": "mp3"}, {"channels": 0}, {"rate": 0}])
def test_bad_descriptions(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        live.Pipe(io.BytesIO(b""), **{"rate": 8000, **values})


class FakeSound(types.ModuleType):
    """What intona uses of sounddevice: two devices, which can be unplugged."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.plugged = True
        self.stream: Any = None
        self.starts = 0

    def query_devices(self, device: Any = None, kind: str | None = None) -> Any:
        names = [("Speakers", 0), ("USB Mic", 2)]
        found = [
            {"name": n, "max_input_channels": c, "default_samplerate": 44100.0} for n, c in names
        ]
        if kind is None:
            return found if self.plugged else found[:1]
        if not self.plugged:
            raise self.PortAudioError("Error querying device -1")
        if device not in (None, 1, "USB"):
            raise ValueError(f"No input device matching {device!r}")
        return found[1]

    def InputStream(self, **options: Any) -> Any:  # noqa: N802
        if options["samplerate"] > 48_000:
            raise self.PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        self.options = options
        self.stream = types.SimpleNamespace(
            start=lambda: setattr(self, "starts", self.starts + 1), close=lambda: None
        )
        return self.stream

    def _terminate(self) -> None: ...

    def _initialize(self) -> None:
        self.plugged = True

    def deliver(self, value: float, overflow: bool = False) -> None:
        block = np.full((10, 1), value, np.float32)
        status = types.SimpleNamespace(input_overflow=overflow)
        self.options["callback"](block, 10, None, status)


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    fake = FakeSound()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_microphone(sound: FakeSound) -> None:
    microphone = live.Microphone("USB")
    assert microphone.rate == 44100
    assert sound.options["channels"] == 1
    sound.deliver(0.25)
    sound.deliver(0.5, overflow=True)
    blocks = microphone.blocks(lambda: False)
    assert next(blocks) == "sound was dropped: the machine is too slow or too busy"
    np.testing.assert_array_equal(next(blocks), np.full(10, 0.25, np.float32))
    np.testing.assert_array_equal(next(blocks), np.full(10, 0.5, np.float32))
    assert list(microphone.blocks(lambda: True)) == []


def test_a_lost_microphone_is_picked_up_again(
    sound: FakeSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PATIENCE", 0.01)
    microphone = live.Microphone(1, 16000)
    blocks = microphone.blocks(lambda: False)
    sound.deliver(0.1)
    assert next(blocks)[0] == np.float32(0.1)  # type: ignore[index]
    sound.plugged = False
    assert "is gone" in next(blocks)  # type: ignore[operator]
    monkeypatch.setattr(sound, "_initialize", lambda: None)  # still unplugged: tries, in silence

    def return_at_last() -> None:
        sound.plugged = True
        monkeypatch.setattr(
            sound, "_initialize", lambda: sound.deliver(0.2)
        )  # the next start delivers

    monkeypatch.setattr(sound, "_terminate", return_at_last)
    assert next(blocks) == "the microphone is back"
    assert next(blocks)[0] == np.float32(0.2)  # type: ignore[index]
    assert sound.starts >= 2
    assert microphone.rate == 16000


def test_a_slow_listener_loses_sound_not_memory(sound: FakeSound) -> None:
    microphone = live.Microphone()
    for _ in range(2 * live.KEEP):
        sound.deliver(0.1)
    blocks = microphone.blocks(lambda: False)
    assert "dropped" in next(blocks)  # type: ignore[operator]
    assert microphone._queue.qsize() < live.KEEP


def test_devices(sound: FakeSound) -> None:
    assert live.devices() == "1  USB Mic  (2 channels, 44100 Hz)\n"
    sound.plugged = False
    assert live.devices() == "no microphone was found\n"
    with pytest.raises(AudioError, match="no microphone was found"):
        live.Microphone()
    sound.plugged = True
    with pytest.raises(AudioError, match="no microphone 'Bluetooth'"):
        live.Microphone("Bluetooth")


def test_a_rate_the_device_does_not_have(sound: FakeSound) -> None:
    with pytest.raises(AudioError, match="USB Mic cannot be opened at 192000 Hz"):
        live.Microphone(rate=192_000)


def test_without_sounddevice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(
        MissingExtraError, match=r"pip install sounddevice, or in a clone .*\[mic\]"
    ):
        live.Microphone()
