"""All the listening an audit needs, done once: every model, every utterance, every condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intona.audit.cases import Question, Sources, ask
from intona.audit.conditions import Condition
from intona.audit.dataset import Material
from intona.audit.model import Subject, chance
from intona.parallel import HERE, Engine

__all__ = ["Heard", "Plan"]

Floats = NDArray[np.float64]
Progress = Callable[[int, int, str], None]

VOICES = 60


@dataclass(frozen=True)
class Heard:
    """One model's answers.

    Attributes:
        plain: to every recording as it is, shape ``(n, columns)``.
        changed: to the sampled recordings under each condition, ``(sampled, columns)``.
        reference: to them under the reference of those conditions that have one.
    """

    plain: Floats
    changed: Mapping[Condition, Floats]
    reference: Mapping[Condition, Floats]


@dataclass(frozen=True)
class Plan:
    """What is played to the models.

    Attributes:
        material: all utterances.
        sampled: the rows that are also played changed.
        conditions: the changes.
        noises: a folder of noises, or ``None``.
        rooms: a folder of impulse responses, or ``None``.
        seed: of everything random.
        pitch: whether to measure the fundamental frequency of each utterance.
    """

    material: Material
    sampled: NDArray[np.intp]
    conditions: tuple[Condition, ...]
    noises: Path | None = None
    rooms: Path | None = None
    seed: int = 0
    pitch: bool = False

    def listen(
        self, subjects: Sequence[Subject], *, on: Engine = HERE, progress: Progress | None = None
    ) -> tuple[list[Heard], NDArray[np.float64]]:
        """Return what each model answers, and the mean pitch per utterance (NaN unmeasured).

        Models of the same sample rate hear the same sounds, made once.
        """
        heard: dict[int, Heard] = {}
        pitches = np.full(len(self.material), np.nan)
        rates = list(dict.fromkeys(subject.rate for subject in subjects))
        for rate in rates:
            members = [k for k, subject in enumerate(subjects) if subject.rate == rate]
            group = tuple(subjects[k] for k in members)
            measure = self.pitch and rate == rates[0]
            questions = [self.question(row, group, measure) for row in range(len(self.material))]
            names = ", ".join(subject.name for subject in group)
            replies = ask(questions, on=on, progress=progress, text=f"asking {names}")
            if measure:
                pitches = np.array([reply.pitch for reply in replies])
            for place, k in enumerate(members):
                heard[k] = self._arrange([reply.answers[place] for reply in replies])
        return [heard[k] for k in range(len(subjects))], pitches

    def guess(self, subject: Subject) -> Heard:
        """Return what the random model answers."""
        rng = np.random.default_rng(self.seed)
        count = len(self.sampled)
        return Heard(
            chance(subject, len(self.material), rng),
            {condition: chance(subject, count, rng) for condition in self.conditions},
            {c: chance(subject, count, rng) for c in self.conditions if c.reference is not None},
        )

    def question(self, row: int, group: tuple[Subject, ...], pitch: bool = False) -> Question:
        """Return the question about one utterance."""
        plays: tuple[tuple[Condition | None, bool], ...] = ((None, False),)
        if row in self._rows:
            plays += self._plays
        material = self.material
        return Question(
            row,
            material.utterances[row],
            int(material.speakers[row]),
            plays,
            group,
            self._sources,
            pitch,
        )

    @cached_property
    def _rows(self) -> frozenset[int]:
        return frozenset(self.sampled.tolist())

    @cached_property
    def _plays(self) -> tuple[tuple[Condition, bool], ...]:
        references = (c for c in self.conditions if c.reference is not None)
        return (*((c, False) for c in self.conditions), *((c, True) for c in references))

    @cached_property
    def _sources(self) -> Sources:
        """Return the banks: up to 60 utterances of the material, spread over the speakers."""
        material = self.material
        rows = material.sample(VOICES, self.seed) if self._babbles() else ()
        voices = tuple((material.utterances[k], int(material.speakers[k])) for k in rows)
        return Sources(voices, self.noises, self.rooms, self.seed)

    def _babbles(self) -> bool:
        return any(condition.source == "voices" for condition in self.conditions)

    def _arrange(self, answers: Sequence[Floats]) -> Heard:
        """Sort one model's answers, a row of conditions per utterance, by condition."""
        plain = np.stack([rows[0] for rows in answers])
        plays = self._plays
        changed: dict[Condition, Floats] = {}
        reference: dict[Condition, Floats] = {}
        for place, (condition, is_reference) in enumerate(plays, start=1):
            values = np.stack([answers[row][place] for row in self.sampled])
            (reference if is_reference else changed)[condition] = values
        return Heard(plain, changed, reference)
