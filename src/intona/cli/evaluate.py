"""``intona evaluate``: how good a recipe, or a finished model, is on voices it never heard."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Corpora; or a model file ending in .onnx, then corpora.", show_default=False
    ),
]
Protocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        "-p",
        help="emobox, loso, speakers:K, file:FOLDS.csv, 'cross:TRAIN->TEST', "
        "or random:FRACTION (leaky).",
    ),
]
SplitSeed = Annotated[int, typer.Option("--seed", help="Seed of the division into folds.")]
ModelSeeds = Annotated[
    str, typer.Option("--model-seeds", help="Seeds of the model, for example 0-7; each is shown.")
]
Extra = Annotated[
    list[Path] | None,
    typer.Option(
        "--extra", help="Further training material; speakers under test are dropped from it."
    ),
]
Enrol = Annotated[
    str | None,
    typer.Option(
        "--enrol",
        help="Adapt by utterances that are not scored with them: neutral:N or mixed:N of each test "
        "speaker, or place:N of the corpus's other speakers; labels are not seen.",
    ),
]
Normalise = Annotated[
    str | None,
    typer.Option(
        "--normalise",
        help="speaker: normalise every speaker by the own recordings, also those under test, "
        "without labels; stamped TRANSDUCTIVE.",
    ),
]
Controls = Annotated[
    bool,
    typer.Option("--controls", help="Also: permuted labels, majority class, speaker probe."),
]
AllowLeaks = Annotated[
    bool, typer.Option("--allow-leaks", help="Compute a leaky result, stamped, and not refuse it.")
]
Report = Annotated[
    Path | None,
    typer.Option("--report", help="Write evaluation.json, predictions and report.html here."),
]

Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="In the report of a finished model, draw what spoke for its worst mistakes; takes "
        "some seconds each.",
    ),
]


def run(
    paths: Paths,
    recipe: options.Recipe = "classic",
    protocol: Protocol = "speakers:5",
    name: options.CorpusName = None,
    columns: options.Columns = None,
    settings: options.Settings = None,
    emotions: options.Emotions = None,
    merge: options.Merge = None,
    target: options.Target = "emotion",
    numbers: options.Numbers = None,
    extra: Extra = None,
    enrol: Enrol = None,
    normalise: Normalise = None,
    seed: SplitSeed = 0,
    model_seeds: ModelSeeds = "0",
    controls: Controls = False,
    allow_leaks: AllowLeaks = False,
    report: Report = None,
    explain: Explain = False,
    workers: options.Workers = 1,
    engine: options.Engine = "local",
    address: options.Address = None,
) -> None:
    """Train and test a recipe fold by fold, or test a finished model, and check for leaks.

    For example:

    intona evaluate RAVDESS/ --recipe classic --protocol emobox --report report/

    intona evaluate model.onnx EMODB/
    """
    from intona import labels
    from intona.cli.progress import bar
    from intona.errors import UsageError
    from intona.evaluation import protocols
    from intona.evaluation.enrolment import Enrolment, with_enrolment
    from intona.evaluation.finished import evaluate_model
    from intona.evaluation.report import check_folder, write_report
    from intona.evaluation.run import evaluate, parse_seeds
    from intona.evaluation.text import summary
    from intona.inference.recognizer import load
    from intona.models import recipes

    command = shlex.join(["intona", *sys.argv[1:]])
    adaptation = Enrolment.parse(enrol) if enrol is not None else None
    on = options.place(workers, engine, address)
    finished = paths[0].suffix.lower() == ".onnx"
    if explain and (report is None or not finished):
        raise UsageError("--explain goes with a finished model and --report")
    if report is not None:
        check_folder(report)
    if finished:
        if normalise is not None:
            raise UsageError("--normalise goes with a recipe, not with a finished model")
        if len(paths) < 2:
            raise UsageError(f"name a corpus to test {paths[0]} on")
        corpus = options.corpus_of(
            paths[1:], name, target=target, numbers=numbers, columns=columns, settings=settings
        )
        with bar() as progress, on.session():
            result = evaluate_model(
                paths[0],
                corpus,
                emotions=labels.parse_list(emotions),
                merge=labels.parse_merge(merge),
                voices=None if adaptation is None else adaptation.speech,
                allow_leaks=allow_leaks,
                on=on,
                progress=progress,
                command=command,
            )
    else:
        plan, split, seeds = (
            recipes.load(recipe).normalised(normalise),
            protocols.parse(protocol),
            parse_seeds(model_seeds),
        )
        chosen = partial(
            options.corpus_of, target=target, numbers=numbers, emotions=emotions, merge=merge
        )
        corpus = chosen(paths, name, columns=columns, settings=settings)
        more = chosen(extra, None) if extra else None
        with bar() as progress, on.session():
            result = evaluate(
                plan,
                corpus,
                split,
                target=target,
                seed=seed,
                model_seeds=seeds,
                extra=more,
                controls=controls,
                voices=adaptation is not None,
                allow_leaks=allow_leaks,
                on=on,
                progress=progress,
                command=command,
            )
    if adaptation is not None:
        result = with_enrolment(result, adaptation, seed=seed)
    typer.echo(summary(result), nl=False)
    if report is not None:
        model = load(paths[0]) if explain and not result.numeric else None
        typer.echo(f"\nreport: {write_report(result, report, model=model)}")
