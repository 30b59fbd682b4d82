"""Evaluation: the result, its metrics, and the folder it is kept in."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona import notebook
from intona.errors import UsageError, reason_of
from intona.evaluation.facts import Facts
from intona.evaluation.measure import (
    breakdown,
    confusion,
    headline,
    measure,
    per_class,
    short_name,
)
from intona.files import read_json, require_folder, save, save_text
from intona.metrics.bootstrap import Interval
from intona.tables import legible

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
JSON = "evaluation.json"
TABLE = "predictions.parquet"
LARGEST = 2**28  # bytes of evaluation.json

# Columns of a corpus by which a result is broken down, where it has them.
GROUPS = ("sex", "intensity", "corpus", "language", "statement", "vocal_channel", "age")


@dataclass(frozen=True)
class Evaluation:
    """Out-of-fold predictions and all that must be said about them.

    Attributes:
        target: what was predicted: ``"emotion"`` or a numeric column.
        labels: class names in the order of the probability columns; for numbers ``(target,)``.
        predictions: indexed by ``(file, start, end)``; columns ``truth``, the target (what was
            predicted), ``confidence``, ``status``, ``fold``, ``model_seed``, ``speaker``, what
            the corpus knows, and one probability per label. With several model seeds every
            utterance has one row per seed.
        facts: protocol, recipe, corpus, seeds, leaks, controls, versions.
    """

    target: str
    labels: tuple[str, ...]
    predictions: pd.DataFrame
    facts: Facts

    def __repr__(self) -> str:
        stamp = "LEAKY, " if self.leaky else ""
        return f"<Evaluation {stamp}{self._words}>"

    def _repr_html_(self) -> str:
        facts = self.facts
        notes = [f"NO SPEAKER: {one.text}" for one in facts.leaks.of_kind("nobody")]
        notes += [f"LEAKY: {reason}" for reason in facts.leaky_reasons]
        notes += ["TRANSDUCTIVE"] if facts.transductive else []
        for corpus, measures in (facts.by_corpus or {}).items():
            main = headline(self.numeric)
            value = measures[main]["value"]
            text = f"{value:.3f}" if self.numeric else notebook.percent(value)
            notes.append(f"{corpus}: {short_name(main)} {text}")
        if self.numeric:
            rows: list[Sequence[object]] = [("metric", "value")]
            rows += [(short_name(name), f"{one.value:.3f}") for name, one in self.metrics.items()]
        else:
            rows = [("truth", *self.answers, "recall")]
            for label, counts in zip(self.labels, self.confusion, strict=True):
                rows.append((label, *counts, notebook.percent(self.per_class[label]["recall"])))
        return notebook.table(self._words, rows, [*notes, facts.protocol_words])

    @property
    def _words(self) -> str:
        name, found = short_name(headline(self.numeric)), self.headline
        values = found.value, found.low, found.high
        value, low, high = (
            f"{one:.3f}" if self.numeric else notebook.percent(one) for one in values
        )
        facts = self.facts
        return f"{facts.recipe} on {facts.corpus}, {facts.protocol}: {name} {value} [{low}, {high}]"

    @property
    def numeric(self) -> bool:
        """Whether numbers were predicted, not classes."""
        return self.labels == (self.target,)

    @property
    def leaky(self) -> bool:
        """Whether the result must not be compared with honest ones."""
        return self.facts.leaky

    @cached_property
    def metrics(self) -> dict[str, Interval]:
        """Every metric with its intervals."""
        return measure(self.predictions, self.target, self.labels)

    @property
    def headline(self) -> Interval:
        """The metric an evaluation is judged by: UAR, or CCC for numbers."""
        return self.metrics[headline(self.numeric)]

    @property
    def chance(self) -> float:
        """UAR of who does not listen: 1 / labels that occur in the truth; NaN for numbers.

        More than that no guess reaches, whatever its favourite label: of the labels that occur,
        the recalls of one who guesses blindly sum to 1 at most.
        """
        return math.nan if self.numeric else 1 / self.predictions["truth"].nunique()

    @cached_property
    def per_class(self) -> dict[str, dict[str, Any]]:
        """Recall with interval, precision, F1 and count per class; empty for numbers."""
        return {} if self.numeric else per_class(self.predictions, self.target, self.labels)

    @cached_property
    def confusion(self) -> list[list[int]]:
        """Confusion counts, rows = truth, columns = :attr:`answers`; empty for numbers."""
        return [] if self.numeric else confusion(self.predictions, self.target, self.labels)

    @property
    def answers(self) -> tuple[str, ...]:
        """The columns of the confusion counts: the labels, and no speech where that occurs."""
        wide = any(len(row) > len(self.labels) for row in self.confusion)
        return (*self.labels, "no speech") if wide else self.labels

    @cached_property
    def per_speaker(self) -> dict[str, dict[str, Any]]:
        """The headline metric for each speaker."""
        return breakdown(self.predictions, "speaker", self.target, self.labels)

    @cached_property
    def groups(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The headline metric for each sex, intensity, ... the corpus knows."""
        found = {}
        for column in GROUPS:
            if column in self.predictions.columns and column != self.target:
                known = self.predictions[self.predictions[column].notna()]
                if 2 <= known[column].nunique() <= 12:
                    found[column] = breakdown(known, column, self.target, self.labels)
        return found

    @cached_property
    def per_model_seed(self) -> dict[str, dict[str, Any]]:
        """The headline metric and the accuracy for each model seed."""
        return breakdown(self.predictions, "model_seed", self.target, self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``evaluation.json`` holds; see docs/evaluation.md."""
        tested = breakdown(self.predictions, "fold", self.target, self.labels)
        facts = self.facts.to_dict()
        folds = [{**fold, **tested.get(fold["name"], {})} for fold in facts["folds"]]
        return without_nan(
            {
                "schema": SCHEMA,
                **facts,
                "target": self.target,
                "numeric": self.numeric,
                "labels": list(self.labels),
                "metrics": {name: asdict(value) for name, value in self.metrics.items()},
                "folds": folds,
                "per_model_seed": self.per_model_seed,
                "per_class": self.per_class,
                "per_speaker": self.per_speaker,
                "groups": self.groups,
                "confusion": self.confusion,
                "predictions": TABLE,
            }
        )

    def save(self, folder: str | Path) -> Path:
        """Write ``evaluation.json`` and ``predictions.parquet`` into a folder.

        Raises:
            UsageError: the folder cannot be made or written.
        """
        folder = Path(folder)
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        require_folder(folder)
        save(folder / TABLE, legible(self.predictions).to_parquet)
        save_text(folder / JSON, text + "\n")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Evaluation:
        """Read an evaluation back.

        Raises:
            UsageError: the folder does not hold an evaluation of ours.
        """
        from intona.evaluation.kept import read_predictions

        folder = Path(folder)
        try:
            content = read_json(folder / JSON, LARGEST)
            if content["schema"] > SCHEMA:
                raise UsageError(f"{folder} was written by a newer intona: upgrade intona")
            target, labels = content["target"], tuple(content["labels"])
            facts = Facts.from_dict(content)
            return cls(target, labels, read_predictions(folder / TABLE, target, labels), facts)
        except NotADirectoryError:
            raise UsageError(
                f"{folder} is a file: name the folder that intona evaluate ... --report DIR made"
            ) from None
        except FileNotFoundError as error:
            raise UsageError(
                f"{folder} holds no evaluation ({Path(error.filename or JSON).name} is missing): "
                "make one with intona evaluate ... --report DIR"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{folder}: the evaluation cannot be read: {reason_of(error)}"
            ) from None


def without_nan(value: Any) -> Any:
    """Return a JSON-able copy with ``None`` for NaN, which JSON does not know.

    Examples:
        >>> without_nan({"a": [float("nan"), 1.0]})
        {'a': [None, 1.0]}
    """
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {str(key): without_nan(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_nan(part) for part in value]
    return value
