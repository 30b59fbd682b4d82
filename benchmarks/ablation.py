"""What each idea gives the default model, on held-out speakers of the training parts only.

EmoBox's six RAVDESS folds are left out two at a time, a model trained on the other four is tested
on both: each speaker is tested once, by a model that never heard it, in speech or song. The last
columns train without RAVDESS, EmoDB or nEMO and test, zero-shot, on it (angry, happy, neutral,
sad). Run ``python benchmarks/ablation.py DATA [IDEA ...]`` with the folder of the corpora and, to
run some ideas only, parts of their names; features are cached.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from intona import corpora, protocol, recipes
from intona.metrics import unweighted_average_recall
from intona.train import fit

FOLDERS = {"ravdess": "ravdess", "ravdess-song": "ravdess_song", "emodb": "emodb", "nemo": "nemo"}
SHARED = ("angry", "happy", "neutral", "sad")


@dataclass(frozen=True)
class Idea:
    """One line of the table: a recipe, what is changed in it, and the corpora it learns from."""

    name: str
    recipe: str
    corpora: tuple[str, ...] = tuple(FOLDERS)
    front_end: Mapping[str, Any] = field(default_factory=dict)
    C: float | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    zero_shot: bool = False


SPEECH = ("ravdess",)
QUIET = {"sounds_without_voice": 0}
ALIKE = {**QUIET, "weights": {}}
IDEAS = (
    Idea("layers 1-3 of RAVDESS speech", "encoder-lr", SPEECH, {"level": False}),
    Idea("layers 1-2", "encoder-lr", SPEECH, {"level": False, "layers": [1, 2]}),
    Idea("mean alone", "encoder-lr", SPEECH, {"level": False, "pooling": ["mean"]}),
    Idea("layers 1-3, every recording at one level", "encoder-lr", SPEECH, {"level": True}),
    Idea("+ song, EmoDB, nEMO alike", "frozen", C=0.003, training=ALIKE, zero_shot=True),
    Idea("+ song, EmoDB, nEMO, weighted", "frozen", C=0.003, training=QUIET, zero_shot=True),
    Idea("+ 360 noises", "frozen", C=0.003),
    Idea("+ C 0.005 (frozen)", "frozen", zero_shot=True),
    Idea("+ three changed copies", "default", training={"tuning": None}, zero_shot=True),
    Idea("+ the last layer fine-tuned (default)", "default", zero_shot=True),
    Idea("all of the tuned weights", "default", training={"tuning": {"share": 1.0}}),
)


def main() -> None:
    data, wanted = Path(sys.argv[1]), sys.argv[2:]
    table = pd.concat([corpora.load(data / folder).table for folder in FOLDERS.values()])
    table = table[table["emotion"] != "bored"]
    for idea in IDEAS:
        if wanted and not any(part in idea.name for part in wanted):
            continue
        row = score(table, idea)
        print(f"{idea.name:<45} {row['inner']:6.2f}  {row['zero_shot'] or ''}", flush=True)
        print(json.dumps({"what": "ablation, inner UA in %", "idea": idea.name, **row}), flush=True)


def score(table: pd.DataFrame, idea: Idea) -> dict[str, Any]:
    """Return the mean inner UA, and the zero-shot UAR per corpus where asked for."""
    recipe = changed(idea)
    song = (table["vocal_channel"] == "song").to_numpy()
    group = np.where(song, table["corpus"] + "-song", table["corpus"])
    table, group = table[np.isin(group, idea.corpora)], group[np.isin(group, idea.corpora)]
    speakers, speech = table["speaker"].to_numpy(), group == "ravdess"
    folds = protocol.parse("emobox").folds(table[speech])
    held = [np.unique(speakers[speech][fold.test]) for fold in folds]
    inner = []
    for one, other in zip(held[::2], held[1::2], strict=True):
        model = fit(recipe, table[~np.isin(speakers, np.concatenate([one, other]))])
        for part in (one, other):
            inner.append(recall(model, table[speech & np.isin(speakers, part)], model.labels))
    zero_shot = {}
    for corpus in ("ravdess", "emodb", "nemo") if idea.zero_shot else ():
        model = fit(recipe, table[(table["corpus"] != corpus).to_numpy()])
        test = (group == corpus) & table["emotion"].isin(SHARED).to_numpy()
        zero_shot[corpus] = round(recall(model, table[test], SHARED), 1)
    return {"inner": round(float(np.mean(inner)), 2), "zero_shot": zero_shot}


def changed(idea: Idea) -> recipes.Recipe:
    """Return the idea's recipe, without calibration."""
    recipe = recipes.load(idea.recipe)
    training = {**recipe.training, **idea.training, "calibration_folds": 0}
    training = {key: value for key, value in training.items() if value is not None}
    model = dict(recipe.model) | ({} if idea.C is None else {"C": idea.C})
    front = {**recipe.front_end, **idea.front_end}
    return replace(recipe, front_end=front, model=model, training=training)


def recall(model: Any, test: pd.DataFrame, among: Any) -> float:
    """Return the UAR in % when only these labels may be answered."""
    columns = [model.labels.index(label) for label in among]
    found = np.array(among)[model.probabilities(test)[:, columns].argmax(axis=1)]
    return 100 * float(unweighted_average_recall(test["emotion"].to_numpy(), found))


if __name__ == "__main__":
    main()
