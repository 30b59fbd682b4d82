"""Layer choice: which layers of an encoder are used, chosen on held-out speakers.

``layers`` under ``[training]`` lists the candidates, ``[4, 8, 12]`` or ``[[4, 8], [8, 12]]``. The
encoder runs once, up to the highest of them; a logistic regression on each candidate's columns is
judged on inner folds of whole speakers of the training part, and the best goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from intona.corpora.folds import InnerFolds
from intona.errors import CorpusError
from intona.features.extract import extract
from intona.models.selection import choose, held_out_scores
from intona.models.task import Task

JUDGE: Mapping[str, Any] = {"kind": "logistic", "C": 0.01, "max_iter": 300}


def with_layers(task: Task) -> tuple[Task, dict[str, Any]]:
    """Choose the layers, where the recipe leaves them to be chosen.

    Returns:
        The task, its recipe with the layers fixed, and for the model file what was chosen.

    Raises:
        CorpusError: too few speakers to hold some out.
    """
    sets = task.recipe.layer_sets()
    if not sets:
        return task, {}
    folds = int(task.recipe.training.get("calibration_folds", 4))
    targets = task.targets()
    inner = InnerFolds.of(targets, task.table["speaker"], folds)
    if inner is None:
        raise CorpusError(
            f"recipe {task.recipe.name} chooses layers on inner folds: it needs calibration_folds "
            "of at least 2, and as many speakers"
        )
    wide = task.front_end()
    features = extract(task.table, wide, on=task.on, progress=task.progress)
    scores = []
    for layers in sets:
        own = [f"layer{layer}_" for layer in layers]
        columns = [k for one in own for k, name in enumerate(wide.names) if name.startswith(one)]
        part = np.ascontiguousarray(features[:, columns])[None]
        scores += held_out_scores(
            [JUDGE], part, targets, inner, seed=task.seed, progress=task.progress
        )
    best = sets[choose(scores, targets)]
    training = {key: value for key, value in task.recipe.training.items() if key != "layers"}
    front_end = {**task.recipe.front_end, "layers": best}
    fixed = replace(task.recipe, front_end=front_end, training=training)
    return replace(task, recipe=fixed), {"layers": best}
