"""``intona predict``: the emotion of each recording."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[
    list[Path], typer.Argument(help="Recordings, or folders of them.", show_default=False)
]
Model = Annotated[
    Path | None, typer.Option("--model", "-m", help="Model file; without it the bundled one.")
]
Format = Annotated[
    str | None,
    typer.Option("--format", "-f", help="text, json, csv or parquet; else from --out's suffix."),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write here instead of to the screen.")
]


def run(paths: Paths, model: Model = None, style: Format = None, out: Out = None) -> None:
    """Say which emotion each recording holds, how sure that is, and where it is unsure.

    One row per file, in sorted order. A file that cannot be read becomes one line on
    standard error, the rest goes on, and the exit code is 1.

    For example:

    intona predict clip.wav

    intona predict recordings/ --format csv --out emotions.csv
    """
    from intona.audio import find
    from intona.errors import AudioError
    from intona.predictions import format_of, line, predict_each, render, save
    from intona.recognizer import Prediction, load

    style = format_of(style, out)
    recognizer = load(model)
    done: list[Prediction] = []
    failed = 0
    for result in predict_each(recognizer, find(paths)):
        if isinstance(result, AudioError):
            failed += 1
            print(f"error: {result}", file=sys.stderr)
        elif style == "text" and out is None:
            print(line(result), flush=True)
        else:
            done.append(result)
    if out is not None:
        save(done, recognizer.labels, style, out)
    elif style != "text":
        sys.stdout.write(render(done, recognizer.labels, style))
    if failed:
        raise typer.Exit(1)
