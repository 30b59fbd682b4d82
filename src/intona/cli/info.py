"""``intona info``: what a model file is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    Path | None, typer.Argument(help="Model file; without it the bundled one.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the metadata as JSON.")]


def run(model: Model = None, as_json: AsJson = False) -> None:
    """Print what a model file is: labels, input, training material, calibration, licence."""
    from intona.models.artefact import bundled, read_model
    from intona.models.card import describe

    path = model or bundled()
    content, metadata = read_model(path)
    if as_json:
        typer.echo(json.dumps(metadata, indent=2, ensure_ascii=False))
        return
    for name, value in describe(metadata, len(content)).items():
        typer.echo(f"{name + ':':<14}{value}")
