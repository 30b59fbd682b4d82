"""Profiles: a few numbers about how one speaker, or one place, sounds to one model. No audio.

A profile is a small JSON file. It holds the mean of the model's answers over some of the
speaker's speech and, made from neutral speech, the speaker's usual pitch, loudness, rate and
voice quality. It belongs to the model it was made with.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from intona.errors import UsageError
from intona.models.adaptation import KINDS

__all__ = ["Profile", "find_profile", "profile_path"]

SCHEMA = 1
KIND = "intona speaker profile"


@dataclass(frozen=True)
class Profile:
    """What is known of a speaker.

    Attributes:
        name: of the speaker.
        model: fingerprint of the model it was made with.
        speech: ``"neutral"``, or ``"mixed"`` for varied speech without labels; ``"place"`` for
            varied speech of anybody in a new place, see :mod:`intona.models.adaptation`.
        count: utterances it was made from.
        seconds: of speech in them.
        labels: of the model.
        mean: of the centred scores for enrolled speakers, one per label.
        manner: per measure of :mod:`intona.features.manner` its ``mean`` and ``count``; only of
            neutral speech.
    """

    name: str
    model: str
    speech: str
    count: int
    seconds: float
    labels: tuple[str, ...]
    mean: tuple[float, ...]
    manner: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def save(self, path: str | Path) -> Path:
        """Write the profile as JSON, atomically.

        Raises:
            UsageError: it cannot be written.
        """
        from intona.files import atomic

        content = {"kind": KIND, "schema": SCHEMA, **asdict(self)}
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with atomic(path) as temporary:
                temporary.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise UsageError(f"cannot write the profile {path}: {error.strerror}") from None
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read a profile.

        Raises:
            UsageError: unreadable, or not a profile.
        """
        try:
            content = json.loads(Path(path).read_text("utf-8"))
        except OSError as error:
            raise UsageError(f"cannot read the profile {path}: {error.strerror}") from None
        except ValueError:
            raise UsageError(f"{path} is not a speaker profile: it is not JSON") from None
        if not isinstance(content, dict) or content.get("kind") != KIND:
            raise UsageError(f"{path} is not a speaker profile: make one with `intona enroll`")
        if content.get("schema") != SCHEMA:
            raise UsageError(
                f"the profile {path} has schema {content.get('schema')}, this intona reads "
                f"{SCHEMA}: enroll the speaker again"
            )
        return _validated(content, path)


def _validated(content: Mapping[str, Any], path: str | Path) -> Profile:
    try:
        found = Profile(
            name=str(content["name"]),
            model=str(content["model"]),
            speech=str(content["speech"]),
            count=int(content["count"]),
            seconds=float(content["seconds"]),
            labels=tuple(str(label) for label in content["labels"]),
            mean=tuple(float(value) for value in content["mean"]),
            manner={
                str(name): {"mean": float(entry["mean"]), "count": float(entry["count"])}
                for name, entry in dict(content["manner"]).items()
            },
        )
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"the profile {path} is damaged: enroll the speaker again") from None
    sound = found.speech in KINDS and found.count > 0 and len(found.mean) == len(found.labels)
    if not sound or not all(map(math.isfinite, found.mean)):
        raise UsageError(f"the profile {path} is damaged: enroll the speaker again")
    return found


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
