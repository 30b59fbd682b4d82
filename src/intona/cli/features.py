"""``intona features``: one row of named features per file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options

Paths = Annotated[
    list[Path], typer.Argument(help="Recordings, or folders of them.", show_default=False)
]
FrontEnd = Annotated[str, typer.Option("--front-end", help="Which features, by name.")]
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
    from intona import features
    from intona.audio import find
    from intona.cli.progress import bar
    from intona.features.table import feature_table, save

    front = features.front_end(front_end)
    on = options.place(workers, engine, address)
    with bar() as progress, on.session():
        table, errors = feature_table(find(paths), front, on=on, progress=progress)
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    save(table, out)
    typer.echo(f"{out}: {len(table)} rows x {table.shape[1]} features ({front.name})")
    if errors:
        raise typer.Exit(1)
