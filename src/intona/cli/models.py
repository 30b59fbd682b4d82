"""``intona models``: the models that ship with intona."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from intona.cli.say import say

AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def run(as_json: AsJson = False) -> None:
    """List the bundled models with size, speed, measured numbers and licence.

    Use one by its name: intona predict clip.wav --model small, or intona.load("small").
    """
    from intona.models.card import bundled_models

    found = bundled_models()
    if as_json:
        say(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for name, lines in found.items():
        say(name)
        for heading, words in lines.items():
            say(f"    {heading + ':':<20}{words}")
