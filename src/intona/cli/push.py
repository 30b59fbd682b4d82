"""``intona push``: a model file with its card onto the Hugging Face hub, or into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import say

Name = Annotated[
    str, typer.Argument(help="The repository on the hub, ORG/NAME.", show_default=False)
]
Reports = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        help="Folder of intona evaluate --report about this model: its numbers go on the card.",
        parser=options.named,
    ),
]
Private = Annotated[bool, typer.Option("--private", help="Make the repository for you alone.")]
Into = Annotated[
    Path | None,
    typer.Option("--into", help="Write what would be pushed into this folder; nothing is sent."),
]


def run(
    name: Name,
    model: options.Model = None,
    report: Reports = None,
    private: Private = False,
    into: Into = None,
) -> None:
    """Put a model on the Hugging Face hub, with a card of its licence, corpora and numbers.

    Its name is then hf:ORG/NAME wherever a model is named. The token is read from HF_TOKEN.

    For example:

    intona push me/calls --model calls.onnx --report evaluation/ --into look-first/

    HF_TOKEN=... intona push me/calls --model calls.onnx --report evaluation/
    """
    from intona.evaluation.model_card import model_card
    from intona.files import require_folder, save, save_text
    from intona.models import hub
    from intona.models.artefact import locate, read_model
    from intona.models.permission import Permission

    path = locate(model)
    card = model_card(path, name, report or ())
    if into is None:
        if not private:
            Permission.of_file(read_model(path)[1]).require_shareable()
        address = hub.push(path, card, name, private=private)
        say(f"{address}\nuse it with --model hf:{name}")
        return
    content = path.read_bytes()
    require_folder(into)
    save(into / hub.FILE, lambda place: place.write_bytes(content))
    save_text(into / "README.md", card)
    say(f"{into}: {hub.FILE} and README.md; use it with --model hf:{into}")
