"""``intona train``: from a corpus and a recipe to one model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import say

Without = Annotated[
    str | None,
    typer.Option(help="Leave these speakers out, for example ravdess-2[1-4],emodb-03."),
]
Beside = Annotated[
    str | None,
    typer.Option(help="Emotions to learn as well and never to answer with, for example bored."),
]
Licence = Annotated[
    str | None,
    typer.Option(
        help="Of data of your own, for example CC-BY-4.0; commercial: it may be used commercially, "
        "and refuse what may not."
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="The model file to write.")]


def run(
    paths: options.Corpus,
    recipe: options.Recipe = None,
    out: Out = Path("model.onnx"),
    name: options.CorpusName = None,
    columns: options.Columns = None,
    settings: options.Settings = None,
    emotions: options.Emotions = None,
    merge: options.Merge = None,
    beside: Beside = None,
    without: Without = None,
    licence: Licence = None,
    target: options.Target = "emotion",
    numbers: options.Numbers = None,
    skip_bad: options.SkipBad = False,
    seed: options.Seed = 0,
    workers: options.Workers = 1,
    engine: options.Engine = "local",
    address: options.Address = None,
) -> None:
    """Train a model on corpora and write it as one .onnx file.

    Training says nothing about how good the model is: use `intona evaluate` for that.

    For example:

    intona train RAVDESS/ --recipe classic --emotions happy,sad,angry --out model.onnx
    """
    from intona.extras import require_training

    require_training("intona train")
    from dataclasses import replace
    from itertools import chain

    from intona.cli.progress import bar
    from intona.corpora.inputs import files_of
    from intona.corpora.speakers import spoken_by
    from intona.corpora.usable import pointing
    from intona.files import require_apart, require_writable
    from intona.labels import parse_list
    from intona.models import recipes
    from intona.models.train import train

    plan = recipes.load(recipe or recipes.DEFAULT)
    require_writable(out)
    corpus = options.corpus_of(
        paths,
        name,
        target=target,
        numbers=numbers,
        emotions=f"{emotions},{beside}" if emotions and beside else emotions,
        merge=merge,
        columns=columns,
        settings=settings,
        skip_bad=skip_bad,
    )
    used = options.files_named(recipe, plan.front_end.get("model"))
    require_apart([out], chain(used, files_of(paths, corpus)))
    if without:
        others = ~spoken_by(corpus.table, without.split(","))
        corpus = replace(corpus, table=corpus.table[others])
    on = options.place(workers, engine, address)
    options.tell_of_default(recipe)
    with bar() as progress, on.session(), pointing(corpus):
        summary = train(
            plan,
            corpus,
            out,
            target=target,
            licence=licence,
            beside=parse_list(beside) or (),
            seed=seed,
            on=on,
            progress=progress,
        )
    say(summary)
