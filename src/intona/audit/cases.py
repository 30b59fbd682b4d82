"""Test cases of an audit: one utterance under several conditions, predicted by several models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from intona import audio, parallel
from intona.audio import Audio
from intona.audio.transforms import Bank
from intona.audit.conditions import Condition, apply
from intona.audit.model import AuditedModel
from intona.corpora import synthetic
from intona.errors import AudioError, ModelError
from intona.parallel import HERE, Engine, Progress
from intona.tables import Utterance

Floats = NDArray[np.float64]

BANK_RATE = 16_000


class Variant(NamedTuple):
    """One signal made of an utterance.

    Attributes:
        condition: what is done to the recording; ``None`` leaves it as it is.
        reference: do the condition's reference instead.
    """

    condition: Condition | None = None
    reference: bool = False


ORIGINAL = Variant()


@dataclass(frozen=True)
class BankSources:
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
class Case:
    """One utterance in several variants, for several models.

    Attributes:
        number: which utterance it is; part of the seed.
        utterance: where it is.
        speaker: the number of its speaker, who does not babble in the background.
        variants: the signals to predict.
        models: all work at the same sample rate.
        sources: of the banks.
        pitch: whether to measure the fundamental frequency as well.
    """

    number: int
    utterance: Utterance
    speaker: int
    variants: tuple[Variant, ...]
    models: tuple[AuditedModel, ...]
    sources: BankSources
    pitch: bool = False

    def run(self) -> CaseResult:
        """Make the signals and predict them with every model."""
        clip = self.clip()
        signals = [self.signal(clip, variant) for variant in self.variants]
        try:
            values = tuple(model.predict(signals) for model in self.models)
        except ModelError as error:
            raise ModelError(f"{self.utterance.file}: {error}") from None
        return CaseResult(values, _mean_pitch(clip) if self.pitch else float("nan"))

    def clip(self) -> Audio:
        """Read the recording at the models' rate."""
        where = self.utterance
        rate = self.models[0].rate if self.models else None
        return audio.read(where.file, rate=rate, start=where.start, end=where.end)

    def signal(self, clip: Audio, variant: Variant) -> Audio:
        """Return a variant of the clip.

        The chance is drawn from the seed, the condition's name and the number of the
        utterance alone, so that any single signal can be made again.
        """
        condition, reference = variant
        if condition is None:
            return clip
        name = crc32(condition.name.encode())
        rng = np.random.default_rng([self.sources.seed, name, self.number, int(reference)])
        banks: dict[str, Bank] = {}
        if condition.source is not None:
            banks[condition.source] = _bank(condition.source, self.speaker, self.sources)
        return Audio(*apply(condition, clip.samples, clip.rate, rng, banks, reference=reference))


@dataclass(frozen=True)
class CaseResult:
    """What came of a case.

    Attributes:
        values: per model, shape ``(variants, columns)``; see
            :meth:`intona.audit.model.AuditedModel.predict`.
        pitch: mean fundamental frequency in Hz, NaN where it was not measured or is voiceless.
    """

    values: tuple[Floats, ...]
    pitch: float


def run_cases(
    cases: Sequence[Case], *, on: Engine = HERE, progress: Progress | None = None, text: str = ""
) -> list[CaseResult]:
    """Return the results of all cases, in order.

    Args:
        cases: see :class:`Case`.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.
        text: what the progress is called.

    Raises:
        AudioError: the first recording that cannot be read.
        ModelError: the first recording at which a recogniser failed.
    """
    found = []
    results = parallel.map(Case.run, cases, on=on, chunk=4, progress=progress, text=text)
    for case, result in zip(cases, results, strict=True):
        if isinstance(result, parallel.Lost):
            raise AudioError(f"{case.utterance.file}: a worker was killed while it read this file")
        found.append(result)
    return found


def _mean_pitch(clip: Audio) -> float:
    from intona.features.pitch import pitch

    voiced = pitch(clip.samples, clip.rate)
    return float(voiced.hz[voiced.voiced].mean()) if voiced.voiced.any() else float("nan")


def _bank(name: str, speaker: int, sources: BankSources) -> Bank:
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
