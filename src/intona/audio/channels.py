"""Which channel of a recording is heard: all of them mixed, one, or each by itself.

Written ``mix``, ``left``, ``right``, a number from 1, ``each``, or ``each:agent,customer`` with the
name of whoever speaks on each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

from intona.audio.core import Audio
from intona.audio.decode import Channel, Source, Whole, channels_of, name_of, place_of
from intona.audio.mix import counted
from intona.errors import AudioError, UsageError

FORMS = "mix, left, right, each, each:NAME,NAME or a number from 1"
MOST = 64  # channels that are heard one by one
LONGEST = 60  # letters of a speaker's name
_WORDS = {"mix": 0, "left": 1, "right": 2}
_SIDES = ("left", "right")


@dataclass(frozen=True)
class Channels:
    """What is heard of each recording.

    Attributes:
        number: the channel, from 1; 0 for all mixed; ``None`` where nothing was said of channels,
            so that they are mixed and it is told where they should not be.
        each: whether each channel is heard by itself.
        names: with ``each``, whose they are.
    """

    number: int | None = None
    each: bool = False
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: Self | str | int | None) -> Self:
        """Return what is written; ``None`` or nothing is the mix.

        Raises:
            UsageError: it is none of :data:`FORMS`.

        Examples:
            >>> Channels.parse("right").number, Channels.parse("each:agent,customer").names
            (2, ('agent', 'customer'))
        """
        if given is None:
            return cls()
        if isinstance(given, cls):
            return given
        if isinstance(given, bool):
            raise UsageError(f"channels are {FORMS}, not {given}")
        text = str(given).strip()
        word, colon, named = text.partition(":")
        word = word.strip().lower()
        if word == "each":
            return cls(each=True, names=_names(named) if colon else ())
        if not colon and word in _WORDS:
            return cls(_WORDS[word])
        if word.isascii() and word.isdecimal() and not colon and len(word) < 6:
            if int(word) == 0:
                raise UsageError("channels are counted from 1: the first, or left one is 1")
            return cls(int(word))
        raise UsageError(f"channels are {FORMS}, not {text[:40]!r}")

    @property
    def plain(self) -> bool:
        """Whether a recording gives one answer that says nothing of channels."""
        return not self.each and not self.number

    def one(self, source: Whole, where: str) -> Source:
        """Return the one thing that is to be heard of a recording.

        Args:
            source: the recording.
            where: what cannot hear each channel, for the error.

        Raises:
            UsageError: ``each`` was asked for.
        """
        if self.each:
            raise UsageError(f"{where} hears one channel: choose mix, left, right or a number")
        if self.number is None:
            return source
        return Channel(source, self.number, place=place_of(source))

    def of(self, source: Source | Audio) -> list[Source | Audio]:
        """Return what is to be heard of a recording, one source for each answer.

        Raises:
            AudioError: it cannot be read, has not the channels that were named, or too many.
        """
        if isinstance(source, Audio):
            if (self.number or 1) > 1 or len(self.names) > 1:
                raise AudioError("this sound has one channel: there is no other to be heard")
            return [source]
        if isinstance(source, Channel):
            return [source]
        if self.number is not None:
            return [Channel(source, self.number, place=place_of(source))]
        if not self.each:
            return [source]
        count = channels_of(source)
        if self.names and len(self.names) != count:
            raise AudioError(
                f"{name_of(source)} has {counted(count)}, and names are given for "
                f"{len(self.names)}: {', '.join(self.names)}"
            )
        if count > MOST:
            raise AudioError(f"{name_of(source)} has {count} channels: each of {MOST} at most")
        names = self.names or _unnamed(count)
        place = place_of(source)
        return [Channel(source, number, name, place) for number, name in enumerate(names, 1)]

    def heard(self, sources: Iterable[Any]) -> Iterator[Any]:
        """Yield what is to be heard of many recordings, and the error of one that cannot be.

        Sound that is no recording, and errors, are passed on.
        """
        for source in sources:
            if not is_recording(source):
                yield source
                continue
            try:
                yield from self.of(source)
            except AudioError as error:
                yield error
            except OSError as error:
                reason = error.strerror or error
                yield AudioError(f"cannot read {name_of(source)}: {reason}")


Asked: TypeAlias = Channels | str | int | None
"""What :meth:`Channels.parse` takes."""

MIXED = Channels()
"""What is heard where nothing is said: all channels mixed."""


def values_of(source: Any) -> dict[str, Any]:
    """Return what an answer says of the channel it is about; nothing of a mix.

    Examples:
        >>> values_of(Channel("call.wav", 2, "customer"))
        {'channel': 2, 'speaker': 'customer'}
    """
    if not isinstance(source, Channel) or not source.number:
        return {}
    return {"channel": source.number} | ({"speaker": source.speaker} if source.speaker else {})


def is_recording(source: Any) -> bool:
    """Tell whether something is read as a file is, and not sound or an error."""
    return isinstance(source, str | Path) or hasattr(source, "read")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if not name or not name.isprintable() or len(name) > LONGEST:
            raise UsageError(
                f"each:NAME,NAME takes a name of at most {LONGEST} letters for each channel"
            )
    if len(set(names)) < len(names):
        raise UsageError(f"two channels have the same name in each:{text}: name them differently")
    return names


def _unnamed(count: int) -> tuple[str, ...]:
    """Return what channels are called where nobody says; the only one is not called anything."""
    if count == 1:
        return ("",)
    return _SIDES if count == 2 else tuple(f"channel{number}" for number in range(1, count + 1))
