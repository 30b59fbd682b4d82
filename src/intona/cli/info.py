"""``intona info``: what a model file is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from intona.cli.say import say

Model = Annotated[
    str | None,
    typer.Argument(help="Model file, or small; without it the default.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the metadata as JSON.")]


def run(model: Model = None, as_json: AsJson = False) -> None:
    """Print what a model file is: labels, input, training material, calibration, licence."""
    from intona.models.artefact import locate, read_model
    from intona.models.card import describe, measured, without_sounds
    from intona.models.identity import Identity

    path = locate(model)
    content, metadata = read_model(path)
    if as_json:
        said = {**without_sounds(metadata), "identity": Identity.of(content, metadata).to_dict()}
        say(json.dumps(said, indent=2, ensure_ascii=False))
        return
    for name, value in {**measured(path), **describe(metadata, content)}.items():
        text = value.replace("\n", "\n" + 17 * " ")  # whose lines are no lines of ours
        say(f"{name + ':':<17}{text}")
