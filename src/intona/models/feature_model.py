"""A front end followed by a head: the model behind every recipe without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.corpora.folds import InnerFolds
from intona.errors import CorpusError, RecipeError
from intona.features import FrontEnd, front_end
from intona.features.extract import extract
from intona.labels import order
from intona.models.calibration import choose_abstention, fit_temperature, softmax
from intona.models.ensemble import Ensemble, new_head
from intona.models.heads import Head
from intona.models.normalisation import by_speaker, normalise
from intona.models.recipes import Recipe
from intona.models.selection import candidates, choose, held_out_scores, together
from intona.models.task import Progress, is_numeric, training_options
from intona.parallel import HERE, Engine

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FeatureModel", "fit"]

OPTIONS = (
    "calibration_folds",
    "risk",
    "augmentation",
    "augmented_copies",
    "select",
    "normalise",
)
UNCALIBRATED = {"temperature": 1.0, "threshold": 0.0, "calibration": "none"}


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
        if self.normalised:
            raise RecipeError(
                f"recipe {self.recipe.name} normalises by speaker, which one recording alone "
                "cannot be: it can be evaluated, not made into a model file"
            )
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
                "parameters": dict(self.front_end.parameters),
                "rate": self.front_end.rate,
            },
            "recipe": self.recipe.to_dict(),
            **self.details,
        }
        return write_model(model, {**own, **metadata}, path)


def fit(
    recipe: Recipe,
    table: pd.DataFrame,
    *,
    target: str,
    seed: int,
    on: Engine,
    progress: Progress | None,
) -> FeatureModel:
    """Fit a feature recipe; called through :func:`intona.models.train.fit`."""
    options = training_options(recipe, OPTIONS)
    numeric = is_numeric(table[target])
    labels = (target,) if numeric else order(table[target])
    models = candidates(recipe.model, options.get("select", {}))
    chosen = dict(recipe.front_end)
    front = front_end(chosen.pop("name"), **chosen)
    normalised = by_speaker(options)
    copies = [
        extract(table, heard, on=on, progress=progress)
        for heard in (front, *_augmented(front, options, table, seed))
    ]
    if normalised:
        copies = [normalise(one, table["speaker"]) for one in copies]
    features = np.stack(copies)
    if numeric:
        targets = table[target].to_numpy(dtype=np.float64)
    else:
        number = {label: k for k, label in enumerate(labels)}
        targets = table[target].map(number).to_numpy(dtype=np.int64)
    folds = int(options.get("calibration_folds", 4))
    inner = InnerFolds.of(targets, table["speaker"], folds)
    best = 0
    scores: list[NDArray[np.float64]] = []
    if inner is not None and (len(models) > 1 or not numeric):
        scores = held_out_scores(models, features, targets, inner, seed=seed, progress=progress)
    if len(models) > 1:
        if inner is None:
            raise CorpusError(
                f"recipe {recipe.name} chooses {', '.join(options['select'])} on inner folds: it "
                "needs calibration_folds of at least 2, and as many speakers"
            )
        best = choose(scores, targets)
    parameters = dict(models[best])
    head = new_head(parameters.pop("kind"), parameters, seed=seed, numeric=numeric)
    head.fit(*together(features, targets))
    details = dict(UNCALIBRATED)
    if scores and inner is not None and not numeric:
        risk = float(options.get("risk", 0.25))
        details = _calibrate(scores[best], targets, inner, risk)
    elif folds and not numeric:
        details["calibration"] = "none: too few utterances"
    if options.get("select"):
        details["selected"] = {name: models[best][name] for name in options["select"]}
    return FeatureModel(labels, recipe, details, target, front, head, on, normalised)


def _augmented(
    front: FrontEnd, options: Mapping[str, Any], table: pd.DataFrame, seed: int
) -> Iterator[FrontEnd]:
    """Yield what hears the recordings changed, as the recipe says."""
    steps = options.get("augmentation", ())
    if steps:
        from intona.models.augmented import augmented

        copies = int(options.get("augmented_copies", 1))
        yield from augmented(front, steps, table, copies=copies, seed=seed)


def _calibrate(
    scores: NDArray[np.float64],
    targets: NDArray[np.int64],
    inner: InnerFolds,
    risk: float,
) -> dict[str, Any]:
    """Choose temperature and abstention threshold on held-out scores of the training part."""
    held = ~np.isnan(scores).any(axis=1)
    if not held.any():
        return {**UNCALIBRATED, "calibration": "none: too few utterances"}
    temperature = fit_temperature(scores[held], targets[held])
    probabilities = softmax(scores[held], temperature)
    correct = probabilities.argmax(axis=1) == targets[held]
    abstention = choose_abstention(probabilities.max(axis=1), correct, risk)
    return {
        "temperature": temperature,
        "threshold": abstention.threshold,
        "abstention": asdict(abstention),
        "calibration": inner.words,
    }
