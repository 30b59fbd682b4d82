"""A front end followed by a head: the model behind every recipe without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.features import FrontEnd, front_end
from intona.features.extract import extract
from intona.labels import order
from intona.models.calibration import choose_abstention, fit_temperature, softmax
from intona.models.ensemble import Ensemble, new_head
from intona.models.heads import Head
from intona.models.speakers import speaker_statistics
from intona.protocol import inner_folds
from intona.recipes import Recipe
from intona.train import Progress, is_numeric, training_options

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FeatureModel", "fit"]


@dataclass(frozen=True)
class FeatureModel:
    """A fitted head on a front end; see :class:`intona.train.Fitted`."""

    labels: tuple[str, ...]
    recipe: Recipe
    details: Mapping[str, Any]
    target: str
    front_end: FrontEnd
    head: Head | Ensemble
    workers: int = 1

    def probabilities(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(rows, labels)``; numbers ``(rows, 1)``."""
        features = extract(table, self.front_end, workers=self.workers)
        scores = self.head.scores(features)
        return scores if self.head.numeric else softmax(scores, self.details["temperature"])

    def export(self, path: str | Path, *, metadata: Mapping[str, Any]) -> Path:
        """Write the one-file artefact; the temperature is inside the graph."""
        from intona.artefact import write_model
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
    workers: int,
    progress: Progress | None,
) -> FeatureModel:
    """Fit a feature recipe; called through :func:`intona.train.fit`."""
    options = training_options(
        recipe, ("calibration_folds", "risk", "augmentation", "augmented_copies")
    )
    numeric = is_numeric(table[target])
    labels = (target,) if numeric else order(table[target])
    chosen = dict(recipe.front_end)
    front = front_end(chosen.pop("name"), **chosen)
    parameters = dict(recipe.model)
    kind = parameters.pop("kind")
    copies = [
        extract(table, heard, workers=workers, progress=progress)
        for heard in (front, *_augmented(front, options, table, seed))
    ]
    features = np.stack(copies)
    if numeric:
        targets = table[target].to_numpy(dtype=np.float64)
    else:
        number = {label: k for k, label in enumerate(labels)}
        targets = table[target].map(number).to_numpy(dtype=np.int64)

    def unfitted() -> Head | Ensemble:
        return new_head(kind, parameters, seed=seed, numeric=numeric)

    head = unfitted().fit(*_together(features, targets))
    details: dict[str, Any] = {"temperature": 1.0, "threshold": 0.0, "calibration": "none"}
    folds = int(options.get("calibration_folds", 4))
    if not numeric and folds:
        details = _calibrate(
            unfitted,
            features,
            targets,
            labels,
            table,
            folds,
            float(options.get("risk", 0.25)),
            progress,
        )
    return FeatureModel(labels, recipe, details, target, front, head, workers)


def _augmented(
    front: FrontEnd, options: Mapping[str, Any], table: pd.DataFrame, seed: int
) -> Iterator[FrontEnd]:
    """Yield what hears the recordings changed, as the recipe says."""
    steps = options.get("augmentation", ())
    if steps:
        from intona.features.augmented import augmented

        copies = int(options.get("augmented_copies", 1))
        yield from augmented(front, steps, table, copies=copies, seed=seed)


def _together(
    features: NDArray[np.float32], targets: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Return copies ``(copies, rows, dimension)`` below each other, and the targets of all."""
    return features.reshape(-1, features.shape[-1]), np.tile(targets, len(features))


def _calibrate(
    new_head: Any,
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    labels: Sequence[str],
    table: pd.DataFrame,
    folds: int,
    risk: float,
    progress: Progress | None,
) -> dict[str, Any]:
    """Choose temperature and abstention threshold on held-out speakers of the training part.

    The features are ``(copies, rows, dimension)``; only the first copy, unchanged, is scored.
    """
    speakers = table["speaker"]
    classes = int(targets.max()) + 1
    grouped = speakers.notna().all() and speakers.nunique() >= 2
    least = int(np.bincount(targets).min())
    folds = min(folds, speakers.nunique() if grouped else least)
    if folds < 2:
        return {"temperature": 1.0, "threshold": 0.0, "calibration": "none: too few utterances"}
    groups = speakers.to_numpy() if grouped else None
    scores = np.full((len(targets), classes), np.nan)
    parts = inner_folds(targets, groups, folds)
    for done, (train, test) in enumerate(parts):
        if len(np.unique(targets[train])) == classes:
            head = new_head().fit(*_together(features[:, train], targets[train]))
            scores[test] = head.scores(features[0, test])
        if progress is not None:
            progress(done + 1, len(parts), "calibration")
    held = ~np.isnan(scores).any(axis=1)
    if not held.any():
        return {"temperature": 1.0, "threshold": 0.0, "calibration": "none: too few utterances"}
    temperature = fit_temperature(scores[held], targets[held])
    probabilities = softmax(scores[held], temperature)
    correct = probabilities.argmax(axis=1) == targets[held]
    abstention = choose_abstention(probabilities.max(axis=1), correct, risk)
    kind = "held-out speakers" if grouped else "held-out utterances: no speakers known"
    return {
        "temperature": temperature,
        "threshold": abstention.threshold,
        "abstention": asdict(abstention),
        "calibration": f"{folds} inner folds of {kind}",
        "speakers": speaker_statistics(
            probabilities, targets[held], speakers.to_numpy()[held], labels
        )
        if grouped
        else None,
    }
