"""Estimators from outside: whatever has scikit-learn's methods, as a recipe names it.

``kind`` is ``module:name`` or the name of an installed entry point: a class, a function that
returns an estimator, or an estimator that is there. A parameter may itself be a section with a
``kind``; a list of such sections becomes named steps, as pipelines and voting classifiers take.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from intona import registry
from intona.errors import IntonaError, RecipeError, meant


def is_outside(kind: str) -> bool:
    """Tell whether a recipe's kind of model is none of intona's own."""
    return not registry.is_built_in("models", kind)


def target_of(kind: str) -> Any:
    """Return what a kind of model stands for.

    Raises:
        RecipeError: no such kind.
        PlugInError: it cannot be imported.
    """
    if registry.is_path(kind):
        return registry.imported(kind)
    try:
        return registry.find("models", kind)
    except KeyError:
        known = registry.names("models")
        raise RecipeError(
            f"no model kind {kind!r}{meant(kind, known)}: choose one of {', '.join(known)}, or "
            "name a scikit-learn estimator as module:Class"
        ) from None


def is_trainer(target: Any) -> bool:
    """Tell a trainer, whose only parameter is called ``task``, from what makes an estimator.

    Examples:
        >>> is_trainer(lambda task: None), is_trainer(dict)
        (True, False)
    """
    return inspect.isfunction(target) and list(inspect.signature(target).parameters) == ["task"]


def estimator(kind: str, parameters: Mapping[str, Any], *, seed: int, numeric: bool) -> Any:
    """Return a new, unfitted estimator.

    Args:
        kind: ``module:name``, or the name of an installed entry point.
        parameters: its keyword arguments; those with ``__`` are set afterwards, as scikit-learn
            names the parameters of steps.
        seed: every ``random_state`` that is not set.
        numeric: whether numbers are to be learned.

    Raises:
        RecipeError: it does not take the parameters, or cannot learn what is asked.
        PlugInError: it cannot be imported.
    """
    made = _built(kind, parameters)
    if not hasattr(made, "fit") or not hasattr(made, "predict"):
        raise RecipeError(f"model {kind} is no estimator: it has no fit and predict")
    for key, value in _settings(made).items():
        if value is None and (key == "random_state" or key.endswith("__random_state")):
            made.set_params(**{key: seed})
    if numeric and _is(made, "classifier"):
        raise RecipeError(f"model {kind} is a classifier, and the target is a number")
    if not numeric and not (hasattr(made, "predict_proba") or hasattr(made, "decision_function")):
        what = "is a regressor" if _is(made, "regressor") else "gives no probabilities or decisions"
        raise RecipeError(
            f"model {kind} {what}: a classifier needs predict_proba or decision_function"
        )
    return made


def _settings(made: Any) -> dict[str, Any]:
    return dict(made.get_params(deep=True)) if hasattr(made, "get_params") else {}


def _built(kind: str, parameters: Mapping[str, Any]) -> Any:
    """Return what a kind makes of its parameters."""
    target = target_of(kind)
    inner = {key: _value(value) for key, value in parameters.items()}
    later = {key: inner.pop(key) for key in list(inner) if "__" in key}
    try:
        if (callable(target) and not hasattr(target, "fit")) or isinstance(target, type):
            made = target(**inner)
        else:
            from sklearn.base import clone

            made = clone(target).set_params(**inner)
        return made.set_params(**later) if later else made
    except IntonaError:
        raise
    except Exception as error:  # whatever its own code raises
        raise RecipeError(f"model {kind}: {_complaint(target, inner, error)}") from None


def _complaint(target: Any, given: Mapping[str, Any], error: Exception) -> str:
    """Return what is wrong with the parameters in words of the recipe, where they tell."""
    try:
        takes = [str(name) for name in inspect.signature(target).parameters]
    except (TypeError, ValueError):
        takes = []
    unknown = [key for key in given if takes and key not in takes]
    if isinstance(error, TypeError) and unknown:
        near = meant(unknown[0], takes)
        return f"it does not take {unknown[0]}{near}: its parameters are {', '.join(takes)}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _value(value: Any) -> Any:
    """Return a parameter's value, with estimators for the sections that name a kind."""
    if isinstance(value, Mapping) and "kind" in value:
        rest = {key: each for key, each in value.items() if key not in ("kind", "name")}
        return _built(str(value["kind"]), rest)
    if isinstance(value, list) and value and all(_is_section(each) for each in value):
        return [(_step_name(each, place), _value(each)) for place, each in enumerate(value, 1)]
    return value


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping) and "kind" in value


def _step_name(section: Mapping[str, Any], place: int) -> str:
    called = str(section["kind"]).rpartition(":")[2].rpartition(".")[2].lower()
    return str(section.get("name", f"{called}{place}"))


def _is(made: Any, what: str) -> bool:
    from sklearn.base import is_classifier, is_regressor

    try:
        return bool({"classifier": is_classifier, "regressor": is_regressor}[what](made))
    except (AttributeError, TypeError):  # not made with scikit-learn's base classes
        return getattr(made, "_estimator_type", None) == what
