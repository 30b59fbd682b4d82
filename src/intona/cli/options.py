"""Options that several verbs share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def named(text: str) -> Path:
    """Return a path; an empty one, as of an unset variable, would be the current folder."""
    if not text:
        raise typer.BadParameter("an empty name: is a variable unset?")
    return Path(text)


Corpus = Annotated[
    list[Path],
    typer.Argument(help="Corpora: folders, zips or tables.", show_default=False),
]
CorpusName = Annotated[
    str | None, typer.Option("--corpus", help="Which corpus it is, where names do not tell.")
]
Columns = Annotated[
    str | None,
    typer.Option("--columns", help="Of tables, for example file=path,emotion=label,speaker=spk."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="An option of the corpus, for example channel=song or classes=4."),
]
Emotions = Annotated[
    str | None, typer.Option("--emotions", help="Keep only these, for example happy,sad,angry.")
]
Merge = Annotated[
    str | None, typer.Option("--merge", help="Merge labels first, for example calm=neutral.")
]
Recipe = Annotated[
    str, typer.Option("--recipe", "-r", help="A built-in recipe's name, or a .toml file.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Workers = Annotated[int, typer.Option("--workers", "-w", min=1, help="Processes.")]
Engine = Annotated[str, typer.Option("--engine", help="local, or ray for several machines.")]
Address = Annotated[
    str | None, typer.Option("--address", help="Of a running Ray cluster.", show_default=False)
]
Target = Annotated[
    str, typer.Option("--target", help="What to learn: emotion, or a numeric column.")
]
Numbers = Annotated[
    str | None,
    typer.Option(
        "--numbers", help="Numbers for the target's words, for example normal=1,strong=2."
    ),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", help="Of the speaker: a name from intona enroll, or a .json file."),
]
