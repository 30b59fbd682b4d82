"""The picture of an explanation: evidence on the spectrogram, contours, and the manner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, resample
from intona.errors import UsageError
from intona.explain import Evidence
from intona.features.contours import contours
from intona.features.pitch import STEP, pitch
from intona.manner import Remark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["figure", "save"]

RATE = 16_000
_INK = "#222222"
_FOR, _AGAINST = "#b2182b", "#2166ac"


def figure(
    audio: Audio, evidence: Evidence, said: Sequence[Remark], title: str | None = None
) -> Figure:
    """Draw an explanation.

    Args:
        audio: the recording.
        evidence: where the evidence lies.
        said: how it was said.
        title: the first line; by default the emotion and its probability.
    """
    from matplotlib.figure import Figure

    page = Figure(figsize=(10.0, 8.6))
    spectrum, curve, bars = page.subplots(
        3,
        1,
        gridspec_kw={"height_ratios": [3.2, 1.6, 2.4]},
    )
    # The right quarter is for the colour bar and the words.
    page.subplots_adjust(left=0.14, right=0.72, top=0.92, bottom=0.06, hspace=0.34)
    page.suptitle(title or f"{evidence.emotion} ({evidence.probability:.0%})", fontsize=14)
    signal = audio.samples if audio.rate == RATE else resample(audio.samples, audio.rate, RATE)
    _draw_evidence(page, spectrum, signal, evidence)
    _draw_contours(curve, signal, float(evidence.times[-1]))
    _draw_manner(bars, said)
    return page


def save(page: Figure, path: str | Path) -> Path:
    """Write the picture; the suffix (``.png``, ``.svg``, ``.pdf``) is its format.

    Raises:
        UsageError: the file cannot be written or its format is unknown.
    """
    try:
        page.savefig(path, dpi=140)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write the picture {path}: {error}") from None
    return Path(path)


def _draw_evidence(
    page: Figure, axes: Axes, signal: NDArray[np.float32], evidence: Evidence
) -> None:
    size = 512
    padded = np.pad(signal, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 4]
    level = 20.0 * np.log10(np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) + 1e-7).T
    end = float(evidence.times[-1])
    shown: Any = {"origin": "lower", "aspect": "auto", "extent": (0.0, end, 0.0, RATE / 2000.0)}
    axes.imshow(level, cmap="gray_r", vmin=level.max() - 70.0, vmax=level.max(), **shown)
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
    bar = page.colorbar(mesh, cax=axes.inset_axes((1.02, 0.0, 0.025, 1.0)))
    if bar.solids is not None:
        bar.solids.set_alpha(1.0)
    bar.set_label("loss of log-odds when silenced")


def _draw_contours(axes: Axes, signal: NDArray[np.float32], end: float) -> None:
    track = pitch(signal, RATE)
    level = contours(signal, RATE, track.times)
    axes.plot(track.times, np.where(track.voiced, track.hz, np.nan), color=_FOR, lw=2)
    axes.set_yscale("log")
    axes.set_yticks([100, 200, 400], ["100", "200", "400"])
    axes.minorticks_off()
    axes.set_ylim(70, 620)
    axes.set_xlim(0.0, max(end, STEP))
    axes.set_ylabel("pitch in Hz", color=_FOR)
    axes.set_xlabel("time in seconds")
    other = axes.twinx()
    other.plot(level.times, level.intensity, color=_AGAINST, lw=1, alpha=0.8)
    top = float(level.intensity.max()) if level.intensity.size else 0.0
    other.set_ylim(top - 50.0, top + 3.0)
    other.set_ylabel("intensity in dB", color=_AGAINST)


def _draw_manner(axes: Axes, said: Sequence[Remark]) -> None:
    axes.set_title("Against neutral speech: percentile of each measure", fontsize=10)
    places = np.arange(len(said))[::-1]
    for place, remark in zip(places, said, strict=True):
        notable = remark.word != "as in neutral speech"
        colour = (_FOR if remark.percentile > 50 else _AGAINST) if notable else "#bbbbbb"
        axes.barh(place, remark.percentile - 50.0, left=50.0, color=colour, height=0.7)
        text = f"{remark.value:.{remark.digits}f} {remark.unit}"
        if notable:
            text = f"{remark.word}: {text}"
        axes.text(101.0, place, text, va="center", fontsize=8, color=_INK)
    axes.axvline(50.0, color=_INK, lw=1)
    axes.set_yticks(places, [remark.aspect for remark in said])
    axes.set_xlim(0.0, 100.0)
    axes.set_xticks([0, 5, 25, 50, 75, 95])
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("percentile among neutral utterances")
