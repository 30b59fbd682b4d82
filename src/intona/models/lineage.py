"""Lineage: what a model was trained on, by name and by sound, and what it stands on was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from intona.features.joined import Joined
from intona.licences import Terms
from intona.models.heard import Heard

if TYPE_CHECKING:
    from intona.features import FrontEnd
    from intona.models.metadata import Metadata


@dataclass(frozen=True)
class Training:
    """What a model says it was trained on, what it stands on included.

    Attributes:
        corpora: name to ``utterances``, ``speakers`` and ``languages``.
        heard: the sound; ``None`` where it does not say.
        version: of intona that made the model.
        licence: of its weights.
        terms: what each part it was made from allows; nothing in older files.
    """

    corpora: Mapping[str, Any]
    heard: Heard | None = None
    version: str = "unknown"
    licence: str = "unknown"
    terms: Mapping[str, Terms] = field(default_factory=dict)

    @classmethod
    def of(cls, metadata: Metadata) -> Self:
        """Read it from a model file's metadata."""
        heard = metadata.get("heard")
        return cls(
            _together([metadata["corpora"], metadata.get("base", {}).get("corpora", {})]),
            None if heard is None else Heard.from_dict(heard),
            metadata["version"],
            metadata["licence"],
            {name: Terms.from_dict(one) for name, one in metadata.get("terms", {}).items()},
        )


def behind(front: FrontEnd) -> list[Training]:
    """Return what finished models that a front end stands on were trained on; mostly nothing."""
    if isinstance(front, Joined):
        return [one for part in front.parts for one in behind(part)]
    training = getattr(front, "training", None)
    return [] if training is None else [training]


def base_of(front: FrontEnd) -> dict[str, Any]:
    """Return what a model file says, as ``base``, of finished models its front end stands on."""
    found = behind(front)
    if not found:
        return {}
    return {
        "base": {
            "version": found[0].version,
            "corpora": _together([one.corpora for one in found]),
            "licence": found[0].licence,
        }
    }


def _together(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the corpora of several, the facts of one that is in two of them joined."""
    corpora: dict[str, Any] = {}
    for name, facts in (item for one in each for item in one.items()):
        corpora[name] = _both(corpora[name], facts) if name in corpora else facts
    return corpora


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a corpus that a model and what it stands on were both trained on."""
    speakers = [each.get("speakers") for each in (one, other)]
    if not all(speakers):
        return {**one, "speakers": []}
    return {**one, "speakers": sorted({str(name) for each in speakers for name in each or ()})}
