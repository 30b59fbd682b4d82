"""Asking models about many utterances under many conditions, on several processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from intona import audio, parallel
from intona.audio.transforms import Bank
from intona.audit.conditions import Banks, Condition, apply
from intona.audit.model import Subject
from intona.corpora import synthetic
from intona.errors import AudioError
from intona.parallel import HERE, Engine, Progress
from intona.tables import Utterance

__all__ = ["Question", "Reply", "Sources", "ask"]

Floats = NDArray[np.float64]

BATCH = 16
BANK_RATE = 16_000


@dataclass(frozen=True)
class Sources:
    """Where banks of recordings come from, small enough to travel to another process.

    Attributes:
        voices: utterances babble is made of, with the number of their speaker.
        noises: a folder of noises, or ``None``.
        rooms: a folder of impulse responses, or ``None``.
        seed: of everything random.
    """

    voices: tuple[tuple[Utterance, int], ...] = ()
    noises: Path | None = None
    rooms: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class Question:
    """One utterance under several conditions, for several models.

    Attributes:
        number: which utterance it is; part of the seed.
        utterance: where it is.
        speaker: the number of its speaker, who does not babble in the background.
        conditions: what to do to it; ``None`` is nothing.
        subjects: whom to ask; all work at the same sample rate.
        sources: of the banks.
        pitch: whether to measure the fundamental frequency as well.
    """

    number: int
    utterance: Utterance
    speaker: int
    conditions: tuple[tuple[Condition | None, bool], ...]
    subjects: tuple[Subject, ...]
    sources: Sources
    pitch: bool = False

    def __call__(self) -> Reply:
        """Listen and answer."""
        clip = self.clip()
        changed = [self.hear(clip, *condition) for condition in self.conditions]
        answers = tuple(_answers(subject, changed) for subject in self.subjects)
        return Reply(answers, _mean_pitch(clip) if self.pitch else float("nan"))

    def clip(self) -> audio.Audio:
        """Read the recording at the models' rate."""
        where = self.utterance
        return audio.read(where.file, rate=self.subjects[0].rate, start=where.start, end=where.end)

    def hear(
        self, clip: audio.Audio, condition: Condition | None, reference: bool
    ) -> tuple[NDArray[np.float32], int]:
        """Return what a model hears of the clip under a condition, and the sample rate.

        The chance is drawn from the seed, the condition's name and the number of the
        utterance alone, so that any single signal can be made again.
        """
        if condition is None:
            return clip.samples, clip.rate
        name = crc32(condition.name.encode())
        rng = np.random.default_rng([self.sources.seed, name, self.number, int(reference)])
        banks: Banks = {}
        if condition.source is not None:
            banks = {condition.source: _bank(condition.source, self.speaker, self.sources)}
        return apply(condition, clip.samples, clip.rate, rng, banks, reference=reference)


@dataclass(frozen=True)
class Reply:
    """What came of a question.

    Attributes:
        answers: per subject, shape ``(conditions, columns)``.
        pitch: mean fundamental frequency in Hz, NaN where it was not asked for or is voiceless.
    """

    answers: tuple[Floats, ...]
    pitch: float


def ask(
    questions: Sequence[Question],
    *,
    on: Engine = HERE,
    progress: Progress | None = None,
    text: str = "listening",
) -> list[Reply]:
    """Return the answers to all questions, in order.

    Args:
        questions: see :class:`Question`.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.
        text: what the progress is called.

    Raises:
        AudioError: the first recording that cannot be read.
    """
    found = []
    replies = parallel.map(
        Question.__call__, questions, on=on, chunk=4, progress=progress, text=text
    )
    for question, reply in zip(questions, replies, strict=True):
        if isinstance(reply, parallel.Lost):
            raise AudioError(
                f"{question.utterance.file}: a worker was killed while it read this file"
            )
        found.append(reply)
    return found


def _answers(subject: Subject, signals: Sequence[tuple[NDArray[np.float32], int]]) -> Floats:
    """Ask in batches of signals of one length, which a model answers in one call."""
    groups: dict[tuple[int, int], list[int]] = {}
    for k, (samples, rate) in enumerate(signals):
        groups.setdefault((rate, samples.size), []).append(k)
    columns = 1 if subject.numeric else len(subject.labels)
    result = np.empty((len(signals), columns))
    for (rate, _), members in groups.items():
        for first in range(0, len(members), BATCH):
            rows = members[first : first + BATCH]
            result[rows] = subject.answers([signals[k][0] for k in rows], rate)
    return result


def _mean_pitch(clip: audio.Audio) -> float:
    from intona.features.pitch import pitch

    voiced = pitch(clip.samples, clip.rate)
    return float(voiced.hz[voiced.voiced].mean()) if voiced.voiced.any() else float("nan")


def _bank(name: str, speaker: int, sources: Sources) -> Bank:
    if name == "voices":
        return _voices(sources.voices, speaker, sources.seed)
    folder = sources.noises if name == "noises" else sources.rooms
    return _folder(str(folder))


@lru_cache(maxsize=4)
def _folder(folder: str) -> Bank:
    return Bank.from_folder(folder, rate=BANK_RATE)


@lru_cache(maxsize=256)
def _voices(voices: tuple[tuple[Utterance, int], ...], speaker: int, seed: int) -> Bank:
    """Return the other speakers' voices; synthetic ones where there is nobody else."""
    others = [_voice(voice) for voice, own in voices if own != speaker]
    if not others:
        made = [synthetic.utterance(e, s, seed) for e in ("neutral", "happy") for s in range(4)]
        others = [audio.resample(voice.samples, voice.rate, BANK_RATE) for voice in made]
    return Bank(tuple(others), BANK_RATE)


@lru_cache(maxsize=512)
def _voice(where: Utterance) -> NDArray[np.float32]:
    return audio.read(where.file, rate=BANK_RATE, start=where.start, end=where.end).samples
