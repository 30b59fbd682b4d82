"""How something was said, in plain acoustic words, against neutral speech.

The reference (``assets/neutral.json``) holds percentiles of each measure over neutral
utterances of many speakers, both sexes together, and how much one speaker's neutral utterances
differ among themselves. Given a speaker's own neutral, that is the reference instead.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from intona.audio import Audio
from intona.features.prosody import SEMITONE_REFERENCE, measure


@dataclass(frozen=True)
class Aspect:
    """One thing to say of a voice.

    Attributes:
        name: in words.
        measure: its key in :data:`intona.features.prosody.MEASURES`.
        unit: of the value as printed.
        low: what less than neutral is called.
        high: what more than neutral is called.
        digits: after the point.
        relative: whether it means something only against the speaker's own neutral.
    """

    name: str
    measure: str
    unit: str
    low: str
    high: str
    digits: int = 1
    relative: bool = False


ASPECTS: tuple[Aspect, ...] = (
    Aspect("pitch level", "f0_semitones_p50", "semitones re 27.5 Hz", "low", "high"),
    Aspect("pitch range", "f0_semitones_range", "semitones", "narrow", "wide"),
    Aspect("loudness", "intensity_db_mean", "dB re full scale", "soft", "loud", relative=True),
    Aspect("loudness range", "intensity_db_range", "dB", "even", "varied"),
    Aspect("speaking rate", "syllables_per_second", "syllables per second", "slow", "fast"),
    Aspect("pauses", "pause_share", "% of the time", "few", "many", 0),
    Aspect("jitter", "jitter_percent", "%", "steady", "rough"),
    Aspect("shimmer", "shimmer_percent", "%", "steady", "rough"),
    Aspect("harmonicity", "hnr_db_mean", "dB", "breathy or hoarse", "clear"),
    Aspect("spectral balance", "alpha_ratio_db_mean", "dB", "tense and bright", "lax and dark"),
)

_PITCH = ASPECTS[0].unit
_AS_NEUTRAL = "as in neutral speech"
_UNKNOWN = "depends on the microphone"

# Percentile from which a word is used: beyond the outer value also "very".
_SOME, _MUCH = 75.0, 95.0


@dataclass(frozen=True)
class Remark:
    """What is said of one aspect.

    Attributes:
        aspect: its name.
        value: in ``unit``.
        unit: in words.
        difference: from the median neutral, in ``unit``.
        percentile: of the value among neutral utterances, in [0, 100].
        word: ``"as in neutral speech"``, for example ``"very high"``, or for loudness against
            the population ``"depends on the microphone"``.
    """

    aspect: str
    value: float
    unit: str
    difference: float
    percentile: float
    word: str
    digits: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy, with the texts people read; numbers have six decimals."""
        texts = {"amount": self.amount, "change": self.change, "place": self.place}
        numbers = {k: round(v, 6) for k, v in vars(self).items() if isinstance(v, float)}
        return {**vars(self), **numbers, "notable": self.notable, **texts}

    @property
    def notable(self) -> bool:
        """Whether it differs from neutral enough for a word."""
        return self.word not in (_AS_NEUTRAL, _UNKNOWN)

    @property
    def amount(self) -> str:
        """The value as people read it, a pitch in Hz."""
        if self.unit == _PITCH:
            return f"{SEMITONE_REFERENCE * 2.0 ** (self.value / 12.0):.0f} Hz"
        return f"{self.value:.{self.digits}f} {self.unit}"

    @property
    def change(self) -> str:
        """The difference from neutral as people read it, a pitch in semitones."""
        # Adding zero turns -0.0 into 0.0.
        number = f"{round(self.difference, self.digits) + 0.0:+.{self.digits}f}"
        return f"{number} semitones" if self.unit == _PITCH else number

    @property
    def place(self) -> str:
        """The percentile as people read it: the reference does not tell beyond 1 and 99."""
        if self.percentile < 1.0:
            return "below 1"
        return "above 99" if self.percentile > 99.0 else f"{self.percentile:.0f}"

    def __str__(self) -> str:
        place = f"percentile {self.place}"
        return f"{self.aspect}: {self.word} ({self.amount}, {self.change} from neutral, {place})"


@lru_cache(maxsize=1)
def reference() -> Mapping[str, Any]:
    """Return the neutral reference that ships with intona (see ``assets/neutral.json``).

    Examples:
        >>> sorted(reference())
        ['measures', 'percents', 'source', 'version']
    """
    text = files("intona").joinpath("assets", "neutral.json").read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def remarks(audio: Audio, neutral: Mapping[str, Mapping[str, float]] | None = None) -> list[Remark]:
    """Say how a recording differs from neutral speech; what cannot be measured is left out.

    Loudness depends on the microphone and its distance as much as on the voice: it gets a word
    against the speaker's own neutral only.

    Args:
        audio: the recording.
        neutral: the speaker's own neutral, per measure ``mean`` and ``count`` (a profile's
            ``manner``); ``None`` for the population's.
    """
    values = measure(audio.samples, audio.rate)
    found = []
    for aspect in ASPECTS:
        value = values[aspect.measure]
        if not math.isfinite(value):
            continue
        own = (neutral or {}).get(aspect.measure)
        middle, percentile = _place(aspect.measure, value, own)
        scale = 100.0 if aspect.measure.endswith("_share") else 1.0
        found.append(
            Remark(
                aspect=aspect.name,
                value=scale * value,
                unit=aspect.unit,
                difference=scale * (value - middle),
                percentile=percentile,
                word=_UNKNOWN if aspect.relative and own is None else _word(aspect, percentile),
                digits=aspect.digits,
            )
        )
    return found


def _place(name: str, value: float, own: Mapping[str, float] | None) -> tuple[float, float]:
    """Return the neutral middle, and the value's percentile among neutral utterances."""
    entry = reference()["measures"][name]
    if own is None:
        percents, points = reference()["percents"], entry["percentiles"]
        # Ties (a share of 0, say) count half.
        below = np.interp(value, points, percents, left=0.0, right=100.0)
        tied = [p for p, point in zip(percents, points, strict=True) if point == value]
        return float(entry["median"]), (tied[0] + tied[-1]) / 2.0 if tied else float(below)
    spread = float(entry["within_speaker"]) * math.sqrt(1.0 + 1.0 / max(own["count"], 1.0))
    z = (value - own["mean"]) / spread
    return float(own["mean"]), 50.0 * (1.0 + math.erf(z / math.sqrt(2.0)))


def _word(aspect: Aspect, percentile: float) -> str:
    distance = max(percentile, 100.0 - percentile)
    if distance < _SOME:
        return _AS_NEUTRAL
    word = aspect.high if percentile > 50.0 else aspect.low
    return f"very {word}" if distance >= _MUCH else word
