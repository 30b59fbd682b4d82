"""Feature model: a front end followed by a scikit-learn head, for recipes without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.corpora.folds import InnerFolds
from intona.errors import CorpusError
from intona.features import FrontEnd, packages
from intona.features.extract import extract
from intona.models.calibration import Calibration, softmax
from intona.models.ensemble import Ensemble, new_head
from intona.models.exportable import (
    require_exportable,
    require_recording_alone,
    without_paths,
)
from intona.models.heads import Head
from intona.models.layers import with_layers
from intona.models.lineage import base_of
from intona.models.normalisation import by_speaker, normalise
from intona.models.options import FeatureTraining
from intona.models.recipes import Recipe
from intona.models.selection import candidates, choose, held_out_scores, together
from intona.models.task import Task
from intona.parallel import HERE, Engine

if TYPE_CHECKING:
    import pandas as pd

TOO_FEW = "none: too few utterances"


@dataclass(frozen=True)
class FeatureModel:
    """A fitted head on a front end; see :class:`intona.models.task.Fitted`."""

    labels: tuple[str, ...]
    recipe: Recipe
    details: Mapping[str, Any]
    target: str
    front_end: FrontEnd
    head: Head | Ensemble
    on: Engine = HERE
    normalised: bool = False

    def probabilities(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(rows, labels)``; numbers ``(rows, 1)``.

        A model normalised by speaker needs the column ``speaker`` and every recording of each.
        """
        features = extract(table, self.front_end, on=self.on)
        if self.normalised:
            features = normalise(features, table["speaker"])
        scores = self.head.scores(features)
        return scores if self.head.numeric else softmax(scores, self.details["temperature"])

    def export(self, path: str | Path, *, metadata: Mapping[str, Any]) -> Path:
        """Write the one-file artefact; the temperature is inside the graph.

        Raises:
            RecipeError: the model is normalised by speaker.
        """
        require_recording_alone(self.recipe)
        from intona.models.artefact import write_model
        from intona.models.export import add_softmax

        model = self.head.to_onnx(len(self.front_end.names))
        if not self.head.numeric:
            add_softmax(model, self.details["temperature"])
        own = {
            "labels": list(self.labels),
            "target": self.target,
            "numeric": self.head.numeric,
            "input": {
                "kind": "front_end",
                "name": self.front_end.name,
                "version": self.front_end.version,
                "parameters": dict(getattr(self.front_end, "recorded", self.front_end.parameters)),
                "rate": self.front_end.rate,
                **({"packages": found} if (found := packages(self.front_end)) else {}),
            },
            "recipe": without_paths(self.recipe.to_dict()),
            **base_of(self.front_end),
            **self.details,
        }
        return write_model(model, {**own, **metadata}, path)


def fit(task: Task) -> FeatureModel:
    """Fit a feature recipe; called through :func:`intona.models.train.fit`."""
    options, asked = FeatureTraining.read(task.recipe), task.recipe
    models = candidates(task.recipe.model, options.select)
    front = task.front_end()
    if task.export:
        require_exportable(task.recipe, models[0], front, len(task.labels), numeric=task.numeric)
    task, chosen = with_layers(task)
    front = task.front_end() if chosen else front
    features, targets = _features(task, front, options), task.targets()
    inner = InnerFolds.of(targets, task.table["speaker"], options.calibration_folds)
    if inner is None and len(models) > 1:
        raise CorpusError(
            f"recipe {task.recipe.name} chooses {', '.join(options.select)} on inner folds: it "
            "needs calibration_folds of at least 2, and as many speakers"
        )
    scores: list[NDArray[np.float64]] = []
    if inner is not None and (len(models) > 1 or not task.numeric):
        scores = held_out_scores(
            models, features, targets, inner, seed=task.seed, progress=task.progress
        )
    best = choose(scores, targets) if len(models) > 1 else 0
    parameters = dict(models[best])
    head = new_head(parameters.pop("kind"), parameters, seed=task.seed, numeric=task.numeric)
    head.fit(*together(features, targets))
    if scores and inner is not None and not task.numeric:
        details = _calibrated(scores[best], targets, inner, options.risk)
    else:
        lacking = options.calibration_folds and not task.numeric
        details = Calibration(TOO_FEW if lacking else "none").to_dict()
    if options.select or chosen:
        details["selected"] = {**chosen, **{name: models[best][name] for name in options.select}}
    normalised = by_speaker(task.recipe.training)
    return FeatureModel(task.labels, asked, details, task.target, front, head, task.on, normalised)


def _features(task: Task, front: FrontEnd, options: FeatureTraining) -> NDArray[np.float32]:
    """Return ``(copies, rows, dimension)``: the recordings, then each changed copy of them."""
    fronts: list[FrontEnd] = [front]
    if options.copies:
        from intona.models.augmented import augmented

        fronts += augmented(front, options.augmentation, copies=options.copies, seed=task.seed)
    found = [extract(task.table, one, on=task.on, progress=task.progress) for one in fronts]
    if by_speaker(task.recipe.training):
        found = [normalise(one, task.table["speaker"]) for one in found]
    return np.stack(found)


def _calibrated(
    scores: NDArray[np.float64],
    targets: NDArray[np.int64],
    inner: InnerFolds,
    risk: float,
) -> dict[str, Any]:
    """Choose temperature and abstention threshold on held-out scores of the training part."""
    held = ~np.isnan(scores).any(axis=1)
    if not held.any():
        return Calibration(TOO_FEW).to_dict()
    return Calibration.of(scores[held], targets[held], risk, inner.words).to_dict()
