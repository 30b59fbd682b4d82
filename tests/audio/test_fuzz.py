"""Damaged files of every kind: read to the end, or an error or a note; never a crash or a wait."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from intona import audio
from intona.corpora import synthetic
from intona.errors import AudioError

# Suffix, encoder, container and rate of everything that can be written here.
KINDS = (
    ("wav", "pcm_s16le", "wav", 16_000),
    ("w64", "pcm_s16le", "w64", 16_000),
    ("aiff", "pcm_s16be", "aiff", 22_050),
    ("au", "pcm_s16be", "au", 16_000),
    ("caf", "pcm_s16be", "caf", 16_000),
    ("flac", "flac", "flac", 16_000),
    ("ogg", "", "ogg", 16_000),
    ("opus", "libopus", "ogg", 48_000),
    ("mp3", "libmp3lame", "mp3", 16_000),
    ("mp2", "mp2", "mp2", 44_100),
    ("aac", "aac", "adts", 16_000),
    ("ac3", "ac3", "ac3", 48_000),
    ("amr", "libopencore_amrnb", "amr", 8000),
    ("tta", "tta", "tta", 16_000),
    ("wv", "wavpack", "wv", 16_000),
    ("m4a", "aac", "ipod", 16_000),
    ("mov", "alac", "mov", 16_000),
    ("webm", "libopus", "webm", 48_000),
    ("mka", "wavpack", "matroska", 96_000),
    ("wma", "wmav2", "asf", 44_100),
    ("flv", "aac", "flv", 44_100),
    ("ts", "mp2", "mpegts", 44_100),
    ("avi", "mp2", "avi", 44_100),
)
TAGGED = ("aac", "aiff", "flac", "mp2", "mp3", "wav")  # that may end in an ID3 tag
SECONDS = 4.0
LIMIT = 10.0  # seconds that one file may take

Mutation = Callable[[bytes, np.random.Generator], bytes]


def flip(data: bytes, rng: np.random.Generator, begin: int, end: int, share: float) -> bytes:
    changed = bytearray(data)
    for place in rng.integers(begin, max(begin + 1, end), max(1, int(share * (end - begin)))):
        changed[place] = int(rng.integers(256))
    return bytes(changed)


def spliced(data: bytes, rng: np.random.Generator, piece: bytes, skip: int) -> bytes:
    place = int(rng.integers(len(data) // 10, len(data)))
    return data[:place] + piece + data[place + skip :]


MUTATIONS: dict[str, Mutation] = {
    "header": lambda data, rng: flip(data, rng, 0, min(300, len(data)), 0.02),
    "size": lambda data, rng: flip(data, rng, 0, min(64, len(data)), 0.05),
    "noise": lambda data, rng: flip(data, rng, 300, len(data), 0.0005),
    "cut": lambda data, rng: data[: int(rng.integers(200, len(data)))],
    "hole": lambda data, rng: spliced(data, rng, b"", int(rng.integers(1, len(data) // 4))),
    "zeros": lambda data, rng: spliced(data, rng, bytes(3000), 3000),
    "rubbish": lambda data, rng: spliced(data, rng, rng.bytes(2000), 0),
    "overwritten": lambda data, rng: spliced(data, rng, rng.bytes(700), 700),
    "front": lambda data, rng: data[int(rng.integers(1, len(data) // 2)) :],
    "twice": lambda data, rng: data + data,
    "tagged": lambda data, rng: data + b"TAG" + bytes(125),
}


def written(path: Path, codec: str, container: str, rate: int) -> bytes:
    samples = synthetic.utterance("angry", seconds=SECONDS, rate=rate).samples
    if not codec:  # Vorbis, which FFmpeg writes with a library only
        soundfile.write(path, samples, rate)
        return path.read_bytes()
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        context = stream.codec_context
        context.bit_rate = 12_200 if codec == "libopencore_amrnb" else 64_000
        context.open()
        convert = av.AudioResampler(
            format=context.format, layout="mono", rate=rate, frame_size=context.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        for part in [*convert.resample(frame), *convert.resample(None)]:
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return path.read_bytes()


def of_ffmpeg(path: Path) -> tuple[float, float]:
    """Return the seconds that FFmpeg decodes, and the time on its clock at which they end."""
    total = end = 0.0
    begin: float | None = None
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            for packet in container.demux(container.streams.audio[0]):
                try:
                    frames = packet.decode()
                except (av.error.FFmpegError, EOFError):
                    continue
                for frame in frames:
                    seconds = frame.samples / frame.sample_rate
                    total += seconds
                    end += seconds
                    if frame.time is not None:
                        begin = frame.time if begin is None else begin
                        end = frame.time + seconds - begin
    except (av.error.FFmpegError, ValueError, IndexError, EOFError):
        pass
    return total, end


def outcome(path: Path) -> tuple[str, float, list[str]]:
    """Return what reading does: ``read`` or ``refused``, the duration, and what is told."""
    said: list[str] = []
    begin = time.monotonic()
    try:
        duration = audio.read(path, notice=said.append).duration
        result = "read"
    except AudioError as error:
        said.append(str(error))
        result, duration = "refused", 0.0
    blocks = sum(block.duration for block in heard(path))
    if result == "read" and "leaps" not in "".join(said):
        assert blocks == pytest.approx(duration, abs=1e-3)
    assert time.monotonic() - begin < LIMIT
    return result, duration, said


def heard(path: Path) -> Iterator[audio.Audio]:
    try:
        yield from audio.blocks(path, notice=lambda _: None)
    except AudioError:
        return


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "codec", "container", "rate"), KINDS)
def test_damaged_files(tmp_path: Path, suffix: str, codec: str, container: str, rate: int) -> None:
    """INTONA_FUZZ says how many of each mutation; by default few."""
    rounds = int(os.environ.get("INTONA_FUZZ", "3"))
    whole = written(tmp_path / f"whole.{suffix}", codec, container, rate)
    result, duration, said = outcome(tmp_path / f"whole.{suffix}")
    assert (result, said) == ("read", [])
    assert duration == pytest.approx(SECONDS, abs=0.1)
    wrong = []
    for name, mutate in MUTATIONS.items():
        for seed in range(rounds):
            rng = np.random.default_rng([seed, *name.encode()])
            path = tmp_path / f"{name}{seed}.{suffix}"
            path.write_bytes(mutate(whole, rng))
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                result, duration, said = outcome(path)
            total, end = of_ffmpeg(path)
            if result == "read" and not said:
                # libsndfile and we may read more of bare samples than FFmpeg does.
                right = [total, end, *([SECONDS, 2 * SECONDS] if codec.startswith("pcm") else [])]
                if min(abs(duration - one) for one in right) > 0.1:
                    wrong.append(f"{path.name}: {duration:.2f} s, FFmpeg {total:.2f} or {end:.2f}")
            elif result == "refused" and total > 0.2:
                wrong.append(f"{path.name}: refused, FFmpeg reads {total:.2f} s")
            if name == "tagged" and said and suffix in TAGGED:
                wrong.append(f"{path.name}: {said}")
            path.unlink()
    assert not wrong, "\n".join(wrong)
