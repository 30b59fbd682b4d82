"""Predictions of many recordings, several at a time.

Clips that follow each other are read into a window of bounded size; voice activity is found in all
of them side by side, and clips of similar length share a call of the model. Each is treated by its
own length, so what a clip gets differs from
:meth:`intona.inference.recognizer.Recognizer.predict` by no more than rounding. The same files in
the same order always give the very same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from intona.audio import Audio, blocks
from intona.errors import AudioError
from intona.inference.hearing import LEAST_SPEECH, LONGEST, Mean, hear
from intona.inference.recognizer import Recognizer
from intona.tables import Prediction

__all__ = ["TOGETHER", "predict_each"]

TOGETHER = 32  # clips in a window
SECONDS = 120.0  # and of audio: some 25 MB


def predict_each(
    model: Recognizer, sources: Iterable[str | Path | Audio], *, together: int = TOGETHER
) -> Iterator[Prediction | AudioError]:
    """Yield one prediction per recording, or the error that prevented it; never stops half-way.

    Args:
        model: the recogniser.
        sources: files or audio; those longer than 30 s are predicted alone, in constant memory.
        together: clips in a window; 1 yields each as soon as it is done.
    """
    window: list[tuple[str | Path | Audio, Audio | AudioError | None]] = []
    seconds = 0.0
    for source in sources:
        found = _short(source)
        window.append((source, found))
        seconds += found.duration if isinstance(found, Audio) else 0.0
        if len(window) >= together or seconds >= SECONDS:
            yield from _predict(model, window)
            window, seconds = [], 0.0
    yield from _predict(model, window)


def _short(source: str | Path | Audio) -> Audio | AudioError | None:
    """Return a whole recording, its error, or ``None`` for one to be predicted alone."""
    if isinstance(source, Audio):
        return source if 0.0 < source.duration <= LONGEST else None
    try:
        parts = blocks(source, seconds=LONGEST)
        first = next(parts)
        return first if next(parts, None) is None else None
    except (AudioError, OSError) as error:
        return _as_error(source, error)


def _as_error(source: str | Path | Audio, error: AudioError | OSError) -> AudioError:
    if isinstance(error, AudioError):
        return error
    return AudioError(f"cannot read {source}: {error.strerror or error}")


def _predict(
    model: Recognizer, window: list[tuple[str | Path | Audio, Audio | AudioError | None]]
) -> Iterator[Prediction | AudioError]:
    heard = hear([found for _, found in window if isinstance(found, Audio)], model.rate)
    spoken = [clip for clip in heard if clip.speech >= LEAST_SPEECH]
    clips, rows = iter(heard), iter(model.rows([clip.audio for clip in spoken]))
    for source, found in window:
        if isinstance(found, AudioError):
            yield found
        elif found is None:
            try:
                yield model.predict(source)
            except (AudioError, OSError) as error:
                yield _as_error(source, error)
        else:
            clip, mean = next(clips), Mean(len(model.labels))
            mean.add(clip, next(rows) if clip.speech >= LEAST_SPEECH else None)
            yield model.conclude(mean, None if isinstance(source, Audio) else str(source))
