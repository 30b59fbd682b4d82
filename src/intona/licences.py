"""Terms: what a licence allows, as facts a program can reckon with.

Names are those of the SPDX list; ``LicenseRef-`` begins those that are not on it. The facts are
what we read in the licences and on the publishers' pages. They are no legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from intona.errors import UsageError

COMMERCIAL = "commercial"  # what is asked of a result, and said of one's own data


@dataclass(frozen=True)
class Terms:
    """What a licence allows.

    Attributes:
        licence: its name in the SPDX list, or ``LicenseRef-`` and a name of ours.
        redistribute: whether it may be passed on; ``None`` where nothing says so.
        commercial: whether commercial use is allowed; ``None`` where nothing says so.
        share_alike: whether what is made of it must come under the same terms.
    """

    licence: str
    redistribute: bool | None
    commercial: bool | None
    share_alike: bool

    @property
    def derivatives(self) -> bool:
        """Whether something made of it may be passed on."""
        return "-ND-" not in self.licence

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as a model file keeps them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Read what :meth:`to_dict` returned.

        Raises:
            ValueError: it is something else.
        """
        try:
            found = cls(**content)
        except TypeError:
            raise ValueError("no terms of a licence") from None
        facts = (found.redistribute, found.commercial)
        fits = isinstance(found.licence, str) and isinstance(found.share_alike, bool)
        if not fits or any(type(fact) not in (bool, type(None)) for fact in facts):
            raise ValueError("no terms of a licence")
        return found


CC0 = Terms("CC0-1.0", True, True, False)
CC_BY = Terms("CC-BY-4.0", True, True, False)
CC_BY_SA = Terms("CC-BY-SA-4.0", True, True, True)
CC_BY_NC = Terms("CC-BY-NC-4.0", True, False, False)
CC_BY_NC_SA = Terms("CC-BY-NC-SA-4.0", True, False, True)
CC_BY_NC_ND = Terms("CC-BY-NC-ND-4.0", True, False, False)
ODBL = Terms("ODbL-1.0", True, True, True)
MIT = Terms("MIT", True, True, False)
APACHE = Terms("Apache-2.0", True, True, False)
RESEARCH = Terms("LicenseRef-research-only", False, False, False)
UNSTATED = Terms("LicenseRef-none-stated", None, None, False)
NON_COMMERCIAL = Terms("LicenseRef-non-commercial", None, False, False)
OWN = Terms("LicenseRef-own", None, True, False)
OPENSMILE = Terms("LicenseRef-openSMILE", True, False, False)

KNOWN: Mapping[str, Terms] = {
    one.licence.lower(): one
    for one in (CC0, CC_BY, CC_BY_SA, CC_BY_NC, CC_BY_NC_SA, CC_BY_NC_ND, ODBL, MIT, APACHE)
}


def known(words: str) -> Terms | None:
    """Return the terms of a licence by its name, however it is written; ``None`` for others.

    Examples:
        >>> known("cc by 4.0") == CC_BY, known("CC BY-NC-SA 4.0 (non-commercial)") == CC_BY_NC_SA
        (True, True)
        >>> known("mine")
    """
    plain = re.sub(r"\s*\([^)]*\)", "", words).strip().lower()
    return KNOWN.get(re.sub(r"[\s_]+", "-", plain))


def of_own_data(words: str) -> Terms:
    """Return what ``--licence`` says of one's own data.

    Args:
        words: ``commercial``, the name of a licence, or ``LicenseRef-`` and a name of your own, of
            which nothing more is known.

    Raises:
        UsageError: something else.
    """
    if words.strip().lower() == COMMERCIAL:
        return OWN
    if re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]{1,80}", words):
        return Terms(words, None, None, False)
    found = known(words)
    if found is None:
        names = ", ".join(one.licence for one in KNOWN.values())
        raise UsageError(
            f"no licence {words!r}: write {COMMERCIAL}, one of {names}, or LicenseRef-NAME"
        )
    return found
