"""Profiles a service may adapt its model to: those named when it was started, and no others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from intona.errors import UsageError
from intona.inference.profile import Profile, find_profile
from intona.inference.recognizer import Recognizer


class Profiles:
    """One model, as it is and adapted to each speaker; they share the graph in memory.

    Args:
        model: the model as it is.
        profiles: names from ``intona enroll`` or paths of profiles, read now and never again.

    Attributes:
        names: of the speakers, in the order given.

    Raises:
        UsageError: a profile cannot be read, belongs to another model, or has a name that
            another one has or that cannot be asked for.
    """

    def __init__(self, model: Recognizer, profiles: Sequence[str]) -> None:
        self._choices: dict[str, tuple[Recognizer, Profile | None]] = {"": (model, None)}
        for source in profiles:
            profile = find_profile(source)
            if not re.fullmatch(r"[\w.-]{1,64}", profile.name):
                raise UsageError(
                    f"the profile {source} has the name {profile.name!r}, which cannot be asked "
                    "for: enroll the speaker under a name of letters, digits, - and _"
                )
            if profile.name in self._choices:
                raise UsageError(f"two profiles have the name {profile.name}: name only one")
            self._choices[profile.name] = (model.adapted(profile), profile)
        self.names = tuple(self._choices)[1:]

    def choose(self, name: str | None) -> tuple[Recognizer, Profile | None]:
        """Return the model for a request, and the profile it is adapted with.

        Args:
            name: a speaker's; ``""`` for the model as it is; ``None`` for the first speaker.

        Raises:
            UsageError: no such speaker.
        """
        wanted = (*self.names, "")[0] if name is None else name
        if wanted not in self._choices:
            known = f"only {', '.join(self.names)}" if self.names else "and none at all"
            raise UsageError(f"this service has no profile {wanted[:64]!a}, {known}")
        return self._choices[wanted]
