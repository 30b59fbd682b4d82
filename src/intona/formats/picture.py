"""A timeline as a picture: waveform, spectrogram, emotion ribbon and arousal over one time axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, blocks
from intona.audio.damage import told_before
from intona.audio.decode import Source
from intona.errors import UsageError
from intona.formats import palette
from intona.formats.rows import Row, Segmentation, rows
from intona.labels import order

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATE = 16_000
COLUMNS = 1200  # at least so many, at most twice as many
FRAME = 512
BANDS = 128
TOGETHER = 0.6  # seconds; a line goes on over a shorter pause


@dataclass(frozen=True, eq=False)
class Sketch:
    """A recording reduced to what a picture can show.

    Attributes:
        low: smallest sample per column, shape ``(columns,)``.
        high: largest sample per column.
        power: mean power per band and column, shape ``(128, columns)``, linear up to 8 kHz.
        duration: in seconds.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    power: NDArray[np.float32]
    duration: float


def sketch(parts: Iterable[Audio]) -> Sketch:
    """Reduce a recording, block by block, at constant memory.

    Args:
        parts: its blocks, at 16 kHz.
    """
    hop = FRAME // 2  # samples per column; doubled whenever there are too many columns
    columns: list[NDArray[np.float32]] = []  # low, high, 128 powers
    rest = np.zeros(0, np.float32)
    window = np.hanning(FRAME).astype(np.float32)
    total = 0
    for part in parts:
        total += len(part.samples)
        rest = np.concatenate([rest, part.samples])
        while len(rest) >= hop + FRAME:
            count = (len(rest) - FRAME) // hop
            chunk, rest = rest[: count * hop + FRAME], rest[count * hop :]
            columns.extend(_columns(chunk, hop, count, window))
            while len(columns) > 2 * COLUMNS:
                columns, left = _halve(columns)
                hop *= 2
                if left is not None:
                    columns.append(left)
    if len(rest):
        padded = np.pad(rest, (0, max(0, hop + FRAME - len(rest))))
        columns.extend(_columns(padded, hop, 1, window))
    table = np.stack(columns, axis=1) if columns else np.zeros((BANDS + 2, 1), np.float32)
    return Sketch(table[0], table[1], table[2:], total / RATE)


def _columns(
    chunk: NDArray[np.float32], hop: int, count: int, window: NDArray[np.float32]
) -> list[NDArray[np.float32]]:
    body = chunk[: count * hop].reshape(count, hop)
    views = np.lib.stride_tricks.sliding_window_view(chunk, FRAME)
    # At most 16 spectra per column: more would not be seen.
    step = max(FRAME // 2, hop // 16)
    starts = np.arange(0, hop, step)
    found = []
    for number in range(count):
        spectra = np.abs(np.fft.rfft(views[number * hop + starts] * window, axis=1)) ** 2
        power = spectra[:, 1:].reshape(len(starts), BANDS, -1).mean(axis=(0, 2))
        row = np.concatenate([[body[number].min(), body[number].max()], power])
        found.append(row.astype(np.float32))
    return found


def _halve(
    columns: list[NDArray[np.float32]],
) -> tuple[list[NDArray[np.float32]], NDArray[np.float32] | None]:
    pairs = np.stack(columns[: len(columns) // 2 * 2]).reshape(-1, 2, BANDS + 2)
    merged = pairs.mean(axis=1)
    merged[:, 0] = pairs[:, :, 0].min(axis=1)
    merged[:, 1] = pairs[:, :, 1].max(axis=1)
    return list(merged), columns[-1] if len(columns) % 2 else None


def plot(table: Segmentation | pd.DataFrame, source: Source | Audio, path: str | Path) -> Path:
    """Draw a timeline.

    Args:
        table: of one recording, as :func:`intona.inference.timeline.timeline` returns it.
        source: that recording.
        path: picture to write; the suffix (``.png``, ``.svg``, ``.pdf``) is its format.

    Raises:
        AudioError: the recording cannot be read.
        UsageError: the table is about several recordings, or the picture cannot be written.
    """
    import matplotlib
    from matplotlib.figure import Figure

    path = Path(path)
    found = rows(table)
    if len({row.file for row in found}) > 1:
        raise UsageError("a plot shows one recording: give one at a time")
    if isinstance(source, Audio):
        from intona.audio import resample

        parts: Iterable[Audio] = [Audio(resample(source.samples, source.rate, RATE), RATE)]
    else:
        parts = blocks(source, rate=RATE, notice=told_before)
    small = sketch(parts)
    with matplotlib.rc_context(
        {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    ):
        aroused = any(row.arousal is not None for row in found)
        heights = [1.2, 1.8, 1.5, 0.8][: 3 + aroused]
        figure = Figure(figsize=(12, 7.2 if aroused else 6.2), layout="constrained")
        axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        _draw_wave(axes[0], small)
        level = 10 * np.log10(small.power + 1e-10)
        draw_spectrogram(axes[1], level, (0.0, small.duration, 0.0, RATE / 2000))
        axes[1].set_ylabel("kHz")
        _draw_ribbon(axes[2], found, figure)
        if aroused:
            _draw_arousal(axes[3], found)
        axes[0].set_title(_title(found))
        axes[-1].set_xlim(0, small.duration)
        axes[-1].xaxis.set_major_formatter(lambda value, _: _clock(value, small.duration))
        axes[-1].set_xlabel("time")
        return palette.save(figure, path)


def _title(found: list[Row]) -> str:
    name = Path(found[0].file).name if found and found[0].file else "recording"
    adapted = max((row.adapted for row in found), default=0)
    return f"{name} (adapted to {adapted})" if adapted else name


def _draw_wave(axis: Any, small: Sketch) -> None:
    times = np.linspace(0, small.duration, len(small.low))
    axis.fill_between(times, small.low, small.high, color=palette.INK, linewidth=0.3)
    peak = max(0.05, float(np.abs([small.low, small.high]).max()))
    axis.set_ylim(-peak, peak)
    axis.set_ylabel("waveform")


def draw_spectrogram(
    axis: Axes,
    level: NDArray[np.floating],
    extent: tuple[float, float, float, float],
    *,
    colours: str = "magma",
) -> None:
    """Draw levels over time and frequency, in a range of 70 dB.

    Args:
        axis: where.
        level: in dB, shape ``(bins, frames)``.
        extent: first and last second, lowest and highest frequency.
        colours: matplotlib's name of the scale.
    """
    top = float(np.percentile(level, 99.7))
    axis.imshow(
        level,
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap=colours,
        vmin=top - 70,
        vmax=top,
        interpolation="bilinear",
    )


def _draw_ribbon(axis: Any, found: list[Row], figure: Figure) -> None:
    """Draw bars as high as the confidence, pale where unsure; their legend below all axes."""
    spoken = [row for row in found if row.status != "no_speech"]
    colours = palette.colours(order(row.emotion for row in spoken if row.emotion))
    if not colours:
        _draw_numbers(axis, spoken)
        return
    for row in spoken:
        axis.bar(
            row.start,
            row.confidence or 0.0,
            width=row.end - row.start,
            align="edge",
            color=colours.get(row.emotion or "", palette.NOTHING),
            alpha=0.35 if row.status == "unsure" else 1.0,
            edgecolor=palette.PAPER,
            linewidth=0.4,
            hatch="///" if row.status == "unsure" else None,
        )
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=name) for name, colour in colours.items()]
    if any(row.status == "unsure" for row in spoken):
        handles.append(
            Patch(
                facecolor=palette.FAINT,
                edgecolor=palette.PAPER,
                hatch="///",
                label="hatched: unsure",
            )
        )
    figure.legend(
        handles=handles, ncols=len(handles), loc="outside lower center", frameon=False,
        handlelength=1.2,
    )  # fmt: skip
    axis.set_ylim(0, 1)
    axis.set_ylabel("confidence")


def _draw_arousal(axis: Any, found: list[Row]) -> None:
    """Draw a line that is level over each segment, and interrupted where nobody speaks."""
    times, values, before = [], [], None
    for row in found:
        if row.arousal is None:
            continue
        if before is not None and row.start - before > TOGETHER:
            times.append(before)
            values.append(np.nan)
        times += [row.start, row.end]
        values += [row.arousal, row.arousal]
        before = row.end
    axis.plot(times, values, color=palette.INK, linewidth=1.6)
    axis.set_ylim(0, 1)
    axis.set_ylabel("arousal")
    axis.set_title(
        "arousal: how activated the voice is", loc="left", fontsize=8, color=palette.SOFT, pad=3
    )


def _draw_numbers(axis: Any, spoken: list[Row]) -> None:
    for name in dict.fromkeys(name for row in spoken for name in row.probabilities):
        times = [(row.start + row.end) / 2 for row in spoken]
        axis.plot(times, [row.probabilities[name] for row in spoken], "o-", label=name)
    if spoken:
        axis.legend(frameon=False)
    else:
        axis.text(0.5, 0.5, "no speech", transform=axis.transAxes, ha="center", color=palette.SOFT)


def _clock(seconds: float, duration: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60)
    if duration < 120:
        return f"{seconds:g} s"
    if duration < 3600:
        return f"{minutes:.0f}:{rest:02.0f}"
    return f"{minutes // 60:.0f}:{minutes % 60:02.0f}:{rest:02.0f}"
