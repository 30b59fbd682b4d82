"""``intona evaluate``: cross-validation of a recipe, or the test of a finished model."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intona.cli import options
from intona.cli.say import say

if TYPE_CHECKING:
    from intona.corpora.base import Corpus
    from intona.evaluation.result import Evaluation
    from intona.evaluation.run import Options
    from intona.evaluation.split import Split
    from intona.parallel import Engine as Place

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Corpora; or a recogniser, then corpora: a model (a file ending in .onnx, default or "
        "small), package.module:function, hf:NAME, or a table of answers.",
        show_default=False,
        parser=options.named,
    ),
]
Protocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        "-p",
        help="emobox, loso, speakers:K, corpora (leave one out), file:FOLDS.csv, "
        "'cross:TRAIN->TEST', or random:FRACTION (leaky).",
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
        "speaker, place:N of the corpus's other speakers, or adapt:N of those under test; "
        "labels are not seen.",
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
TestOnly = Annotated[
    str | None,
    typer.Option(
        "--test-only",
        help="Corpora that are tested and never trained on, for --protocol corpora: urdu,emovo.",
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


RECIPE, MODEL = "a recipe", "a finished model"

# What an option goes with: a recipe or a finished model, and the options it needs beside it.
GOES_WITH: Mapping[str, tuple[str, ...]] = {
    "--recipe": (RECIPE,),
    "--protocol": (RECIPE,),
    "--extra": (RECIPE,),
    "--test-only": (RECIPE, "--protocol"),
    "--normalise": (RECIPE,),
    "--model-seeds": (RECIPE,),
    "--controls": (RECIPE,),
    "--explain": (MODEL, "--report"),
}


def run(
    context: typer.Context,
    paths: Paths,
    recipe: options.Recipe = None,
    protocol: Protocol = "speakers:5",
    name: options.CorpusName = None,
    columns: options.Columns = None,
    settings: options.Settings = None,
    emotions: options.Emotions = None,
    merge: options.Merge = None,
    target: options.Target = "emotion",
    numbers: options.Numbers = None,
    skip_bad: options.SkipBad = False,
    extra: Extra = None,
    enrol: Enrol = None,
    adapt: options.Adapt = False,
    test_only: TestOnly = None,
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
    """Train and test a recipe fold by fold, or test a finished recogniser, and check for leaks.

    For example:

    intona evaluate RAVDESS/ --recipe classic --protocol emobox --report report/

    intona evaluate model.onnx EMODB/

    intona evaluate answers.csv EMODB/

    intona evaluate own.csv --recipe classic-svm --target arousal,valence,dominance --report report/
    """
    arguments = dict(locals())
    from intona.extras import require_training

    require_training("intona evaluate")
    targets = [part.strip() for part in target.split(",") if part.strip()]
    if len(targets) > 1:  # one after the other, each with a report of its own
        for one in targets:
            place = None if report is None else report / one
            run(**{**arguments, "target": one, "report": place})
        return
    from intona import labels
    from intona.corpora.inputs import files_of
    from intona.evaluation import protocols
    from intona.evaluation.enrolment import Enrolment
    from intona.evaluation.report import WRITTEN, write_report
    from intona.evaluation.run import Options
    from intona.evaluation.text import summary
    from intona.files import require_apart, require_folder
    from intona.inference.opening import files_behind, open_recognizer, require_askable

    given = _given(context)
    finished = _names_finished(paths, given)
    refuse_pairs(MODEL if finished else RECIPE, given)
    if explain:
        require_askable(paths[0])
    adaptation = Enrolment.parse(enrol) if enrol is not None else None
    if adapt:
        adaptation = Enrolment.parse("adapt")
    on = options.place(workers, engine, address)
    if report is not None:
        require_folder(report)
        named = [
            *files_of([*paths, *(extra or ())]),
            *options.files_named(recipe, _folds(protocol)),
            *files_behind(paths[0]),
        ]
        require_apart([report / name for name in WRITTEN], named)
    read = partial(
        options.corpus_of,
        name=name,
        columns=columns,
        settings=settings,
        target=target,
        numbers=numbers,
        skip_bad=skip_bad,
    )
    asked = Options(
        target=target,
        seed=seed,
        controls=controls,
        enrolments=() if adaptation is None else (adaptation,),
        allow_leaks=allow_leaks,
        command=shlex.join(["intona", *sys.argv[1:]]),
    )
    if finished:
        result = _of_model(
            paths, read, asked, on, emotions=emotions, merge=merge, skip_bad=skip_bad
        )
    else:
        if protocol == "corpora":  # models learn all labels, answers are restricted
            asked = replace(
                asked, emotions=labels.parse_list(emotions), merge=labels.parse_merge(merge)
            )
        else:
            read = partial(read, emotions=emotions, merge=merge)
        result = _of_recipe(
            paths,
            read,
            asked,
            on,
            recipe=recipe,
            normalise=normalise,
            split=protocols.parse(protocol, labels.parse_list(test_only) or ()),
            model_seeds=model_seeds,
            extra=extra,
        )
    say(summary(result), nl=False)
    if report is not None:
        model = open_recognizer(paths[0]) if explain and not result.numeric else None
        say(f"\nreport: {write_report(result, report, model=model)}")


def _names_finished(paths: Sequence[Path], given: Collection[str]) -> bool:
    """Tell whether the first of the paths is a recogniser to test, and not a corpus.

    Raises:
        UsageError: it is a table that may be either.
    """
    from intona.errors import UsageError
    from intona.inference.foreign.table import holds_answers
    from intona.inference.opening import names_recognizer

    if names_recognizer(paths[0]):
        return True
    if len(paths) < 2 or any(RECIPE in GOES_WITH.get(option, ()) for option in given):
        return False
    answers = holds_answers(str(paths[0]))
    if answers is None:
        raise UsageError(
            f"{paths[0]} may be a table of answers or a corpus: write table:{paths[0]} to test the "
            "answers, or name the --recipe to train on it"
        )
    return answers


def refuse_pairs(way: str, given: Collection[str]) -> None:
    """Refuse options that do not go together, as :data:`GOES_WITH` says.

    Args:
        way: what is evaluated, :data:`RECIPE` or :data:`MODEL`.
        given: the options that were written.

    Raises:
        UsageError: one of them is for the other way, or needs another option.
    """
    from intona.errors import UsageError

    for option, needs in GOES_WITH.items():
        if option in given and not {way, *given}.issuperset(needs):
            rest = "" if way in needs else f", not with {way}"
            raise UsageError(f"{option} goes with {' and '.join(needs)}{rest}")


def _folds(protocol: str) -> str | None:
    """Return the file of folds that a protocol names."""
    kind, _, file = protocol.partition(":")
    return file if kind == "file" else None


def _given(context: typer.Context) -> list[str]:
    """Return the options that were written, whatever their values."""
    return [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]


def _of_model(
    paths: Sequence[Path],
    read: Callable[..., Corpus],
    asked: Options,
    on: Place,
    *,
    emotions: str | None,
    merge: str | None,
    skip_bad: bool,
) -> Evaluation:
    """Test a finished model, the first of the paths, on the corpora that are the others."""
    from intona import labels
    from intona.cli.progress import bar
    from intona.corpora.usable import pointing
    from intona.errors import UsageError
    from intona.evaluation.finished import evaluate_model

    if len(paths) < 2:
        raise UsageError(f"name a corpus to test {paths[0]} on")
    corpus = read(paths[1:])
    with bar() as progress, on.session(), pointing(corpus):
        return evaluate_model(
            paths[0],
            corpus,
            emotions=labels.parse_list(emotions),
            merge=labels.parse_merge(merge),
            enrolment=asked.enrolments[0] if asked.enrolments else None,
            seed=asked.seed,
            allow_leaks=asked.allow_leaks,
            skip_bad=skip_bad,
            on=on,
            progress=progress,
            command=asked.command,
        )


def _of_recipe(
    paths: Sequence[Path],
    read: Callable[..., Corpus],
    asked: Options,
    on: Place,
    *,
    recipe: str | None,
    normalise: str | None,
    split: Split,
    model_seeds: str,
    extra: Sequence[Path] | None,
) -> Evaluation:
    """Train and test a recipe on corpora, fold by fold."""
    from intona.cli.progress import bar
    from intona.corpora.usable import pointing
    from intona.evaluation.run import evaluate, parse_seeds
    from intona.models import recipes

    plan = recipes.load(recipe or recipes.DEFAULT).normalised(normalise)
    seeds = parse_seeds(model_seeds)
    corpus = read(paths)
    # What --corpus, --columns and --set say is said of the corpus under test.
    more = read(extra, name=None, columns=None, settings=None) if extra else None
    asked = replace(asked, model_seeds=seeds, extra=more)
    options.tell_of_default(recipe)
    with bar() as progress, on.session(), pointing(corpus):
        return evaluate(plan, corpus, split, asked, on=on, progress=progress)
