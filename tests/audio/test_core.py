"""Audio is read correctly from every format, or refused in one clear sentence."""

from __future__ import annotations

import io
import os
import threading
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from intona import audio
from intona.errors import AudioError, RecordingWarning, UsageError

SECONDS = 1.5


def tone(rate: int, seconds: float = SECONDS, hz: float = 440.0) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def encode(
    path: Path, codec: str, rate: int, container: str | None = None, sound: np.ndarray | None = None
) -> Path:
    """Write 1.5 s of 440 Hz (or ``sound``) with FFmpeg's encoder ``codec``."""
    samples = tone(rate) if sound is None else sound
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        context = stream.codec_context
        context.bit_rate = 12_200 if codec == "libopencore_amrnb" else 64_000
        context.open()
        resampler = av.AudioResampler(
            format=context.format, layout="mono", rate=rate, frame_size=context.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return path


def pitch(sound: audio.Audio) -> float:
    spectrum = np.abs(np.fft.rfft(sound.samples * np.hanning(len(sound.samples))))
    return float(np.argmax(spectrum) * sound.rate / len(sound.samples))


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_wav(tmp_path: Path, rate: int, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", tone(rate), rate, subtype=subtype)
    sound = audio.read(tmp_path / "a.wav")
    assert sound.rate == rate
    assert sound.samples.dtype == np.float32
    tolerance = 0.01 if subtype == "PCM_U8" else 4e-5
    np.testing.assert_allclose(sound.samples, tone(rate), atol=tolerance)


@pytest.mark.parametrize(
    ("name", "kind", "tolerance"),
    [
        ("a.flac", {}, 4e-5),
        ("a.ogg", {}, 0.05),
        ("a.mp3", {}, None),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}, None),
        ("a.aiff", {}, 4e-5),
        ("aiff_named.wav", {"format": "AIFF"}, 4e-5),
        ("mulaw.wav", {"subtype": "ULAW"}, 0.02),
    ],
)
def test_sndfile_formats(tmp_path: Path, name: str, kind: dict, tolerance: float | None) -> None:
    path = tmp_path / name
    soundfile.write(path, tone(16000), 16000, **kind)
    sound = audio.read(path)
    assert sound.rate == 16000
    assert sound.duration == pytest.approx(SECONDS, abs=0.1)
    assert pitch(sound) == pytest.approx(440, abs=2)
    if tolerance:
        np.testing.assert_allclose(sound.samples, tone(16000), atol=tolerance)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "container"),
    [
        ("a.m4a", "aac", 44100, None),
        ("a.mp4", "aac", 16000, None),
        ("a.webm", "libopus", 48000, None),
        ("a.amr", "libopencore_amrnb", 8000, None),
        ("a.3gp", "libopencore_amrnb", 8000, None),
        ("a.wma", "wmav2", 44100, "asf"),
        ("a.mka", "wavpack", 96000, "matroska"),
        ("a.ac3", "ac3", 48000, None),
        ("alac.m4a", "alac", 44100, None),
    ],
)
def test_ffmpeg_formats(
    tmp_path: Path, name: str, codec: str, rate: int, container: str | None
) -> None:
    path = encode(tmp_path / name, codec, rate, container)
    sound = audio.read(path)
    assert sound.rate == rate
    assert sound.duration == pytest.approx(SECONDS, abs=0.11)
    assert pitch(sound) == pytest.approx(440, abs=2)
    loss = 0.25 if "amr" in codec else 0.15  # AMR is made for voices, not for tones
    assert np.std(sound.samples) == pytest.approx(0.4 / 2**0.5, rel=loss)
    with open(path, "rb") as file:
        np.testing.assert_array_equal(audio.read(file).samples, sound.samples)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("a.webm", "libopus"), ("a.wav", "pcm_s16le")]
)
def test_parts_of_a_file(tmp_path: Path, name: str, codec: str) -> None:
    loudness = np.repeat(np.random.default_rng(0).uniform(0.05, 0.9, 60), 48000 // 5)
    sound = (loudness * tone(48000, 12)).astype(np.float32)
    path = encode(tmp_path / name, codec, 48000, sound=sound)
    whole = audio.read(path).samples
    for start, end in [(0.0, 1.0), (0.7, 1.1), (5.3, 6.05), (10.0, None)]:
        part = audio.read(path, start=start, end=end).samples
        stop = None if end is None else round(end * 48000)
        expected = whole[round(start * 48000) : stop]
        assert len(part) == len(expected)
        np.testing.assert_allclose(part, expected, atol=0.02)
    with pytest.raises(AudioError, match="ends before 99 s"):
        audio.read(path, start=99)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = tone(16000), tone(16000, hz=700.0)
    soundfile.write(tmp_path / "s.wav", np.stack([left, right], 1), 16000, subtype="FLOAT")
    sound = audio.read(tmp_path / "s.wav")
    np.testing.assert_allclose(sound.samples, (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("target", [8000, 16000, 48000])
def test_blocks_join_to_the_whole(tmp_path: Path, target: int) -> None:
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "a.wav", rng.uniform(-0.5, 0.5, 44100 * 3), 44100)
    whole = audio.read(tmp_path / "a.wav", rate=target)
    parts = list(audio.blocks(tmp_path / "a.wav", rate=target, seconds=0.31))
    assert len(parts) >= 9
    assert {part.rate for part in parts} == {target}
    joined = np.concatenate([part.samples for part in parts])
    assert len(joined) == len(whole.samples) == 3 * target
    np.testing.assert_allclose(joined, whole.samples, atol=1e-5)


def test_blocks_need_constant_memory(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.flac", np.tile(tone(16000, 10), 30), 16000)
    tracemalloc.start()
    total = sum(len(block.samples) for block in audio.blocks(tmp_path / "long.flac", rate=8000))
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 300 * 8000
    assert top < 6e6  # the whole would be 19 MB


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_truncated_tail(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(2)
    samples = tone(16000, 12) + rng.normal(0, 0.05, 12 * 16000).astype(np.float32)
    soundfile.write(tmp_path / f"a.{suffix}", samples, 16000)
    data = (tmp_path / f"a.{suffix}").read_bytes()
    (tmp_path / f"t.{suffix}").write_bytes(data[: len(data) * 3 // 5])
    with pytest.warns(RecordingWarning, match=f"t.{suffix} is cut short, at "):
        sound = audio.read(tmp_path / f"t.{suffix}")
    assert 6.0 < sound.duration <= 7.6
    if suffix not in ("ogg", "mp3"):
        np.testing.assert_allclose(sound.samples, samples[: len(sound.samples)], atol=1e-4)


def test_truncated_webm(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.webm", "libopus", 48000)
    path.write_bytes(path.read_bytes()[:-1500])
    assert 0.5 < audio.read(path).duration < SECONDS


def bad_files(folder: Path) -> dict[str, str]:
    """Each bad file's name and what the error must say."""
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("Dies ist kein Ton, sondern Text: äöü.\n" * 40, "utf-8")
    (folder / "text.mp3").write_text("not a song\n" * 40)
    (folder / "noise.m4a").write_bytes(bytes(np.random.default_rng(0).bytes(5000)))
    (folder / "folder.wav").mkdir()
    for name, samples in {
        "header_only.wav": np.zeros(0),
        "one.wav": np.full(1, 0.5),
        "few.wav": np.full(20, 0.5),
        "nan.wav": np.full(16000, np.nan),
        "inf.wav": np.full(16000, np.inf),
        "unscaled.wav": 12000 * tone(16000),
    }.items():
        soundfile.write(folder / name, samples, 16000, subtype="FLOAT")
    return {
        "missing.wav": "does not exist",
        "empty.wav": "empty",
        "text.wav": "is text",
        "text.mp3": "is text",
        "noise.m4a": "decoded",
        "folder.wav": "is a folder",
        "header_only.wav": "no samples",
        "one.wav": "only 1 sample:",
        "few.wav": "only 20 samples",
        "nan.wav": "NaN",
        "inf.wav": "infinite",
        "unscaled.wav": "reaches 4800",
    }


def test_bad_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    for name, words in bad_files(tmp_path).items():
        path = tmp_path / name
        for attempt in (audio.read, lambda p: list(audio.blocks(p))):
            with pytest.raises(AudioError, match=words) as caught:
                attempt(path)
            message = str(caught.value)
            assert message.startswith(str(path)), message
            assert "\n" not in message
            assert ":" in message.removeprefix(str(path)), "says how to mend it"


class Pipe(io.RawIOBase):
    """Not seekable, as a socket or standard input."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)


def test_file_like_objects(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(8000), 8000)
    data = (tmp_path / "a.wav").read_bytes()
    expected = audio.read(tmp_path / "a.wav").samples
    np.testing.assert_array_equal(audio.read(io.BytesIO(data)).samples, expected)
    np.testing.assert_allclose(audio.read(Pipe(data)).samples, expected, atol=1e-6)
    with pytest.raises(AudioError, match="the audio stream is empty"):
        audio.read(io.BytesIO(b""))
    with pytest.raises(AudioError, match="the audio stream is not audio"):
        audio.read(io.BytesIO(bytes(range(256)) * 9))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#\1\2\n#EXTINF:9,\nother.ts\n"),
        ("list.ffconcat", "ffconcat version 1.0\n#\1\2\nfile 'other.ts'\n"),
        ("call.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=\1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"),
    ],
)  # fmt: skip
def test_a_playlist_cannot_make_us_read_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    with av.open(str(tmp_path / "other.ts"), "w", format="mpegts") as container:
        stream = container.add_stream("mp2", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.ones((1, 16_000), np.int16), "s16", "mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame) + stream.encode(None))
    assert audio.read(tmp_path / "other.ts").duration > 0.5
    (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    for source in (tmp_path / name, _named(text.encode(), name)):
        with pytest.raises(AudioError, match="not audio"):
            audio.read(source)


def _named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name  # FFmpeg takes the name of a file-like object into account
    return file


def test_named_pipe(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(8000), 8000)
    data = (tmp_path / "a.wav").read_bytes()
    os.mkfifo(tmp_path / "pipe.wav")
    writer = threading.Thread(target=(tmp_path / "pipe.wav").write_bytes, args=(data,))
    writer.start()
    sound = audio.read(tmp_path / "pipe.wav")
    writer.join()
    np.testing.assert_allclose(sound.samples, audio.read(tmp_path / "a.wav").samples, atol=1e-6)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(8000), 8000)
    (tmp_path / "a.wav").chmod(0)
    with pytest.raises(AudioError, match="permissions"):
        audio.read(tmp_path / "a.wav")


def test_permission_denied_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)
    with pytest.raises(AudioError, match="check its permissions"):
        audio.read(tmp_path / "a.wav")


def test_video_without_sound(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "v.mp4"), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(AudioError, match="no audio track"):
        audio.read(tmp_path / "v.mp4")


@pytest.mark.parametrize(("start", "end"), [(-1.0, None), (2.0, 1.0), (1.0, 1.0), (np.nan, 1)])
def test_impossible_span(start: float, end: float | None) -> None:
    with pytest.raises(UsageError):
        audio.read("a.wav", start=start, end=end)


def test_find(tmp_path: Path) -> None:
    for name in ["b/2.wav", "b/10.FLAC", "a/x.m4a", "c.mp3", ".hidden/h.wav", "a/notes.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b/up").symlink_to(tmp_path)
    names = [p.relative_to(tmp_path).as_posix() for p in audio.find([tmp_path])]
    assert names == ["a/x.m4a", "b/10.FLAC", "b/2.wav", "c.mp3"]
    assert list(audio.find([tmp_path / "a/notes.txt"])) == [tmp_path / "a/notes.txt"]
    (tmp_path / "none").mkdir()
    (nothing,) = audio.find([tmp_path / "none"])
    assert isinstance(nothing, AudioError)
    assert "holds no audio file" in str(nothing)
    first, missing, last = audio.find([tmp_path / "a", tmp_path / "missing", tmp_path / "c.mp3"])
    assert (first, last) == (tmp_path / "a/x.m4a", tmp_path / "c.mp3")
    assert isinstance(missing, AudioError)
    assert "does not exist" in str(missing)


@settings(max_examples=25, deadline=None)
@given(data=st.binary(max_size=300), head=st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"ID3"]))
def test_any_bytes_give_audio_or_an_audio_error(data: bytes, head: bytes) -> None:
    try:
        sound = audio.read(io.BytesIO(head + data))
    except AudioError:
        return
    assert np.isfinite(sound.samples).all()
