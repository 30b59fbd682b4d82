"""What is installed for use, training and serving is permissive, but for exceptions of the docs."""

from __future__ import annotations

import re
import tomllib
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


def brought() -> dict[str, Distribution]:
    """Return all that intona needs for use, training and serving."""
    found: dict[str, Distribution] = {}
    waiting = [one.name for one in wanted("train", "plot", "parquet", "server")]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found or name == "intona":
            continue
        found[name] = distribution(name)
        needs = [Requirement(line) for line in found[name].requires or []]
        waiting += [
            one.name for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})
        ]
    return found


def wanted(*extras: str) -> list[Requirement]:
    """Return the ranges of the base and of some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [line for extra in extras for line in project["optional-dependencies"][extra]]
    return [Requirement(line) for line in [*project["dependencies"], *lines]]


def judged(name: str, text: str) -> str:
    if COPYLEFT.search(text):
        return "named" if name in EXCEPTIONS else "copyleft"
    return "permissive" if PERMISSIVE.search(text) else "unknown"


def test_no_new_copyleft():
    licences = {name: licence(found) for name, found in brought().items()}
    assert len(licences) > 40
    odd = {
        name: text
        for name, text in licences.items()
        if judged(name, text) not in ("permissive", "named")
    }
    assert not odd, "name them in docs/licences.md with what follows, or do without them"


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_exceptions_are_named(name):
    assert name in brought()
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
    locks = {
        "constraints.txt": wanted("train", "plot", "parquet", "server"),
        "image.lock": wanted("server", "parquet"),
    }
    for lock, ranges in locks.items():
        lines = (ROOT / lock).read_text("utf-8").splitlines()
        pins: dict[str, list[str]] = {}
        for line in lines:
            if found := re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line):
                pins.setdefault(found[1].lower(), []).append(found[2])
        for one in ranges:
            if one.name == "intona":
                continue
            assert pins.get(one.name.lower()), f"{one.name} has no pin in {lock}"
            for version in pins[one.name.lower()]:
                assert one.specifier.contains(version), f"{one} in {lock}: {version}"
