"""Profiles: how one speaker, or one place, sounds to one model; statistics, no audio.

A profile is a small JSON file: the mean and deviation of the model's embedding over some unlabelled
speech and, made from neutral speech, the speaker's usual pitch, loudness, rate and voice quality.
It belongs to the model it was made with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from intona.errors import UsageError
from intona.files import TooLargeError, is_plain, plain, read_json, save_text
from intona.models.adaptation import Statistics, decoded, encoded
from intona.models.identity import Identity

KINDS: tuple[str, ...] = ("neutral", "mixed", "place")
SCHEMA = 2
KIND = "intona speaker profile"
LARGEST = 2**22  # bytes; a profile beyond this is refused
MOST = 1e9  # of any measure or count in it
LONGEST = 200  # letters of a word in it


@dataclass(frozen=True)
class Profile:
    """What is known of a speaker or a place.

    Attributes:
        name: of the speaker or place.
        model: mark of the model it was made with, see :class:`intona.models.identity.Identity`.
        speech: ``"neutral"``; ``"mixed"`` for varied speech without labels; ``"place"`` for
            varied speech of anybody, for a language, room or microphone.
        seconds: of speech it was made from.
        statistics: of the embeddings of that speech.
        made_with: that model as :meth:`intona.models.identity.Identity.short` says it; empty of
            profiles made before models had an identity.
        manner: per measure of :mod:`intona.features.manner` its ``mean`` and ``count``; only of
            neutral speech.
    """

    name: str
    model: str
    speech: str
    seconds: float
    statistics: Statistics
    manner: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    made_with: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"<Profile {self.name}: {self.count} utterances of {self.speech} speech, "
            f"{self.seconds:.1f} s>"
        )

    @property
    def count(self) -> int:
        """Utterances it was made from."""
        return self.statistics.count

    def save(self, path: str | Path) -> Path:
        """Write the profile as JSON, atomically.

        Raises:
            UsageError: it cannot be written.
        """
        content = {
            "kind": KIND,
            "schema": SCHEMA,
            "name": self.name,
            "model": self.model,
            "made_with": dict(self.made_with),
            "speech": self.speech,
            "count": self.count,
            "seconds": self.seconds,
            "mean": encoded(self.statistics.mean),
            "deviation": encoded(self.statistics.deviation),
            "manner": {name: dict(entry) for name, entry in self.manner.items()},
        }
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write the profile {path}: {error.strerror}") from None
        return save_text(path, json.dumps(content, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read a profile.

        Raises:
            UsageError: unreadable, too large, of an older intona, or not a profile.
        """
        try:
            content = read_json(path, LARGEST)
        except OSError as error:
            raise UsageError(f"cannot read the profile {path}: {error.strerror}") from None
        except TooLargeError:
            raise UsageError(f"{path} is not a speaker profile: it is too large for one") from None
        except ValueError:
            raise UsageError(f"{path} is not a speaker profile: it is not JSON") from None
        if not isinstance(content, dict) or content.get("kind") != KIND:
            raise UsageError(f"{path} is not a speaker profile: make one with `intona enroll`")
        if content.get("schema") != SCHEMA:
            given = plain(str(content.get("schema"))[:20])
            raise UsageError(
                f"the profile {path} has schema {given}, this intona reads {SCHEMA}: enroll again"
            )
        return _validated(content, path)


def _validated(content: Mapping[str, Any], path: str | Path) -> Profile:
    try:
        mean, deviation = decoded(content["mean"]), decoded(content["deviation"])
        found = Profile(
            name=_word(content["name"]),
            model=_word(content["model"]),
            speech=_word(content["speech"]),
            seconds=_measured(content["seconds"]),
            statistics=Statistics(int(_measured(content["count"])), mean, deviation),
            manner={
                str(name): {key: _measured(entry[key]) for key in ("mean", "count")}
                for name, entry in dict(content["manner"]).items()
            },
            made_with={
                _word(key): value if isinstance(value, int) else _word(value)
                for key, value in dict(content.get("made_with") or {}).items()
                if isinstance(value, str | int)
            },
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise UsageError(f"the profile {path} is damaged: enroll again") from None
    sound = (
        found.speech in KINDS and found.count > 0 <= found.seconds and mean.shape == deviation.shape
    )
    if not sound or not np.isfinite([mean, deviation]).all() or (deviation < 0).any():
        raise UsageError(f"the profile {path} is damaged: enroll again")
    return found


def require_made_with(to: Profile | Statistics, identity: Identity, path: Path) -> None:
    """Refuse a profile of another model.

    Args:
        to: a profile; statistics alone do not say what they were made with.
        identity: of the model.
        path: its file.

    Raises:
        UsageError: the profile was made with another model.
    """
    if not isinstance(to, Profile) or to.model == identity.mark:
        return
    said = to.made_with
    what = "another model"
    if {"name", "version"} <= said.keys():
        what += plain(f", {said['name']} version {said['version']} ({to.model}),")
    raise UsageError(
        f"the profile {to.name} was made with {what}, and {path} is {identity}: enroll again with "
        "this one"
    )


def _word(value: Any) -> str:
    """Return a word of a profile; a ``ValueError`` where it is none, or could not be printed."""
    if not isinstance(value, str) or len(value) > LONGEST or not is_plain(value):
        raise ValueError("no word")
    return value


def _measured(value: Any) -> float:
    """Return a number of a profile; a ``ValueError`` where nothing could have been measured so."""
    number = float(value)
    if isinstance(value, bool) or not abs(number) < MOST:
        raise ValueError("not measured")
    return number


def profile_path(name: str) -> Path:
    """Return where the profile of that name is kept.

    Raises:
        UsageError: the name cannot be a file's.
    """
    from platformdirs import user_data_path

    if not re.fullmatch(r"[\w.-]{1,64}", name) or name.startswith("."):
        raise UsageError(f"a profile's name has letters, digits, - and _ only, not {name!r}")
    if name.endswith(".json"):  # find_profile would take it for a path
        raise UsageError(f"a profile's name has no .json at its end: not {name!r}")
    return user_data_path("intona") / "profiles" / f"{name}.json"


def find_profile(name: str) -> Profile:
    """Load a profile by its file's path, or by the name it was enrolled under.

    Raises:
        UsageError: there is none, or it is not readable.
    """
    if Path(name).suffix == ".json" or "/" in name:
        return Profile.load(name)
    path = profile_path(name)
    if not path.is_file():
        raise UsageError(
            f"no profile {name!r}: make it with `intona enroll {name} --from CLIP`, or give "
            "the path of a .json file"
        )
    return Profile.load(path)
