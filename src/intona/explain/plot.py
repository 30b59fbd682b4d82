"""The picture of an explanation: evidence on the spectrogram, contours, and the manner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, resample
from intona.explain.occlusion import Curves, Evidence
from intona.features.contours import contours
from intona.features.manner import Remark
from intona.features.pitch import STEP, pitch
from intona.features.spectrum import SHORT, level
from intona.formats.palette import AGAINST, FAINT, FOR, INK, MAIN, SECOND
from intona.formats.picture import draw_spectrogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATE = 16_000


def figure(
    audio: Audio,
    evidence: Evidence,
    said: Sequence[Remark],
    *,
    title: str | None = None,
    whose: str = "many speakers",
    curves: Curves | None = None,
) -> Figure:
    """Draw an explanation.

    Args:
        audio: the recording.
        evidence: where the evidence lies.
        said: how it was said.
        title: put before the emotion and its probability in the first line.
        whose: neutral speech it is compared with.
        curves: what the check of the evidence gave, drawn last.
    """
    from matplotlib.figure import Figure

    heights = [3.3, 1.5, 2.7, *([1.9] if curves is not None else [])]
    gaps = [0.15, 0.9, 0.95][: len(heights) - 1]
    top, bottom = 0.8, 0.6
    whole = top + sum(heights) + sum(gaps) + bottom
    page = Figure(figsize=(10.0, whole))
    # What runs over time takes the width but for the scale; beside the others stand words.
    sides = [(0.08, 0.8), (0.08, 0.8), (0.15, 0.55), (0.08, 0.55)]
    axes, edge = [], whole - top
    for (left, width), height, gap in zip(sides, heights, [*gaps, 0.0], strict=False):
        edge -= height
        axes.append(page.add_axes((left, edge / whole, width, height / whole)))
        edge -= gap
    first = f"{evidence.emotion} {100 * evidence.probability:.0f} %"
    first = first if title is None else f"{title}: {first}"
    page.text(0.08, 1.0 - 0.3 / whole, first, fontsize=14, ha="left", va="center")
    signal = audio.samples if audio.rate == RATE else resample(audio.samples, audio.rate, RATE)
    _draw_evidence(page, axes[0], signal, evidence)
    _draw_contours(axes[1], signal, float(evidence.times[-1]))
    _draw_manner(axes[2], said, whose)
    if curves is not None:
        draw_curves(axes[3], curves, evidence.emotion)
    return page


def _draw_evidence(
    page: Figure, axes: Axes, signal: NDArray[np.float32], evidence: Evidence
) -> None:
    shown = level(signal, np.arange(0, len(signal) + 1, SHORT // 4)).T
    end = float(evidence.times[-1])
    draw_spectrogram(axes, shown, (0.0, end, 0.0, RATE / 2000.0), colours="gray_r")
    most = max(float(np.abs(evidence.values).max()), 1e-9)
    # Strong evidence is opaque, weak evidence leaves the spectrogram visible.
    strength = np.clip(np.abs(evidence.values) / most, 0.0, 1.0)
    mesh = axes.pcolormesh(
        evidence.times,
        evidence.hz / 1000.0,
        evidence.values,
        cmap="RdBu_r",
        vmin=-most,
        vmax=most,
        alpha=cast(Any, 0.75 * strength),  # one value a patch: more than the stubs know
    )
    axes.set_ylim(0.0, min(RATE / 2000.0, float(evidence.hz[-1]) / 1000.0))
    axes.set_ylabel("frequency in kHz")
    axes.set_title(f"What speaks for (red) and against (blue) “{evidence.emotion}”", fontsize=10)
    axes.tick_params(labelbottom=False)
    bar = page.colorbar(mesh, cax=axes.inset_axes((1.02, 0.0, 0.02, 1.0)))
    if bar.solids is not None:
        bar.solids.set_alpha(1.0)
    bar.set_label("log-odds lost when silenced")


def _draw_contours(axes: Axes, signal: NDArray[np.float32], end: float) -> None:
    track = pitch(signal, RATE)
    loud = contours(signal, RATE, track.times)
    axes.plot(track.times, np.where(track.voiced, track.hz, np.nan), color=SECOND, lw=2.4)
    axes.set_yscale("log")
    axes.set_yticks([100, 200, 400], ["100", "200", "400"])
    axes.minorticks_off()
    axes.set_ylim(70, 620)
    axes.set_xlim(0.0, max(end, STEP))
    axes.set_ylabel("pitch in Hz", color=SECOND)
    axes.set_xlabel("time in seconds")
    other = axes.twinx()
    other.plot(loud.times, loud.intensity, color=MAIN, lw=1)
    top = float(loud.intensity.max()) if loud.intensity.size else 0.0
    other.set_ylim(top - 50.0, top + 3.0)
    other.set_ylabel("intensity in dB", color=MAIN)


def _draw_manner(axes: Axes, said: Sequence[Remark], whose: str) -> None:
    axes.set_title(f"How it was said, against the neutral speech of {whose}", fontsize=10)
    places = np.arange(len(said))[::-1]
    for place, remark in zip(places, said, strict=True):
        colour = MAIN if remark.notable else FAINT
        axes.barh(place, remark.percentile - 50.0, left=50.0, color=colour, height=0.7)
        word = f"{remark.word}: " if remark.notable else ""
        text = f"{word}{remark.amount} ({remark.change})"
        axes.text(101.5, place, text, va="center", fontsize=8, color=INK)
    axes.axvline(50.0, color=INK, lw=1)
    axes.set_yticks(places, [remark.aspect for remark in said])
    axes.set_xlim(0.0, 100.0)
    axes.set_xticks([5, 25, 50, 75, 95])
    axes.grid(axis="x", color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("percentile among neutral utterances")


def draw_curves(axes: Axes, curves: Curves, emotion: str) -> None:
    """Draw what silencing and letting in do to the probability of the emotion."""
    share = 100.0 * curves.share
    for own, chance, colour, word in (
        (curves.insertion, curves.random_insertion, FOR, "let in"),
        (curves.deletion, curves.random_deletion, AGAINST, "silenced"),
    ):
        axes.plot(share, own, color=colour, lw=2, label=f"{word}, strongest evidence first")
        axes.plot(share, chance, color=colour, lw=1.2, ls="--", label=f"{word} at random")
    axes.set_xlim(0.0, 100.0)
    axes.set_ylim(-0.02, 1.02)
    axes.set_title("Is the map right? What silencing and letting in do", fontsize=10)
    axes.set_xlabel("% of the patches")
    axes.set_ylabel(f"probability of {emotion}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
