"""What each idea gives the default model, on held-out speakers of the training parts only.

EmoBox's six RAVDESS folds are left out two at a time, a head trained on the other four is scored
on both: each score is an inner score of the training part that leaves the other fold out, each
speaker is scored once, and by a model that never heard it. The last columns train without RAVDESS,
EmoDB or nEMO and test, zero-shot, on it (angry, happy, neutral, sad).
Run ``python benchmarks/ablation.py DATA`` with the folder of the corpora; features are cached.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from intona import corpora, protocol
from intona.features.encoder import Encoder
from intona.features.extract import extract
from intona.features.logmel import RATE
from intona.labels import order
from intona.metrics import unweighted_average_recall
from intona.models.known import Known
from intona.models.linear_head import LinearHead
from intona.models.nothing import sounds_without_voice

FOLDERS = {"ravdess": "ravdess", "ravdess-song": "ravdess_song", "emodb": "emodb", "nemo": "nemo"}
SHARED = ("angry", "happy", "neutral", "sad")
BESIDE = {"ravdess-song": 0.2, "emodb": 0.8, "nemo": 0.05}


@dataclass(frozen=True)
class Idea:
    """One line of the table: the front end, what an utterance of each corpus counts, and C."""

    name: str
    encoder: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, float] = field(default_factory=dict)
    C: float = 0.003
    nothing: int = 0
    zero_shot: bool = False


ALIKE = dict.fromkeys(BESIDE, 1.0)
IDEAS = (
    Idea("layers 1-3 of RAVDESS speech", {"level": False}),
    Idea("layers 1-2", {"level": False, "layers": [1, 2]}),
    Idea("mean alone", {"level": False, "pooling": ["mean"]}),
    Idea("layers 1-3, every recording at one level"),
    Idea("+ song, EmoDB, nEMO, each utterance alike", {}, ALIKE, zero_shot=True),
    Idea("+ song, EmoDB, nEMO, weighted", {}, BESIDE, zero_shot=True),
    Idea("+ 360 noises", {}, BESIDE, nothing=360),
    Idea("+ C 0.005 (the recipe default)", {}, BESIDE, 0.005, nothing=360, zero_shot=True),
)


def main() -> None:
    data = Path(sys.argv[1])
    table = pd.concat([corpora.load(data / folder).table for folder in FOLDERS.values()])
    table = table[table["emotion"] != "bored"]
    for idea in IDEAS:
        row = score(table, idea)
        print(f"{idea.name:<45} {row['inner']:6.2f}  {row['zero_shot'] or ''}", flush=True)
        print(json.dumps({"what": "ablation, inner UA in %", "idea": idea.name, **row}), flush=True)


def score(table: pd.DataFrame, idea: Idea) -> dict[str, Any]:
    """Return the mean inner UA, and the zero-shot UAR per corpus where asked for."""
    labels = order(table["emotion"])
    weights = {**dict.fromkeys(FOLDERS, 0.0), "ravdess": 1.0, **idea.beside}
    known = Known.of(table, "emotion", labels, weights)
    front = Encoder(**{"layers": [1, 2, 3], **idea.encoder})
    used = np.flatnonzero(known.weights > 0)
    table, known = table.iloc[used], known.at(used)
    features = extract(table, front)
    sounds = [front(sound, RATE) for sound in sounds_without_voice(idea.nothing)]
    nothing = np.stack(sounds) if sounds else None
    material = (features, known.targets, known.possible, known.weights)
    speakers = table["speaker"].to_numpy()
    speech = known.groups == "ravdess"

    def predict(train: Any, test: Any, among: Any) -> float:
        head = LinearHead.fit(*material, idea.C, np.flatnonzero(train), nothing)
        found = np.array(among)[head.scores(features[test])[:, among].argmax(axis=1)]
        return 100 * float(unweighted_average_recall(known.targets[test], found))

    folds = protocol.parse("emobox").folds(table[speech])
    held = [np.unique(speakers[speech][fold.test]) for fold in folds]
    inner = []
    for one, other in zip(held[::2], held[1::2], strict=True):
        train = ~np.isin(speakers, np.concatenate([one, other]))
        head = LinearHead.fit(*material, idea.C, np.flatnonzero(train), nothing)
        for part in (one, other):
            test = speech & np.isin(speakers, part)
            found = head.scores(features[test]).argmax(axis=1)
            inner.append(100 * unweighted_average_recall(known.targets[test], found))
    zero_shot = {}
    if idea.zero_shot:
        four = [labels.index(name) for name in SHARED]
        for corpus in ("ravdess", "emodb", "nemo"):
            inside = np.array([group.startswith(corpus) for group in known.groups])
            test = (known.groups == corpus) & np.isin(known.targets, four)
            zero_shot[corpus] = round(predict(~inside, test, four), 1)
    return {"inner": round(float(np.mean(inner)), 2), "zero_shot": zero_shot}


if __name__ == "__main__":
    main()
