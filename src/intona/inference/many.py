"""Many recordings from Python: any iterable of them in, one table of predictions out."""

from __future__ import annotations

import math
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.audio import Audio, find
from intona.audio.channels import MIXED, Channels
from intona.audio.decode import Source, title_of
from intona.audio.finding import UnheardError
from intona.audio.given import is_many, source_of
from intona.errors import AudioError, IntonaError
from intona.extras import require
from intona.inference.clip import predict, predict_each
from intona.inference.foreign.base import Foreign
from intona.inference.model import Model
from intona.tables import Prediction, Utterance, stretches, to_table

if TYPE_CHECKING:
    import pandas as pd

_Heard = Source | Audio | AudioError


def recordings(given: Any, *, whole: bool = False) -> Iterator[_Heard]:
    """Yield recordings one by one, folders as they are; an error in place of unusable samples.

    Args:
        given: one recording as :func:`intona.audio.given.source_of` takes it, a folder, an iterable
            of those, or a corpus or its table, whose files are meant.
        whole: keep sound with all of its channels, as a file in memory.

    Raises:
        UsageError: an item that cannot be a recording.
    """
    wanted = stretches(given)
    if wanted is not None:
        yield from dict.fromkeys(Path(one.file) for one in wanted)
        return
    for one in given if is_many(given) else [given]:
        try:
            yield one if isinstance(one, AudioError) else source_of(one, whole=whole)
        except AudioError as error:
            yield error


def recordings_in(given: Any, *, whole: bool = False) -> Iterator[_Heard]:
    """Yield recordings one by one, folders searched; see :func:`recordings`."""
    for one in recordings(given, whole=whole):
        yield from find([one]) if isinstance(one, str | Path) else [one]


def predict_table(model: Model, given: Any, channels: Channels | None = None) -> pd.DataFrame:
    """Predict many recordings, one row each, in their order.

    A recording that cannot be used becomes a row of status ``error`` whose ``reason`` says why,
    with a warning; the others go on.

    Args:
        model: the recogniser.
        given: an iterable of recordings and folders; or a table of utterances, indexed by
            ``(file, start, end)``, or a corpus, of which each stretch is predicted.
        channels: what is heard of each; of every channel by itself, one row each.

    Raises:
        UsageError: a table without that index, or an item that cannot be a recording.
        MissingExtraError: pandas is not installed.
    """
    require("a table of many recordings", "pandas")
    wanted = stretches(given)
    hear = channels or MIXED
    found = _each(model, given, hear) if wanted is None else _each_stretch(model, wanted, hear)
    rows = [
        result if isinstance(result, Prediction) else failed(model, result, utterance)
        for utterance, result in found
    ]
    errors = sum(row.status == "error" for row in rows)
    if errors:
        warnings.warn(
            f"{errors} of {len(rows)} recordings could not be used: the rows of status 'error' "
            "say why",
            stacklevel=3,
        )
    return to_table(rows, model.labels)


def _each(
    model: Model, given: Any, channels: Channels
) -> Iterator[tuple[Utterance, Prediction | AudioError]]:
    names: deque[str] = deque()

    def named() -> Iterator[_Heard]:
        for source in recordings_in(given, whole=not channels.plain):
            for heard in channels.heard([source]):
                names.append(_name(source))
                yield heard

    for result in predict_each(model, named()):
        yield Utterance(names.popleft()), result


def _each_stretch(
    model: Model, wanted: Iterable[Utterance], channels: Channels
) -> Iterator[tuple[Utterance, Prediction | AudioError]]:
    for one in wanted:
        for heard in channels.heard([one.file]):
            try:
                if isinstance(heard, AudioError):
                    raise heard
                yield one, predict(model, heard, one.start, one.end)
            except AudioError as error:
                yield one, error
            except OSError as error:
                yield one, AudioError(f"cannot read {one.file}: {error.strerror or error}")


def failed(model: Model | Foreign, error: IntonaError, where: Utterance) -> Prediction:
    """Return the row of status ``error`` of a recording that cannot be used."""
    nothing = dict.fromkeys(model.labels, math.nan)
    return Prediction(
        None, math.nan, nothing, "error", where.file, where.start, where.end, reason=str(error)
    )


def _name(source: _Heard) -> str:
    if isinstance(source, UnheardError):
        return str(source.path)
    return "" if isinstance(source, Audio | AudioError) else title_of(source) or ""
