"""Lists of what recipes and options may name, printed alike."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from intona.cli.say import say
from intona.registry import Entry

AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def show(entries: Iterable[Entry], *, as_json: bool) -> None:
    """Print each name with its line, then its parameters and the package that brings it."""
    found = list(entries)
    if as_json:
        say(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
        return
    width = max((len(one.name) for one in found), default=0) + 2
    for one in found:
        say(f"{one.name:<{width}}{one.about}")
        if one.parameters:
            say(f"{'':<{width}}{', '.join(one.parameters)}")
        if one.package:
            say(f"{'':<{width}}of the package {one.package}")
