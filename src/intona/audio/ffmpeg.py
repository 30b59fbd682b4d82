"""Decoding with FFmpeg (PyAV): frames put in their places on the clock of the container."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from intona.audio.damage import Journal
from intona.audio.headers import Survey
from intona.errors import AudioError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

Block: TypeAlias = NDArray[np.float32]

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
# Before the part that is wanted this much more is decoded, so that codecs with memory settle.
PREROLL = 1.0
# Time stamps are rounded, and some writers' jitter; only a longer step is a gap.
TOLERANCE = 0.1
# Formats whose time stamps were written by who recorded; of the others FFmpeg counts frames.
_CLOCKED = frozenset({"asf", "flac", "flv", "matroska", "mov", "mpeg", "mpegts", "ogg", "rm"})
_INDEXED = frozenset({"asf", "matroska", "mov"})  # that can be entered in the middle
# Formats whose header says how long they are, and does not guess.
_MEASURED = frozenset({"ape", "asf", "caf", "flac", "mov", "tta", "w64", "wv"})
_HEADERLESS = frozenset({".al", ".lpcm", ".pcm", ".raw", ".s16", ".s16le", ".sln", ".ul"})
_DEAFENING = 8.0  # beyond what encoded sound overshoots full scale
_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICS")
_AHEAD = 8  # frames that are asked whether a gap is one
_LAST = 60.0  # seconds of a gap that is believed when nothing follows to ask
_STEP = 10.0  # seconds of silence at once


@dataclass(frozen=True, eq=False)
class _Heard:
    """A decoded frame: samples ``(n, channels)``, their rate, its time, seconds lost before it."""

    block: Block
    rate: int
    time: float | None
    lost: float


@dataclass
class _Tail:
    """What was lost after the last frame that could be decoded, in seconds."""

    lost: float = 0.0


def decoded(
    source: str | Path | BinaryIO,
    where: str,
    journal: Journal,
    *,
    seen: Survey | None = None,
    start: float = 0.0,
    end: float | None = None,
    longest_gap: float = 3600.0,
) -> Iterator[tuple[Block, int]]:
    """Decode the sound of a file, with silence in place of gaps and of what is damaged.

    Args:
        source: a path or a binary file-like object.
        where: what errors call it.
        journal: told of damage, and where there are several tracks.
        seen: what is known of its header.
        start: begin in seconds, on the container's clock.
        end: end in seconds; ``None`` for the end of the file.
        longest_gap: seconds of silence that are put in at most, all together.

    Yields:
        ``(samples, rate)`` of shape ``(n, channels)``, never empty; the rate may change.

    Raises:
        AudioError: it cannot be opened, or nothing in it can be decoded.
    """
    import av

    with ExitStack() as stack:
        try:
            target = _target(source, stack)
            container = av.open(target, "r", metadata_errors="ignore", options=dict(_ONLY_MEDIA))
        except (av.error.FFmpegError, ValueError, OSError) as error:
            if os.path.splitext(where)[1].lower() in _HEADERLESS:
                raise AudioError(
                    f"{where} is raw samples without a header: give it one, for example with "
                    "sox -r 16000 -e signed -b 16 -c 1 IN.raw OUT.wav, or use intona listen -"
                ) from None
            reason = getattr(error, "strerror", None) or str(error)
            raise AudioError(
                f"{where} is not audio that can be decoded ({reason}): "
                "convert it to wav, flac, mp3 or m4a"
            ) from None
        stack.enter_context(container)
        stream = _track(container, where, journal)
        reader = _Reader(container, stream, journal, seen or Survey(), start, end, longest_gap)
        found = False
        for block, rate in reader.blocks():
            found = True
            yield block, rate
        if not found and (start == 0.0 or not reader.heard):
            raise AudioError(f"{where} holds no audio that can be decoded: record it again")


def _target(source: str | Path | BinaryIO, stack: ExitStack) -> Any:
    """Return what FFmpeg opens: a path that cannot be taken for an address, or a file."""
    if not isinstance(source, (str, Path)):
        return source
    path = os.path.abspath(source)
    try:
        path.encode()
    except UnicodeEncodeError:  # a name that is no Unicode
        return stack.enter_context(open(source, "rb"))
    return path


def _track(container: InputContainer, where: str, journal: Journal) -> AudioStream:
    """Return the track that is played unless told otherwise."""
    tracks = [each for each in container.streams.audio if each.codec_context is not None]
    if not tracks:
        if container.streams.audio:
            raise AudioError(f"{where} has sound of an unknown kind: convert it to wav or flac")
        raise AudioError(f"{where} has no audio track: name a file with sound")
    flags = [int(getattr(each, "disposition", 0)) & 1 for each in tracks]
    chosen = flags.index(1) if 1 in flags else 0
    if len(tracks) > 1:
        journal.remark(
            "tracks", f"has {len(tracks)} audio tracks: number {chosen + 1}, the default, is used"
        )
    return tracks[chosen]


class _Reader:
    """Reads one track from ``start`` to ``end``.

    Attributes:
        heard: whether a frame could be decoded.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        journal: Journal,
        seen: Survey,
        start: float,
        end: float | None,
        longest_gap: float,
    ) -> None:
        self._container = container
        self._stream = stream
        self._journal = journal
        self._seen = seen
        self._start = start
        self._end = end
        self._left = longest_gap
        names = frozenset(container.format.name.split(","))
        self._clocked = bool(names & _CLOCKED)
        self._indexed = bool(names & _INDEXED)
        self._gapless = "flac" in names or seen.hurt  # a gap in these is damage
        self._tick = float(stream.time_base or 0)
        self._origin = _origin(container, stream, self._clocked)
        self._promised = _promised(container, stream, names, seen, self._origin)
        self._coded = not stream.codec_context.name.startswith("pcm_")
        self.heard = False
        if "flac" in names:  # else a damaged frame is noise
            stream.codec_context.options = {"err_detect": "crccheck+explode"}

    def blocks(self) -> Iterator[tuple[Block, int]]:
        """Yield what lies between ``start`` and ``end``."""
        clock = 0.0
        for clock, block, rate in self._placed():
            first = max(0, round((self._start - clock) * rate))
            stop = len(block)
            if self._end is not None:
                stop = min(stop, round((self._end - clock) * rate))
            if first < stop:
                yield block[first:stop], rate
            if self._end is not None and clock + len(block) / rate >= self._end:
                return

    def _placed(self) -> Iterator[tuple[float, Block, int]]:
        """Yield blocks with their time; silence stands where nothing was."""
        entered = self._start > 2 * PREROLL
        if entered and self._indexed:
            import av

            with suppress(av.error.FFmpegError):
                self._container.seek(int((self._start - PREROLL + self._origin) * av.time_base))
        clock, shift, rate = 0.0, 0.0, 0
        tail = _Tail()
        frames = self._frames(tail, self._start - PREROLL if entered else 0.0)
        coming: deque[_Heard] = deque()
        while True:
            coming.extend(islice(frames, _AHEAD + 1 - len(coming)))
            if not coming:
                break
            item = coming.popleft()
            rate = item.rate
            time = None if item.time is None else item.time - self._origin
            if not self.heard and entered:
                if time is None:
                    continue
                clock = max(0.0, min(time, self._start))
            drift = 0.0 if time is None else time - shift - clock
            missing = item.lost if self.heard else 0.0
            if self._clocked:
                missing = drift if drift > TOLERANCE or (item.lost and drift > 0) else 0.0
                if missing > TOLERANCE and not self._believed(missing, clock + shift, item, coming):
                    drift = missing = 0.0  # this time stamp alone is wrong
                if drift < -TOLERANCE:  # the stamps begin anew: what follows is joined on
                    shift += drift
            if missing > self._left:
                self._journal.jump(clock, missing)
                shift += missing
            elif missing > 0:
                self._left -= missing
                if self._gapless or (self.heard and item.lost):
                    self._journal.lost(clock, missing)
                elif self.heard or len(self._container.streams) == 1:
                    self._journal.remark(
                        "gap",
                        f"has a gap in its time stamps at {clock:.2f} s: silence stands there, and "
                        "for any later one",
                    )
                yield from _silence(clock, missing, rate)
                clock += missing
            self.heard = True
            yield clock, item.block, rate
            clock += len(item.block) / rate
        if self.heard and self._promised is not None and clock < self._promised - 0.5:
            self._journal.cut(clock, self._promised)
        elif self.heard and (tail.lost or self._seen.cut):
            self._journal.cut(clock)

    def _believed(
        self, gap: float, expected: float, item: _Heard, coming: Iterable[_Heard]
    ) -> bool:
        """Whether later frames agree that there is a gap before this one."""
        ahead = None
        expected += len(item.block) / item.rate
        for later in coming:
            if later.time is not None:
                ahead = later.time - self._origin - expected
            expected += len(later.block) / later.rate
        return gap <= _LAST if ahead is None else ahead > gap / 2

    def _frames(self, tail: _Tail, begin: float) -> Iterator[_Heard]:
        """Decode; what cannot be is counted, and decoding goes on behind it."""
        import av

        convert: Any = None
        form: tuple[Any, ...] = ()
        for packet in self._packets(tail, begin):
            duration = float(packet.duration or 0) * self._tick
            blocks: list[tuple[Block, AudioFrame]] = []
            try:
                frames: list[AudioFrame] = packet.decode()  # type: ignore[assignment]
                for frame in frames:
                    kind = (frame.format.name, frame.layout.name, frame.sample_rate)
                    if kind != form:
                        # Packed: PyAV reads beyond the planes of more than eight channels.
                        convert, form = av.AudioResampler(format="flt"), kind
                    blocks += ((_samples(part), frame) for part in convert.resample(frame))
            except EOFError:
                pass
            except av.error.FFmpegError:
                if not _is_tag(packet):
                    tail.lost += duration or 1e-3
            if packet.is_corrupt and self._clocked:
                tail.lost += 1e-3
            for block, frame in blocks:
                if not self._plausible(block):
                    tail.lost += len(block) / frame.sample_rate
                elif len(block):
                    yield _Heard(block, frame.sample_rate, frame.time, tail.lost)
                    tail.lost = 0.0

    def _plausible(self, block: Block) -> bool:
        """Whether a frame is what somebody encoded; a damaged one may be deafening, or no number.

        Samples that are stored as floats are not judged: they may be of any scale.
        """
        if not self._coded or not len(block):
            return True
        return bool(np.abs(block).max() < _DEAFENING)  # not so of NaN

    def _packets(self, tail: _Tail, begin: float) -> Iterator[Packet]:
        """Yield the track's packets; in formats that cannot be entered, skip those before."""
        import av

        packets = self._container.demux(self._stream)
        now = 0.0
        while True:
            try:
                packet = next(packets, None)
            except EOFError:
                return
            except IndexError:  # PyAV does not know tracks that begin in the middle
                packets = self._container.demux(self._stream)
                continue
            except av.error.FFmpegError:  # the container itself is damaged here
                tail.lost += 1e-3
                return
            if packet is None:
                return
            if begin > 0.0 and not self._indexed:
                if packet.pts is not None:
                    now = packet.pts * self._tick - self._origin
                if now < begin:
                    now += float(packet.duration or 0) * self._tick
                    continue
                if packet.pts is not None:  # else it would have no place
                    begin = 0.0
            yield packet


def _samples(frame: AudioFrame) -> Block:
    """Return the samples of a packed frame, shape ``(n, channels)``."""
    samples = np.asarray(frame.to_ndarray(), np.float32)
    return samples.reshape(frame.samples, -1) if frame.samples else samples.reshape(0, 1)


def _is_tag(packet: Packet) -> bool:
    """Whether a packet is no sound: tags, or the header of an MPEG file that was joined on."""
    head = bytes(packet)[:200]
    return head.startswith(_TAGS) or b"Xing" in head or b"Info" in head or b"VBRI" in head


def _silence(clock: float, seconds: float, rate: int) -> Iterator[tuple[float, Block, int]]:
    """Yield silence in parts, so that memory does not grow with its length."""
    left, step = round(seconds * rate), round(_STEP * rate)
    while left > 0:
        count = min(step, left)
        yield clock, np.zeros((count, 1), np.float32), rate
        clock += count / rate
        left -= count


def _origin(container: InputContainer, stream: AudioStream, clocked: bool) -> float:
    """Return the time stamp, in seconds, of the container's begin."""
    import av

    if clocked and container.start_time is not None:
        return float(container.start_time) / av.time_base
    return float((stream.start_time or 0) * (stream.time_base or 0))


def _promised(
    container: InputContainer,
    stream: AudioStream,
    names: Iterable[str],
    seen: Survey,
    origin: float,
) -> float | None:
    """Return the time at which the track ends according to the header, where that is no guess."""
    import av

    if seen.promised is not None:
        return seen.promised
    names = set(names)
    begin = float((stream.start_time or 0) * (stream.time_base or 0)) - origin
    if names & _MEASURED and stream.duration:
        return begin + float(stream.duration * (stream.time_base or 0))
    if "matroska" in names:
        tag = stream.metadata.get("DURATION", "")
        with suppress(ValueError):
            hours, minutes, seconds = tag.split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds) - origin
        if len(container.streams) == 1 and container.duration:
            return float(container.duration) / av.time_base
    return None
