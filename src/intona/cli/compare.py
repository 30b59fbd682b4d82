"""``intona compare``: which of several evaluations is better, and is it more than luck."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intona.cli.say import say

Runs = Annotated[
    list[Path],
    typer.Argument(
        help="Report folders written by `intona evaluate --report`.", show_default=False
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write the table and the plot to this folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def run(runs: Runs, out: Out = None, as_json: AsJson = False) -> None:
    """Compare evaluations made on the same folds: paired bootstrap and Wilcoxon over speakers.

    For example:

    intona compare report-classic/ report-svm/ --out comparison/
    """
    from intona.extras import require_training

    require_training("intona compare")
    import json

    from intona.evaluation.compare import compare, comparison_text, save_comparison
    from intona.evaluation.result import Evaluation

    names = [folder.name if folder.name else str(folder) for folder in map(Path.resolve, runs)]
    found = compare(
        [(name, Evaluation.load(folder)) for name, folder in zip(names, runs, strict=True)]
    )
    if as_json:
        say(json.dumps(found.to_dict(), indent=2))
    else:
        say(comparison_text(found), nl=False)
    if out is not None:
        say(f"\nplot: {save_comparison(found, out)}", err=as_json)
