"""Streams to one rate, and to one channel: one of them, or the mean of those that do not cancel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from intona.audio.damage import Journal
from intona.audio.sides import Sides
from intona.errors import AudioError

Block: TypeAlias = NDArray[np.float32]

SECONDS = 1.0  # judged at once
OPPOSED = -0.7  # correlation below which two channels cancel rather than add
FAINT = 1e-8  # mean square below which nobody hears a channel (-80 dBFS)
MOST = 64  # channels that are compared with each other


def mixed(
    blocks: Iterable[tuple[Block, int]],
    journal: Journal,
    start: float = 0.0,
    *,
    tell_apart: bool = True,
) -> Iterator[tuple[Block, int]]:
    """Mix a stream to one channel; the cut into blocks makes no difference.

    Args:
        blocks: ``(samples, rate)`` of shape ``(n, channels)``, all of one rate in Hz.
        journal: told where channels cancel, and that two carry different speech.
        start: time of the first sample, in seconds.
        tell_apart: whether the journal is told of different speech in two channels.

    Yields:
        ``(samples, rate)`` of shape ``(n,)``.
    """
    held: list[Block] = []
    count = done = 0
    rate = 1
    sides: Sides | None = None
    for block, rate in blocks:
        if held and held[0].shape[1] != block.shape[1]:
            yield _mono(np.concatenate(held), journal, start + done / rate), rate
            done, held, count = done + count, [], 0
        if block.shape[1] == 1:
            yield np.ascontiguousarray(block[:, 0]), rate
            done += len(block)
            continue
        held.append(block)
        count += len(block)
        window = max(1, round(SECONDS * rate))
        if count >= window:
            joined = np.concatenate(held) if len(held) > 1 else block
            whole = count // window * window
            for first in range(0, whole, window):
                part = joined[first : first + window]
                if tell_apart and part.shape[1] == 2:
                    sides = sides or Sides(rate)
                    sides.add(part)
                    journal.apart(sides.apart)
                yield _mono(part, journal, start + done / rate), rate
                done += window
            rest = joined[whole:]
            held, count = [rest] if len(rest) else [], len(rest)
    if held:
        joined = np.concatenate(held)
        if tell_apart and joined.shape[1] == 2:
            sides = sides or Sides(rate)
            sides.add(joined)
            journal.apart(sides.apart)
        yield _mono(joined, journal, start + done / rate), rate


def one_channel(
    blocks: Iterable[tuple[Block, int]],
    number: int,
    journal: Journal,
    where: str,
    start: float = 0.0,
) -> Iterator[tuple[Block, int]]:
    """Take one channel of a stream.

    Args:
        blocks: ``(samples, rate)`` of shape ``(n, channels)``, all of one rate in Hz.
        number: which channel, from 1.
        journal: told where the channel ends before the recording does.
        where: what to call the recording in the error.
        start: time of the first sample, in seconds.

    Yields:
        ``(samples, rate)`` of shape ``(n,)``; silence where there is no such channel any more.

    Raises:
        AudioError: there is no such channel.
    """
    done = 0
    for block, rate in blocks:
        count = block.shape[1]
        if number <= count:
            yield np.ascontiguousarray(block[:, number - 1]), rate
        elif not done:
            raise AudioError(
                f"{where} has {counted(count)}, and no channel {number}: choose one that it has"
            )
        else:
            journal.lost(start + done / rate, len(block) / rate)
            yield np.zeros(len(block), np.float32), rate
        done += len(block)


def counted(channels: int) -> str:
    """Return a number of channels in words.

    Examples:
        >>> counted(1), counted(6)
        ('one channel', '6 channels')
    """
    return "one channel" if channels == 1 else f"{channels} channels"


def mono(block: Block) -> tuple[Block, bool]:
    """Return the mean of the channels that do not cancel a louder one, and whether one did.

    Args:
        block: shape ``(n, channels)``.

    Examples:
        >>> sound = np.array([1.0, 0.5], np.float32)
        >>> mono(np.stack([0.5 * sound, -sound], axis=1))[0].tolist()
        [-1.0, -0.5]
    """
    kept = _kept(block)
    if len(kept) < block.shape[1]:
        return block[:, kept].mean(axis=1, dtype=np.float32), True
    return block.mean(axis=1, dtype=np.float32), False


def _mono(block: Block, journal: Journal, time: float) -> Block:
    samples, cancelled = mono(block)
    if cancelled:
        journal.remark(
            "cancel",
            f"has channels that cancel each other, first at {time:.2f} s: the louder is taken "
            "there",
        )
    return samples


def _kept(block: Block) -> list[int]:
    """Choose channels from the loudest down, leaving out what is opposed to one chosen."""
    count = block.shape[1]
    if not 1 < count <= MOST or not np.isfinite(block).all():
        return list(range(count))
    products = (block.T @ block) / len(block)
    power = np.diag(products)
    if not (products < 0).any():
        return list(range(count))
    kept: list[int] = []
    for channel in np.argsort(-power, kind="stable"):
        limits = OPPOSED * np.sqrt(power[channel] * power[kept])
        if power[channel] < FAINT or not (products[channel, kept] < limits).any():
            kept.append(int(channel))
    return sorted(kept)


def one_rate(blocks: Iterable[tuple[Block, int]]) -> Iterator[tuple[Block, int]]:
    """Resample what has another rate than the first block; most recordings have one rate."""
    wanted = current = 0
    kind: tuple[int, int] = (0, 0)
    stream: soxr.ResampleStream | None = None
    for block, current in blocks:
        wanted = wanted or current
        if stream is not None and kind != (current, block.shape[1]):
            yield from _flushed(stream, kind[1], wanted)
            stream = None
        if current == wanted:
            yield block, wanted
            continue
        kind = (current, block.shape[1])
        if stream is None:
            stream = soxr.ResampleStream(*kind[:1], wanted, kind[1], "float32", "HQ")
        done = stream.resample_chunk(np.ascontiguousarray(block))
        if len(done):
            yield done.reshape(len(done), -1), wanted
    if stream is not None:
        yield from _flushed(stream, kind[1], wanted)


def _flushed(stream: Any, channels: int, rate: int) -> Iterator[tuple[Block, int]]:
    rest = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)
    if len(rest):
        yield rest.reshape(len(rest), -1), rate
