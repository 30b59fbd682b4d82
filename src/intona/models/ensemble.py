"""Several heads on the same features, their log-probabilities averaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.errors import RecipeError
from intona.models.heads import Head

if TYPE_CHECKING:
    import onnx


class Ensemble:
    """A committee of classifiers; a score is the mean of the members' log-probabilities.

    Args:
        members: per member its ``kind`` and parameters, as for :class:`Head`.
        seed: member ``i`` has the random state ``seed + i``.

    Raises:
        RecipeError: no member, or one that :class:`Head` does not take.
    """

    numeric = False

    def __init__(self, members: list[Mapping[str, Any]], *, seed: int = 0) -> None:
        if not isinstance(members, list) or not members:
            raise RecipeError('an ensemble needs its members: [[model.members]] kind = "..."')
        self._heads = []
        for number, member in enumerate(members):
            parameters = dict(member)
            kind = str(parameters.pop("kind", None))
            self._heads.append(Head(kind, parameters, seed=seed + number))

    def fit(self, features: ArrayLike, targets: ArrayLike) -> Ensemble:
        """Fit every member on ``(n, d)`` features and ``(n,)`` class numbers."""
        for head in self._heads:
            head.fit(features, targets)
        return self

    def scores(self, features: ArrayLike) -> NDArray[np.float64]:
        """Return scores ``(n, classes)``."""
        return np.mean([_log_softmax(head.scores(features)) for head in self._heads], axis=0)

    def to_onnx(self, dimension: int) -> onnx.ModelProto:
        """Return a graph ``features (n, dimension) float32 -> scores (n, classes)``."""
        import onnx
        from onnx import TensorProto, helper

        graphs = [head.to_onnx(dimension) for head in self._heads]
        nodes, initializers, parts = [], [], []
        for number, model in enumerate(graphs):
            prefix = f"member{number}_"
            part = onnx.compose.add_prefix(model, prefix).graph
            for node in part.node:
                names = ["features" if n == f"{prefix}features" else n for n in node.input]
                node.input[:] = names
            nodes += list(part.node)
            nodes.append(
                helper.make_node("LogSoftmax", [f"{prefix}scores"], [f"{prefix}log"], axis=1)
            )
            initializers += list(part.initializer)
            parts.append(f"{prefix}log")
        nodes.append(helper.make_node("Mean", parts, ["scores"]))
        graph = helper.make_graph(
            nodes,
            "ensemble",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, dimension])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, None])],
            initializers,
        )
        model = helper.make_model(graph, opset_imports=list(graphs[0].opset_import))
        model.ir_version = graphs[0].ir_version
        onnx.checker.check_model(model)
        return model


def new_head(
    kind: str, parameters: Mapping[str, Any], *, seed: int = 0, numeric: bool = False
) -> Head | Ensemble:
    """Return an unfitted head of any kind: :class:`Ensemble` for ``"ensemble"``, else a head.

    Raises:
        RecipeError: unknown kind or parameters, or numbers asked of an ensemble.
    """
    if kind != "ensemble":
        return Head(kind, parameters, seed=seed, numeric=numeric)
    if numeric:
        raise RecipeError("an ensemble learns classes, not numbers")
    unknown = sorted(set(parameters) - {"members"})
    if unknown:
        raise RecipeError(f"model ensemble does not take {', '.join(unknown)}, only members")
    return Ensemble(parameters.get("members", []), seed=seed)


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
