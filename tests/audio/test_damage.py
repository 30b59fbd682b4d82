"""Sound is never dropped without a word: headers that lie, damage, gaps, tracks and channels."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from intona import audio
from intona.audio import Damage
from intona.corpora import synthetic
from intona.errors import AudioError

RATE = 16_000


def voice(seconds: float = 4.0, rate: int = RATE) -> np.ndarray:
    return synthetic.utterance("angry", seconds=seconds, rate=rate).samples


def heard(path: Path, **options: float) -> tuple[audio.Audio, list[str]]:
    said: list[str] = []
    return audio.read(path, notice=said.append, **options), said


def encoded(
    path: Path, codec: str, rate: int, container: str, samples: np.ndarray, **options: str
) -> Path:
    with av.open(str(path), "w", format=container, options=options) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        context = stream.codec_context
        context.bit_rate = 64_000
        context.open()
        convert = av.AudioResampler(
            format=context.format, layout="mono", rate=rate, frame_size=context.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        for part in [*convert.resample(frame), *convert.resample(None)]:
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return path


def remuxed(source: Path, path: Path, shifts: Iterable[float]) -> Path:
    """Write the packets of a file anew, once for each shift of their times, in seconds."""
    with av.open(str(source)) as old, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(old.streams.audio[0])
        packets = [packet for packet in old.demux(audio=0) if packet.dts is not None]
        for shift in shifts:
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.stream = stream
                copy.time_base = packet.time_base
                copy.pts = copy.dts = packet.pts + round(shift / packet.time_base)
                copy.duration = packet.duration
                out.mux(copy)
    return path


def test_after_damage_in_flac_the_rest_is_in_its_place(tmp_path: Path) -> None:
    samples = voice(12.0)
    soundfile.write(tmp_path / "a.flac", samples, RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    place = len(data) // 2
    data[place : place + 400] = bytes(range(200)) * 2
    (tmp_path / "a.flac").write_bytes(data)
    sound, said = heard(tmp_path / "a.flac")
    assert sound.duration == 12.0
    wrong = np.flatnonzero(np.abs(sound.samples - samples) > 1e-4)
    assert wrong[-1] - wrong[0] < 0.6 * RATE
    (sentence,) = said
    assert isinstance(sentence, Damage)
    at = float(sentence.partition(" damaged at ")[2].partition(" s:")[0])
    assert at == pytest.approx(wrong[0] / RATE, abs=0.3)
    # Block by block, and from the middle, it is the same.
    parts = [block.samples for block in audio.blocks(tmp_path / "a.flac", notice=said.append)]
    np.testing.assert_array_equal(np.concatenate(parts), sound.samples)
    late = audio.read(tmp_path / "a.flac", start=9.0, notice=said.append).samples
    np.testing.assert_allclose(late, samples[9 * RATE :], atol=1e-4)


def test_flac_of_unknown_length(tmp_path: Path) -> None:
    samples = voice(31.0)
    soundfile.write(tmp_path / "a.flac", samples, RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(data)
    sound, said = heard(tmp_path / "a.flac")
    np.testing.assert_allclose(sound.samples, samples, atol=1e-4)
    assert not said


def test_mp3_without_a_table_is_read_to_its_end(tmp_path: Path) -> None:
    samples = np.concatenate([np.random.default_rng(0).normal(0, 0.3, 2400), voice(6.0)])
    path = encoded(
        tmp_path / "a.mp3", "libmp3lame", RATE, "mp3", samples.astype(np.float32), write_xing="0"
    )
    sound, said = heard(path)
    assert sound.duration == pytest.approx(6.15, abs=0.1)
    assert not said
    path.write_bytes(path.read_bytes() + path.read_bytes())
    assert heard(path)[0].duration == pytest.approx(12.3, abs=0.2)


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU"])
def test_a_copy_that_was_stopped(tmp_path: Path, kind: str) -> None:
    samples = voice()
    soundfile.write(tmp_path / "a", samples, RATE, format=kind, subtype="PCM_16")
    data = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(data[: len(data) // 2])
    sound, (sentence,) = heard(tmp_path / "a")
    assert sound.duration == pytest.approx(2.0, abs=0.01)
    assert isinstance(sentence, Damage)
    assert "of the 4.00 s" in sentence


@pytest.mark.parametrize(
    ("kind", "mark", "skip", "form", "value"),
    [
        ("WAV", b"data", 4, "<I", 0),
        ("WAV", b"data", 4, "<I", 0xFFFFFFFF),
        ("WAV", b"data", 4, "<I", 20_000),
        ("WAVEX", b"data", 4, "<I", 0),
        ("RF64", b"ds64", 16, "<Q", 0),
        ("RF64", b"ds64", 16, "<Q", 2**64 - 1),
        ("AIFF", b"SSND", 4, ">I", 20_000),
        ("AIFF", b"SSND", 4, ">I", 0),
        ("AU", b".snd", 8, ">I", 0),
        ("AU", b".snd", 8, ">I", 20_000),
        ("AU", b".snd", 8, ">I", 0xFFFFFFFF),
    ],
)
def test_a_header_that_was_never_finished(
    tmp_path: Path, kind: str, mark: bytes, skip: int, form: str, value: int
) -> None:
    samples = voice()
    soundfile.write(tmp_path / "a", samples, RATE, format=kind, subtype="PCM_16")
    whole = audio.read(tmp_path / "a").samples
    data = bytearray((tmp_path / "a").read_bytes())
    struct.pack_into(form, data, data.find(mark) + skip, value)
    (tmp_path / "a").write_bytes(data)
    sound, said = heard(tmp_path / "a")
    np.testing.assert_array_equal(sound.samples, whole)
    assert not said
    with open(tmp_path / "a", "rb") as file:
        np.testing.assert_array_equal(audio.read(file).samples, whole)


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [("wav", 0), ("aiff", 0), ("flac", 0), ("ogg", 0.1)]
)
def test_recordings_that_were_joined_as_files(
    tmp_path: Path, suffix: str, tolerance: float
) -> None:
    for name, rate in (("a", RATE), ("b", 8000)):
        soundfile.write(tmp_path / f"{name}.{suffix}", voice(2.0, rate), rate)
    both = [(tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab"]
    (tmp_path / f"c.{suffix}").write_bytes(b"".join(both))
    sound, said = heard(tmp_path / f"c.{suffix}")
    assert sound.rate == RATE
    assert sound.duration == pytest.approx(4.0, abs=tolerance or 1e-3)
    assert not said
    late, _ = heard(tmp_path / f"c.{suffix}", start=3.0)
    assert late.duration == pytest.approx(1.0, abs=tolerance or 1e-3)


def test_aac_that_changes_its_rate(tmp_path: Path) -> None:
    parts = [
        encoded(tmp_path / f"{rate}.aac", "aac", rate, "adts", voice(3.0, rate)).read_bytes()
        for rate in (22_050, 48_000)
    ]
    (tmp_path / "c.aac").write_bytes(b"".join(parts))
    sound, said = heard(tmp_path / "c.aac")
    assert sound.rate == 22_050
    assert sound.duration == pytest.approx(6.0, abs=0.2)
    assert not said


def test_a_lost_page_of_ogg(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.opus", voice(10.0), RATE, format="OGG", subtype="OPUS")
    data = bytearray((tmp_path / "a.opus").read_bytes())
    place = len(data) // 2
    data[place : place + 20] = bytes(20)
    (tmp_path / "a.opus").write_bytes(data)
    sound, said = heard(tmp_path / "a.opus")
    assert sound.duration == pytest.approx(10.0, abs=0.1)
    assert any(isinstance(sentence, Damage) for sentence in said)


def test_gaps_stay_gaps(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "a.opus", "libopus", 48_000, "ogg", voice(4.0, 48_000))
    path = remuxed(whole, tmp_path / "gap.webm", (0.0, 20.0))
    sound, (sentence,) = heard(path)
    assert sound.duration == pytest.approx(24.0, abs=0.1)
    assert not sound.samples[5 * 48_000 : 19 * 48_000].any()
    assert sound.samples[20 * 48_000 : 21 * 48_000].std() > 0.01
    assert "gap" in sentence
    assert not isinstance(sentence, Damage)
    part = audio.read(path, start=19.0, end=21.0, notice=lambda _: None)
    assert part.duration == pytest.approx(2.0, abs=0.01)


def test_an_enormous_gap_takes_no_memory(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "a.opus", "libopus", 48_000, "ogg", voice(4.0, 48_000))
    path = remuxed(whole, tmp_path / "gap.webm", (0.0, 5 * 3600.0))
    sound, said = heard(path)  # in one piece: too long for a pause
    assert sound.duration == pytest.approx(8.0, abs=0.1)
    assert any(isinstance(sentence, Damage) and "leaps by 5.0 h" in sentence for sentence in said)
    lengths = [block.duration for block in audio.blocks(path, seconds=60.0, notice=said.append)]
    assert max(lengths) == 60.0
    assert sum(lengths) == pytest.approx(5 * 3600 + 4, abs=0.1)


def test_sound_that_begins_after_the_picture(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "v.mp4"), "w") as out:
        picture = out.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        track = out.add_stream("aac", rate=RATE, layout="mono")
        frames = [av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")] * 60
        for k, frame in enumerate(frames):
            frame.pts = k
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        samples = voice(3.0)
        for first in range(0, len(samples) // 1024 * 1024, 1024):
            block = av.AudioFrame.from_ndarray(samples[None, first : first + 1024], "fltp", "mono")
            block.sample_rate, block.pts = RATE, first + 2 * RATE
            block.time_base = track.codec_context.time_base or block.time_base
            out.mux(track.encode(block))
        out.mux(track.encode(None))
    sound, said = heard(tmp_path / "v.mp4")
    assert sound.duration == pytest.approx(5.0, abs=0.15)
    assert not sound.samples[: round(1.9 * RATE)].any()
    assert sound.samples[round(2.1 * RATE) :].std() > 0.01
    assert not said


@pytest.mark.parametrize("mix", [(1, -1), (1, -0.6), (1, -1, 0), (0.5, 0.5, -1), (1, -1, 0.02, 0)])
def test_channels_that_cancel(tmp_path: Path, mix: tuple[float, ...]) -> None:
    samples = 0.5 * voice(12.0)
    channels = np.stack([gain * samples for gain in mix], axis=1)
    soundfile.write(tmp_path / "a.wav", channels, RATE, subtype="FLOAT")
    sound, (sentence,) = heard(tmp_path / "a.wav")
    alike = np.corrcoef(sound.samples, samples)[0, 1]
    assert abs(alike) > 0.999
    assert sound.samples.std() > 0.3 * samples.std()
    assert "cancel each other" in sentence
    assert not isinstance(sentence, Damage)
    for seconds in (1.0, 5.0, 30.0):
        parts = audio.blocks(tmp_path / "a.wav", seconds=seconds, notice=lambda _: None)
        joined = np.concatenate([part.samples for part in parts])
        np.testing.assert_array_equal(joined, sound.samples)


def test_raw_samples_and_sound_that_is_called_raw(tmp_path: Path) -> None:
    (tmp_path / "r.raw").write_bytes(np.random.default_rng(0).bytes(20_001))
    with pytest.raises(AudioError, match="raw samples without a header"):
        audio.read(tmp_path / "r.raw")
    soundfile.write(tmp_path / "w.wav", voice(), RATE)
    (tmp_path / "w.wav").rename(tmp_path / "w.raw")
    assert audio.read(tmp_path / "w.raw").duration == 4.0


def test_a_colon_in_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded(tmp_path / "a.m4a", "aac", RATE, "ipod", voice())
    (tmp_path / "a.m4a").rename(tmp_path / "10:15 call.m4a")
    monkeypatch.chdir(tmp_path)
    assert audio.read("10:15 call.m4a").duration == pytest.approx(4.0, abs=0.1)


def test_more_than_eight_channels(tmp_path: Path) -> None:
    channels = np.stack([voice(2.0, 48_000)] * 12, axis=1)
    soundfile.write(tmp_path / "a.wav", channels, 48_000)
    data = (tmp_path / "a.wav").read_bytes()

    class Pipe(io.BytesIO):
        def __init__(self) -> None:
            super().__init__(data)

        def seekable(self) -> bool:
            return False

    with Pipe() as pipe:
        sound = audio.read(pipe)  # FFmpeg's, since it cannot be read twice
    np.testing.assert_allclose(sound.samples, channels[:, 0], atol=1e-4)


def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    encoded(tmp_path / "a.m4a", "aac", RATE, "ipod", voice())
    name = os.fsencode(tmp_path) + b"/w\xfctend.m4a"
    os.rename(tmp_path / "a.m4a", name)
    assert audio.read(os.fsdecode(name)).duration == pytest.approx(4.0, abs=0.1)


def test_a_header_that_counts_itself_in_is_no_damage(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", voice(), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<I", data, 40, len(data))
    (tmp_path / "a.wav").write_bytes(data)
    sound, said = heard(tmp_path / "a.wav")
    assert (sound.duration, said) == (4.0, [])


@pytest.mark.parametrize("default", [0, 1])
def test_the_default_track_is_taken(tmp_path: Path, default: int) -> None:
    with av.open(str(tmp_path / "two.mka"), "w") as out:
        tracks = [out.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(2)]
        tracks[default].disposition = av.stream.Disposition.default
        for track, level in zip(tracks, (1000, 2000), strict=True):
            block = np.full((1, RATE), level, np.int16)
            frame = av.AudioFrame.from_ndarray(block, "s16", "mono")
            frame.sample_rate = RATE
            out.mux(track.encode(frame))
            out.mux(track.encode(None))
    sound, (sentence,) = heard(tmp_path / "two.mka")
    assert sound.samples[100] == pytest.approx((1000, 2000)[default] / 32768)
    assert f"2 audio tracks: number {default + 1}," in sentence


def test_what_phones_and_browsers_write_is_found(tmp_path: Path) -> None:
    names = [f"a.{suffix}" for suffix in ("3gpp", "MPGA", "awb", "m4v", "weba", "wmv")]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    assert sorted(path.name for path in audio.files([tmp_path])) == sorted(names)


@pytest.mark.parametrize("kind", ["W64", "CAF", "NIST"])
def test_copies_of_long_formats_that_end_too_soon_are_told(tmp_path: Path, kind: str) -> None:
    whole, cut = tmp_path / f"whole.{kind.lower()}", tmp_path / f"cut.{kind.lower()}"
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * 16_000)
    soundfile.write(whole, noise, 16_000, format=kind, subtype="PCM_16")
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) - 32_000])
    said: list[str] = []
    assert audio.read(whole, notice=said.append).duration == pytest.approx(4.0, abs=0.01)
    assert not said
    assert audio.read(cut, notice=said.append).duration == pytest.approx(3.0, abs=0.01)
    (sentence,) = said
    assert "cut short, at 3.0" in sentence
    assert "4.00 s" in sentence


def test_a_flac_whose_header_lies_about_the_rate_is_read_at_that_of_its_frames(tmp_path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * 16_000)
    soundfile.write(tmp_path / "a.flac", noise, 16_000, subtype="PCM_16")
    content = bytearray((tmp_path / "a.flac").read_bytes())
    for byte in (0x01, 0x40, 0x80):
        hurt = content.copy()
        hurt[18] ^= byte
        (tmp_path / "hurt.flac").write_bytes(hurt)
        found = audio.read(tmp_path / "hurt.flac")
        assert found.rate == 16_000
        np.testing.assert_array_equal(found.samples, audio.read(tmp_path / "a.flac").samples)
