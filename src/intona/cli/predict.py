"""``intona predict``: the emotion of each recording, as a whole or over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import chain, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intona.cli import options
from intona.cli.log import Log, Quiet, Verbose
from intona.cli.say import say
from intona.errors import UsageError

if TYPE_CHECKING:
    from intona.audio.channels import Channels
    from intona.audio.decode import Whole
    from intona.audio.finding import Found
    from intona.cli.stopping import Stop
    from intona.inference.choice import Choice
    from intona.inference.foreign.base import Foreign
    from intona.inference.model import Model
    from intona.inference.recognizer import Recognizer
    from intona.parallel import Engine as Place

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Recordings, or folders of them; - for standard input.",
        show_default=False,
        parser=options.recording,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        help="text, json, csv, parquet or pipeline (as of transformers); with --timeline also "
        "jsonl, vtt, srt, textgrid, audacity, rttm, eaf, labelstudio, audformat. Without it the "
        "suffix of --out decides.",
    ),
]
TopK = Annotated[
    int | None,
    typer.Option(
        "--top-k", min=1, help="Labels of --format pipeline, best first.", show_default="5"
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write here instead of to the screen.")
]
Over = Annotated[
    bool, typer.Option("--timeline", "-t", help="Emotion over time: one row per segment.")
]
Turns = Annotated[
    Path | None,
    typer.Option(
        "--turns",
        help="Ready-made segments for the timeline: CSV, RTTM, TextGrid, ELAN, WebVTT, SRT, or the "
        "JSON of Whisper.",
    ),
]
Shard = Annotated[
    int | None,
    typer.Option(
        "--shard",
        min=1,
        help="Recordings done between two saves, at most 64 and about ten minutes of sound.",
    ),
]
Plot = Annotated[
    Path | None, typer.Option("--plot", help="Draw the timeline of one recording as a picture.")
]


def run(
    paths: Paths,
    model: options.AnyModel = None,
    profile: options.Profile = None,
    adapt: options.Adapt = False,
    emotions: options.Answered = None,
    merge: options.AnsweredAs = None,
    style: Format = None,
    top_k: TopK = None,
    out: Out = None,
    timeline: Over = False,
    turns: Turns = None,
    channels: options.Channels = None,
    plot: Plot = None,
    workers: options.Workers = 1,
    shard: Shard = None,
    engine: options.Engine = "local",
    address: options.Address = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_format: options.LogFormat = None,
) -> None:
    """Say which emotion each recording holds, how sure that is, and where it is unsure.

    One row per file, in sorted order. A file that cannot be read becomes one line on
    standard error, the rest goes on, and the exit code is 1.

    Written to a .parquet file, a folder may have any size; if the run is stopped or killed, the
    same command goes on where it was. Bad files are the rows of emotions.errors.parquet beside
    emotions.parquet. --workers shares the recordings among processes, whatever the format.

    For example:

    intona predict clip.wav

    intona predict recordings/ --out emotions.csv

    intona predict calls/ --adapt --emotions angry,happy,neutral,sad --merge calm=neutral

    intona predict meeting.mp3 --timeline --out meeting.vtt --plot meeting.png

    intona predict call.wav --timeline --channels each:agent,customer
    """
    log = Log.of(quiet, verbose, log_format)
    from intona import labels
    from intona.audio import files, find
    from intona.audio.channels import Channels
    from intona.files import picture, require_apart, require_writable
    from intona.formats.predictions import format_of
    from intona.inference.asking import in_windows, open_to_ask
    from intona.inference.choice import Choice
    from intona.inference.recognizer import Recognizer

    with log.ending():
        if plot is not None:
            plot = picture(plot)
        if top_k is not None and style != "pipeline":
            raise UsageError("--top-k goes with --format pipeline")
        options.require_some(paths)
        over_time = timeline or turns is not None or plot is not None
        to_parquet = not over_time and format_of(style, out) == "parquet"
        if not to_parquet and (shard or engine != "local" or address):
            raise UsageError("--shard, --engine and --address go with --out FILE.parquet")
        if over_time and workers > 1:
            raise UsageError("--workers goes with answers for whole recordings, not with timelines")
        if profile is not None and to_parquet:
            raise UsageError("--profile goes with text, json and csv: a batch has many speakers")
        if options.STANDARD_INPUT in paths and (to_parquet or workers > 1):
            raise UsageError(
                "- goes with text, json and csv and one worker: save it to a file first"
            )
        if profile is not None and adapt:
            raise UsageError("--profile and --adapt are two answers to one question: choose one")
        choice = Choice(
            labels.parse_list(emotions), labels.parse_merge(merge), adapt, Channels.parse(channels)
        )
        if to_parquet:
            on = options.place(workers, engine, address)
            _batch(log, model, paths, out, choice, on, shard)
            return
        inputs = [*options.files_named(model, profile, turns), *paths]
        sources = options.sources(paths)
        style = _style(style, out, over_time)
        found: list[Found] = []
        where: dict[Path, Path] = {}
        if over_time:
            found = list(find(sources))
            where = _places(found, style, out, plot, inputs)
        elif out is not None:
            require_writable(out)
            require_apart([out], chain(inputs, files(paths)))
        recognizer = open_to_ask(model, profile=profile)
        if adapt:
            recognizer.require_adaptable()
        recognizer = recognizer.narrowed(choice.emotions, choice.merge)
        if over_time:
            _timeline(log, in_windows(recognizer), found, style, where, turns, plot, choice)
            return
        statistics = None
        if adapt and isinstance(recognizer, Recognizer):
            from intona.inference.adapt import statistics_of

            statistics = statistics_of(recognizer, sources, channels=choice.channels)
            recognizer = recognizer.adapted(statistics)
        spread = None
        if workers > 1:
            from intona.inference.spread import Ask, answers

            ask = Ask(model, choice, profile, statistics)
            spread = partial(answers, ask, on=options.place(workers, engine, address))
        _clips(log, recognizer, sources, style, out, choice.channels, top_k, spread)


def _style(style: str | None, out: Path | None, over_time: bool) -> str:
    from intona import formats
    from intona.formats import predictions

    return formats.format_of(out, style) if over_time else predictions.format_of(style, out)


def _places(
    sources: Sequence[Found],
    style: str,
    out: Path | None,
    plot: Path | None,
    inputs: Sequence[Path],
) -> dict[Path, Path]:
    """Return where each timeline is to be written; refuse places that cannot be, first."""
    from intona import formats
    from intona.audio.finding import UnheardError
    from intona.files import require_apart, require_writable

    recordings = [
        Path("-") if not isinstance(each, Path) else each
        for each in sources
        if not isinstance(each, UnheardError)
    ]
    if plot is not None and len(recordings) > 1:
        raise UsageError("--plot draws one recording: name one")
    where = {} if out is None else formats.places(recordings, out, style)
    written = [file for place in set(where.values()) for file in formats.written(place, style)]
    require_apart(written if plot is None else [*written, plot], (*inputs, *recordings))
    if len(written) == 1:
        require_writable(written[0])
    return where


def _clips(
    log: Log,
    model: Recognizer | Foreign,
    sources: Sequence[Whole],
    style: str,
    out: Path | None,
    channels: Channels,
    top_k: int | None,
    spread: Callable[[Iterable[Any]], Iterator[Any]] | None,
) -> None:
    from intona.audio import find
    from intona.cli.stopping import Stop
    from intona.errors import IntonaError
    from intona.formats.predictions import TOP, line, render, save
    from intona.inference.asking import predict_files
    from intona.inference.clip import TOGETHER
    from intona.inference.many import failed as row_of
    from intona.inference.notice import Notice
    from intona.tables import Prediction, Utterance

    done: list[Prediction] = []
    notice = Notice(model)
    one = len(sources) == 1 and not (isinstance(sources[0], Path) and sources[0].is_dir())
    alone = one and not channels.each
    more: dict[str, Any] = {"top_k": top_k or TOP, "alone": alone}
    failed = False
    shown = style == "text" and out is None
    with Stop() as stop:
        # What was begun is finished.
        found = takewhile(lambda _: not stop(), find(sources))
        if spread is None:
            together = 1 if shown else TOGETHER
            results = predict_files(model, channels.heard(found), together=together)
        else:
            results = takewhile(lambda _: not stop(), spread(found))
        for result in results:
            if isinstance(result, IntonaError):
                failed = True
                log.error(str(result))
                if style == "pipeline" and not alone:  # which has no names: the order tells
                    done.append(row_of(model, result, Utterance("")))
                continue
            notice.take(result)
            failed = log.tell(notice.other(result.notes)) or failed
            log.detail(
                f"done: {line(result)}",
                file=result.file,
                emotion=result.emotion,
                status=result.status,
                end=result.end,
            )
            if shown:
                say(line(result))
            else:
                done.append(result)
    if out is not None and done:
        save(done, model.labels, style, out, **more)
    elif out is not None:
        log.error(f"{out} is not written: there is no answer to write")
    elif style != "text" and (done or style != "pipeline"):
        say(render(done, model.labels, style, **more), nl=False)
    for sentence in notice.sentences():
        log.note(sentence)
    _leave(log, stop, failed)


def _leave(log: Log, stop: Stop, failed: bool) -> None:
    """Leave with the code of what happened."""
    if stop.signal is not None:
        log.stopped("what was done until then is written")
        raise typer.Exit(130)
    if failed:
        raise typer.Exit(1)


def _batch(
    log: Log,
    model: str | None,
    paths: list[Path],
    out: Path | None,
    choice: Choice,
    on: Place,
    shard: int | None,
) -> None:
    from intona.cli.progress import following
    from intona.inference.batch import SHARD, predict_folder
    from intona.inference.notice import apart
    from intona.inference.parts import errors_of

    assert out is not None  # format_of has refused parquet without a file
    size = shard or SHARD
    with following(log) as progress:
        done = predict_folder(
            model, paths, out, choice=choice, on=on, shard=size, progress=progress
        )
    resumed = f", {done.resumed} of them by an earlier run" if done.resumed else ""
    log.summary(
        f"{out}: {done.files} recordings{resumed}, {done.audio / 3600:.2f} h of audio "
        f"in {done.seconds:.1f} s",
        out=str(out),
        **asdict(done),
    )
    for sentence in apart(done.apart, done.files):
        log.note(sentence)
    if done.errors:
        log.error(f"{done.errors} recordings failed or are damaged: see {errors_of(out)}")
        raise typer.Exit(1)


def _timeline(
    log: Log,
    model: Model,
    sources: Sequence[Found],
    style: str,
    where: dict[Path, Path],
    turns: Path | None,
    plot: Path | None,
    choice: Choice,
) -> None:
    from intona import formats
    from intona.audio.finding import UnheardError
    from intona.cli.stopping import Stop
    from intona.errors import AudioError
    from intona.formats import picture as pictures
    from intona.formats.rows import Segmentation
    from intona.inference.notice import Sides
    from intona.inference.timeline import timeline_each

    tables: dict[Path, Segmentation] = {}
    failed = False

    sides = Sides()

    def notice(sentence: str) -> None:
        nonlocal failed
        failed = log.tell(sides.other([sentence])) or failed

    with Stop() as stop:
        for file, result in timeline_each(
            model,
            sources,
            turns=turns,
            channels=choice.channels,
            adapt=choice.adapt,
            stop=stop,
            notice=notice,
        ):
            if isinstance(result, AudioError):
                failed = True
                log.error(str(result))
            else:
                tables[file] = result
                count = len(result.predictions)
                log.detail(f"done: {file}, {count} segments", file=file, segments=count)
    if not tables:
        raise typer.Exit(1)
    for sentence in sides.sentences(len(tables)):
        log.note(sentence)
    if where:
        formats.write_each(tables, where, style)
    else:
        say(formats.render(Segmentation.joined(list(tables.values())), style), nl=False)
    if plot is not None:
        table = next(iter(tables.values()))
        heard = next(each for each in sources if not isinstance(each, UnheardError))
        if not isinstance(heard, Path):
            heard.seek(0)
        pictures.plot(table, heard, plot)
    _leave(log, stop, failed)
