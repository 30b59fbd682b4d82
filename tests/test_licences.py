"""What the base installs is permissive, but for exceptions that the docs name."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"

PERMISSIVE = re.compile(
    r"\b(MIT(-0|-CMU)?|BSD|Apache|ISC|PSF|Python Software Foundation|HPND|Unlicense|Zlib|0BSD)\b",
    re.IGNORECASE,
)
COPYLEFT = re.compile(
    r"GPL|General Public|MPL|Mozilla|EUPL|CDDL|Eclipse|\bEPL|CeCILL", re.IGNORECASE
)
# Named in docs/licences.md, with what follows from them.
EXCEPTIONS = {"soxr", "certifi"}


def licence(found: Distribution) -> str:
    """Return what a package says of its licence: the expression, else classifiers, else text."""
    facts = found.metadata
    if expression := facts["License-Expression"]:
        return str(expression)
    classifiers = [name for name in facts.get_all("Classifier") or [] if "License ::" in name]
    return "; ".join(classifiers) or (facts["License"] or "unknown").splitlines()[0]


def base() -> dict[str, Distribution]:
    """Return intona and all that it needs without extras."""
    found: dict[str, Distribution] = {}
    waiting = ["intona"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found[name] = distribution(name)
        wanted = [Requirement(line) for line in found[name].requires or []]
        waiting += [
            one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})
        ]
    return found


def judged(name: str, text: str) -> str:
    if COPYLEFT.search(text):
        return "named" if name in EXCEPTIONS else "copyleft"
    return "permissive" if PERMISSIVE.search(text) else "unknown"


def test_no_new_copyleft_in_the_base():
    licences = {name: licence(found) for name, found in base().items()}
    assert len(licences) > 20
    odd = {
        name: text
        for name, text in licences.items()
        if judged(name, text) not in ("permissive", "named")
    }
    assert not odd, "name them in docs/licences.md with what follows, or do without them"


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_exceptions_are_named(name):
    assert name in base()
    assert f"`{name}`" in PAGE.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("MIT", "permissive"),
        ("License :: OSI Approved :: BSD License", "permissive"),
        ("LGPL-2.1-or-later", "copyleft"),
        ("MIT AND GPL-3.0-only", "copyleft"),
        ("GNU Affero General Public License v3", "copyleft"),
        ("Proprietary", "unknown"),
        ("unknown", "unknown"),
    ],
)
def test_licences_are_told_apart(text, verdict):
    assert judged("new", text) == verdict


def test_pins_are_within_the_ranges():
    """A range that excludes what is pinned would be found when the image is built, not before."""
    wanted = [Requirement(line) for line in distribution("intona").requires or []]
    for lock in ("constraints.txt", "image.lock"):
        lines = (ROOT / lock).read_text("utf-8").splitlines()
        pins: dict[str, list[str]] = {}
        for line in lines:
            if found := re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line):
                pins.setdefault(found[1].lower(), []).append(found[2])
        for one in wanted:
            if one.marker is not None and "extra" in str(one.marker):
                continue
            assert pins.get(one.name.lower()), f"{one.name} has no pin in {lock}"
            for version in pins[one.name.lower()]:
                assert one.specifier.contains(version), f"{one} in {lock}: {version}"
