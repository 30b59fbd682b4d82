"""The test suite of an audit: every model on every utterance and condition, each run once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intona.audit.cases import ORIGINAL, BankSources, Case, Variant, run_cases
from intona.audit.conditions import Condition
from intona.audit.dataset import Dataset
from intona.audit.model import AuditedModel, chance
from intona.parallel import HERE, Engine, Progress

Floats = NDArray[np.float64]

VOICES = 60


@dataclass(frozen=True)
class ModelRun:
    """One model's predictions, as :meth:`intona.audit.model.AuditedModel.predict` returns them.

    Attributes:
        original: of every recording as it is, shape ``(n, columns)``.
        changed: of the sampled recordings under each condition, ``(sampled, columns)``.
        reference: of them under the reference of those conditions that have one.
    """

    original: Floats
    changed: Mapping[Condition, Floats]
    reference: Mapping[Condition, Floats]


@dataclass(frozen=True)
class Suite:
    """What the models are run on.

    Attributes:
        dataset: all utterances.
        sampled: the rows that are also changed.
        conditions: the changes.
        noises: a folder of noises, or ``None``.
        rooms: a folder of impulse responses, or ``None``.
        seed: of everything random.
        pitch: whether to measure the fundamental frequency of each utterance.
    """

    dataset: Dataset
    sampled: NDArray[np.intp]
    conditions: tuple[Condition, ...]
    noises: Path | None = None
    rooms: Path | None = None
    seed: int = 0
    pitch: bool = False

    def run(
        self,
        models: Sequence[AuditedModel],
        *,
        on: Engine = HERE,
        progress: Progress | None = None,
    ) -> tuple[list[ModelRun], Floats]:
        """Return each model's predictions, and the mean pitch per utterance (NaN unmeasured).

        Models of the same sample rate get the same signals, made once.
        """
        runs: dict[str, ModelRun] = {}
        pitches = np.full(len(self.dataset), np.nan)
        for model in models:
            if model.table is not None:
                runs[model.name] = ModelRun(model.looked_up(self.dataset.utterances), {}, {})
        asked = [model for model in models if model.table is None]
        # Where nobody is asked, the pitch is measured all the same.
        rates = list(dict.fromkeys(model.rate for model in asked or models))
        for rate in rates if asked or self.pitch else ():
            group = tuple(model for model in asked if model.rate == rate)
            measure = self.pitch and rate == rates[0]
            cases = [self.case(row, group, measure) for row in range(len(self.dataset))]
            names = ", ".join(model.name for model in group)
            text = f"predictions of {names}" if group else "pitch"
            results = run_cases(cases, on=on, progress=progress, text=text)
            if measure:
                pitches = np.array([result.pitch for result in results])
            for k, model in enumerate(group):
                runs[model.name] = self._by_condition([result.values[k] for result in results])
        return [runs[model.name] for model in models], pitches

    def guess(self, model: AuditedModel) -> ModelRun:
        """Return what the random model predicts."""
        rng = np.random.default_rng(self.seed)
        count = len(self.sampled)
        original = chance(model, len(self.dataset), rng)
        changed = {condition: chance(model, count, rng) for condition in self.conditions}
        reference = {condition: chance(model, count, rng) for condition in self._with_reference}
        return ModelRun(original, changed, reference)

    def case(self, row: int, models: tuple[AuditedModel, ...], pitch: bool = False) -> Case:
        """Return the case of one utterance."""
        variants = (ORIGINAL, *self._variants) if row in self._rows else (ORIGINAL,)
        dataset = self.dataset
        return Case(
            row,
            dataset.utterances[row],
            int(dataset.speakers[row]),
            variants,
            models,
            self._sources,
            pitch,
        )

    @cached_property
    def _rows(self) -> frozenset[int]:
        return frozenset(self.sampled.tolist())

    @cached_property
    def _with_reference(self) -> tuple[Condition, ...]:
        return tuple(one for one in self.conditions if one.reference is not None)

    @cached_property
    def _variants(self) -> tuple[Variant, ...]:
        changed = (Variant(condition) for condition in self.conditions)
        reference = (Variant(condition, True) for condition in self._with_reference)
        return (*changed, *reference)

    @cached_property
    def _sources(self) -> BankSources:
        """Return the banks: up to 60 utterances of the dataset, spread over the speakers."""
        dataset = self.dataset
        babble = any(condition.source == "voices" for condition in self.conditions)
        rows = dataset.sample(VOICES, self.seed) if babble else ()
        voices = tuple((dataset.utterances[k], int(dataset.speakers[k])) for k in rows)
        return BankSources(voices, self.noises, self.rooms, self.seed)

    def _by_condition(self, values: Sequence[Floats]) -> ModelRun:
        """Sort one model's predictions, a row of variants per utterance, by condition."""
        original = np.stack([rows[0] for rows in values])
        changed: dict[Condition, Floats] = {}
        reference: dict[Condition, Floats] = {}
        for place, (condition, is_reference) in enumerate(self._variants, start=1):
            assert condition is not None
            chosen = np.stack([values[row][place] for row in self.sampled])
            (reference if is_reference else changed)[condition] = chosen
        return ModelRun(original, changed, reference)
