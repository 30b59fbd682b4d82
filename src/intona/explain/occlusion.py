"""Where in time and frequency the evidence for an emotion lies, by occlusion.

A patch of the spectrogram is silenced (steady faint noise takes its place), the signal is put
together again, and the model is asked anew: what the log-odds of the emotion lose is the patch's
evidence. This needs nothing from the model but its probabilities, so it works for every
recogniser. Whether the map is right is itself checked: silencing patches from the most important
on must lower the probability faster than silencing them at random (deletion), and letting them
back in must raise it faster (insertion); after Petsiuk et al. 2018, arXiv:1806.07421.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio
from intona.errors import AudioError, UsageError
from intona.explain.transform import ShortTime
from intona.features.mel import evenly
from intona.inference.clip import clips
from intona.labels import canonical

WINDOW = 0.032  # seconds, of the transform in which patches are silenced
LONGEST = 30.0  # seconds explained at once
FLOOR_DB = -40.0  # of the noise in silenced patches, below the recording's mean level
BATCH = 16

_SPAN = 0.12  # seconds of a patch, where the recording is short
_MOST_SPANS = 24
_SMALLEST = 1e-4  # probability before the logarithm

Doubles = NDArray[np.float64]


class Model(Protocol):
    """What is needed of a recogniser; see :class:`intona.inference.recognizer.Recognizer`."""

    labels: tuple[str, ...]
    numeric: bool

    def probabilities(self, signals: Sequence[NDArray[np.float32]], rate: int) -> Doubles:
        """Return probabilities, shape ``(signals, labels)``."""
        ...


@dataclass(frozen=True, eq=False)
class Evidence:
    """The evidence for one emotion over time and frequency.

    Attributes:
        emotion: what it is evidence for.
        probability: of the emotion, for the whole recording.
        times: edges of the patches in seconds, shape ``(spans + 1,)``.
        hz: edges of the patches in Hz, shape ``(bands + 1,)``.
        values: loss of log-odds when the patch is silenced, shape ``(bands, spans)``;
            positive speaks for the emotion, negative against it.
    """

    emotion: str
    probability: float
    times: Doubles
    hz: Doubles
    values: Doubles

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy; numbers have six decimals."""
        numbers = ("probability", "times", "hz", "values")
        rounded = {name: np.round(getattr(self, name), 6).tolist() for name in numbers}
        return {"emotion": self.emotion, **rounded}

    def __str__(self) -> str:
        begin, end, low, high = self.strongest
        return (
            f"{self.emotion} {100 * self.probability:.0f} %; the strongest evidence lies from "
            f"{begin:.2f} to {end:.2f} s, {low / 1000:.1f} to {high / 1000:.1f} kHz"
        )

    @property
    def strongest(self) -> tuple[float, float, float, float]:
        """Begin and end in seconds, low and high in Hz, of the most important patch."""
        band, span = np.unravel_index(int(self.values.argmax()), self.values.shape)
        return (
            float(self.times[span]),
            float(self.times[span + 1]),
            float(self.hz[band]),
            float(self.hz[band + 1]),
        )


@dataclass(frozen=True, eq=False)
class Curves:
    """What silencing and letting in again do to the probability, best patches first.

    Attributes:
        share: of the patches changed, from 0 to 1, shape ``(steps,)``.
        deletion: probability after silencing that share, most important first.
        insertion: probability with only that share audible, most important first.
        random_deletion: the same in random order, mean of several.
        random_insertion: the same in random order, mean of several.
    """

    share: Doubles
    deletion: Doubles
    insertion: Doubles
    random_deletion: Doubles
    random_insertion: Doubles

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy."""
        return {name: values.tolist() for name, values in vars(self).items()}

    @property
    def deletion_gain(self) -> float:
        """Area between random and own deletion curve; positive when the map is informative."""
        return float(np.trapezoid(self.random_deletion - self.deletion, self.share))

    @property
    def insertion_gain(self) -> float:
        """Area between own and random insertion curve; positive when the map is informative."""
        return float(np.trapezoid(self.insertion - self.random_insertion, self.share))

    def __str__(self) -> str:
        return (
            f"check: {self._verdict(self.deletion_gain)} than chance in deletion "
            f"({self.deletion_gain:+.3f}), {self._verdict(self.insertion_gain)} in insertion "
            f"({self.insertion_gain:+.3f} of probability, mean over the curve)"
        )

    @staticmethod
    def _verdict(gain: float) -> str:
        return "better" if gain > 0 else "no better"


class _Patches:
    """A recording as a grid of patches that can be silenced.

    Args:
        audio: the recording.
        bands: patches from 0 Hz to half the rate (at most 8 kHz), equally wide in mel.
    """

    def __init__(self, audio: Audio, bands: int) -> None:
        self.audio = audio
        size = int(WINDOW * audio.rate) // 4 * 4
        self._transform = ShortTime(size, audio.rate, audio.samples)
        self._spectrum = self._transform.spectrum
        # Speech only made softer would still be heard by a model that evens out levels.
        mean = np.sqrt(np.mean(np.abs(self._spectrum) ** 2, axis=1, keepdims=True))
        phases = np.random.default_rng(0).standard_normal((2, *self._spectrum.shape))
        self._noise = 10.0 ** (FLOOR_DB / 20.0) * mean * (phases[0] + 1j * phases[1]) / 2**0.5
        spans = int(np.clip(round(audio.duration / _SPAN), 1, _MOST_SPANS))
        self.times = np.linspace(0.0, audio.duration, spans + 1)
        self.hz = evenly(0.0, min(audio.rate / 2.0, 8000.0), bands + 1)
        frame_times = self._transform.times
        self._span = np.clip(np.searchsorted(self.times, frame_times, "right") - 1, 0, spans - 1)
        # Above 8 kHz belongs to the highest band.
        self._band = np.clip(
            np.searchsorted(self.hz, self._transform.hz, "right") - 1, 0, bands - 1
        )
        self.shape = (bands, spans)

    @property
    def audible(self) -> NDArray[np.bool_]:
        """Which patches are louder than the noise that silences, shape ``self.shape``."""
        louder = np.zeros(self.shape)
        excess = np.abs(self._spectrum) ** 2 - np.abs(self._noise) ** 2
        np.add.at(louder, (self._band[:, None], self._span[None, :]), excess)
        return louder > 0.0

    def keep(self, kept: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the signal with only the kept patches, ``kept`` of shape ``self.shape``."""
        audible = kept[self._band[:, None], self._span[None, :]]
        spectrum = np.where(audible, self._spectrum, self._noise)
        return self._transform.samples(spectrum)


def require_speech(audio: Audio, where: str) -> None:
    """Refuse sound that nothing can be explained of, for no emotion is read into it.

    Args:
        audio: the recording.
        where: what to call it in the message.

    Raises:
        AudioError: there is no speech in it, by the measure of predictions.
    """
    if not any(clip.spoken for clip in clips([audio], None)):
        raise AudioError(f"{where} holds no speech: there is nothing to explain")


def occlude(model: Model, audio: Audio, *, emotion: str | None = None, bands: int = 6) -> Evidence:
    """Map the evidence for an emotion by silencing one patch after the other.

    What is softer than the noise that would take its place is no evidence.

    Args:
        model: any recogniser of emotions.
        audio: at most 30 seconds.
        emotion: whose evidence; ``None`` for the most probable one.
        bands: patches from 0 to 8 kHz, equally wide on the mel scale.

    Raises:
        UsageError: the model predicts no emotions or not this one, or ``bands`` is not
            positive.
        AudioError: the recording is empty or too long.
    """
    if bands < 1:
        raise UsageError(f"bands must be at least 1, not {bands}")
    if model.numeric:
        raise UsageError(
            f"the model predicts a number ({', '.join(model.labels)}): only emotions are explained"
        )
    emotion = None if emotion is None else canonical(emotion)
    if emotion is not None and emotion not in model.labels:
        raise UsageError(f"the model does not know {emotion!r}, only {', '.join(model.labels)}")
    if not 0.0 < audio.duration <= LONGEST:
        raise AudioError(
            f"an explanation needs up to {LONGEST:.0f} s of audio, not {audio.duration:.1f} s: "
            "choose a stretch with start and end"
        )
    whole = model.probabilities([audio.samples], audio.rate)[0]
    target = int(whole.argmax()) if emotion is None else model.labels.index(emotion)
    patches = _Patches(audio, bands)
    audible = patches.audible.ravel()
    masks = ~np.eye(audible.size, dtype=bool)[audible].reshape(-1, *patches.shape)
    values = np.zeros(audible.size)
    values[audible] = _log_odds(whole[target]) - _log_odds(_ask(model, patches, masks, target))
    return Evidence(
        emotion=model.labels[target],
        probability=float(whole[target]),
        times=patches.times,
        hz=patches.hz,
        values=values.reshape(patches.shape),
    )


def check(
    model: Model,
    audio: Audio,
    evidence: Evidence,
    *,
    steps: int = 11,
    repeats: int = 5,
    seed: int = 0,
) -> Curves:
    """Compare the map's order of patches with random ones by deletion and insertion.

    Args:
        model: the recogniser that was explained.
        audio: the recording that was explained.
        evidence: what :func:`occlude` said of it.
        steps: points on the curves, at least 2.
        repeats: random orders to average.
        seed: of the random orders.

    Raises:
        UsageError: fewer than two steps or no repeat.
    """
    if steps < 2 or repeats < 1:
        raise UsageError("the check needs at least two steps and one repeat")
    patches = _Patches(audio, evidence.values.shape[0])
    count = evidence.values.size
    share = np.linspace(0.0, 1.0, steps)
    target = model.labels.index(evidence.emotion)
    random = np.random.default_rng(seed)
    orders = [np.argsort(-evidence.values.ravel(), kind="stable")]
    orders += [random.permutation(count) for _ in range(repeats)]
    masks = []
    for order in orders:
        rank = np.empty(count, dtype=np.intp)
        rank[order] = np.arange(count)
        for part in np.rint(share * count):
            masks += [rank >= part, rank < part]  # deletion, insertion
    answers = _ask(model, patches, np.array(masks).reshape(-1, *patches.shape), target)
    curves = answers.reshape(len(orders), steps, 2)
    return Curves(
        share=share,
        deletion=curves[0, :, 0],
        insertion=curves[0, :, 1],
        random_deletion=curves[1:, :, 0].mean(axis=0),
        random_insertion=curves[1:, :, 1].mean(axis=0),
    )


def _ask(model: Model, patches: _Patches, masks: NDArray[np.bool_], target: int) -> Doubles:
    rows = [np.zeros(0)]
    for start in range(0, len(masks), BATCH):
        signals = [patches.keep(mask) for mask in masks[start : start + BATCH]]
        rows.append(model.probabilities(signals, patches.audio.rate)[:, target])
    return np.concatenate(rows)


def _log_odds(probability: Doubles | float) -> Doubles:
    p = np.clip(np.asarray(probability, dtype=np.float64), _SMALLEST, 1.0 - _SMALLEST)
    return np.log(p / (1.0 - p))
