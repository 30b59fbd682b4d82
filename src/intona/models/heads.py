"""Heads: scikit-learn estimators on feature vectors, with scores and an ONNX export.

A classifier gives *scores*, one per class, whose softmax (after temperature scaling) are
the probabilities: log-probabilities of the MLP, decision values of the others. A support
vector machine therefore needs no internal Platt scaling, whose folds would mix speakers.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.errors import RecipeError, meant
from intona.models.estimators import estimator

if TYPE_CHECKING:
    import onnx

# kind -> (classifier, regressor, what the score is)
KINDS: Mapping[str, tuple[str, str, str]] = {
    "mlp": (
        "sklearn.neural_network:MLPClassifier",
        "sklearn.neural_network:MLPRegressor",
        "log_probability",
    ),
    "svm": ("sklearn.svm:SVC", "sklearn.svm:SVR", "decision"),
    "logistic": (
        "sklearn.linear_model:LogisticRegression",
        "sklearn.linear_model:Ridge",
        "decision",
    ),
    "lda": (
        "sklearn.discriminant_analysis:LinearDiscriminantAnalysis",
        "sklearn.linear_model:Ridge",
        "decision",
    ),
}


# Least probability before the logarithm; well inside float32, so that ONNX agrees.
FLOOR = 1e-30

_USUAL = (ValueError, TypeError, OverflowError)  # what our own kinds raise


class Head:
    """A classifier or regressor on feature vectors.

    Args:
        kind: ``"mlp"``, ``"svm"``, ``"logistic"`` or ``"lda"`` (for numbers: MLP, SVR and
            twice ridge), or any estimator as :mod:`intona.models.estimators` names it.
        parameters: the estimator's own keyword arguments, and ``standardize`` (default true, but
            not of a pipeline, which says so itself); ``class_weight`` of the four means nothing
            for numbers and is left out.
        seed: random state of the estimator.
        numeric: fit numbers instead of classes.

    Raises:
        RecipeError: unknown kind, or parameters the estimator does not take.
    """

    def __init__(
        self, kind: str, parameters: Mapping[str, Any], *, seed: int = 0, numeric: bool = False
    ) -> None:
        from sklearn.pipeline import Pipeline, make_pipeline
        from sklearn.preprocessing import StandardScaler

        self.kind, self.numeric = kind, numeric
        keywords = dict(parameters)
        standardize = keywords.pop("standardize", None)
        if kind in KINDS:
            made, self._score = _own(kind, keywords, seed, numeric)
        else:
            made = estimator(kind, keywords, seed=seed, numeric=numeric)
            likely = hasattr(made, "predict_proba")
            self._score = "log_probability" if likely else "decision"
        steps = [step for _, step in made.steps] if isinstance(made, Pipeline) else [made]
        if standardize is None:
            standardize = not isinstance(made, Pipeline)
        self._pipeline = make_pipeline(*([StandardScaler()] if standardize else []), *steps)

    def fit(self, features: ArrayLike, targets: ArrayLike) -> Head:
        """Fit on ``(n, d)`` features and ``(n,)`` class numbers (0..k-1) or numbers."""
        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            # max_iter is a choice of the recipe, not an accident.
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                self._pipeline.fit(np.asarray(features), targets)
            except Exception as error:  # whatever an estimator from outside raises
                if self.kind in KINDS and not isinstance(error, _USUAL):
                    raise
                words = " ".join(str(error).split()) or type(error).__name__
                raise RecipeError(f"the model {self.kind} cannot be fitted: {words}") from None
        return self

    def scores(self, features: ArrayLike) -> NDArray[np.float64]:
        """Return scores ``(n, classes)``; for a regressor the values ``(n, 1)``.

        Raises:
            RecipeError: an estimator from outside fails.
        """
        try:
            return self._scores(features)
        except Exception as error:  # whatever an estimator from outside raises
            if self.kind in KINDS:
                raise
            words = " ".join(str(error).split()) or type(error).__name__
            raise RecipeError(f"the model {self.kind} gives no answers: {words}") from None

    def _scores(self, features: ArrayLike) -> NDArray[np.float64]:
        if self.numeric:
            return np.asarray(self._pipeline.predict(features), dtype=np.float64).reshape(-1, 1)
        if self._score == "log_probability":
            return np.log(np.maximum(self._pipeline.predict_proba(features), FLOOR))
        values = np.asarray(self._pipeline.decision_function(features), dtype=np.float64)
        return np.stack([-values, values], axis=1) if values.ndim == 1 else values

    def to_onnx(self, dimension: int) -> onnx.ModelProto:
        """Return a graph ``features (n, dimension) float32 -> scores (n, classes)``.

        Raises:
            RecipeError: an estimator from outside that skl2onnx cannot convert.
        """
        try:
            return self._graph(dimension)
        except Exception as error:  # skl2onnx raises several unrelated classes
            if self.kind in KINDS:
                raise
            words = " ".join(str(error).split()).partition(". ")[0] or type(error).__name__
            raise RecipeError(
                f"model {self.kind} cannot be written as ONNX, so it can be evaluated, not made "
                f"into a model file ({words[:200]})"
            ) from None

    def _graph(self, dimension: int) -> onnx.ModelProto:
        import onnx.compose
        from onnx import TensorProto, helper

        model = self._converted(np.zeros((1, dimension), dtype=np.float32))
        # Prefixed, so that no name of the converter's meets one of ours.
        model = onnx.compose.add_prefix(model, "head_")
        graph = model.graph
        graph.input[0].name, old = "features", graph.input[0].name
        for node in graph.node:
            node.input[:] = ["features" if name == old else name for name in node.input]
        result = graph.output[-1].name
        if self._score == "log_probability" and not self.numeric:
            graph.initializer.append(helper.make_tensor("_floor", TensorProto.FLOAT, [], [FLOOR]))
            graph.node.append(helper.make_node("Max", [result, "_floor"], ["_clipped"]))
            graph.node.append(helper.make_node("Log", ["_clipped"], ["scores"]))
        else:
            graph.node.append(helper.make_node("Identity", [result], ["scores"]))
        del graph.output[:]
        graph.output.append(
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, None])
        )
        onnx.checker.check_model(model)
        return model

    def _converted(self, example: NDArray[np.float32]) -> onnx.ModelProto:
        """Return skl2onnx's graph: probabilities as an array, decisions as they are."""
        from skl2onnx import to_onnx

        wanted: dict[str, Any] = {} if self.numeric else {"zipmap": False}
        if self._score == "decision" and not self.numeric:
            wanted["raw_scores"] = True
        last = id(self._pipeline[-1])
        with warnings.catch_warnings():
            # skl2onnx still looks at SVC attributes that scikit-learn has deprecated.
            warnings.simplefilter("ignore", FutureWarning)
            opset = {"": 17, "ai.onnx.ml": 3}
            try:
                return to_onnx(self._pipeline, example, options={last: wanted}, target_opset=opset)
            except NameError:  # not every estimator has a zipmap to be without
                wanted.pop("zipmap", None)
                return to_onnx(self._pipeline, example, options={last: wanted}, target_opset=opset)


def _own(kind: str, keywords: dict[str, Any], seed: int, numeric: bool) -> tuple[Any, str]:
    """Return an unfitted estimator of one of :data:`KINDS`, and what its score is."""
    classifier, regressor, score = KINDS[kind]
    if numeric:
        keywords.pop("class_weight", None)
    module, _, name = (regressor if numeric else classifier).partition(":")
    cls = getattr(import_module(module), name)
    known = cls().get_params()
    if "random_state" in known:
        keywords.setdefault("random_state", seed)
    unknown = sorted(set(keywords) - set(known))
    if unknown:
        takes = sorted({*known, "standardize"})
        raise RecipeError(
            f"model {kind} ({name}) does not take {', '.join(unknown)}{meant(unknown[0], takes)}: "
            f"its parameters are {', '.join(takes)}"
        )
    return cls(**keywords), score
