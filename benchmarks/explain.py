"""Check explanations of real clips: does silencing the evidence change the answer, beyond chance?

Run: ``python benchmarks/explain.py CORPUS... [--clips N] [--plot curves.png]``. A sample of each
corpus, spread evenly over its emotions, is explained with the bundled model or ``--model``. The
curves show the probability of the answer while patches are silenced (deletion) or let in
(insertion), strongest evidence first and at random; intervals are over resampled clips.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from _measure import options, run, tell, timed
from matplotlib.figure import Figure

from intona import corpora
from intona.audio import read
from intona.explain.occlusion import Curves, check, occlude
from intona.explain.plot import draw_curves
from intona.formats.palette import save
from intona.inference.recognizer import load


def sample(folder: Path, count: int, seed: int) -> list[Path]:
    """Return clips, the same number of each emotion as far as it goes."""
    table = corpora.load([folder]).table
    files = pd.Series(table.index.get_level_values("file"), index=table["emotion"].to_numpy())
    shuffled = files.sample(frac=1.0, random_state=seed)
    turn = shuffled.groupby(level=0).cumcount().to_numpy()
    return [Path(file) for file in shuffled.iloc[np.argsort(turn, kind="stable")][:count]]


def interval(values: np.ndarray, seed: int) -> list[float]:
    """Return mean, low and high of the 95 % percentile bootstrap."""
    rows = np.random.default_rng(seed).integers(len(values), size=(2000, len(values)))
    low, high = np.percentile(values[rows].mean(axis=1), [2.5, 97.5])
    return [round(float(value), 3) for value in (values.mean(), low, high)]


def draw(curves: Curves, title: str, path: Path) -> None:
    """Draw deletion and insertion curves alone."""
    page = Figure(figsize=(6.6, 4.2), layout="constrained")
    axes = page.subplots()
    draw_curves(axes, curves, "the answer")
    axes.set_title(title, fontsize=10)
    save(page, path)


def main() -> None:
    given = options(
        __doc__,
        "corpora+",
        clips=(32, "of each corpus"),
        model=Path,
        seed=0,
        plot=(Path, "draw the mean curves"),
    )
    model = load(given.model)
    found: list[Curves] = []
    took: list[float] = []
    for folder in given.corpora:
        for path in sample(folder, given.clips, given.seed):
            audio = read(path)
            with timed() as one:
                evidence = occlude(model, audio)
            took.append(one.wall)
            found.append(check(model, audio, evidence, seed=given.seed))
    mean = Curves(
        **{name: np.mean([vars(c)[name] for c in found], axis=0) for name in vars(found[0])}
    )
    gains = {
        "deletion": np.array([curves.deletion_gain for curves in found]),
        "insertion": np.array([curves.insertion_gain for curves in found]),
    }
    names = ", ".join(folder.name for folder in given.corpora)
    print("share      " + " ".join(f"{100 * share:5.0f}" for share in mean.share))
    for name in ("deletion", "random_deletion", "insertion", "random_insertion"):
        print(f"{name:<17}" + " ".join(f"{value:5.2f}" for value in vars(mean)[name]))
    result: dict[str, object] = {}
    for name, values in gains.items():
        middle, low, high = interval(values, given.seed)
        better = float(np.mean(values > 0))
        print(f"{name:<10} {middle:+.3f} [{low:+.3f}, {high:+.3f}], above 0 in {better:.0%}")
        result[f"{name}_gain"] = [middle, low, high]
        result[f"{name}_better"] = round(better, 3)
    if given.plot is not None:
        draw(mean, f"{len(found)} clips, mean ({names})", given.plot)
    seconds = round(float(np.median(took)), 1)
    tell("explain", clips=len(found), corpora=names, seconds_a_map=seconds, **result)


if __name__ == "__main__":
    run(main)
