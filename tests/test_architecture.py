"""docs/architecture.md names the floors as import-linter enforces them, and files that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_the_rooms_stand_in_the_order_that_is_enforced():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    listed = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    order = {name: place for place, name in enumerate(reversed(listed))}
    assert {layer.removeprefix("intona.") for layer in layers} == set(listed)
    assert [order[layer.removeprefix("intona.")] for layer in layers] == sorted(order.values())


def test_what_is_named_exists():
    for path in re.findall(r"`((?:src|tests|docs)/[\w./]+)`", TEXT):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\((?!https:)([\w./]+)", TEXT):
        assert (ROOT / "docs" / path).exists(), path
