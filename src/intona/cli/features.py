"""``intona features``: one row of named features per file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import complain, say

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Recordings, or folders of them.",
        show_default=False,
        parser=options.recording,
    ),
]
FrontEnd = Annotated[
    str,
    typer.Option(
        "--front-end", help="Which features: a name (intona front-ends), or module:Class."
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="A .csv, .parquet or .npz file.")]


def run(
    paths: Paths,
    out: Out,
    front_end: FrontEnd = "classic",
    workers: options.Workers = 1,
    engine: options.Engine = "local",
    address: options.Address = None,
) -> None:
    """Write the features of each recording, one row per file, with named columns.

    A file that cannot be read becomes one line on standard error, the rest goes on, and
    the exit code is 1. Features are cached by content.

    For example:

    intona features recordings/ --front-end classic --out table.parquet
    """
    from intona.extras import require_training

    require_training("intona features")
    from intona import features
    from intona.audio import files, find
    from intona.cli.progress import bar
    from intona.errors import UsageError
    from intona.features.table import feature_table, require_suffix, save
    from intona.files import require_apart, require_writable
    from intona.inference.notice import Sides
    from intona.registry import is_path, look_beside

    if options.STANDARD_INPUT in paths:
        raise UsageError("features are made of files: save what is piped in to one first")
    options.require_some(paths)
    require_suffix(out)
    require_writable(out)
    require_apart([out], files(paths))
    if is_path(front_end):  # the user's own words, as a recipe's
        look_beside(Path())
    front = features.of_recipe({"name": front_end})
    on = options.place(workers, engine, address)
    notes: list[str] = []
    with bar() as progress, on.session():
        table, errors = feature_table(
            find(paths), front, on=on, progress=progress, notice=notes.append
        )
    sides = Sides()
    damaged = options.tell([*sides.other(notes), *sides.sentences(len(table))])
    for error in errors:
        complain(f"error: {error}")
    if table.empty:
        complain(f"error: {out} is not written: there is nothing to write")
        raise typer.Exit(1)
    save(table, out)
    say(f"{out}: {len(table)} rows x {table.shape[1]} features ({front.name})")
    if errors or damaged:
        raise typer.Exit(1)
