"""Enrolment: from some speech of a speaker to a profile, without labels and without keeping it.

Two kinds of speech serve. A few *neutral* clips show how the speaker's neutral voice sounds to
the model. Or *mixed* speech, unlabelled but varied (a long conversation, say): it shows the bias
of the model on this voice directly, as far as the emotions in it are as mixed as those the
model was trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from intona.audio import Audio, blocks
from intona.audio.vad import regions
from intona.errors import AudioError, UsageError
from intona.features.manner import ASPECTS
from intona.features.prosody import measure
from intona.inference.profile import Profile
from intona.inference.recognizer import Recognizer
from intona.models.adaptation import KINDS, statistics

__all__ = ["enroll"]

LONGEST = 8.0  # seconds of an utterance; longer recordings are divided where speech pauses
SHORTEST = 0.5  # seconds; shorter ones are left out
LEAST = 2.0  # seconds of speech needed in all


def enroll(
    model: Recognizer, sources: Iterable[str | Path | Audio], *, name: str, speech: str = "neutral"
) -> Profile:
    """Make a speaker's profile.

    Args:
        model: what the profile is for.
        sources: recordings of this speaker alone, or from this place; a file that is named twice
            counts once.
        name: of the speaker or place.
        speech: ``"neutral"``, or ``"mixed"`` for varied speech without labels; ``"place"`` for
            varied speech of anybody in a new place, see :mod:`intona.models.adaptation`.

    Raises:
        UsageError: an unknown kind of speech, or a model that cannot adapt to it.
        AudioError: a recording cannot be used, or there is less than two seconds of speech.
    """
    if speech not in KINDS:
        raise UsageError(f"speech is one of {', '.join(KINDS)}, not {speech!r}")
    if model.numeric:
        raise UsageError("a profile adapts a model of emotions, not one of numbers")
    output = statistics(model.metadata, speech).get("output")
    rows, seconds = [], 0.0
    measured: list[dict[str, float]] = []
    for utterance in _utterances(sources):
        rows.append(model.voice_scores([utterance.samples], utterance.rate, output)[0])
        seconds += utterance.duration
        if speech == "neutral":
            measured.append(measure(utterance.samples, utterance.rate))
    if seconds < LEAST:
        raise AudioError(
            f"only {seconds:.1f} s of speech was found to enroll {name}: give at least {LEAST:.0f}"
        )
    mean = np.mean(rows, axis=0)
    return Profile(
        name=name,
        model=model.fingerprint,
        speech=speech,
        count=len(rows),
        seconds=round(seconds, 2),
        labels=tuple(model.labels),
        mean=tuple(round(float(value), 6) for value in mean),
        manner=_manner(measured),
    )


def _utterances(sources: Iterable[str | Path | Audio]) -> Iterator[Audio]:
    """Yield clips with speech as they are, and of long recordings the stretches of speech."""
    heard: set[Path] = set()
    for source in sources:
        if not isinstance(source, Audio):
            file = Path(source).resolve()
            if file in heard:
                continue
            heard.add(file)
        parts = [source] if isinstance(source, Audio) else blocks(source, seconds=30.0)
        for part in parts:
            stretches = regions(part)
            if part.duration <= LONGEST:
                if stretches:
                    yield part
                continue
            for begin, end in stretches:
                pieces = int(np.ceil((end - begin) / LONGEST))
                for start, stop in pairwise(np.linspace(begin, end, pieces + 1)):
                    if stop - start >= SHORTEST:
                        first, last = round(start * part.rate), round(stop * part.rate)
                        yield Audio(part.samples[first:last], part.rate)


def _manner(measured: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    found = {}
    for aspect in ASPECTS:
        values = [one[aspect.measure] for one in measured if np.isfinite(one[aspect.measure])]
        if values:
            found[aspect.measure] = {
                "mean": round(float(np.mean(values)), 4),
                "count": float(len(values)),
            }
    return found
