"""What each idea gives the default model, on held-out speakers of the training parts only.

EmoBox's six RAVDESS folds are left out two at a time, a model trained on the other four is tested
on both: each speaker is tested once, by a model that never heard it, in speech or song. The last
columns train without RAVDESS, EmoDB or nEMO and test, zero-shot, on it (angry, happy, neutral,
sad). Run ``python benchmarks/ablation.py DATA [IDEA ...]`` with the folder of the corpora and, to
run some ideas only, parts of their names; features are cached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from _measure import options, tell

from intona import corpora
from intona.evaluation import protocols as protocol
from intona.metrics import unweighted_average_recall
from intona.models import recipes
from intona.models.task import Task
from intona.models.train import fit

FOLDERS = {"ravdess": "ravdess", "ravdess-song": "ravdess_song", "emodb": "emodb", "nemo": "nemo"}
SHARED = ("angry", "happy", "neutral", "sad")


@dataclass(frozen=True)
class Idea:
    """One line of the table: a recipe, what is changed in it, and the corpora it learns from."""

    name: str
    recipe: str = "default"
    corpora: tuple[str, ...] = tuple(FOLDERS)
    front_end: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


SPEECH = ("ravdess",)
LOUD = {"dynamic_range": 80.0}  # decibels: Whisper's own
PLAIN = {"augmentation": (), "balanced": False}
QUIET = {**PLAIN, "sounds_without_voice": 0}
COPIES = {"balanced": False, "clean_share": 0.25}
UNEVEN = {"level": False}
IDEAS = (
    Idea("layers 1-3 of RAVDESS speech", "encoder-lr", SPEECH, UNEVEN),
    Idea("layers 1-2", "encoder-lr", SPEECH, {**UNEVEN, "layers": [1, 2]}),
    Idea("mean alone", "encoder-lr", SPEECH, {**UNEVEN, "pooling": ["mean"]}),
    Idea("layers 1-3, every recording at one level", "encoder-lr", SPEECH),
    Idea("+ song, EmoDB, nEMO alike", front_end=LOUD, training={**QUIET, "weights": {}}),
    Idea("+ song, EmoDB, nEMO, weighted", front_end=LOUD, training=QUIET),
    Idea("+ 360 noises", front_end=LOUD, training=PLAIN),
    Idea("+ dynamic range of 65 dB", front_end={"dynamic_range": 65.0}, training=PLAIN),
    Idea("+ dynamic range of 55 dB", training=PLAIN),
    Idea("+ dynamic range of 45 dB", front_end={"dynamic_range": 45.0}, training=PLAIN),
    Idea("55 dB + three changed copies, all alike", training=COPIES),
    Idea("55 dB + three changed copies, mostly clean", training={"balanced": False}),
    Idea("55 dB + copies + balanced (default)"),
    Idea("the same at 80 dB", front_end=LOUD),
)


def main() -> None:
    given = options(__doc__, "data", "ideas*")
    data, wanted = given.data, given.ideas
    table = pd.concat([corpora.load(data / folder).table for folder in FOLDERS.values()])
    table = table[table["emotion"] != "bored"]
    for idea in IDEAS:
        if wanted and not any(part in idea.name for part in wanted):
            continue
        row = score(table, idea)
        tell("ablation, inner UA in %", idea=idea.name, **row)


def score(table: pd.DataFrame, idea: Idea) -> dict[str, Any]:
    """Return the mean inner UA, and where there are other corpora the zero-shot UAR on each."""
    recipe = changed(idea)
    song = (table["vocal_channel"] == "song").to_numpy()
    group = np.where(song, table["corpus"] + "-song", table["corpus"])
    table, group = table[np.isin(group, idea.corpora)], group[np.isin(group, idea.corpora)]
    speakers, speech = table["speaker"].to_numpy(), group == "ravdess"
    folds = protocol.parse("emobox").folds(table[speech])
    held = [np.unique(speakers[speech][fold.test]) for fold in folds]
    inner = []
    for one, other in zip(held[::2], held[1::2], strict=True):
        model = fit(Task(recipe, table[~np.isin(speakers, np.concatenate([one, other]))]))
        for part in (one, other):
            inner.append(recall(model, table[speech & np.isin(speakers, part)], model.labels))
    zero_shot = {}
    for corpus in ("ravdess", "emodb", "nemo") if len(idea.corpora) > 1 else ():
        model = fit(Task(recipe, table[(table["corpus"] != corpus).to_numpy()]))
        test = (group == corpus) & table["emotion"].isin(SHARED).to_numpy()
        zero_shot[corpus] = round(recall(model, table[test], SHARED), 1)
    return {"inner": round(float(np.mean(inner)), 2), "zero_shot": zero_shot}


def changed(idea: Idea) -> recipes.Recipe:
    """Return the idea's recipe, without calibration."""
    recipe = recipes.load(idea.recipe)
    training = {**recipe.training, **idea.training, "calibration_folds": 0}
    front = {**recipe.front_end, **idea.front_end}
    return replace(recipe, front_end=front, training=training)


def recall(model: Any, test: pd.DataFrame, among: Any) -> float:
    """Return the UAR in % when only these labels may be answered."""
    columns = [model.labels.index(label) for label in among]
    found = np.array(among)[model.probabilities(test)[:, columns].argmax(axis=1)]
    return 100 * float(unweighted_average_recall(test["emotion"].to_numpy(), found))


if __name__ == "__main__":
    main()
