"""Time the intervals of all metrics: 7,442 utterances of 91 speakers (the size of CREMA-D).

The other side draws utterance tables speaker by speaker and calls scikit-learn, as papers do.
Run ``python benchmarks/bootstrap.py``.
"""

from __future__ import annotations

import numpy as np
import sklearn
from _measure import options, run, tell, timed
from sklearn.metrics import balanced_accuracy_score

from intona.metrics.bootstrap import intervals
from intona.metrics.clustered import of_decisions, of_probabilities

LABELS = ("neutral", "happy", "sad", "angry", "fearful", "disgust")
UTTERANCES, SPEAKERS, RESAMPLES, PEER_RESAMPLES = 7442, 91, 2000, 50


def main() -> None:
    options(__doc__)
    generator = np.random.default_rng(0)
    clusters = np.sort(generator.integers(SPEAKERS, size=UTTERANCES))
    truth = generator.choice(LABELS, UTTERANCES)
    scores = generator.normal(size=(UTTERANCES, len(LABELS)))
    scores[np.arange(UTTERANCES), [LABELS.index(name) for name in truth]] += 1.0
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    prediction = np.array(LABELS)[probabilities.argmax(axis=1)]

    with timed() as decisions:
        statistics = of_decisions(truth, prediction, LABELS, clusters)
        found = intervals(statistics, SPEAKERS, resamples=RESAMPLES)
    with timed() as rest:
        statistics = of_probabilities(truth, probabilities, LABELS, clusters)
        found |= intervals(statistics, SPEAKERS, resamples=RESAMPLES)

    rows_of = [np.flatnonzero(clusters == k) for k in range(SPEAKERS)]
    with timed() as loop:
        for _ in range(PEER_RESAMPLES):
            rows = np.concatenate([rows_of[k] for k in generator.integers(SPEAKERS, size=SPEAKERS)])
            balanced_accuracy_score(truth[rows], prediction[rows])
    peer = loop.wall * RESAMPLES / PEER_RESAMPLES

    for name, value in found.items():
        print(f"{name:<28} {value.value:.4f}  [{value.low:.4f}, {value.high:.4f}]")
    tell(
        "percentile and BCa intervals by speaker bootstrap, UAR among 9 metrics",
        utterances=UTTERANCES,
        speakers=SPEAKERS,
        resamples=RESAMPLES,
        seconds_4_metrics_of_decisions=round(decisions.wall, 3),
        seconds_5_metrics_of_probabilities=round(rest.wall, 3),
        seconds_all=round(decisions.wall + rest.wall, 3),
        peer=f"scikit-learn {sklearn.__version__} balanced_accuracy_score, UAR only",
        seconds_peer=round(peer, 1),
        ratio=round(peer / (decisions.wall + rest.wall), 1),
    )


if __name__ == "__main__":
    run(main)
