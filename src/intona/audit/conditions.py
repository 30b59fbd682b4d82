"""The conditions of the robustness tests: what is done to the sound, and what must survive.

Definitions and thresholds of the family ``robustness`` are those of audEERING's ser-tests
(https://audeering.github.io/ser-tests/); those of ``everyday`` are intona's own. Where a
parameter has several values, one is drawn for each utterance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from intona import audio
from intona.audio.transforms import Bank, transform

Samples = NDArray[np.float32]
Source = Literal["voices", "noises", "rooms"]
Banks = Mapping[str, Bank]


@dataclass(frozen=True, eq=False)
class Condition:
    """One change of the sound.

    Attributes:
        family: ``"robustness"`` or ``"everyday"``.
        test: the group of tests it belongs to.
        case: its name within the test.
        step: name of the transform.
        parameters: of the transform.
        unchanged: least share of predictions that must stay the same.
        loss: largest fall of UAR (or CCC) that is allowed; ``None`` does not test it.
        source: bank of recordings the transform draws from.
        reference: parameters of the same transform that predictions are compared with;
            ``None`` compares with the untouched recording.
        rate: sample rate in Hz the changed recording is delivered at; ``None`` keeps its own.
    """

    family: str
    test: str
    case: str
    step: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    unchanged: float = 0.8
    loss: float | None = None
    source: Source | None = None
    reference: Mapping[str, Any] | None = None
    rate: int | None = None

    @property
    def name(self) -> str:
        """What names the condition, and seeds its chance."""
        return f"{self.test}/{self.case}"


def apply(
    condition: Condition,
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    banks: Banks,
    *,
    reference: bool = False,
) -> tuple[Samples, int]:
    """Return the changed signal and its sample rate.

    Args:
        condition: what to do.
        samples: shape ``(n,)``.
        rate: in Hz.
        rng: the only source of chance.
        banks: by the names of :attr:`Condition.source`.
        reference: apply the condition's reference instead.
    """
    parameters = dict(condition.reference or {}) if reference else dict(condition.parameters)
    if condition.source is not None:
        parameters["bank"] = banks[condition.source]
    if condition.rate is not None:
        return audio.resample(samples, rate, condition.rate), condition.rate
    return transform(condition.step, **parameters)(samples, rate, rng), rate


def _small(case: str, step: str, **parameters: Any) -> Condition:
    return Condition("robustness", "small-changes", case, step, parameters, unchanged=0.95)


def _noise(case: str, step: str, snr: float, source: Source | None = None) -> Condition:
    return Condition(
        "robustness",
        "background-noise",
        f"{case} {snr:g} dB",
        step,
        {"snr": snr},
        unchanged=0.9,
        loss=0.05,
        source=source,
    )


def _daily(test: str, case: str, step: str, unchanged: float, **parameters: Any) -> Condition:
    return Condition("everyday", test, case, step, parameters, unchanged=unchanged)


def _codec(case: str, kind: str, bit_rate: int | None) -> Condition:
    parameters = {"kind": kind, "bit_rate": bit_rate}
    return Condition("everyday", "codec", case, "codec", parameters, unchanged=0.8, loss=0.05)


_BASE_PLACE = {"kind": "meeting_room", "distance": 1.0, "angle": 0.0}
_ROOMS = ["car", "office", "living_room", "kitchen", "meeting_room", "lecture_hall"]

CONDITIONS: tuple[Condition, ...] = (
    _small("tone 5 to 7 kHz, 40 to 50 dB", "tone", snr=[40.0, 45.0, 50.0]),
    _small("append 100 to 1000 zeros", "append_zeros", count=[100, 500, 1000]),
    _small("prepend 100 to 1000 zeros", "prepend_zeros", count=[100, 500, 1000]),
    _small("clip 0.1 to 0.3 %", "clip", share=[0.001, 0.002, 0.003]),
    _small("crop 100 to 1000 at the start", "crop_start", count=[100, 500, 1000]),
    _small("crop 100 to 1000 at the end", "crop_end", count=[100, 500, 1000]),
    _small("gain -2 to 2 dB", "gain", db=[-2.0, -1.0, 1.0, 2.0]),
    _small("high-pass 50 to 150 Hz", "high_pass", cutoff=[50.0, 100.0, 150.0]),
    _small("low-pass 6.5 to 7.5 kHz", "low_pass", cutoff=[7500.0, 7000.0, 6500.0]),
    _small("white noise 35 to 45 dB", "white_noise", snr=[35.0, 40.0, 45.0]),
    _noise("babble", "babble", 20.0, "voices"),
    _noise("cough", "cough", 10.0),
    _noise("environment", "environment", 20.0),
    _noise("music", "music", 20.0),
    _noise("sneeze", "sneeze", 10.0),
    _noise("white", "white_noise", 20.0),
    _noise("your noises", "recorded", 20.0, "noises"),
    Condition(
        "robustness", "phone", "AMR-NB 7.4 kbit/s and hiss", "phone", unchanged=0.5, loss=0.05
    ),
    Condition(
        "robustness",
        "position",
        "elsewhere in a meeting room",
        "room",
        {**_BASE_PLACE, "distance": [0.5, 2.0, 3.0], "angle": [-60.0, 45.0, 90.0]},
        reference=_BASE_PLACE,
    ),
    Condition(
        "robustness",
        "room",
        "six rooms",
        "room",
        {"kind": _ROOMS, "distance": 0.8},
        reference={"kind": "booth", "distance": 0.8},
    ),
    Condition("robustness", "room", "your rooms", "recorded_room", source="rooms"),
    Condition("robustness", "tilt", "down 20 dB", "spectral_tilt", {"db": -20.0}, loss=0.02),
    Condition("robustness", "tilt", "up 20 dB", "spectral_tilt", {"db": 20.0}, loss=0.02),
    _codec("MP3 32 kbit/s", "mp3", 32_000),
    _codec("MP3 16 kbit/s", "mp3", 16_000),
    _codec("AAC 24 kbit/s", "aac", 24_000),
    _codec("Opus 12 kbit/s", "opus", 12_000),
    _codec("AMR-NB 12.2 kbit/s", "amr", 12_200),
    _codec("G.711 mu-law", "g711", None),
    *(
        Condition("everyday", "sample-rate", f"{rate / 1000:g} kHz", "", {}, least, rate=rate)
        for rate, least in ((8_000, 0.8), (22_050, 0.9), (44_100, 0.9), (48_000, 0.9))
    ),
    _daily("format", "two microphones averaged", "stereo", 0.9),
    _daily("format", "16-bit integers", "quantise", 0.95, bits=16),
    _daily("format", "8-bit integers", "quantise", 0.8, bits=8),
    _daily("format", "DC offset 0.05", "dc_offset", 0.95, offset=0.05),
    _daily("format", "recorded 20 dB softer", "gain", 0.9, db=-20.0),
    _daily("silence", "1 s before", "pad", 0.9, before=1.0),
    _daily("silence", "1 s after", "pad", 0.9, after=1.0),
    _daily("length", "loudest 0.5 s", "fit_length", 0.5, seconds=0.5),
    _daily("length", "loudest 1 s", "fit_length", 0.6, seconds=1.0),
    _daily("length", "2 s", "fit_length", 0.8, seconds=2.0),
    _daily("length", "5 s", "fit_length", 0.9, seconds=5.0),
    _daily("speed", "10 % slower", "stretch", 0.8, factor=0.9),
    _daily("speed", "10 % faster", "stretch", 0.8, factor=1.1),
    _daily("speed", "played 5 % fast", "speed", 0.8, factor=1.05),
    _daily("pitch-shift", "2 semitones down", "pitch", 0.8, semitones=-2.0),
    _daily("pitch-shift", "2 semitones up", "pitch", 0.8, semitones=2.0),
)
