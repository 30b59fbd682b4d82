"""Options that several verbs share, so that they read the same everywhere."""

from __future__ import annotations

import atexit
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from intona.cli.say import complain
from intona.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus as CorpusTable
    from intona.parallel import Engine as Place


STANDARD_INPUT = Path("-")

LogFormat = Annotated[
    str | None,
    typer.Option(
        "--log-format",
        help="Of what is written to standard error: text, or json (one object a line).",
        show_default="text",
    ),
]


def named(text: str) -> Path:
    """Return the path that is written on the command line.

    Raises:
        UsageError: it is empty, as of an unset variable, which would be the current folder; or it
            is an address, which is not fetched.
    """
    if not text:
        raise UsageError("an empty name: is a variable unset?")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) and not os.path.exists(text):
        raise UsageError(
            f"{text} is an address, and nothing is fetched: save it to a file and name that, or "
            "pipe it in and name -"
        )
    path = Path(text)
    return path.absolute() if path == STANDARD_INPUT else path  # ./- is a file


def recording(text: str) -> Path:
    """Return the path of a recording; :data:`STANDARD_INPUT` for ``-``."""
    return STANDARD_INPUT if text == "-" else named(text)


def sources(paths: Sequence[Path]) -> list[Path | BinaryIO]:
    """Return what recordings are read from: their paths, and standard input for ``-``.

    Raises:
        UsageError: standard input is named twice, or is a terminal.
        AudioError: standard input cannot be read.
    """
    from intona.audio.finding import standard_input

    times = list(paths).count(STANDARD_INPUT)
    if times > 1:
        raise UsageError("- is named twice, and standard input can be read only once")
    if times and sys.stdin.isatty():
        raise UsageError("- is standard input, and nothing is piped in: name a recording")
    if not times:
        return list(paths)
    piped = standard_input(sys.stdin.buffer)
    atexit.register(piped.close)
    return [piped if path == STANDARD_INPUT else path for path in paths]


def require_some(paths: Sequence[Path]) -> None:
    """Refuse recordings of which none exists, before the work.

    Raises:
        AudioError: none of them exists.
    """
    from intona.audio import finding

    if STANDARD_INPUT not in paths:
        finding.require_some(paths)


def tell(sentences: Iterable[str]) -> bool:
    """Write notes to standard error, and say whether one of them is about damage."""
    from intona.audio import Damage

    damaged = False
    for sentence in sentences:
        complain(f"note: {sentence}")
        damaged = damaged or isinstance(sentence, Damage)
    return damaged


def files_named(*names: str | Path | None) -> list[Path]:
    """Return the files among the values of options that may be names of something else too."""
    return [Path(name) for name in names if name is not None and os.path.isfile(name)]


Corpus = Annotated[
    list[Path],
    typer.Argument(help="Corpora: folders, zips or tables.", show_default=False, parser=named),
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
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Leave out, and report, rows that make no sense and recordings that cannot be used.",
    ),
]
Recipe = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        "-r",
        help="A built-in recipe's name (intona recipes), or a .toml file; without it head.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Workers = Annotated[int, typer.Option("--workers", "-w", min=1, help="Processes.")]
Engine = Annotated[str, typer.Option("--engine", help="local, or ray for several machines.")]
Address = Annotated[
    str | None, typer.Option("--address", help="Of a running Ray cluster.", show_default=False)
]
Target = Annotated[
    str,
    typer.Option(
        "--target", help="What to learn: emotion, or a numeric column (evaluate: also several)."
    ),
]
Numbers = Annotated[
    str | None,
    typer.Option(
        "--numbers", help="Numbers for the target's words, for example normal=1,strong=2."
    ),
]
Answered = Annotated[
    str | None,
    typer.Option("--emotions", help="Answer with these only, for example angry,happy,neutral,sad."),
]
AnsweredAs = Annotated[
    str | None, typer.Option("--merge", help="Merge answers, for example calm=neutral.")
]
Adapt = Annotated[
    bool,
    typer.Option(
        "--adapt",
        help="Judge the recordings against each other: for a language, room or microphone unlike "
        "the training material. Needs mixed speech: not where all of it is one emotion.",
    ),
]
Channels = Annotated[
    str | None,
    typer.Option(
        "--channels",
        help="Of recordings with several: mix, left, right, a number from 1, or each: every "
        "channel by itself, with a speaker (each:agent,customer names them).",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="Model file, or small; without it the bundled default."),
]
AnyModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="Model file, small, package.module:function or hf:NAME; without it the default.",
    ),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", help="Of the speaker: a name from intona enroll, or a .json file."),
]


def tell_of_default(recipe: str | None) -> None:
    """Say on standard error which recipe is taken, where none was named."""
    from intona.models.recipes import DEFAULT

    if recipe is None:
        complain(
            f"note: no --recipe, so {DEFAULT} is taken: your labels on the bundled model's "
            "embedding (others: intona recipes)"
        )


SHOWN = 10  # problems; a corpus may have thousands


def load_corpus(
    paths: Sequence[Path],
    name: str | None,
    columns: str | None = None,
    settings: Sequence[str] | None = None,
) -> CorpusTable:
    """Load corpora as ``--corpus``, ``--columns`` and ``--set`` say.

    Raises:
        UsageError: a setting is not of the form ``name=value``.
    """
    from intona import corpora

    return corpora.load(list(paths), name, **how_to_read(columns, settings))


def how_to_read(columns: str | None, settings: Sequence[str] | None) -> dict[str, str]:
    """Return the options of corpora that ``--columns`` and ``--set`` say.

    Raises:
        UsageError: a setting is not of the form ``name=value``.
    """
    chosen: dict[str, str] = {} if columns is None else {"columns": columns}
    for setting in settings or ():
        key, sign, value = (piece.strip() for piece in setting.partition("="))
        if not (sign and key and value):
            raise UsageError(f"cannot read --set {setting!r}: write it as name=value")
        chosen[key] = value
    return chosen


def corpus_of(
    paths: Sequence[Path],
    name: str | None,
    *,
    target: str = "emotion",
    numbers: str | None = None,
    emotions: str | None = None,
    merge: str | None = None,
    columns: str | None = None,
    settings: Sequence[str] | None = None,
    skip_bad: bool = False,
) -> CorpusTable:
    """Load, report problems on standard error, then select, merge and number as asked.

    Raises:
        CorpusError: it cannot be read, or has rows that make no sense and are not to be skipped.
        UsageError: what is asked does not fit the corpus.
    """
    from intona import labels
    from intona.cli.progress import bar
    from intona.corpora import targets
    from intona.corpora.usable import require_usable

    corpus = load_corpus(paths, name, columns, settings)
    with bar() as progress:
        corpus = require_usable(corpus, skip=skip_bad, progress=progress)
    report_problems(corpus)
    chosen = targets.parse_numbers(numbers)
    keep, merged = labels.parse_list(emotions), labels.parse_merge(merge)
    if target == "emotion" or keep or merged:
        corpus = corpus.select(keep, merged)
    return targets.as_numbers(corpus, target, chosen) if chosen else corpus


def report_problems(corpus: CorpusTable) -> None:
    """Say on standard error what was done with a corpus and what is wrong with it."""
    said = warn_of_nobody(corpus.table, corpus.problems)
    others = [problem for problem in corpus.problems if problem not in said]
    for sentence in (*corpus.notes, *others[:SHOWN]):
        complain(f"note: {sentence}")
    if len(others) > SHOWN:
        more = len(others) - SHOWN
        complain(f"note: and {more} more like these: see `intona corpus check`")


def warn_of_nobody(table: pd.DataFrame, problems: Sequence[str] = ()) -> list[str]:
    """Say on standard error, before all else, when it is not known who speaks.

    Args:
        table: a corpus table.
        problems: of the corpus; what they say of it is said in place of the plain words.

    Returns:
        What was said.
    """
    from intona.corpora.speakers import nobody

    plain = nobody(table)
    said = [problem for problem in problems if problem.startswith("no speaker is known")]
    said = [] if plain is None else said or [plain]
    for text in said:
        complain(f"WARNING: {text}")
    return said


def place(workers: int, engine: str, address: str | None) -> Place:
    """Return where work is done, as ``--workers``, ``--engine`` and ``--address`` say.

    Raises:
        UsageError: no such engine, or an address without Ray.
        MissingExtraError: Ray is not installed.
    """
    from intona.parallel import engine as by_name

    return by_name(engine, workers=workers, address=address)
