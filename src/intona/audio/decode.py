"""From a file or stream to mono pieces at its own rate: libsndfile first, then FFmpeg (PyAV).

Nothing here judges the samples; :mod:`intona.audio.core` does, and is what others should use.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from intona.audio.damage import Journal, Notice, told_before, warn
from intona.audio.ffmpeg import decoded
from intona.audio.headers import Survey, survey, view
from intona.audio.mix import mixed, one_channel, one_rate
from intona.audio.seal import refuse_sealed
from intona.errors import AudioError

Whole: TypeAlias = str | Path | BinaryIO
Samples: TypeAlias = NDArray[np.float32]

_LONGEST = 1e8  # seconds; a header that says more does not know


@dataclass(frozen=True, eq=False)
class Channel:
    """One channel of a recording, which is read like a recording.

    Attributes:
        source: the recording.
        number: which channel, from 1; 0 for all of them mixed, without a word on what they carry.
        speaker: whose it is; empty where that is not known.
        place: where the recording begins in a file object, which is read for each channel anew.
    """

    source: Whole
    number: int
    speaker: str = ""
    place: int = 0


Source: TypeAlias = Whole | Channel


def name_of(source: Source) -> str:
    """Return how error messages call a source: its path, or what a file-like object is named.

    Examples:
        >>> name_of("call.wav")
        'call.wav'
    """
    source = whole_of(source)
    if isinstance(source, (str, Path)):
        return str(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) and name else "the audio stream"


def title_of(source: Source) -> str | None:
    """Return the file that a result says it is of: a path, the name of standard input, or none."""
    source = whole_of(source)
    if isinstance(source, (str, Path)):
        return str(source)
    name = getattr(source, "name", None)
    return name if name == "-" else None


def whole_of(source: Source) -> Whole:
    """Return the recording that a channel is of; a recording is returned as it is."""
    return source.source if isinstance(source, Channel) else source


def rewind(source: Source) -> None:
    """Make a recording that has been looked into readable from its begin again."""
    _seek(whole_of(source), 0)


def _seek(source: Whole, place: int) -> None:
    if not isinstance(source, str | Path) and _seekable(source):
        source.seek(place)


def place_of(source: Whole) -> int:
    """Return where a file object stands, from which it is read; 0 for a path or a stream."""
    return 0 if isinstance(source, str | Path) or not _seekable(source) else source.tell()


def channels_of(source: Whole) -> int:
    """Return how many channels a recording has, as far as its first sound tells.

    Raises:
        AudioError: it cannot be read, or is a pipe, which can be read only once.
    """
    where = name_of(source)
    once = _is_pipe(source) if isinstance(source, (str, Path)) else not _seekable(source)
    if once:
        raise AudioError(
            f"{where} is a pipe, which can be read only once: save it to a file to hear each "
            "channel of it"
        )
    place = place_of(source)
    for block, _ in _Opened(source, Journal(where, told_before), 0.1, 3600.0).blocks(0.0, None):
        _seek(source, place)
        return int(block.shape[1])
    raise AudioError(f"{where} has no samples: record it again")


def pieces(
    source: Source,
    *,
    start: float = 0.0,
    end: float | None = None,
    seconds: float = 10.0,
    notice: Notice = warn,
    longest_gap: float = 3600.0,
) -> Iterator[tuple[Samples, int]]:
    """Decode a source in pieces of ``seconds``, the last one shorter, mixed to one channel.

    Args:
        source: a path or a binary file-like object (seekable, or not for FFmpeg's formats); or a
            channel of one, which is not mixed.
        start: where to begin, in seconds.
        end: where to stop, in seconds; ``None`` means the end.
        seconds: length of a piece; memory is proportional to it.
        notice: told, when the end is reached or the reading stops, a
            :class:`~intona.audio.damage.Damage` in a sentence for what is lost, and other
            sentences for what is odd.
        longest_gap: seconds of silence put in for gaps and damage, all together.

    Yields:
        ``(samples, rate)``: float32 of shape ``(n,)`` and the rate in Hz, that of the beginning.

    Raises:
        AudioError: when the source cannot be opened or nothing in it can be decoded.
    """
    if isinstance(source, Channel):
        _seek(source.source, source.place)
    journal = Journal(name_of(source), notice)
    blocks = one_rate(_Opened(whole_of(source), journal, seconds, longest_gap).blocks(start, end))
    if isinstance(source, Channel) and source.number:
        heard = one_channel(blocks, source.number, journal, name_of(source), start)
    else:
        heard = mixed(blocks, journal, start, tell_apart=not isinstance(source, Channel))
    try:
        yield from _even(heard, seconds)
    except GeneratorExit:  # whoever reads has enough
        journal.tell()
        raise
    journal.tell()


def _even(parts: Iterable[tuple[Samples, int]], seconds: float) -> Iterator[tuple[Samples, int]]:
    """Join and cut to an even length."""
    waiting: list[Samples] = []
    length = rate = 0
    for samples, rate in parts:
        step = max(1, round(seconds * rate))
        waiting.append(samples)
        length += len(samples)
        while length >= step:
            joined = np.concatenate(waiting) if len(waiting) > 1 else waiting[0]
            yield joined[:step], rate
            waiting, length = [joined[step:]], length - step
    if length:
        yield np.concatenate(waiting) if len(waiting) > 1 else waiting[0], rate


class _Opened:
    """One source, and how it is read: libsndfile where it does it well, else FFmpeg."""

    def __init__(self, source: Whole, journal: Journal, seconds: float, longest_gap: float) -> None:
        self._source = source
        self._where = name_of(source)
        self._journal = journal
        self._seconds = seconds
        self._longest_gap = longest_gap

    def blocks(self, start: float, end: float | None) -> Iterator[tuple[Samples, int]]:
        """Yield ``(samples, rate)`` of shape ``(n, channels)``."""
        source = self._source
        if isinstance(source, (str, Path)):
            if _is_pipe(source):
                with open(source, "rb") as pipe:
                    yield from self._ffmpeg(pipe, start, end, Survey())
                return
            _check_openable(source)
            with open(source, "rb") as file:
                seen = survey(file)
                yield from self._surveyed(source, file, start, end, seen)
            return
        _check_openable(source)
        if not _seekable(source):
            yield from self._ffmpeg(source, start, end, Survey())
            return
        place = source.tell()
        whole = view(source, place) if place else source
        yield from self._surveyed(whole, whole, start, end, survey(whole))

    def _surveyed(
        self, source: Whole, file: BinaryIO, start: float, end: float | None, seen: Survey
    ) -> Iterator[tuple[Samples, int]]:
        """Read a source, one recording in it after the other; ``file`` is the same, open."""
        base = 0  # bytes before this recording
        while True:
            part: Whole = source
            if base or seen.patches or seen.sequel is not None:
                stop = None if seen.sequel is None else base + seen.sequel
                part = view(file, base, stop, seen.patches)
            opened = None if seen.kind == "mp3" or seen.hurt else _open_sndfile(part, file)
            if opened is None or not _trusted(opened):
                rest = view(file, base, patches=seen.patches) if base or seen.patches else source
                yield from self._ffmpeg(rest, start, end, seen)
                return
            with opened:
                length = opened.frames / opened.samplerate
                if start < length or seen.sequel is None:
                    yield from self._sndfile(opened, part, start, end, seen)
            if seen.sequel is None or (end is not None and end <= length):
                return
            start, end = max(0.0, start - length), None if end is None else end - length
            self._journal.begin += length
            base += seen.sequel
            seen = survey(view(file, base))

    def _sndfile(
        self,
        file: soundfile.SoundFile,
        source: Whole,
        start: float,
        end: float | None,
        seen: Survey,
    ) -> Iterator[tuple[Samples, int]]:
        rate = file.samplerate
        position = min(round(start * rate), file.frames)
        stop = file.frames if end is None else min(round(end * rate), file.frames)
        step = max(1, round(self._seconds * rate))
        whole = True
        if position:
            try:
                whole = file.seek(position) == position
            except soundfile.LibsndfileError:
                whole = False
        while whole and position < stop:
            wanted = min(step, stop - position)
            block = _sndfile_read(file, position, wanted)
            whole = len(block) == wanted
            if len(block):
                yield block, rate
            position += len(block)
        if not whole:  # FFmpeg goes on behind what is damaged
            yield from self._ffmpeg(source, position / rate, end, seen)
        elif seen.cut and (end is None or end * rate > file.frames):
            self._journal.cut(file.frames / rate, seen.promised)

    def _ffmpeg(
        self, source: Whole, start: float, end: float | None, seen: Survey
    ) -> Iterator[tuple[Samples, int]]:
        if not isinstance(source, (str, Path)) and _seekable(source):
            source.seek(0)
        return decoded(
            source,
            self._where,
            self._journal,
            seen=seen,
            start=start,
            end=end,
            longest_gap=self._longest_gap,
        )


def _check_openable(source: Whole) -> None:
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


def _open_sndfile(source: Whole, file: BinaryIO) -> soundfile.SoundFile | None:
    with suppress(soundfile.LibsndfileError):
        # Of a name that ends in .raw soundfile wants to be told what the content says itself: a
        # view has no name.
        if not isinstance(source, (str, Path)):
            return soundfile.SoundFile(view(source))
        if str(source).lower().endswith(".raw"):
            return soundfile.SoundFile(view(file))
        # As bytes, since a name need not be Unicode; Windows has no such names.
        return soundfile.SoundFile(os.fsencode(source) if os.name == "posix" else os.fspath(source))
    return None


def _trusted(file: soundfile.SoundFile) -> bool:
    """Whether libsndfile knows how long it is: not where it estimates, or the header is open."""
    if "MPEG" in (file.format, file.subtype[:4]) or file.frames > _LONGEST * file.samplerate:
        file.close()
        return False
    return True


def _sndfile_read(file: soundfile.SoundFile, position: int, wanted: int) -> Samples:
    """Read ``wanted`` frames, shape ``(n, channels)``; fewer before damage."""
    block = np.empty((wanted, file.channels), np.float32)
    try:
        return file.read(out=block)
    except soundfile.LibsndfileError:
        return block[: min(wanted, max(0, file.tell() - position))]
