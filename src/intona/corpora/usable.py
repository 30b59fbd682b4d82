"""Whether every utterance of a corpus can be heard: its segment exists and holds sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from intona import parallel
from intona.audio import read
from intona.corpora.base import Corpus, Key, key_of
from intona.corpora.problem import ROW, Problem, kind_of
from intona.errors import AudioError, CorpusError
from intona.parallel import HERE, Engine, Progress
from intona.tables import Utterance, utterances

if TYPE_CHECKING:
    import pandas as pd

_SPARE = 0.25  # seconds that a segment may reach beyond the end: times are often rounded
_MILLI = 1000.0
_SHORTEST = 100.0  # milliseconds of a segment that may be meant


def unusable(
    table: pd.DataFrame,
    *,
    whole: bool = True,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> dict[Utterance, str]:
    """Find the utterances that cannot be heard, and why.

    Args:
        table: anything indexed by ``(file, start, end)``.
        whole: also listen to whole recordings, not only to segments of them.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.
    """
    wanted = [each for each in utterances(table.index) if whole or _is_segment(each)]  # type: ignore[arg-type]
    wanted = list(dict.fromkeys(wanted))
    found = parallel.map(_fault, wanted, on=on, progress=progress, text="listening")
    return {
        each: "a worker was killed while it read this file"
        if isinstance(fault, parallel.Lost)
        else fault
        for each, fault in zip(wanted, found, strict=True)
        if fault is not None
    }


def require_usable(
    corpus: Corpus,
    *,
    skip: bool = False,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> Corpus:
    """Refuse rows that make no sense, or leave them out.

    Without ``skip`` only segments are listened to: a recording that cannot be read is found soon
    enough by what uses it.

    Args:
        corpus: as loaded.
        skip: leave out and report bad rows and recordings that cannot be used, and go on.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Raises:
        CorpusError: there are such rows, or nothing is left without them.
    """
    rows = [problem for problem in corpus.problems if kind_of(problem) == ROW]
    if rows and not skip:
        raise _refusal([row.replace("left out, ", "") for row in rows])
    faults = unusable(corpus.table, whole=skip, on=on, progress=progress)
    if not faults:
        return corpus
    said = told(faults, corpus)
    if not skip:
        raise _refusal([str(problem) for problem in said])
    kept = np.array([each not in faults for each in utterances(corpus.table.index)])  # type: ignore[arg-type]
    if not kept.any():
        raise CorpusError(f"{corpus.name}: no utterance can be used: {said[0]}")
    left_out = (Problem(f"left out: {problem}", ROW) for problem in said)
    return replace(corpus, table=corpus.table[kept], problems=(*corpus.problems, *left_out))


@contextmanager
def pointing(corpus: Corpus) -> Iterator[None]:
    """Say where a recording stands, and how to go on without it, when it ends the work."""
    try:
        yield
    except AudioError as error:
        # The longest: a.wav is in the name of aa.wav too.
        named = {file: place for (file, *_), place in corpus.places.items() if file in str(error)}
        place = named[max(named, key=len)] if named else None
        raise AudioError(
            f"{place + ': ' if place else ''}{error}; or leave such recordings out with --skip-bad"
        ) from None


def told(faults: dict[Utterance, str], corpus: Corpus) -> list[Problem]:
    """Say of each utterance that cannot be heard where it stands and what is wrong."""
    hint = ""
    if all(_is_segment(each) for each in faults) and _in_milliseconds(list(faults), corpus):
        hint = "; are the times milliseconds? they must be seconds"
    problems = []
    for each, fault in faults.items():
        place = corpus.places.get(_key(each))
        problems.append(Problem(f"{place + ': ' if place else ''}{fault}{hint}", ROW))
    return problems


def _refusal(rows: Sequence[str]) -> CorpusError:
    more = f" (and {len(rows) - 1} more: see intona corpus check)" if len(rows) > 1 else ""
    return CorpusError(f"{rows[0]}{more}; correct it, or leave such rows out with --skip-bad")


def _key(each: Utterance) -> Key:
    return key_of({"file": each.file, "start": each.start, "end": each.end})


def _is_segment(each: Utterance) -> bool:
    return bool(each.start) or each.end is not None


def _fault(each: Utterance) -> str | None:
    """Say why an utterance cannot be heard, or nothing."""
    try:
        audio = read(each.file, start=each.start, end=each.end)
    except AudioError as error:
        return str(error).removesuffix(": ask for an earlier part")
    except OSError as error:
        return f"cannot read {each.file}: {error.strerror or error}"
    heard = each.start + audio.duration
    if each.end is not None and heard < each.end - _SPARE:
        return f"{each.file} ends at {heard:.2f} s, before {each.end:g} s"
    return None


def _in_milliseconds(wanted: Sequence[Utterance], corpus: Corpus) -> bool:
    """Tell whether all segments are wrong, and would be right if their times were milliseconds."""
    if len(wanted) < sum(map(_is_segment, utterances(corpus.table.index))):  # type: ignore[arg-type]
        return False
    if any(each.end is not None and each.end - each.start < _SHORTEST for each in wanted):
        return False
    shorter = (
        replace(each, start=each.start / _MILLI, end=each.end and each.end / _MILLI)
        for each in wanted
    )
    return all(_fault(each) is None for each in shorter)
