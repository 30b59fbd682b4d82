"""Enrolment: from unlabelled speech of a speaker or place to a profile; no audio is kept.

Two kinds of speech serve for a speaker. *Mixed* speech, unlabelled but varied (a long conversation,
say), is the best there is. A few *neutral* clips are easier to get: how neutral speech usually
differs from mixed is known from the training speakers and taken into account. A *place* is a
language, room, microphone or way of speaking: varied speech of anybody there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from intona.audio import Audio
from intona.audio.channels import Asked, Channels
from intona.audio.damage import Notice, warn
from intona.audio.decode import Source
from intona.audio.given import Given
from intona.errors import AudioError, UsageError
from intona.features.manner import ASPECTS
from intona.features.prosody import measure
from intona.inference.adapt import utterances
from intona.inference.many import recordings_in
from intona.inference.profile import KINDS, Profile
from intona.inference.recognizer import Recognizer
from intona.models.adaptation import Running
from intona.models.lineage import Training
from intona.tables import Utterance

LEAST = 2.0  # seconds of speech needed in all


def enroll(
    model: Recognizer,
    sources: Given | Iterable[Given | AudioError],
    *,
    name: str,
    speech: str = "neutral",
    channels: Asked = None,
    trouble: Callable[[AudioError], object] | None = None,
    notice: Notice = warn,
) -> Profile:
    """Make a profile.

    Args:
        model: what the profile is for.
        sources: recordings of this speaker alone, or from this place, or folders of them; a file
            that is named twice counts once. An error of a name that no file is behind is treated as
            an error of it.
        name: of the speaker or place.
        speech: ``"neutral"``; ``"mixed"`` for varied speech without labels; ``"place"`` for
            varied speech of anybody, for a language, room or microphone.
        channels: what is heard of recordings with several; ``"left"`` for the speaker there. Of
            ``"each"`` all count, as of a place.
        trouble: called with the error of a recording that cannot be used, which is then left out;
            without it the first such error is raised.
        notice: told what is lost or odd, see :func:`intona.audio.read`.

    Raises:
        UsageError: an unknown kind of speech, or a model that cannot adapt.
        AudioError: a recording cannot be used, or there is less than two seconds of speech.
    """
    if speech not in KINDS:
        raise UsageError(f"speech is one of {', '.join(KINDS)}, not {speech!r}")
    model.require_adaptable()
    running, seconds = Running(), 0.0
    measured: list[dict[str, float]] = []
    hear = Channels.parse(channels)
    for source in hear.heard(_once(recordings_in(sources, whole=not hear.plain))):
        try:
            if isinstance(source, AudioError):
                raise source
            for utterance in utterances(source, notice=notice):
                running.add(model.embedding([utterance.samples], utterance.rate))
                seconds += utterance.duration
                if speech == "neutral":
                    measured.append(measure(utterance.samples, utterance.rate))
        except AudioError as error:
            if trouble is None:
                raise
            trouble(error)
    if seconds < LEAST:
        raise AudioError(
            f"only {seconds:.1f} s of speech was found to enroll {name}: give at least {LEAST:.0f}"
        )
    return Profile(
        name=name,
        model=model.identity.mark,
        made_with=model.identity.short(),
        speech=speech,
        seconds=round(seconds, 2),
        statistics=running.statistics(),
        manner=_manner(measured),
    )


def heard_before(model: Recognizer, sources: Iterable[Source | Audio | AudioError]) -> list[str]:
    """Return what is to be said, one sentence each, of recordings the model was trained on.

    A profile of them fits, but what it gains there says nothing of new recordings.

    Args:
        model: what the profile is for.
        sources: recordings; those that are in no file are new.
    """
    paths = [Path(one) for one in sources if isinstance(one, str | Path)]
    wanted = [Utterance(str(one)) for one in paths if one.is_file()]
    heard = Training.of(model.metadata).heard
    if not wanted:
        return []
    found = [] if heard is None else heard.find(wanted)
    said = []
    if found:
        said.append(
            f"LEAKY: the model was trained on {len(found)} of these {len(wanted)} recordings, for "
            f"example {found[0].words}: what a profile gains on them does not hold for new ones"
        )
    if heard is None or not heard.complete:
        said.append(
            "whether the model was trained on these recordings cannot be told: its file does not "
            "remember all of the sound it was made from"
        )
    return said


def _once(
    sources: Iterable[Source | Audio | AudioError],
) -> Iterator[Source | Audio | AudioError]:
    """Yield each source, a file that is named twice once."""
    heard: set[Path] = set()
    for source in sources:
        if isinstance(source, str | Path):
            file = Path(source).resolve()
            if file in heard:
                continue
            heard.add(file)
        yield source


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
