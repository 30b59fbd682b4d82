"""The model as clients may ask for it: adapted to a speaker or to the sound at hand, narrowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from intona.errors import UsageError
from intona.inference.profile import Profile, find_profile
from intona.labels import parse_list, parse_merge

if TYPE_CHECKING:
    from intona.inference.recognizer import Recognizer
    from intona.server.wire import Choice


class Choices:
    """One model in all the ways it may be asked for; they share the graph in memory.

    Args:
        model: the model as it is.
        profiles: names from ``intona enroll`` or paths of profiles, read now and never again.
        emotions: labels to answer with where a request says nothing of it; ``""`` for all.
        merge: labels to merge, likewise.

    Attributes:
        names: of the speakers, in the order given.
        model: as requests get it that say nothing of speakers.

    Raises:
        UsageError: a profile cannot be read, belongs to another model, or has a name that
            another one has or that cannot be asked for; or there are no such labels.
    """

    def __init__(
        self, model: Recognizer, profiles: Sequence[str], emotions: str = "", merge: str = ""
    ) -> None:
        self._plain = model
        self._emotions, self._merge = emotions, merge
        self._speakers: dict[str, tuple[Recognizer, Profile | None]] = {"": (model, None)}
        for source in profiles:
            profile = find_profile(source)
            if not re.fullmatch(r"[\w.-]{1,64}", profile.name):
                raise UsageError(
                    f"the profile {source} has the name {profile.name!r}, which cannot be asked "
                    "for: enroll the speaker under a name of letters, digits, - and _"
                )
            if profile.name in self._speakers:
                raise UsageError(f"two profiles have the name {profile.name}: name only one")
            self._speakers[profile.name] = (model.adapted(profile), profile)
        self.names = tuple(self._speakers)[1:]
        self.model = self._narrowed(model, None, None)

    def choose(self, choice: Choice) -> tuple[Recognizer, Profile | None]:
        """Return the model for a request, and the profile it is adapted with.

        Where ``choice.adapt`` is set it is not adapted yet, but can be.

        Args:
            choice: what the request says.

        Raises:
            UsageError: no such speaker, no such labels, both a speaker and ``adapt``, or a model
                that cannot adapt.
        """
        if choice.adapt:
            if choice.profile:
                raise UsageError("profile and adapt are two answers to one question: choose one")
            self._require_adaptable()
        wanted = self._speaker(choice)
        if wanted not in self._speakers:
            known = f"only {', '.join(self.names)}" if self.names else "and none at all"
            raise UsageError(f"this service has no profile {wanted[:64]!a}, {known}")
        model, profile = self._speakers[wanted]
        return self._narrowed(model, choice.emotions, choice.merge), profile

    def _speaker(self, choice: Choice) -> str:
        if choice.adapt:
            return ""
        return (*self.names, "")[0] if choice.profile is None else choice.profile

    def _require_adaptable(self) -> None:
        if not self._plain.adaptable:  # its own words hold the path of the file
            raise UsageError(
                "this service's model cannot be adapted: only models of emotions on the embedding "
                "of an encoder can; leave adapt out"
            )

    def _narrowed(self, model: Recognizer, emotions: str | None, merge: str | None) -> Recognizer:
        chosen = self._emotions if emotions is None else emotions
        merged = self._merge if merge is None else merge
        return model.narrowed(parse_list(chosen), parse_merge(merged))
