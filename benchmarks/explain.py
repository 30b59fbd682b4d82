"""Check explanations of real clips: does silencing the evidence change the answer, beyond chance?

Run: ``python benchmarks/explain.py CORPUS... [--clips N] [--plot curves.png]``. A sample of each
corpus, spread evenly over its emotions, is explained with the bundled model or ``--model``. The
curves show the probability of the answer while patches are silenced (deletion) or let in
(insertion), strongest evidence first and at random; intervals are over resampled clips.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--clips", type=int, default=32, help="of each corpus")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="draw the mean curves")
    options = parser.parse_args()
    model = load(options.model)
    found: list[Curves] = []
    took: list[float] = []
    for folder in options.corpora:
        for path in sample(folder, options.clips, options.seed):
            audio = read(path)
            begin = time.perf_counter()
            evidence = occlude(model, audio)
            took.append(time.perf_counter() - begin)
            found.append(check(model, audio, evidence, seed=options.seed))
    mean = Curves(
        **{name: np.mean([vars(c)[name] for c in found], axis=0) for name in vars(found[0])}
    )
    gains = {
        "deletion": np.array([curves.deletion_gain for curves in found]),
        "insertion": np.array([curves.insertion_gain for curves in found]),
    }
    names = ", ".join(folder.name for folder in options.corpora)
    python = platform.python_version()
    print(f"machine    {platform.machine()}, {os.cpu_count()} cores, Python {python}")
    print(f"clips      {len(found)} ({names}), the most probable emotion of each explained")
    print(f"time       {np.median(took):.1f} s a map (median)")
    print("share      " + " ".join(f"{100 * share:5.0f}" for share in mean.share))
    for name in ("deletion", "random_deletion", "insertion", "random_insertion"):
        print(f"{name:<17}" + " ".join(f"{value:5.2f}" for value in vars(mean)[name]))
    result: dict[str, object] = {"benchmark": "explain", "clips": len(found), "corpora": names}
    for name, values in gains.items():
        middle, low, high = interval(values, options.seed)
        better = float(np.mean(values > 0))
        print(f"{name:<10} {middle:+.3f} [{low:+.3f}, {high:+.3f}], above 0 in {better:.0%}")
        result[f"{name}_gain"] = [middle, low, high]
        result[f"{name}_better"] = round(better, 3)
    if options.plot is not None:
        draw(mean, f"{len(found)} clips, mean ({names})", options.plot)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
