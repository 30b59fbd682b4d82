"""Whether a feature recipe can be made into a model file: found out before the work, not after.

An estimator from outside is fitted on a few random numbers and converted, and what the graph
answers is compared with the estimator's own answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intona.errors import ModelError, RecipeError
from intona.features import FrontEnd, paths
from intona.models.artefact import BUNDLED, LARGEST
from intona.models.calibration import softmax
from intona.models.encoders.embedding import Embedding
from intona.models.encoders.encoder import Encoder
from intona.models.encoders.traced import traced
from intona.models.encoders.weights import recorded
from intona.models.ensemble import new_head
from intona.models.heads import KINDS
from intona.models.normalisation import by_speaker
from intona.models.recipes import Recipe
from intona.models.runtime import onnxruntime
from intona.models.vetting import require_harmless

ROWS = 12  # random rows of each class
NEAR = 0.01  # between probabilities, or shares of a number's spread
BUT = "it can be evaluated, not made into a model file"


def require_exportable(
    recipe: Recipe, model: Mapping[str, Any], front: FrontEnd, classes: int, *, numeric: bool
) -> None:
    """Refuse what cannot be exported.

    Args:
        recipe: what is made.
        model: its model section, or one of those to choose from.
        front: its front end.
        classes: how many; 1 for numbers.
        numeric: whether numbers are learned.

    Raises:
        RecipeError: it is normalised by speaker, its front end is in no installed package, or its
            estimator has no equal graph.
    """
    require_recording_alone(recipe)
    named = paths(front)
    if named:
        raise RecipeError(
            f"recipe {recipe.name}: {BUT}, for a file names only front ends that are installed, "
            f"and {named[0]} is a path: register it as an entry point (docs/extending.md)"
        )
    for part in getattr(front, "parts", (front,)):
        if isinstance(part, Embedding) and part.model and part.model not in BUNDLED:
            raise RecipeError(
                f"recipe {recipe.name}: {BUT}, for the file would stand on another, {part.model}: "
                'kind = "linear" puts both into one'
            )
    kinds = [model, *(one for one in model.get("members", ()) if isinstance(one, Mapping))]
    if any(one.get("kind") not in {*KINDS, "ensemble"} for one in kinds):
        _try_out(model, len(front.names), classes, numeric=numeric)


def require_recording_alone(recipe: Recipe) -> None:
    """Refuse a recipe that needs more than the one recording that a model file is asked about.

    Raises:
        RecipeError: it normalises by speaker.
    """
    if by_speaker(recipe.training):
        raise RecipeError(
            f"recipe {recipe.name} normalises by speaker, which one recording alone cannot be: "
            f"{BUT}"
        )


def without_paths(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe for a model file: encoders by hub name or the last part of their path."""

    def each(section: Any) -> Any:
        if not isinstance(section, Mapping):
            return section
        changed = dict(section)
        if isinstance(section.get("model"), str):
            changed["model"] = recorded(section["model"])
        if isinstance(section.get("parts"), list):
            changed["parts"] = [each(part) for part in section["parts"]]
        return changed

    return {**recipe, "front_end": each(recipe["front_end"])}


def require_waveform_graph(recipe: Recipe, fronts: Sequence[Encoder]) -> None:
    """Refuse encoders that have no graph from the waveform on.

    Raises:
        RecipeError: another encoder than Whisper's beside others or one that cannot be traced,
            another pooling or preparation than the graph's, or a file that would be too large to
            be read.
    """
    for front in fronts:
        called = recorded(front.model) or "the encoder"
        if not front.whisper and len(fronts) > 1:
            raise RecipeError(
                f"recipe {recipe.name}: several encoders in one file are Whisper's, and {called} "
                f"is not: {BUT}"
            )
        if front.pooling != ("mean", "std") or not (front.trim and front.level):
            raise RecipeError(
                f"recipe {recipe.name}: the graph of a linear model trims, levels and pools by "
                f'mean and std: drop trim, level and pooling, or {BUT}; kind = "logistic" takes any'
            )
    whisper = all(front.whisper for front in fronts)
    if whisper and len({front.bands for front in fronts}) > 1:
        raise RecipeError(
            f"recipe {recipe.name}: its encoders look at spectrograms of different bands: {BUT}"
        )
    size = sum(front.weight_count for front in fronts)  # a byte each, the first layers two
    size *= 1 if whisper else 4
    if size > LARGEST:
        raise RecipeError(
            f"recipe {recipe.name}: its encoders up to the last layer used would take about "
            f"{size / 2**20:.0f} MB, and a model file has at most {LARGEST / 2**20:.0f} MB: use "
            "lower layers or a smaller encoder"
            + ("" if whisper else ', or kind = "logistic", whose file names the encoder')
        )
    for front in fronts:
        if not front.whisper:
            try:
                traced(front)
            except RecipeError as error:
                raise RecipeError(
                    f'recipe {recipe.name}: {error}: {BUT}; with kind = "logistic" the file names '
                    "the encoder, and whoever uses it has to have that"
                ) from None


def _try_out(model: Mapping[str, Any], width: int, classes: int, *, numeric: bool) -> None:
    """Convert a model of random numbers, and compare the answers of both."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(ROWS * max(classes, 2), width)).astype(np.float32)
    targets: Any = np.arange(len(features)) % classes
    if numeric:
        targets = features[:, 0].astype(np.float64)
    parameters = dict(model)
    head = new_head(parameters.pop("kind"), parameters, numeric=numeric)
    try:
        expected = head.fit(features, targets).scores(features)
    except RecipeError:
        return  # so few random numbers tell nothing of it
    graph = head.to_onnx(width).SerializeToString()
    try:
        require_harmless(graph, f"model {model['kind']}")
    except ModelError as error:
        raise RecipeError(f"{error}: {BUT}") from None
    session = onnxruntime().InferenceSession(graph, providers=["CPUExecutionProvider"])
    found = np.asarray(session.run(["scores"], {"features": features})[0], dtype=np.float64)
    found = found.reshape(len(found), -1)
    if found.shape == expected.shape:
        if numeric:
            away = np.abs(found - expected) / max(float(np.ptp(expected)), 1e-9)
        else:
            away = np.abs(softmax(found, 1.0) - softmax(expected, 1.0))
        if float(np.mean(away.max(axis=1) > NEAR)) <= 0.05:
            return
    raise RecipeError(
        f"model {model['kind']}: as an ONNX graph it would answer differently than scikit-learn "
        f"does: {BUT}"
    )
