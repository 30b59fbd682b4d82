"""A corpus as one picture: durations, classes, speakers, levels, pitch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from intona.corpora.base import Corpus
from intona.corpora.measure import measure
from intona.errors import CorpusError
from intona.formats import palette
from intona.parallel import HERE, Engine

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Progress = Callable[[int, int, str], None]

_SEXES = {"female": palette.SECOND, "male": palette.MAIN}
_MOST_SPEAKERS = 40


def draw(
    corpus: Corpus, out: Path, *, on: Engine = HERE, progress: Progress | None = None
) -> pd.DataFrame:
    """Measure a corpus, draw it into one PNG or SVG file, and return the measures.

    Args:
        corpus: as loaded.
        out: the picture; its suffix says the format.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Returns:
        The corpus's columns ``emotion``, ``speaker`` and (where known) ``sex``, with the measures
        of :func:`intona.corpora.measure.measure`, one row per readable file.

    Raises:
        CorpusError: when no file can be read.
        UsageError: when the picture cannot be written.
    """
    import pandas as pd

    names = corpus.table.index.get_level_values("file")
    files = corpus.table[~names.duplicated()]
    files = files.set_axis(pd.Index(names.unique(), dtype="object", name="file"))
    sound = measure([str(file) for file in files.index], on=on, progress=progress)
    known = [name for name in ("emotion", "speaker", "sex") if name in files]
    frame = files[known].join(sound)
    frame = frame[frame["error"].isna()]
    if frame.empty:
        raise CorpusError(f"{corpus.name}: none of its {len(files)} files can be read")
    palette.save(_figure(frame, corpus), out)
    return frame


def summary(frame: pd.DataFrame) -> dict[str, str]:
    """Return the measures of :func:`draw` in a few words, for people."""
    minutes = frame["duration"].sum() / 60
    return {
        "files": f"{len(frame)}, {minutes:.0f} minutes",
        "duration": _spread(frame["duration"], "s", 1),
        "rate": ", ".join(f"{rate:.0f} Hz" for rate in sorted(frame["rate"].unique())),
        "level": _spread(frame["level"], "dBFS", 0),
        "pitch": _spread(frame["pitch"].dropna(), "Hz", 0),
        "clipped": f"{int((frame['clipped'] > 0.001).sum())} files",
    }


def _spread(values: pd.Series, unit: str, digits: int) -> str:
    if values.empty:
        return "unknown"
    low, middle, high = (values.quantile(q) for q in (0.05, 0.5, 0.95))
    return f"{middle:.{digits}f} {unit} (5 to 95 %: {low:.{digits}f} to {high:.{digits}f})"


def _figure(frame: pd.DataFrame, corpus: Corpus) -> Figure:
    # No pyplot: it would choose a window system and keep the figure alive.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7.5), layout="constrained")
    grid = figure.subplot_mosaic(
        [["classes", "durations", "levels"], ["speakers", "speakers", "pitch"]]
    )
    figure.suptitle(
        f"{corpus.name}: {len(frame)} files, {frame['duration'].sum() / 3600:.1f} hours, "
        f"{len(corpus.speakers)} speakers",
        fontsize=13,
        x=0.01,
        ha="left",
    )
    for axes in grid.values():
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    _classes(grid["classes"], frame, corpus)
    _histogram(grid["durations"], frame["duration"], "Duration", "seconds")
    _histogram(grid["levels"], frame["level"], "Level", "RMS, dBFS")
    _speakers(grid["speakers"], frame, corpus)
    _pitch(grid["pitch"], frame)
    return figure


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=10, fontweight="bold")


def _classes(axes: Axes, frame: pd.DataFrame, corpus: Corpus) -> None:
    counts = frame["emotion"].value_counts()
    names = [name for name in corpus.emotions if name in counts][::-1]
    bars = axes.barh(names, [counts[name] for name in names], color=palette.MAIN)
    axes.bar_label(bars, fontsize=8, padding=2)
    axes.set_xlabel("files", fontsize=8)
    _title(axes, "Emotions")


def _histogram(axes: Axes, values: pd.Series, title: str, unit: str) -> None:
    axes.hist(values, bins=40, color=palette.MAIN)
    axes.axvline(values.median(), color=palette.FAINT, linewidth=1.5)
    axes.set_xlabel(f"{unit} (median {values.median():.1f})", fontsize=8)
    axes.set_ylabel("files", fontsize=8)
    _title(axes, title)


def _speakers(axes: Axes, frame: pd.DataFrame, corpus: Corpus) -> None:
    import numpy as np

    _title(axes, "Speakers and their emotions")
    if not corpus.speakers:
        axes.text(0.5, 0.5, "no speaker is known", ha="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    counts = frame.groupby(["speaker", "emotion"]).size().unstack(fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False).index]
    total = len(counts)
    counts = counts.iloc[:_MOST_SPEAKERS].sort_index()
    shades = [name for name in corpus.emotions if name in counts.columns]
    below = np.zeros(len(counts))
    colours = palette.colours(shades)
    labels = [str(name).split("-", 1)[-1] for name in counts.index]
    for name, colour in colours.items():
        axes.bar(labels, counts[name], bottom=below, color=colour, label=name)
        below += counts[name].to_numpy()
    axes.tick_params(axis="x", rotation=90 if len(labels) > 14 else 0)
    axes.set_ylabel("files", fontsize=8)
    if total > _MOST_SPEAKERS:
        axes.set_xlabel(f"the {_MOST_SPEAKERS} with most files, of {total}", fontsize=8)
    axes.legend(fontsize=7, ncols=len(shades), frameon=False, loc="lower left",
                bbox_to_anchor=(0, -0.24), columnspacing=1, handlelength=1)  # fmt: skip


def _pitch(axes: Axes, frame: pd.DataFrame) -> None:
    known = frame.dropna(subset=["pitch"])
    if "sex" in known and known["sex"].notna().any():
        for sex, colour in _SEXES.items():
            values = known.loc[known["sex"] == sex, "pitch"]
            if len(values):
                axes.hist(values, bins=40, range=(60, 500), color=colour, alpha=0.65, label=sex)
        axes.legend(fontsize=8, frameon=False)
    else:
        axes.hist(known["pitch"], bins=40, range=(60, 500), color=palette.MAIN)
    axes.set_xlabel("median of each file, Hz", fontsize=8)
    axes.set_ylabel("files", fontsize=8)
    _title(axes, "Pitch")
