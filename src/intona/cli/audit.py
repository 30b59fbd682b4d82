"""``intona audit``: behaviour tests of one or several models on corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import say

Sources = Annotated[
    list[Path],
    typer.Argument(
        help="Models (.onnx files, default, small, package.module:function, hf:NAME, tables of "
        "answers; none means the default) and corpora (the rest).",
        show_default=False,
        parser=options.named,
    ),
]
Tests = Annotated[
    str | None, typer.Option("--tests", "-t", help="Families or tests, for example fairness,phone.")
]
Report = Annotated[
    Path | None, typer.Option("--report", help="Folder for audit.json and report.html.")
]
Noises = Annotated[
    Path | None, typer.Option("--noises", help="Folder of recorded noises to test with as well.")
]
Rooms = Annotated[
    Path | None, typer.Option("--rooms", help="Folder of recorded impulse responses, likewise.")
]
Speakers = Annotated[
    str | None,
    typer.Option("--speakers", help="Only these, for example ravdess-2[1-4],emodb-*."),
]
Clips = Annotated[
    int, typer.Option("--clips", min=1, help="Utterances to try the changed sounds on.")
]
Allow = Annotated[
    bool, typer.Option("--allow-leaks", help="Audit on training speakers, stamped LEAKY.")
]


def run(
    sources: Sources,
    tests: Tests = None,
    report: Report = None,
    noises: Noises = None,
    rooms: Rooms = None,
    speakers: Speakers = None,
    clips: Clips = 120,
    emotions: options.Emotions = None,
    merge: options.Merge = None,
    allow_leaks: Allow = False,
    skip_bad: options.SkipBad = False,
    name: options.CorpusName = None,
    columns: options.Columns = None,
    settings: options.Settings = None,
    seed: options.Seed = 0,
    workers: options.Workers = 1,
    engine: options.Engine = "local",
    address: options.Address = None,
) -> None:
    """Test whether models deserve trust: correct, fair, robust?

    For example:

    intona audit model.onnx RAVDESS/ --speakers "ravdess-2[1-4]" --report audit/
    """
    from intona.extras import require_training

    require_training("intona audit")
    from intona import labels
    from intona.audit.prepare import prepare
    from intona.audit.report import WRITTEN, summary, write
    from intona.audit.run import AuditOptions
    from intona.audit.run import run as run_audit
    from intona.cli.progress import bar
    from intona.corpora.inputs import files_of
    from intona.corpora.usable import pointing
    from intona.files import require_apart, require_folder

    if report is not None:
        require_folder(report)
        require_apart([report / name for name in WRITTEN], files_of(sources))
    on = options.place(workers, engine, address)
    how = AuditOptions(labels.parse_list(tests) or (), clips, noises, rooms, seed, on)
    with bar() as progress, on.session():
        prepared = prepare(
            sources,
            speakers=labels.parse_list(speakers),
            emotions=labels.parse_list(emotions),
            merge=labels.parse_merge(merge),
            allow_leaks=allow_leaks,
            skip_bad=skip_bad,
            name=name,
            options=options.how_to_read(columns, settings),
            on=on,
            progress=progress,
        )
        options.report_problems(prepared.corpus)
        with pointing(prepared.corpus):
            result = run_audit(prepared.models, prepared.dataset, how, progress)
    say(summary(result, prepared.context, failed=report is None), nl=False)
    if report is not None:
        say(f"report: {write(result, prepared.context, report)}")
