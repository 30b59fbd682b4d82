"""What is wrong with a recording that is used nevertheless: told in sentences, at its end."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeAlias

from intona.errors import ChannelsWarning, RecordingWarning
from intona.spelling import as_keywords

Notice: TypeAlias = Callable[[str], object]


class Damage(str):
    """A sentence: something of a recording is lost, and the rest was used."""

    __slots__ = ()


class Apart(str):
    """A sentence: the channels carry different speech, and were mixed."""

    __slots__ = ()


def warn(sentence: str) -> None:
    """Tell a sentence as a :class:`~intona.errors.RecordingWarning`: once, unless told otherwise.

    It is what readers do when nobody asks to be told.
    """
    kind = ChannelsWarning if isinstance(sentence, Apart) else RecordingWarning
    warning = kind(as_keywords(sentence))
    warning.shell = sentence
    warnings.warn(warning, stacklevel=2)


def told_before(_: str) -> None:
    """Say nothing, where whoever read the recording before has said it."""


class Journal:
    """Collects what is found while a recording is read.

    Args:
        where: what sentences call the recording.
        notice: told each sentence, a :class:`Damage` where sound is lost.

    Attributes:
        begin: added to all times, in seconds: where this recording begins in a file of several.
    """

    def __init__(self, where: str, notice: Notice) -> None:
        self.begin = 0.0
        self._where = where
        self._notice = notice
        self._places: list[tuple[float, float]] = []
        self._said: dict[str, str] = {}

    def lost(self, at: float, seconds: float) -> None:
        """Note that silence of so many seconds stands for damage at a time."""
        at += self.begin
        if self._places and at <= sum(self._places[-1]) + 0.01:  # one place, found in parts
            first, before = self._places[-1]
            self._places[-1] = (first, before + seconds)
        else:
            self._places.append((at, seconds))

    def cut(self, at: float, promised: float | None = None) -> None:
        """Note that the recording ends too soon, where its header promises more seconds."""
        whole = "" if promised is None else f" of the {promised:.2f} s that its header promises"
        place = f"at {self.begin + at:.2f} s{whole}"
        self._say("cut", Damage(f"{self._where} is cut short, {place}: what followed is missing"))

    def jump(self, at: float, seconds: float) -> None:
        """Note a leap of the time stamps that is too long for a pause."""
        place = f"by {seconds / 3600:.1f} h at {self.begin + at:.2f} s"
        self._say(
            "jump",
            Damage(
                f"{self._where}: its clock leaps {place}, which is taken for a fault: later times "
                "count on from there"
            ),
        )

    def remark(self, kind: str, text: str) -> None:
        """Note what is odd and no damage; of each kind, the first."""
        self._say(kind, f"{self._where} {text}")

    def apart(self, is_so: bool) -> None:
        """Note whether, as far as is known, two channels carry different speech and are mixed."""
        self._said.pop("apart", None)
        if is_so:
            sentence = (
                f"{self._where} has different speech in its two channels, as a call has, and they "
                "are mixed: --channels each hears them one by one"
            )
            self._say("apart", Apart(sentence))

    def tell(self) -> None:
        """Tell all that was noted, once."""
        said, places = list(self._said.values()), self._places
        self._said, self._places = {}, []
        if places:
            total = sum(seconds for _, seconds in places)
            many = "" if len(places) == 1 else f"in {len(places)} places, first "
            said.append(
                Damage(
                    f"{self._where} is damaged {many}at {places[0][0]:.2f} s: silence stands for "
                    f"what is lost, {total:.2f} s"
                )
            )
        for sentence in said:
            self._notice(sentence)

    def _say(self, kind: str, sentence: str) -> None:
        self._said.setdefault(kind, sentence)
