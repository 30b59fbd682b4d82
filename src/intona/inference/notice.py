"""Notices: what is odd about many answers together, and the command that helps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from intona.audio.damage import Apart
from intona.inference.foreign.base import Foreign
from intona.inference.recognizer import Recognizer
from intona.tables import Prediction

FEWEST = 8  # recordings with speech before anything is said
UNFAMILIAR = 0.5  # share of them that are unfamiliar
ALIKE = 0.6  # share of them with one and the same answer


class Sides:
    """Collects the recordings whose two channels carry different speech and were mixed."""

    def __init__(self) -> None:
        self._apart: list[str] = []
        self._said: set[str] = set()

    def other(self, notes: Iterable[str]) -> list[str]:
        """Count in what is said of channels; return the rest, each note of a recording once."""
        new = [note for note in dict.fromkeys(notes) if note not in self._said]
        self._said.update(new)
        self._apart += [note for note in new if isinstance(note, Apart)]
        return [note for note in new if not isinstance(note, Apart)]

    def sentences(self, total: int) -> Iterator[str]:
        """Yield what is to be said of so many recordings, at most one sentence."""
        if len(self._apart) == 1:
            yield self._apart[0]
        else:
            yield from apart(len(self._apart), total)


def apart(count: int, total: int) -> Iterator[str]:
    """Yield what is to be said where the channels of recordings carry different speech.

    Args:
        count: recordings of which that is so.
        total: all recordings.
    """
    if count:
        yield (
            f"{count} of {total} recordings have different speech in their two channels, as calls "
            "have, and they are mixed: --channels each hears them one by one"
        )


class Notice:
    """Counts answers, and says what is noticed; the plain model alone, not an adapted one.

    Of a recogniser of others, how its labels were read.

    Args:
        model: whose answers they are.
    """

    def __init__(self, model: Recognizer | Foreign) -> None:
        self._words = model.words.strip() if isinstance(model, Foreign) else ""
        self._near, self._silent = 0.0, True
        if isinstance(model, Recognizer):
            self._near = float(model.metadata.get("familiar", 0.0))
            self._silent = model.numeric or not model.adaptable or model.adapted_to > 0
        self._sides = Sides()
        self._total = 0
        self._emotions: Counter[str] = Counter()
        self._unfamiliar = 0

    def take(self, prediction: Prediction) -> None:
        """Count one in."""
        self._total += 1
        if prediction.emotion is not None:
            self._emotions[prediction.emotion] += 1
            self._unfamiliar += prediction.familiarity < self._near

    def other(self, notes: Iterable[str]) -> list[str]:
        """Return the notes of a recording that are said of it alone."""
        return self._sides.other(notes)

    def sentences(self) -> Iterator[str]:
        """Yield what is to be said, at most one sentence on channels and one on the answers."""
        if self._words:
            yield self._words
        yield from self._sides.sentences(self._total)
        total = self._emotions.total()
        if self._silent or total < FEWEST:
            return
        helps = (
            "if their speech is mixed, --adapt judges them against each other (or make a profile: "
            "intona enroll NAME --speech place)"
        )
        emotion, count = self._emotions.most_common(1)[0]
        if self._unfamiliar >= UNFAMILIAR * total:
            yield (
                f"{self._unfamiliar} of {total} recordings are unlike all the model was made from; "
                f"{helps}"
            )
        elif count >= ALIKE * total:
            yield f"{count} of {total} recordings got the same answer, {emotion}; {helps}"
