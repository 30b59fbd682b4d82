"""The live recogniser: push samples as they come, get events.

It shares its core with :mod:`intona.inference.timeline`: the ``segment`` events of a stream are
the rows of the timeline of the same audio, however the stream was split into pushes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.audio import MIN_RATE
from intona.audio.check import Watch
from intona.audio.given import floats
from intona.errors import UsageError
from intona.inference.model import Model
from intona.inference.online import Online
from intona.inference.windows import TimelineOptions
from intona.tables import Event


class Stream:
    """Recognise emotion while audio arrives; memory stays that of a few seconds, for days.

    Events, in the order of time:

    - ``speech_start``: somebody speaks; told when the speech has lasted 0.25 s.
    - ``update``: the emotion of the last seconds of speech, smoothed; every ``update`` seconds.
    - ``segment``: a finished stretch of one emotion, a row of the timeline.
    - ``speech_end``: told when the silence has lasted 0.3 s.
    - ``trouble``: clipping, dropouts or a dead microphone, in one sentence.

    Args:
        model: a :class:`intona.inference.recognizer.Recognizer`.
        rate: sample rate of what will be pushed, in Hz; any.
        options: windows, segments and speech, as for the timeline.
        update: seconds of speech between ``update`` events; ``None`` for none.
        changes: single fields of the options, for example ``window=2.0``.

    Raises:
        UsageError: an option does not make sense.
    """

    def __init__(
        self,
        model: Model,
        rate: int,
        options: TimelineOptions | None = None,
        *,
        update: float | None = 0.5,
        **changes: Any,
    ) -> None:
        if rate < MIN_RATE:
            raise UsageError(f"a stream of {rate} samples per second: give its rate in Hz")
        if update is not None and not 0.05 <= update <= 60:
            raise UsageError(f"an update every {update:g} s: choose from 0.05 to 60 s")
        chosen = replace(options or TimelineOptions(), **changes)
        self._online = Online(model, rate, chosen, update=update)
        self._watch = Watch(rate)
        self._ended = False

    def push(self, samples: ArrayLike) -> list[Event]:
        """Take the next samples; return what happened.

        Args:
            samples: mono, shape ``(n,)``, any ``n``; floats in [-1, 1], or integers
                of 8, 16 or 32 bits.
                NaN and infinite values are taken for a dropout: silence, and told.

        Raises:
            UsageError: another shape or type, or the stream has been flushed.
        """
        if self._ended:
            raise UsageError("this stream has ended: make a new one")
        events: list[Event] = []
        # Whole seconds, so that troubles come at the same place however the audio is split.
        for part in self._watch.parts(_mono(samples)):
            sound, troubles = self._watch.look(part)
            events += self._online.push(sound)
            events += [Event("trouble", time, message=words) for time, words in troubles]
        return events

    def flush(self) -> list[Event]:
        """End the stream; return all that was still open."""
        if self._ended:
            return []
        self._ended = True
        return self._online.flush()


def _mono(samples: ArrayLike) -> NDArray[np.float32]:
    array = np.asarray(samples)
    if array.ndim != 1:
        raise UsageError(
            f"push mono samples of shape (n,), not {array.shape}: average the channels"
        )
    return np.asarray(floats(array) if len(array) else array, np.float32)
