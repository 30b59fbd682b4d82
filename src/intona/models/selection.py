"""Model selection: parameters chosen on held-out speakers of the training part alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.corpora.folds import InnerFolds
from intona.errors import CorpusError, RecipeError
from intona.metrics import concordance_correlation, unweighted_average_recall
from intona.models.ensemble import new_head
from intona.parallel import Progress

MOST = 10_000  # combinations to choose from


def candidates(model: Mapping[str, Any], select: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the models to choose from: the recipe's, with every combination of the lists.

    Args:
        model: the recipe's model section.
        select: parameter to list of values, ``[training.select]``.

    Raises:
        RecipeError: not lists, or a parameter that the model section has already fixed.

    Examples:
        >>> [one["C"] for one in candidates({"kind": "svm"}, {"C": [1.0, 10.0]})]
        [1.0, 10.0]
    """
    if not isinstance(select, Mapping):
        raise RecipeError("training.select is a section of lists: [training.select] C = [0.1, 1.0]")
    for name, values in select.items():
        if not isinstance(values, list) or not values:
            raise RecipeError(f"training.select: {name} needs a list of values to choose from")
        if name in model:
            raise RecipeError(
                f"{name} is fixed under [model] and to be chosen under select: drop one"
            )
    if prod(map(len, select.values())) > MOST:
        raise RecipeError(f"training.select has more than {MOST} combinations: choose among fewer")
    if select and model.get("kind") == "ensemble":
        raise RecipeError("training.select chooses the parameters of one model, not of an ensemble")
    return [
        {**model, **dict(zip(select, values, strict=True))} for values in product(*select.values())
    ]


def held_out_scores(
    models: Sequence[Mapping[str, Any]],
    features: NDArray[np.float32],
    targets: NDArray[Any],
    inner: InnerFolds,
    *,
    seed: int,
    progress: Progress | None,
) -> list[NDArray[np.float64]]:
    """Return each candidate's scores of every row, by a model that was not fitted on its fold.

    Args:
        models: from :func:`candidates`.
        features: ``(copies, rows, dimension)``; only the first copy, unchanged, is scored.
        targets: class numbers, or numbers (float).
        inner: the division.
        seed: of the models.
        progress: called as ``progress(done, total, text)``.

    Returns:
        Arrays ``(rows, classes)`` (numbers: ``(rows, 1)``); NaN in folds whose training part
        lacks a class.
    """
    numeric = targets.dtype.kind == "f"
    columns = 1 if numeric else int(targets.max()) + 1
    scores = [np.full((len(targets), columns), np.nan) for _ in models]
    for done, (train, test) in enumerate(inner.parts):
        if numeric or len(np.unique(targets[train])) == columns:
            rows, truth = together(features[:, train], targets[train])
            for model, found in zip(models, scores, strict=True):
                parameters = dict(model)
                kind = parameters.pop("kind")
                head = new_head(kind, parameters, seed=seed, numeric=numeric)
                head.fit(rows, truth)
                found[test] = head.scores(features[0, test])
        if progress is not None:
            progress(done + 1, len(inner.parts), "inner folds")
    return scores


def together(
    features: NDArray[np.float32], targets: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Return copies ``(copies, rows, dimension)`` below each other, and the targets of all."""
    return features.reshape(-1, features.shape[-1]), np.tile(targets, len(features))


def choose(scores: Sequence[NDArray[np.float64]], targets: NDArray[Any]) -> int:
    """Return which candidate is best on held-out rows, the first among equals.

    Classes are judged by unweighted average recall, numbers by concordance correlation.

    Raises:
        CorpusError: no row could be held out.
    """
    held = ~np.isnan(scores[0]).any(axis=1)
    if not held.any():
        raise CorpusError("too few utterances of each label to choose parameters by inner folds")
    truth = targets[held]
    if targets.dtype.kind == "f":
        values = [concordance_correlation(truth, one[held, 0]) for one in scores]
    else:
        answers = [one[held].argmax(axis=1).astype(str).tolist() for one in scores]
        values = [unweighted_average_recall(truth.astype(str).tolist(), one) for one in answers]
    return int(np.argmax(values))
