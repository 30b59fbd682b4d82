"""Linear heads on an encoder: the recipes ``encoder-lr``, ``default``, ``small`` and ``head``.

Softmax regressions on standardised features pooled over time: of one or several encoders, or the
embedding of a finished model. What is exported takes a waveform and a profile: see
:mod:`intona.models.encoders.waveform`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import RecipeError
from intona.features.base import FrontEnd
from intona.features.extract import extract
from intona.features.joined import Joined
from intona.features.logmel import RATE
from intona.models.adaptation import NeutralStatistics, Statistics
from intona.models.blend import Blend, familiarity, fit_blend
from intona.models.committee import Committee, HeadOptions, Learners, fit_committee
from intona.models.encoders.embedding import Embedding
from intona.models.encoders.encoder import Encoder
from intona.models.exportable import require_waveform_graph, without_paths
from intona.models.held_out import cases_of, held_out_answers
from intona.models.layers import with_layers
from intona.models.lineage import base_of
from intona.models.material import gather
from intona.models.options import LinearTraining
from intona.models.recipes import Recipe
from intona.models.targets import Known
from intona.models.task import Answers, Surrounding, Task
from intona.models.views import judged_by
from intona.parallel import HERE, Engine

if TYPE_CHECKING:
    import pandas as pd

    from intona.models.encoders.encoder_graph import Branch

Floats = NDArray[np.float32]

# Counted as one where a corpus does not have both.
ALIKE: Mapping[str, str] = {"calm": "neutral"}


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Fitted heads on a front end; see :class:`intona.models.task.Fitted`."""

    labels: tuple[str, ...]
    recipe: Recipe
    details: Mapping[str, Any]
    front_end: FrontEnd
    heads: Committee
    blend: Blend
    on: Engine = HERE

    def probabilities(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(rows, labels)``."""
        return self.answers(table).probabilities

    def answers(self, table: pd.DataFrame, surroundings: Sequence[Surrounding] = ()) -> Answers:
        """Return what the model says of utterances, adapted where it is told to what.

        Args:
            table: utterances.
            surroundings: which rows are judged against which; those in none are judged plainly.
        """
        features = extract(table, self.front_end, on=self.on)
        plain = self.heads.standard.embedding(features)
        near = familiarity(self.heads.residual(plain))
        found = self._answer(plain, near, adapted=False)
        for each in surroundings:
            statistics: Any = Statistics.of(plain[each.reference])
            if each.speech == "neutral" and self.heads.difference is not None:
                statistics = NeutralStatistics(
                    statistics, np.asarray(self.heads.difference, dtype=np.float64)
                )
            rows = each.rows
            own = self._answer(judged_by(plain[rows], statistics), near[rows], adapted=True)
            found.put(rows, own)
        return found

    def _answer(self, embedding: Floats, near: NDArray[np.float64], *, adapted: bool) -> Answers:
        joint, members = self.heads.scores(embedding)
        return Answers(
            self.blend.probabilities(joint, members, near, adapted),
            near.copy(),
            self.heads.dimension("arousal", embedding),
            self.heads.dimension("valence", embedding),
            self.blend.threshold(near),
        )

    def export(self, path: str | Path, *, metadata: Mapping[str, Any]) -> Path:
        """Write the one-file artefact: waveform (and profile) in, everything out."""
        from intona.models.artefact import write_model
        from intona.models.heads_graph import with_heads

        graph, facts = self._embedding_graph()
        alone = facts.pop("input", {})
        model = with_heads(graph, self.heads, self.blend)
        own = {
            "labels": list(self.labels),
            "target": "emotion",
            "numeric": False,
            "input": {"kind": "waveform", "rate": RATE, "trim": "inside the graph", **alone},
            "recipe": without_paths(self.recipe.to_dict()),
            "embedding": len(self.heads.standard.centre),
            "familiar": 0.5,
            "adaptation": self._adaptation(),
            **self.blend.to_dict(),
            **facts,
            **self.details,
        }
        return write_model(model, {**own, **metadata}, path)

    def _adaptation(self) -> dict[str, Any]:
        """Return what the file says of adapting it beside the graph's inputs."""
        from intona.models.adaptation import encoded

        difference = self.heads.difference
        return {} if difference is None else {"difference": encoded(difference)}

    def _embedding_graph(self) -> tuple[Any, dict[str, Any]]:
        """Return the graph up to the standardised embedding, and what the file says of it."""
        from intona.models.artefact import read_model
        from intona.models.encoders.traced import traced
        from intona.models.encoders.waveform import (
            embedding_graph,
            embedding_graph_on,
            traced_graph,
        )

        standard = self.heads.standard
        if isinstance(self.front_end, Embedding):
            content, known = read_model(self.front_end.path)
            facts = {key: known[key] for key in ("encoder",) if key in known}
            graph = embedding_graph_on(content, standard.centre, standard.scale)
            if known["input"].get("alone"):
                facts["input"] = {"alone": True}
            return graph, {**facts, **base_of(self.front_end)}
        fronts = encoders_of(self.front_end)
        if not fronts[0].whisper:
            graph = traced_graph(traced(fronts[0]), standard.centre, standard.scale)
            return graph, {"encoder": [dict(fronts[0].recorded)], "input": {"alone": True}}
        exact = int(len(fronts) == 1)
        integers = bool(self.recipe.model.get("integers", False))
        branches = [branch(front, exact=exact, integers=integers) for front in fronts]
        graph = embedding_graph(branches, standard.centre, standard.scale, fronts[0].dynamic_range)
        return graph, {"encoder": [dict(front.recorded) for front in fronts]}


def encoders_of(front: Any) -> list[Encoder]:
    """Return the encoders of a front end that a graph can hold together; none if it cannot.

    They look at one spectrogram, so silence, level and dynamic range are treated alike.
    """
    parts = front.parts if isinstance(front, Joined) else (front,)
    fronts = [one for one in parts if isinstance(one, Encoder)]
    alike = {(one.pooling, one.trim, one.level, one.dynamic_range) for one in fronts}
    return fronts if len(alike) == 1 and len(fronts) == len(parts) else []


def branch(front: Encoder, *, exact: int = 1, integers: bool = False) -> Branch:
    """Return a front end's encoder as a part of a graph, see :class:`Branch`."""
    from intona.models.encoders.encoder_graph import Branch
    from intona.models.encoders.weights import locate
    from intona.models.encoders.whisper import load_whisper, weights_of

    weights = weights_of(load_whisper(locate(front.model), max(front.layers)))
    return Branch(weights, front.layers, exact, integers)


def fit(task: Task) -> LinearModel:
    """Fit an encoder recipe; called through :func:`intona.models.train.fit`."""
    recipe, labels = task.recipe, task.labels
    if task.numeric:
        raise RecipeError(
            f"recipe {recipe.name} learns emotions, not numbers like {task.target}: "
            "take one that does, such as --recipe classic-svm"
        )
    options = LinearTraining.read(recipe)
    heads, front = _heads(recipe, options), task.front_end()
    if not (isinstance(front, Embedding) or encoders_of(front)):
        raise RecipeError(
            f"recipe {recipe.name}: a linear model needs the front end encoder or default, or "
            "encoders joined that hear alike"
        )
    if task.export:
        require_waveform_graph(recipe, encoders_of(front))
    task, chosen = with_layers(task)
    front = task.front_end() if chosen else front
    known = Known.of(task.table, task.target, labels, options.weights)
    kept = known.thinned(options.most, task.seed)
    task, known = replace(task, table=task.table.iloc[kept]), known.at(kept)
    learners = Learners(
        gather(front, task, known, options),
        labels,
        task.table["speaker"].to_numpy(dtype=object),
        task.table["corpus"].fillna("unknown").astype(str).to_numpy(dtype=object),
        known.weights,
        _blocks(front),
    )
    columns = np.flatnonzero([label not in task.beside for label in labels])
    blend, words = _calibrated(task, learners, heads, options, columns)
    fitted = fit_committee(learners, np.arange(len(task.table)), heads, task.seed)
    fitted = fitted.answering(columns)
    details: dict[str, Any] = {
        "threshold": blend.thresholds[1],
        "calibration": words,
        "priors": blend.priors([head[1] for head in (fitted.joint, *fitted.members.values())]),
    }
    if chosen:
        details["selected"] = chosen
    answered = tuple(labels[k] for k in columns)
    return LinearModel(answered, recipe, details, front, fitted, blend, task.on)


def _heads(recipe: Recipe, options: LinearTraining) -> HeadOptions:
    """Read what the recipe says of the model beside its kind."""
    model = {key: value for key, value in recipe.model.items() if key != "kind"}
    unknown = sorted(set(model) - {"C", "committee", "integers"})
    if unknown:
        raise RecipeError(
            f"recipe {recipe.name}: a linear model takes C, committee and integers, not "
            f"{', '.join(unknown)}"
        )
    if not isinstance(model.get("integers", False), bool):
        raise RecipeError(
            f"recipe {recipe.name}: integers is true or false, not {model['integers']!r}"
        )
    strength = model.get("C", HeadOptions.C)
    if (
        isinstance(strength, bool)
        or not isinstance(strength, int | float)
        or not 0 < strength < 1e9
    ):
        raise RecipeError(f"recipe {recipe.name}: C is a number above 0, not {strength!r}")
    return HeadOptions(
        C=float(strength),
        committee=bool(model.get("committee", False)),
        views=options.views,
    )


def _calibrated(
    task: Task,
    learners: Learners,
    heads: HeadOptions,
    options: LinearTraining,
    columns: NDArray[np.integer],
) -> tuple[Blend, str]:
    """Fit the blend on corpora and speakers left out, and say on which.

    ``columns`` are the numbers of the labels that are answered.
    """
    cases = cases_of(learners, options.calibration_folds)
    if not cases:
        return Blend(), "none: too few speakers"
    held_out = held_out_answers(
        learners,
        cases,
        heads,
        adapting=set(options.views) != {"plain"},
        seed=task.seed,
        progress=task.progress,
    )
    answering = (group.answering(columns) for group in held_out)
    held_out = [group for group in answering if len(group.truth)]
    number = {task.labels[column]: k for k, column in enumerate(columns)}
    merged = {number[a]: number[b] for a, b in ALIKE.items() if a in number and b in number}
    unfamiliar = options.risk if options.risk_unfamiliar is None else options.risk_unfamiliar
    blend = fit_blend(held_out, merged, (unfamiliar, options.risk))
    return blend, "; ".join(case.name for case in cases)


def _blocks(front: FrontEnd) -> list[int]:
    """Return the columns of each encoder of a front end."""
    parts = front.parts if isinstance(front, Joined) else [front]
    return [len(part.names) for part in parts]
