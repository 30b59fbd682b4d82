"""Audio: mono float32 samples and a rate, from nearly any file, whole or in blocks.

libsndfile reads wav, flac, ogg, opus, aiff and their relatives; FFmpeg (through PyAV, imported only
then) reads all the rest: mp3, m4a, mp4, webm, amr, wma, ..., and what is damaged. The content
decides, not the file's name. Channels are averaged, except those that would cancel a louder one;
resampling is soxr's HQ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from intona.audio.damage import Notice, warn
from intona.audio.decode import Source, name_of, pieces
from intona.errors import AudioError, UsageError

# fmt: off
AUDIO_SUFFIXES: frozenset[str] = frozenset({
    ".3ga", ".3gp", ".3gpp", ".aac", ".ac3", ".adts", ".aif", ".aifc", ".aiff", ".amr", ".ape",
    ".asf", ".au", ".avi", ".awb", ".caf", ".dts", ".eac3", ".f4a", ".flac", ".flv", ".gsm",
    ".m2ts", ".m4a", ".m4b", ".m4r", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4",
    ".mpc", ".mpeg", ".mpg", ".mpga", ".mts", ".oga", ".ogg", ".ogv", ".ogx", ".oma", ".opus",
    ".qt", ".ra", ".rf64", ".rm", ".snd", ".sph", ".spx", ".tak", ".ts", ".tta", ".vob", ".voc",
    ".w64", ".wav", ".wave", ".weba", ".webm", ".wma", ".wmv", ".wv",
})
# fmt: on

# Below this a rate is a damaged header; speech needs at least 8 kHz to be of use.
MIN_RATE = 1000
# Shorter than this is not a recording of anything.
MIN_SECONDS = 0.01
# Floats far beyond full scale are integers somebody forgot to divide.
MAX_PEAK = 64.0
# Gaps that are read block by block may last so long, in seconds; more is a fault of the clock.
_LONGEST_GAP = 12 * 3600.0


@dataclass(frozen=True, eq=False)
class Audio:
    """A stretch of mono sound.

    Attributes:
        samples: float32, shape ``(n,)``, nominally in [-1, 1].
        rate: samples per second, in Hz.

    Examples:
        >>> Audio(np.zeros(8000, np.float32), 16000).duration
        0.5
    """

    samples: NDArray[np.float32]
    rate: int

    def __repr__(self) -> str:
        return f"<Audio {self.duration:.2f} s at {self.rate} Hz>"

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


def read(
    source: Source,
    *,
    rate: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    notice: Notice = warn,
) -> Audio:
    """Read a recording, or the part from ``start`` to ``end``, as mono.

    Args:
        source: a path, or a binary file-like object.
        rate: resample to this rate in Hz; ``None`` keeps the file's own.
        start: first second wanted.
        end: last second wanted; ``None`` means the end of the file.
        notice: told in a sentence each what is lost (a :class:`~intona.audio.damage.Damage`) and
            what is odd: several tracks, channels that cancel each other.

    Returns:
        The averaged channels; silence stands for what is damaged.

    Raises:
        AudioError: when the file is missing, a folder, unreadable, empty, text, undecodable,
            shorter than 10 ms, or holds NaN or infinite samples.
        UsageError: when ``start`` or ``end`` make no sense.
    """
    check_span(start, end)
    found = list(pieces(source, start=start, end=end, seconds=30.0, notice=notice))
    where = name_of(source)
    if not found:
        if start:
            raise AudioError(f"{where} ends before {start:g} s: ask for an earlier part")
        raise AudioError(f"{where} has no samples: record it again")
    own = found[0][1]
    samples = found[0][0] if len(found) == 1 else np.concatenate([part for part, _ in found])
    if start or end is not None:
        where = f"{where} from {start:g} s"
    check(samples, own, where)
    if rate is None or rate == own:
        return Audio(samples, own)
    return Audio(resample(samples, own, rate), rate)


def blocks(
    source: Source,
    *,
    rate: int | None = None,
    seconds: float = 10.0,
    notice: Notice = warn,
) -> Iterator[Audio]:
    """Read a recording block by block, at constant memory however long it is.

    Args:
        source: a path, or a binary file-like object.
        rate: resample to this rate in Hz, continuously across blocks; ``None`` keeps the own.
        seconds: about how much one block holds; the joined blocks are the whole recording.
        notice: as of :func:`read`; it is told at the end, or when no more blocks are taken.

    Yields:
        One :class:`Audio` after another, none empty.

    Raises:
        AudioError: as :func:`read`.
        UsageError: when ``seconds`` is not positive.
    """
    if not seconds > 0:
        raise UsageError(f"a block must be longer than {seconds:g} s: use for example 10")
    where = name_of(source)
    stream: soxr.ResampleStream | None = None
    total = 0.0
    own = 0
    for samples, own in pieces(source, seconds=seconds, notice=notice, longest_gap=_LONGEST_GAP):
        if not total:
            _check_rate(own, where)
            if rate is not None and rate != own:
                stream = soxr.ResampleStream(own, rate, 1, dtype="float32", quality="HQ")
        total += len(samples)
        _check_scale(samples, where)
        if stream is not None:
            samples = stream.resample_chunk(samples)
        if len(samples):
            yield Audio(samples, rate or own)
    if stream is not None:
        tail = stream.resample_chunk(np.zeros(0, np.float32), last=True)
        if len(tail):
            yield Audio(tail, rate or own)
    _check_amount(total, own, where)


def resample(samples: NDArray[np.float32], rate: int, target: int) -> NDArray[np.float32]:
    """Resample mono audio from ``rate`` to ``target`` Hz (soxr, quality HQ).

    Examples:
        >>> resample(np.zeros(480, np.float32), 48_000, 16_000).shape
        (160,)
    """
    samples = np.asarray(samples, dtype=np.float32)
    if rate == target:
        return samples
    return soxr.resample(samples, rate, target, quality="HQ")


def check(samples: NDArray[np.float32], rate: int, where: str) -> None:
    """Raise unless the samples are usable sound.

    Args:
        samples: shape ``(n,)``.
        rate: in Hz.
        where: what to call them in the error.

    Raises:
        AudioError: when they are shorter than 10 ms, NaN, infinite or far out of scale, or when
            the rate is impossible.
    """
    _check_rate(rate, where)
    _check_amount(len(samples), rate, where)
    _check_scale(samples, where)


def require_sound(samples: NDArray[np.float32], where: str) -> None:
    """Refuse digital silence, of which nothing can be measured.

    Raises:
        AudioError: every sample is zero.
    """
    if not samples.any():
        raise AudioError(f"{where} is digital silence, every sample is zero: check the recording")


def check_span(start: float, end: float | None) -> None:
    """Refuse a stretch of time that cannot be.

    Raises:
        UsageError: it begins before 0, does not end after it begins, or is no number.
    """
    if not 0 <= start < float("inf"):
        raise UsageError(f"cannot read from {start:g} s: start must be 0 or later")
    if end is not None and not end > start:
        raise UsageError(f"cannot read from {start:g} s to {end:g} s: the end must be later")


def _check_rate(rate: int, where: str) -> None:
    if rate < MIN_RATE:
        raise AudioError(f"{where} claims {rate} samples per second: no speech fits, mend its rate")


def _check_amount(count: float, rate: int, where: str) -> None:
    if count == 0:
        raise AudioError(f"{where} has no samples: record it again")
    if count < MIN_SECONDS * rate:
        unit = "sample" if count == 1 else "samples"
        raise AudioError(f"{where} has only {count:.0f} {unit}: give at least 10 ms of sound")


def _check_scale(samples: NDArray[np.float32], where: str) -> None:
    peak = float(max(samples.max(), -samples.min())) if len(samples) else 0.0
    if not np.isfinite(peak):
        raise AudioError(f"{where} holds NaN or infinite samples: export it again")
    if peak > MAX_PEAK:
        raise AudioError(
            f"{where} reaches {peak:.0f} where full scale is 1: divide its samples by their range"
        )
