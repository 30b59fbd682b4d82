"""Make ``src/intona/assets/neutral.json`` from the neutral utterances of corpora.

Run: ``python scripts/neutral_reference.py CORPUS_FOLDER... [--most 40]``. Each speaker gives
at most ``--most`` utterances and all speakers weigh the same in the percentiles. No audio and
nothing of a single utterance enters the file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from intona import corpora
from intona.audio import read
from intona.features.manner import ASPECTS
from intona.features.prosody import measure

PERCENTS = [1, 2.5, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 97.5, 99]


def weighted_percentiles(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the values at ``PERCENTS`` of a weighted sample."""
    order = np.argsort(values)
    position = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    return np.interp(np.array(PERCENTS) / 100, position, values[order])


def main() -> None:
    """Measure the corpora named on the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=40)
    options = parser.parse_args()
    rows, speakers, names = [], [], []
    for folder in options.folders:
        corpus = corpora.load(folder)
        neutral = corpus.table[corpus.table["emotion"] == "neutral"]
        names.append(f"{corpus.name} ({len(neutral)} utterances)")
        for speaker, part in neutral.groupby("speaker"):
            step = max(1, len(part) // options.most)
            for file, _, _ in part.index[::step][: options.most]:
                audio = read(file)
                values = measure(audio.samples, audio.rate)
                rows.append([values[aspect.measure] for aspect in ASPECTS])
                speakers.append(speaker)
    table, who = np.array(rows), np.array(speakers)
    measures = {}
    for column, aspect in enumerate(ASPECTS):
        known = np.isfinite(table[:, column])
        values, own = table[known, column], who[known]
        _, index, counts = np.unique(own, return_inverse=True, return_counts=True)
        points = weighted_percentiles(values, 1.0 / counts[index])
        means = np.bincount(index, values) / counts
        freedom = len(values) - len(counts)
        within = np.sqrt(np.square(values - means[index]).sum() / freedom)
        measures[aspect.measure] = {
            "median": float(np.round(points[PERCENTS.index(50)], 4)),
            "within_speaker": float(np.round(within, 4)),
            "percentiles": [float(value) for value in np.round(points, 4)],
        }
    content = {
        "version": 1,
        "source": (
            f"neutral utterances of {', '.join(names)}, {len(set(speakers))} speakers weighing "
            f"the same, at most {options.most} each; made by scripts/neutral_reference.py"
        ),
        "percents": PERCENTS,
        "measures": measures,
    }
    target = Path(__file__).parents[1] / "src" / "intona" / "assets" / "neutral.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(content, separators=(",", ":")) + "\n", "utf-8")
    print(f"{target.name}: {len(rows)} utterances of {len(set(speakers))} speakers")


if __name__ == "__main__":
    main()
