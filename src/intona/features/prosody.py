"""Prosody and voice quality: named measures of pitch, intensity, voice, spectrum and rhythm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import resample
from intona.audio.given import one_channel
from intona.features.contours import Contours, contours, frame_times
from intona.features.formants import formants
from intona.features.pitch import STEP, PitchTrack, pitch
from intona.features.rhythm import rhythm
from intona.features.transformer import Transformer
from intona.features.voice import perturbation

RATE = 16_000
SEMITONE_REFERENCE = 27.5  # Hz, the lowest A

Doubles = NDArray[np.float64]

_SPREAD = ("mean", "std", "p10", "p50", "p90", "range")
_SPECTRAL = {
    "alpha_ratio_db": "alpha_ratio",
    "hammarberg_db": "hammarberg",
    "slope_0_500_db_per_khz": "slope_low",
    "slope_500_1500_db_per_khz": "slope_mid",
    "centroid_hz": "centroid",
    "flux": "flux",
}

MEASURES: tuple[str, ...] = (
    "f0_hz_median",
    *(f"f0_semitones_{name}" for name in _SPREAD),
    "f0_rise_semitones_per_s",
    "f0_fall_semitones_per_s",
    "f0_trend_semitones_per_s",
    *(f"intensity_db_{name}" for name in _SPREAD),
    "intensity_rise_db_per_s",
    "intensity_fall_db_per_s",
    "intensity_trend_db_per_s",
    "jitter_percent",
    "shimmer_percent",
    "hnr_db_mean",
    "hnr_db_std",
    "voiced_share",
    *(f"formant{i}_hz_{name}" for i in (1, 2, 3) for name in ("mean", "std")),
    *(f"formant{i}_bandwidth_hz" for i in (1, 2, 3)),
    "h1_h2_db",
    "h1_a3_db",
    *(f"{key}_{name}" for key in _SPECTRAL for name in ("mean", "std")),
    "unvoiced_alpha_ratio_db_mean",
    "unvoiced_slope_500_1500_db_per_khz_mean",
    "speech_seconds",
    "syllables_per_second",
    "articulation_rate",
    "pauses_per_second",
    "pause_share",
    "pause_seconds",
)


class Prosody(Transformer):
    """About sixty measures of how something was said, one column each.

    The names say the units: ``_hz``, ``_db`` (intensity re full scale), ``_semitones`` (re
    27.5 Hz), ``_percent``, ``_seconds``, ``_share`` (of the speech, in [0, 1]). ``p10``, ``p50``
    and ``p90`` are percentiles over the frames, ``range`` is ``p90 - p10``, ``rise`` and
    ``fall`` the mean slope of the rising and falling parts, ``trend`` the regression slope.
    Pitch, voice and spectral measures are taken over voiced frames, intensity over frames with
    sound. A measure that cannot be taken (no voiced frame, say) is 0.

    Examples:
        >>> front_end = Prosody()
        >>> front_end(np.zeros(16_000, np.float32), 16_000).shape == (len(front_end.names),)
        True
    """

    name = "prosody"
    version = 1
    rate: int | None = RATE

    @property
    def parameters(self) -> Mapping[str, Any]:
        """None: there is nothing to choose."""
        return {}

    @property
    def names(self) -> tuple[str, ...]:
        """The measures, in order."""
        return MEASURES

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the measures, shape ``(len(names),)``.

        Args:
            samples: mono samples in [-1, 1], shape ``(n,)``.
            rate: sample rate in Hz; resampled to 16 kHz where it differs.

        Raises:
            AudioError: when the samples are empty, not one channel, or not finite.
        """
        values = measure(samples, rate)
        return np.nan_to_num(np.array([values[name] for name in MEASURES], dtype=np.float32))


@dataclass(frozen=True, eq=False)
class Analysis:
    """A recording's contours on one grid of frames, 10 ms apart.

    Attributes:
        signal: the samples at 16 kHz.
        track: pitch.
        frames: intensity and spectral balance.
        active: where there is sound.
        voiced: where the sound is voiced.
    """

    signal: NDArray[np.float32]
    track: PitchTrack
    frames: Contours
    active: NDArray[np.bool_]
    voiced: NDArray[np.bool_]


def analyse(samples: NDArray[np.float32], rate: int) -> Analysis:
    """Track pitch, intensity and spectral balance of a recording.

    Args:
        samples: mono samples in [-1, 1], shape ``(n,)``.
        rate: sample rate in Hz.

    Raises:
        AudioError: when the samples are empty, not one channel, or not finite.
    """
    signal = one_channel(samples)
    if rate != RATE:
        signal = resample(signal, rate, RATE)
    times = frame_times(len(signal), RATE)
    track = _on_grid(pitch(signal, RATE), times)
    frames = contours(signal, RATE, times)
    active = frames.active
    return Analysis(signal, track, frames, active, track.voiced & active)


def measure(samples: NDArray[np.float32], rate: int) -> dict[str, float]:
    """Return all of :data:`MEASURES` by name, NaN where one cannot be taken.

    Args:
        samples: mono samples in [-1, 1], shape ``(n,)``.
        rate: sample rate in Hz.

    Raises:
        AudioError: when the samples are empty, not one channel, or not finite.
    """
    return summarise(analyse(samples, rate))


def summarise(found: Analysis) -> dict[str, float]:
    """Return all of :data:`MEASURES` of an analysed recording, NaN where one cannot be taken."""
    track, frames, voiced = found.track, found.frames, found.voiced
    values = dict.fromkeys(MEASURES, float("nan"))
    _put_pitch(values, track, voiced)
    _put_intensity(values, frames.intensity, found.active)
    _put_voice(values, found.signal, track, voiced, found.active)
    _put_formants(values, found.signal, frames, track, voiced)
    _put_spectrum(values, frames, voiced, found.active & ~voiced)
    values.update(rhythm(frames.intensity, found.active, voiced)._asdict())
    return values


def _on_grid(track: PitchTrack, times: Doubles) -> PitchTrack:
    """Put the track on the frames that all measures share: the nearest of its own."""
    if track.times.size == 0:
        zeros = np.zeros(len(times))
        return PitchTrack(times, zeros, zeros)
    nearest = np.rint((times - track.times[0]) / STEP).astype(np.intp)
    inside = (nearest >= 0) & (nearest < len(track.times))
    nearest = np.clip(nearest, 0, len(track.times) - 1)
    hz = np.where(inside, track.hz[nearest], 0.0)
    return PitchTrack(times, hz, np.where(inside, track.strength[nearest], 0.0))


def _spread(values: dict[str, float], key: str, contour: Doubles) -> None:
    low, middle, high = np.percentile(contour, [10, 50, 90])
    numbers = (contour.mean(), contour.std(), low, middle, high, high - low)
    for name, number in zip(_SPREAD, numbers, strict=True):
        values[f"{key}_{name}"] = float(number)


def _slopes(
    values: dict[str, float], key: str, unit: str, contour: Doubles, kept: NDArray[np.bool_]
) -> None:
    """Put mean rise and fall between neighbouring kept frames, and the overall trend."""
    pairs = kept[1:] & kept[:-1]
    steps = np.diff(contour)[pairs] / STEP
    for name, part in (("rise", steps[steps > 0]), ("fall", steps[steps < 0])):
        values[f"{key}_{name}_{unit}_per_s"] = float(part.mean()) if part.size else 0.0
    time = np.flatnonzero(kept) * STEP
    spread = float(np.square(time - time.mean()).sum())
    slope = float((time - time.mean()) @ contour[kept]) / spread if spread > 0 else 0.0
    values[f"{key}_trend_{unit}_per_s"] = slope


def _put_pitch(values: dict[str, float], track: PitchTrack, voiced: NDArray[np.bool_]) -> None:
    if not voiced.any():
        return
    semitones = 12.0 * np.log2(np.maximum(track.hz, 1.0) / SEMITONE_REFERENCE)
    values["f0_hz_median"] = float(np.median(track.hz[voiced]))
    _spread(values, "f0_semitones", semitones[voiced])
    _slopes(values, "f0", "semitones", semitones, voiced)


def _put_intensity(values: dict[str, float], level: Doubles, active: NDArray[np.bool_]) -> None:
    if not active.any():
        return
    _spread(values, "intensity_db", level[active])
    _slopes(values, "intensity", "db", level, active)


def _put_voice(
    values: dict[str, float],
    signal: NDArray[np.float32],
    track: PitchTrack,
    voiced: NDArray[np.bool_],
    active: NDArray[np.bool_],
) -> None:
    if active.any():
        values["voiced_share"] = float(voiced.sum() / active.sum())
    if not voiced.any():
        return
    cycle = perturbation(signal, RATE, track)
    values["jitter_percent"] = 100.0 * cycle.jitter
    values["shimmer_percent"] = 100.0 * cycle.shimmer
    hnr = PitchTrack(track.times[voiced], track.hz[voiced], track.strength[voiced]).hnr
    values["hnr_db_mean"], values["hnr_db_std"] = float(hnr.mean()), float(hnr.std())


def _put_formants(
    values: dict[str, float],
    signal: NDArray[np.float32],
    frames: Contours,
    track: PitchTrack,
    voiced: NDArray[np.bool_],
) -> None:
    where = np.flatnonzero(voiced)[::2]  # every 20 ms
    if where.size == 0:
        return
    hz, bandwidth = formants(signal, RATE, track.times[where])
    for i in range(hz.shape[1]):
        known = np.isfinite(hz[:, i])
        if known.any():
            values[f"formant{i + 1}_hz_mean"] = float(hz[known, i].mean())
            values[f"formant{i + 1}_hz_std"] = float(hz[known, i].std())
            values[f"formant{i + 1}_bandwidth_hz"] = float(np.median(bandwidth[known, i]))
    first = frames.level_at(where, track.hz[where])
    values["h1_h2_db"] = float(np.mean(first - frames.level_at(where, 2.0 * track.hz[where])))
    third = first - frames.level_at(where, hz[:, 2])
    if np.isfinite(third).any():
        values["h1_a3_db"] = float(np.nanmean(third))


def _put_spectrum(
    values: dict[str, float],
    frames: Contours,
    voiced: NDArray[np.bool_],
    unvoiced: NDArray[np.bool_],
) -> None:
    if voiced.any():
        for key, attribute in _SPECTRAL.items():
            contour = getattr(frames, attribute)[voiced]
            values[f"{key}_mean"] = float(contour.mean())
            values[f"{key}_std"] = float(contour.std())
    if unvoiced.any():
        values["unvoiced_alpha_ratio_db_mean"] = float(frames.alpha_ratio[unvoiced].mean())
        values["unvoiced_slope_500_1500_db_per_khz_mean"] = float(frames.slope_mid[unvoiced].mean())
