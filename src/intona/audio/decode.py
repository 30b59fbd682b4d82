"""From a file or stream to mono blocks at its own rate: libsndfile first, then FFmpeg (PyAV).

Nothing here judges the samples; :mod:`intona.audio.core` does, and is what others should use.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from intona.audio.seal import refuse_sealed
from intona.errors import AudioError

if TYPE_CHECKING:
    from av.container import InputContainer

Source: TypeAlias = str | Path | BinaryIO
Samples: TypeAlias = NDArray[np.float32]

# FFmpeg also follows playlists and session descriptions, to any file or host they name: a
# recording from outside must not make us read others. Only formats that hold their sound
# themselves are opened.
_ONLY_MEDIA = {
    "format_whitelist": (
        "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,gsm,loas,matroska,mov,"
        "mp3,mpc,mpc8,mpeg,mpegts,nistsphere,ogg,oma,rm,sox,tak,tta,voc,w64,wav,webm,wv,xwma"
    ),
    "protocol_whitelist": "file",
}
# Before a seek target FFmpeg decodes this much more, so that codecs with memory settle.
PREROLL = 1.0


def name_of(source: Source) -> str:
    """Return how error messages call a source: its path, or what a file-like object is named.

    Examples:
        >>> name_of("call.wav")
        'call.wav'
    """
    if isinstance(source, (str, Path)):
        return str(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) and name else "the audio stream"


def title_of(source: Source) -> str | None:
    """Return the file that a result says it is of: a path, the name of standard input, or none."""
    if isinstance(source, (str, Path)):
        return str(source)
    name = getattr(source, "name", None)
    return name if name == "-" else None


def pieces(
    source: Source, *, start: float = 0.0, end: float | None = None, seconds: float = 10.0
) -> Iterator[tuple[Samples, int]]:
    """Decode a source in pieces of at most ``seconds``, channels averaged.

    Args:
        source: a path or a binary file-like object (seekable, or not for FFmpeg's formats).
        start: where to begin, in seconds.
        end: where to stop, in seconds; ``None`` means the end.
        seconds: length of a piece; memory is proportional to it.

    Yields:
        ``(samples, rate)``: float32 of shape ``(n,)`` and the rate in Hz. A damaged tail ends
        the stream without an error once something could be decoded.

    Raises:
        AudioError: when the source cannot be opened or nothing in it can be decoded.
    """
    if isinstance(source, (str, Path)) and _is_pipe(source):
        with open(source, "rb") as pipe:
            yield from _ffmpeg_pieces(pipe, start, end, seconds)
        return
    _check_openable(source)
    file = _open_sndfile(source)
    if file is not None:
        with file:
            yield from _sndfile_pieces(file, start, end, seconds)
    else:
        yield from _ffmpeg_pieces(source, start, end, seconds)


def _check_openable(source: Source) -> None:
    where = name_of(source)
    if isinstance(source, (str, Path)):
        refuse_sealed(source)
        try:
            with open(source, "rb") as file:
                head = file.read(1024)
        except FileNotFoundError:
            raise AudioError(f"{where} does not exist: check the path") from None
        except IsADirectoryError:
            raise AudioError(f"{where} is a folder: name an audio file in it") from None
        except PermissionError:
            raise AudioError(f"{where} may not be read: check its permissions") from None
        except (OSError, ValueError) as error:
            raise AudioError(f"{where} cannot be opened: {error}") from None
    elif _seekable(source):
        place = source.tell()
        head = source.read(1024)
        source.seek(place)
    else:
        return
    if not head:
        raise AudioError(f"{where} is empty (0 bytes): record or copy it again")
    if _is_text(head):
        raise AudioError(f"{where} is text, not audio: name a recording instead")


def _is_pipe(path: str | Path) -> bool:
    """Whether it can be read only once: a named pipe, or a shell's ``<(command)``."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode)


def _seekable(source: BinaryIO) -> bool:
    return bool(getattr(source, "seekable", lambda: False)())


def _is_text(head: bytes) -> bool:
    if not set(head).isdisjoint(set(range(9)) | set(range(14, 27)) | {127}):
        return False
    if head.startswith((b"#!AMR", b"RIFF", b"fLaC", b"OggS", b"FORM")):
        return False
    try:
        head[:-3].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 6
    return True


def _open_sndfile(source: Source) -> soundfile.SoundFile | None:
    if isinstance(source, (str, Path)):
        # As bytes, since a name need not be Unicode; Windows has no such names.
        name = os.fsencode(source) if os.name == "posix" else os.fspath(source)
        with suppress(soundfile.LibsndfileError):
            return soundfile.SoundFile(name)
        return None
    if not _seekable(source):
        return None
    place = source.tell()
    with suppress(soundfile.LibsndfileError, TypeError):
        return soundfile.SoundFile(source)
    source.seek(place)
    return None


def _sndfile_pieces(
    file: soundfile.SoundFile, start: float, end: float | None, seconds: float
) -> Iterator[tuple[Samples, int]]:
    rate = file.samplerate
    position = min(round(start * rate), file.frames)
    stop = None if end is None else round(end * rate)
    step = max(1, round(seconds * rate))
    if position:
        file.seek(position)
    while stop is None or position < stop:
        wanted = step if stop is None else min(step, stop - position)
        block = _sndfile_read(file, position, wanted)
        if not len(block):
            return
        yield _mean(block, axis=1), rate
        position += len(block)


def _sndfile_read(file: soundfile.SoundFile, position: int, wanted: int) -> Samples:
    """Read up to ``wanted`` frames; of a damaged tail, what comes before the damage."""
    left = file.frames - position
    block = np.empty((min(wanted, left) if left > 0 else wanted, file.channels), np.float32)
    try:
        return file.read(out=block)
    except soundfile.LibsndfileError:
        return block[: max(0, file.tell() - position)]


def _ffmpeg_pieces(
    source: Source, start: float, end: float | None, seconds: float
) -> Iterator[tuple[Samples, int]]:
    import av

    where = name_of(source)
    target: Any = os.fspath(source) if isinstance(source, (str, Path)) else source
    try:
        container = av.open(target, "r", metadata_errors="ignore", options=dict(_ONLY_MEDIA))
    except (av.error.FFmpegError, ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(
            f"{where} is not audio that can be decoded ({reason}): "
            "convert it to wav, flac, mp3 or m4a"
        ) from None
    with container:
        if not container.streams.audio:
            raise AudioError(f"{where} has no audio track: name a file with sound")
        found = False
        waiting: list[Samples] = []
        length = 0
        rate = 0
        for samples, rate in _ffmpeg_frames(container, start, end, where):
            found = True
            waiting.append(samples)
            length += len(samples)
            if length >= seconds * rate:
                yield np.concatenate(waiting), rate
                waiting, length = [], 0
        if waiting:
            yield np.concatenate(waiting), rate
        if not found and start == 0.0:
            raise AudioError(f"{where} holds no audio that can be decoded: record it again")


def _ffmpeg_frames(
    container: InputContainer, start: float, end: float | None, where: str
) -> Iterator[tuple[Samples, int]]:
    import av

    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="fltp")
    origin = float((stream.start_time or 0) * (stream.time_base or 0))
    if start > 2 * PREROLL:
        with suppress(av.error.FFmpegError):
            container.seek(int((start - PREROLL + origin) * av.time_base))
    clock: float | None = None  # seconds since the start of the track, of the next frame
    try:
        for frame in container.decode(stream):
            rate = frame.sample_rate
            if clock is None:
                clock = 0.0 if frame.time is None else max(0.0, frame.time - origin)
            for part in resampler.resample(frame):
                samples = _mean(np.asarray(part.to_ndarray(), np.float32), axis=0)
                first, clock = clock, clock + len(samples) / rate
                skip = max(0, round((start - first) * rate))
                stop = len(samples) if end is None else round((end - first) * rate)
                if skip < min(stop, len(samples)):
                    yield samples[skip:stop], rate
            if end is not None and clock >= end:
                return
    except av.error.FFmpegError as error:
        if clock is None:
            raise AudioError(
                f"{where} is damaged and nothing in it can be decoded "
                f"({error.strerror}): copy or record it again"
            ) from None


def _mean(block: NDArray[np.float32], axis: int) -> Samples:
    if block.shape[axis] == 1:
        return np.ascontiguousarray(block.reshape(-1), dtype=np.float32)
    return block.mean(axis=axis, dtype=np.float32)
