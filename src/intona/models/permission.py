"""Permission: what may be done with a model, reckoned from what it was made from.

Corpora and the encoder each have their terms (:mod:`intona.licences`); the result is under all
of them at once. Whether weights are a derived work of the recordings is disputed; here they count
as one, which is the careful reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from intona import corpora as known_corpora
from intona.errors import UsageError
from intona.features.joined import Joined
from intona.licences import (
    COMMERCIAL,
    MIT,
    OPENSMILE,
    UNSTATED,
    Terms,
    known,
    of_own_data,
)
from intona.models.encoders.weights import recorded
from intona.models.lineage import Training, behind

if TYPE_CHECKING:
    from intona.features import FrontEnd
    from intona.models.metadata import Metadata

_MIT = "openai/whisper-"


@dataclass(frozen=True)
class Permission:
    """What may be done with a model.

    Attributes:
        of: what it was made from, by name, and the terms of each.
    """

    of: Mapping[str, Terms]

    @classmethod
    def reckoned(
        cls,
        corpora: Iterable[str],
        front: FrontEnd,
        *,
        licence: str | None = None,
        stated: str = "unknown",
    ) -> Self:
        """Reckon it before a training.

        Args:
            corpora: their names; those that intona does not know are one's own data.
            front: the front end that is trained on.
            licence: of one's own data, see :func:`intona.licences.of_own_data`;
                ``"commercial"`` also demands that the result may be used commercially.
            stated: the licence that one's own data state of themselves, in words.

        Raises:
            UsageError: no such licence, one for data that are not one's own, or commercial use is
                demanded and something does not allow it.
        """
        given = None if licence is None else of_own_data(licence)
        by_name = _by_name()
        names = list(corpora)
        own = [name for name in names if name not in by_name]
        commercial = licence is not None and licence.strip().lower() == COMMERCIAL
        if given is not None and not own and not commercial:
            raise UsageError(
                f"--licence {licence}: {', '.join(names)} has a licence, and that of the result "
                "follows from it; --licence is for data of your own"
            )
        mine = given or known(stated) or UNSTATED
        found = cls({**_beneath(front, by_name), **{n: by_name.get(n, mine) for n in names}})
        if commercial:
            found.require_commercial()
        return found

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Read what a model file keeps.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(content, dict) or not all(isinstance(k, str) for k in content):
            raise ValueError("no terms of licences")
        return cls({name: Terms.from_dict(each) for name, each in content.items()})

    @classmethod
    def of_file(cls, metadata: Metadata) -> Self:
        """Return what a model file says; of an older one what its corpora, by name, allow."""
        if "terms" in metadata:
            return cls.from_dict(metadata["terms"])
        return cls({n: _by_name().get(n, UNSTATED) for n in Training.of(metadata).corpora})

    def to_dict(self) -> dict[str, Any]:
        """Return what a model file keeps: the terms of each part by its name."""
        return {name: each.to_dict() for name, each in self.of.items()}

    @property
    def licence(self) -> str:
        """All licences at once, as SPDX writes it: joined by ``AND``."""
        return " AND ".join(sorted({one.licence for one in self.of.values()})) or UNSTATED.licence

    @property
    def commercial(self) -> bool | None:
        """Whether commercial use is allowed; ``None`` where nobody forbids it and not all say so.

        Examples:
            >>> Permission({"a": MIT}).commercial, Permission({"a": UNSTATED}).commercial
            (True, None)
        """
        return _all(one.commercial for one in self.of.values())

    @property
    def redistribute(self) -> bool | None:
        """Whether the model may be passed on; ``None`` where not all say so."""
        return _all(one.redistribute and one.derivatives for one in self.of.values())

    @property
    def share_alike(self) -> tuple[str, ...]:
        """What it was made from whose terms must be passed on, by name."""
        return tuple(name for name, one in self.of.items() if one.share_alike)

    def require_commercial(self) -> None:
        """Refuse what may not be used commercially.

        Raises:
            UsageError: naming what forbids it, or does not say.
        """
        no = [f"{n} ({one.licence})" for n, one in self.of.items() if one.commercial is False]
        silent = [n for n, one in self.of.items() if one.commercial is None]
        if no:
            raise UsageError(f"no commercial use: {', '.join(no)} forbids it; leave it out")
        if silent:
            raise UsageError(
                f"no commercial use: nothing says that {', '.join(silent)} allows it; leave it "
                "out, or ask its publisher and give it as data of your own, a table, with --licence"
            )

    def require_shareable(self) -> None:
        """Refuse what may not be passed on.

        Raises:
            UsageError: naming what forbids it.
        """
        no = [
            f"{name} ({one.licence})"
            for name, one in self.of.items()
            if one.redistribute is False or not one.derivatives
        ]
        if no:
            raise UsageError(
                f"it may not be passed on, as it was made from {', '.join(no)}: keep it for "
                "yourself with --private"
            )

    def words(self) -> dict[str, str]:
        """Return the lines of ``intona info``: heading to text."""
        use = {True: "allowed", False: "not allowed", None: "nothing says that it is allowed"}
        why = {
            "forbids it": [n for n, one in self.of.items() if one.commercial is False],
            "does not say": [n for n, one in self.of.items() if one.commercial is None],
        }
        reasons = [f"{', '.join(names)} {does}" for does, names in why.items() if names]
        found = {
            "commercial use": ": ".join([use[self.commercial], "; ".join(reasons)]).strip(": ")
        }
        if self.share_alike:
            found["share alike"] = f"on the terms of {', '.join(self.share_alike)}"
        return found


def _by_name() -> dict[str, Terms]:
    return {one.info.name: one.info.terms for one in known_corpora.loaders()}


def _all(facts: Iterable[bool | None]) -> bool | None:
    each = list(facts)
    return False if False in each else None if None in each or not each else True


def _beneath(front: FrontEnd, by_name: Mapping[str, Terms]) -> dict[str, Terms]:
    """Return the terms of what a front end stands on: encoders, finished models, openSMILE."""
    parts = front.parts if isinstance(front, Joined) else (front,)
    found: dict[str, Terms] = {}
    for part in parts:
        if part.name == "opensmile":
            found["openSMILE"] = OPENSMILE
        elif part.name == "encoder":
            model = recorded(str(getattr(part, "model", ""))) or "the encoder of INTONA_ENCODER"
            found[model] = MIT if model.startswith(_MIT) else UNSTATED
    for training in behind(front):
        kept = training.terms
        for name in training.corpora:
            found[name] = kept.get(name) or by_name.get(name, UNSTATED)
        found |= kept or {"openai/whisper": MIT}
    return found
