"""Evaluation: recipe x corpus x protocol -> out-of-fold predictions, metrics and a report.

``run`` trains and tests fold by fold, ``finished`` tests a finished model, ``compare`` sets
evaluations of the same folds against each other, ``report`` writes what people read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intona.evaluation.compare import compare as compare
    from intona.evaluation.finished import evaluate_model as evaluate_model
    from intona.evaluation.result import Evaluation as Evaluation
    from intona.evaluation.run import Options as Options
    from intona.evaluation.run import evaluate as evaluate

__all__ = ["Evaluation", "Options", "compare", "evaluate", "evaluate_model"]

_HOMES = {
    "Evaluation": "intona.evaluation.result",
    "Options": "intona.evaluation.run",
    "compare": "intona.evaluation.compare",
    "evaluate": "intona.evaluation.run",
    "evaluate_model": "intona.evaluation.finished",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'intona.evaluation' has no attribute {name!r}")
