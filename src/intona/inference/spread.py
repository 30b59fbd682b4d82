"""Many recordings asked about by several workers, their answers in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from intona.audio.finding import UnheardError
from intona.errors import AudioError, IntonaError
from intona.inference.asking import open_to_ask, predict_files
from intona.inference.choice import Choice
from intona.parallel import Engine, Lost
from intona.parallel import map as parallel_map

if TYPE_CHECKING:
    from pathlib import Path

    from intona.inference.foreign.base import Foreign
    from intona.inference.recognizer import Recognizer
    from intona.models.adaptation import Statistics
    from intona.tables import Prediction

TOGETHER = 8  # recordings a worker is given at a time


@dataclass(frozen=True)
class Ask:
    """The job of one worker: hold a model, answer groups of recordings.

    Attributes:
        model: its name or file; ``None`` for the default.
        choice: what it is asked.
        profile: a speaker or place it is adapted to.
        statistics: of recordings it is adapted to, the same for all workers.
    """

    model: str | None
    choice: Choice
    profile: str | None = None
    statistics: Statistics | None = None

    def setup(self) -> Recognizer | Foreign:
        """Load the model."""
        model = open_to_ask(self.model, profile=self.profile)
        if self.statistics is not None:
            model = model.adapted(self.statistics)
        return model.narrowed(self.choice.emotions, self.choice.merge)

    def run(
        self, state: Recognizer | Foreign, task: tuple[Path | UnheardError, ...]
    ) -> list[Prediction | IntonaError]:
        """Answer for a group: one answer for each recording, or for each channel of it."""
        return list(predict_files(state, self.choice.channels.heard(task)))


def answers(
    ask: Ask, recordings: Iterable[Path | UnheardError], on: Engine
) -> Iterator[Prediction | IntonaError]:
    """Yield the answer for each recording, or each channel of it, in their order.

    Args:
        ask: what is asked of which model.
        recordings: files, or the errors of names that no file is behind.
        on: where.

    Yields:
        The answer, or the error that prevented it, also of a recording that kills workers.
    """
    each = iter(recordings)
    groups = list(iter(lambda: tuple(islice(each, TOGETHER)), ()))
    for group, found in zip(groups, parallel_map(ask, groups, on=on, chunk=1), strict=True):
        if not isinstance(found, Lost):
            yield from found
            continue
        alone = [(recording,) for recording in group]
        for (recording,), one in zip(alone, parallel_map(ask, alone, on=on, chunk=1), strict=True):
            if isinstance(one, Lost):
                yield AudioError(f"{recording} cannot be read: it kills whatever reads it")
            else:
                yield from one
