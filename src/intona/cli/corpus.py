"""``intona corpus``: which corpora are known, how to get them, whether they are sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import complain, say

app = typer.Typer(help="Corpora: list, describe, fetch, check and draw them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A name from intona corpus list.", show_default=False)]
Folder = Annotated[Path, typer.Option("--into", help="The folder it is put into.")]
Parts = Annotated[str, typer.Option("--parts", help="Which parts, for example speech,song.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The picture: .png or .svg.")]
Commercial = Annotated[
    bool, typer.Option("--commercial", help="Only those that allow commercial use.")
]
Report = Annotated[Path | None, typer.Option("--out", "-o", help="Write all findings as CSV.")]
Doubtful = Annotated[
    bool, typer.Option("--labels", help="Also look for labels the sound contradicts (slower).")
]


@app.command("list")
def list_(commercial: Commercial = False) -> None:
    """List the corpora known by name, with language, speakers, files and licence."""
    from rich.console import Console
    from rich.table import Table

    from intona import corpora
    from intona.corpora.fetch import DOWNLOADS

    table = Table("name", "language", "speakers", "files", "get", "commercial", "licence", box=None)
    for info in (each.info for each in corpora.loaders()):
        if commercial and not info.terms.commercial:
            continue
        table.add_row(
            info.name,
            info.language,
            str(info.speakers or ""),
            str(info.files or ""),
            "yes" if info.name in DOWNLOADS else "",
            _fact(info.terms.commercial),
            info.licence,
        )
    Console().print(table)


def _fact(known: bool | None) -> str:
    return {True: "yes", False: "no", None: "not said"}[known]


@app.command("info")
def info(name: Name) -> None:
    """Describe one corpus: layout, labels, speakers, licence, citation, source."""
    from inspect import getdoc
    from sys import modules

    from intona import corpora

    loader = corpora.loader(name)
    found = loader.info
    terms = found.terms
    description = getdoc(modules[f"intona.corpora.named.{found.name}"]) or found.title
    say(description.replace("``", ""))
    codes = ", ".join(
        label if code.lower() == label else f"{code} = {label}"
        for code, label in found.labels.items()
    )
    for head, text in (
        ("\nLicence", f"{found.licence} ({terms.licence})"),
        (
            "Terms",
            f"commercial use: {_fact(terms.commercial)}; passing on: {_fact(terms.redistribute)}; "
            f"share alike: {_fact(terms.share_alike)}",
        ),
        ("Citation", found.citation),
        ("Source", found.url),
        ("Codes", codes),
        ("Language", found.language),
    ):
        say(f"{head}\n    {text}")
    if loader.options:
        say(f"Options\n    {', '.join(sorted(loader.options))}")
    say(f"Get it\n    {found.get or found.url}")


@app.command("get")
def get(name: Name, into: Folder = Path("corpora"), parts: Parts = "speech") -> None:
    """Download and unpack a corpus; an interrupted download is continued.

    For example:

    intona corpus get ravdess --into data --parts speech,song
    """
    from intona.extras import require_training

    require_training("intona corpus get")
    from intona import corpora, labels
    from intona.cli.progress import bar
    from intona.corpora import fetch

    found = corpora.info(name)
    say(f"{found.title}: {found.licence}\nPlease cite: {found.citation}")
    with bar() as progress:
        folders = fetch.get(
            name,
            into,
            parts=labels.parse_list(parts) or ("speech",),
            progress=progress,
            notice=lambda sentence: complain(f"note: {sentence}"),
        )
    for folder in folders:
        corpus = corpora.load(folder, name)
        say(f"{folder}: {len(corpus.table)} utterances, {len(corpus.speakers)} speakers")


@app.command("check")
def check(
    paths: options.Corpus,
    name: options.CorpusName = None,
    columns: options.Columns = None,
    settings: options.Settings = None,
    labels: Doubtful = False,
    workers: options.Workers = 1,
    engine: options.Engine = "local",
    address: options.Address = None,
    out: Report = None,
) -> None:
    """Look, before training, for all that would hurt it, and say how to mend it.

    Rows that make no sense, doubled utterances, two labels for one, labels and speakers that are
    hardly meant as written, missing, extra, unreadable, clipped and silent files, what lies there
    and is not read. The exit code is 1 when something was found.
    """
    from intona.extras import require_training

    require_training("intona corpus check")
    from intona.cli.progress import bar
    from intona.corpora.inputs import files_of
    from intona.corpora.integrity import check as check_corpus
    from intona.corpora.problem import FIXES
    from intona.files import require_apart, require_writable, save
    from intona.tables import for_spreadsheets

    if out is not None:
        require_writable(out)
    loaded = options.load_corpus(paths, name, columns, settings)
    if out is not None:
        require_apart([out], files_of(paths, loaded))
    options.warn_of_nobody(loaded.table, loaded.problems)
    on = options.place(workers, engine, address)
    with bar() as progress, on.session():
        findings = check_corpus(loaded, labels=labels, on=on, progress=progress)
    if out is not None:
        save(out, lambda place: for_spreadsheets(findings).to_csv(place, index=False))
    say(f"{loaded.name}: {len(loaded.table)} utterances, {len(loaded.speakers)} speakers")
    for note in loaded.notes:
        say(f"note: {note}")
    for kind, group in findings.groupby("kind", sort=False):
        say(f"{kind}: {len(group)}")
        for file, detail in group[["file", "detail"]].head(10).itertuples(index=False):
            say(f"    {file + ': ' if file else ''}{detail}")
        if len(group) > 10:
            say(f"    ... and {len(group) - 10} more (all of them with --out FILE.csv)")
        say(f"    -> {FIXES[str(kind)]}")
    if len(findings):
        raise typer.Exit(1)
    say("nothing wrong")


@app.command("stats")
def stats(
    paths: options.Corpus,
    out: Out = Path("corpus.png"),
    name: options.CorpusName = None,
    columns: options.Columns = None,
    settings: options.Settings = None,
    workers: options.Workers = 1,
    engine: options.Engine = "local",
    address: options.Address = None,
) -> None:
    """Draw durations, emotions, speakers, levels and pitch as one picture."""
    from intona.extras import require_training

    require_training("intona corpus stats")
    from intona.cli.progress import bar
    from intona.corpora.inputs import files_of
    from intona.corpora.plot import draw, summary
    from intona.files import picture, require_apart

    picture(out)
    loaded = options.load_corpus(paths, name, columns, settings)
    require_apart([out], files_of(paths, loaded))
    options.warn_of_nobody(loaded.table, loaded.problems)
    on = options.place(workers, engine, address)
    with bar() as progress, on.session():
        frame = draw(loaded, out, on=on, progress=progress)
    for name, value in summary(frame).items():
        say(f"{name + ':':<10}{value}")
    say(f"{out}: the picture")
