"""A linear head on an encoder: the recipes ``encoder-lr``, ``default`` and ``head``.

The head is a softmax regression on standardised features pooled over time: of Whisper's encoder
or the embedding of the bundled model. What is exported takes a waveform: see
:mod:`intona.models.encoders.waveform`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.corpora.folds import inner_folds
from intona.errors import RecipeError
from intona.features.extract import extract
from intona.features.logmel import RATE
from intona.models.adaptation import centred, speaker_statistics
from intona.models.calibration import Calibration, softmax
from intona.models.encoders.embedding import Embedding
from intona.models.encoders.encoder import Encoder
from intona.models.linear_head import LinearHead
from intona.models.material import Material, gather
from intona.models.options import LinearTraining
from intona.models.recipes import Recipe
from intona.models.targets import Known
from intona.models.task import Task
from intona.models.voices import HeldOut, VoiceHead, Voices, learn_voices
from intona.parallel import HERE, Engine, Progress

if TYPE_CHECKING:
    import onnx
    import pandas as pd

__all__ = ["LinearModel", "fit"]

Floats = NDArray[np.float32]
Facts = dict[str, Any]


@dataclass(frozen=True)
class LinearModel:
    """A fitted encoder with its head; see :class:`intona.models.task.Fitted`."""

    labels: tuple[str, ...]
    recipe: Recipe
    details: Mapping[str, Any]
    front_end: Encoder | Embedding
    head: LinearHead
    learn: Callable[[], Mapping[str, VoiceHead]]
    on: Engine = HERE

    @cached_property
    def voices(self) -> Mapping[str, VoiceHead]:
        """The heads for enrolled speakers by kind of speech, trained when first asked for."""
        return self.learn()

    def voice_scores(self, table: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
        """Return their centred scores by kind of speech, each ``(rows, labels)``."""
        features = extract(table, self.front_end, on=self.on)
        return {kind: centred(one.head.scores(features)) for kind, one in self.voices.items()}

    def probabilities(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(rows, labels)``."""
        features = extract(table, self.front_end, on=self.on)
        return softmax(self.head.scores(features), self.details["temperature"])

    def export(self, path: str | Path, *, metadata: Mapping[str, Any]) -> Path:
        """Write the one-file artefact: waveform in, probabilities and embedding out."""
        from intona.models.artefact import write_model

        temperature = np.float32(self.details["temperature"])
        weights, bias = self.head.weights / temperature, self.head.bias / temperature
        if isinstance(self.front_end, Embedding):
            model, facts = self._on_bundled(weights, bias)
        else:
            model, facts = self._with_encoder(weights, bias)
        model = self._with_voices(model)
        details = dict(self.details)
        if self.voices:
            details["speakers"] = {kind: one.statistics for kind, one in self.voices.items()}
        own = {
            "labels": list(self.labels),
            "target": "emotion",
            "numeric": False,
            "input": {"kind": "waveform", "rate": RATE, "trim": "inside the graph"},
            "recipe": self.recipe.to_dict(),
            **facts,
            **details,
        }
        return write_model(model, {**own, **metadata}, path)

    def _with_voices(self, model: onnx.ModelProto) -> onnx.ModelProto:
        from intona.models.encoders.waveform import with_scores

        heads = {}
        for one in self.voices.values():
            weights, bias = one.head.weights, one.head.bias
            if isinstance(self.front_end, Embedding):  # the graph's is not standardised again
                weights = weights / one.head.scale[:, None]
                bias = bias - one.head.centre @ weights
            heads[one.statistics["output"]] = (weights, bias)
        return with_scores(model, heads)

    def _with_encoder(self, weights: Floats, bias: Floats) -> tuple[onnx.ModelProto, Facts]:
        from intona.models.encoders.waveform import waveform_model
        from intona.models.encoders.weights import locate
        from intona.models.encoders.whisper import load_whisper, weights_of

        front, head = self.front_end, self.head
        assert isinstance(front, Encoder)
        encoder = weights_of(load_whisper(locate(front.model), max(front.layers)))
        model = waveform_model(
            encoder, front.layers, head.centre, head.scale, (weights, bias), front.dynamic_range
        )
        facts = {**front.parameters, "model": Path(front.model).name}
        return model, {"embedding": len(head.centre), "encoder": facts}

    def _on_bundled(self, weights: Floats, bias: Floats) -> tuple[onnx.ModelProto, Facts]:
        import onnx

        from intona.models.artefact import read_model
        from intona.models.encoders.waveform import with_head

        assert isinstance(self.front_end, Embedding)
        content, known = read_model(self.front_end.path)
        own = weights / self.head.scale[:, None]
        model = with_head(onnx.load_model_from_string(content), own, bias - self.head.centre @ own)
        kept = ("embedding", "encoder")
        base = {key: known[key] for key in ("version", "corpora", "licence")}
        return model, {**{key: known[key] for key in kept if key in known}, "base": base}


def fit(task: Task) -> LinearModel:
    """Fit an encoder recipe; called through :func:`intona.models.train.fit`."""
    recipe = task.recipe
    if task.numeric:
        raise RecipeError(f"recipe {recipe.name} learns emotions, not numbers like {task.target}")
    options = LinearTraining.read(recipe)
    model = dict(recipe.model)
    model.pop("kind")
    C, front = float(model.pop("C", 0.003)), task.front_end()
    if model or not isinstance(front, Encoder | Embedding):
        raise RecipeError(
            f"recipe {recipe.name}: a linear model takes C alone, "
            "and the front end encoder or default"
        )
    labels = task.labels
    known = Known.of(task.table, task.target, labels, options.weights)
    kept = known.thinned(options.most, task.seed)
    task, known = replace(task, table=task.table.iloc[kept]), known.at(kept)
    material, table = gather(front, task, known, options), task.table

    def solve(utterances: NDArray[np.integer]) -> LinearHead:
        own, rows = material.known, material.rows(utterances)
        return LinearHead.fit(
            material.features, own.targets, own.possible, own.weights, C, rows, material.nothing
        )

    folds, risk = options.calibration_folds, options.risk
    held_out = _held_out(solve, material, known, table["speaker"], folds, task.progress)
    details = _calibrate(held_out, known, labels, table["speaker"], risk)
    head = solve(np.arange(len(table)))
    voices = Voices(material, known, table["speaker"].to_numpy(), labels, C)

    def learn() -> Mapping[str, VoiceHead]:
        if held_out is None:
            return {}
        return learn_voices(voices, head, held_out, risk)

    return LinearModel(labels, recipe, details, front, head, learn, task.on)


def _held_out(
    solve: Callable[[NDArray[np.integer]], LinearHead],
    material: Material,
    known: Known,
    speakers: pd.Series,
    folds: int,
    progress: Progress | None,
) -> HeldOut | None:
    """Score the main corpus's speakers by heads that have not heard them; ``None`` if too few."""
    # Not the material's weights: those of utterances with copies are divided among them.
    rows = known.main()
    folds = min(folds, speakers.iloc[rows].nunique())
    if folds < 2 or speakers.isna().any():
        return None
    names = speakers.to_numpy()
    scores = np.full(known.possible.shape, np.nan)
    parts = [rows[test] for _, test in inner_folds(known.targets[rows], names[rows], folds)]
    # Whoever is held out is held out of every corpus.
    trains = [np.flatnonzero(~np.isin(names, np.unique(names[held]))) for held in parts]
    for done, (held, train) in enumerate(zip(parts, trains, strict=True)):
        scores[held] = solve(train).scores(material.features[held])
        if progress is not None:
            progress(done + 1, len(parts), "calibration")
    return HeldOut(parts, trains, scores)


def _calibrate(
    held_out: HeldOut | None,
    known: Known,
    labels: Sequence[str],
    speakers: pd.Series,
    risk: float,
) -> dict[str, Any]:
    """Choose temperature and abstention threshold on held-out speakers of the main corpus."""
    if held_out is None:
        return Calibration("none: too few speakers").to_dict()
    rows = np.sort(np.concatenate(held_out.parts))
    scores, truth = held_out.scores[rows], known.targets[rows]
    words = f"{len(held_out.parts)} inner folds of held-out speakers"
    found = Calibration.of(scores, truth, risk, words)
    probabilities = softmax(scores, found.temperature)
    names = speakers.to_numpy()[rows]
    return {**found.to_dict(), "speakers": speaker_statistics(probabilities, truth, names, labels)}
