"""Heads for enrolled speakers: trained on voices whose own mean is taken off.

A head that is to be used on a voice whose mean is known should be trained on voices whose mean
is known. Of every training speaker's features a share of the speaker's deviation from the
others is taken off: all of it for the head that goes with mixed speech, half of it for the one
that goes with neutral speech, where the mean over the speaker's (other) neutral utterances
stands for the voice. What an enrolled speaker gets is the sum of this head's scores and the
general head's, less the speaker's own mean of that sum (:mod:`intona.models.adaptation`).

Both heads are linear in the embedding, so the sum is one more matrix in the model file: the
outputs ``scores_neutral`` and ``scores_mixed``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.models.adaptation import LEAST_SPEAKERS, centred, shift, spread_of_means
from intona.models.calibration import choose_abstention, fit_temperature, softmax
from intona.models.linear_head import LinearHead
from intona.models.material import Material
from intona.models.targets import Known

__all__ = ["OUTPUTS", "HeldOut", "VoiceHead", "Voices", "learn_voices"]

Floats = NDArray[np.float32]
Integers = NDArray[np.integer]

# Of a speaker's deviation, what is taken off; chosen on inner folds, see docs/enrolment.md.
SHARES: Mapping[str, float] = {"neutral": 0.5, "mixed": 1.0}
OUTPUTS: Mapping[str, str] = {kind: f"scores_{kind}" for kind in SHARES}


@dataclass(frozen=True)
class VoiceHead:
    """What an enrolled speaker's answers come from.

    Attributes:
        head: on the model's features; the temperature is divided in.
        statistics: of its scores over speakers, see :func:`intona.models.adaptation.shift`, the
            graph's ``output`` and the abstention ``threshold``.
    """

    head: LinearHead
    statistics: Mapping[str, Any]


@dataclass(frozen=True)
class HeldOut:
    """What is known of held-out speakers of the main corpus.

    Attributes:
        parts: utterances held out together, by number.
        scores: the general head's, ``(utterances, classes)``; meaningful for those held out.
        train: per part, the utterances its heads learned from.
    """

    parts: Sequence[Integers]
    train: Sequence[Integers]
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class Voices:
    """Training material with the speaker of each utterance.

    Attributes:
        material: features of utterances and copies, and what each row counts.
        known: what is known of the utterances.
        speakers: of each utterance, ``(n,)``.
        labels: names of the classes.
        C: inverse strength of the heads' penalty.
    """

    material: Material
    known: Known
    speakers: NDArray[Any]
    labels: Sequence[str]
    C: float

    def head(self, kind: str, utterances: Integers) -> LinearHead:
        """Fit the head of one kind of speech on some utterances and their copies."""
        material, known = self.material, self.material.known
        offset, usable = self._offsets(kind, utterances)
        rows = material.rows(np.flatnonzero(usable))
        adapted = material.features[rows] - SHARES[kind] * offset[material.origin[rows]]
        return LinearHead.fit(
            adapted,
            known.targets[rows],
            known.possible[rows],
            known.weights[rows],
            self.C,
            np.arange(len(rows)),
            material.nothing,
        )

    def _offsets(self, kind: str, utterances: Integers) -> tuple[Floats, NDArray[np.bool_]]:
        """Return each speaker's deviation, per utterance, and where there is one.

        A speaker in another corpus, or singing, is another voice. The deviation is from the
        mean over the main corpus's voices.
        """
        known = self.known
        values = self.material.features[: len(self.speakers)]
        main = np.isin(np.arange(len(values)), known.main())
        offset = np.zeros_like(values)
        usable = np.zeros(len(values), dtype=bool)
        names = np.array([f"{s}\0{g}" for s, g in zip(self.speakers, known.groups, strict=True)])
        centres, of_main = [], []
        for name in np.unique(names[utterances]):
            rows = utterances[names[utterances] == name]
            mean = _voice(kind, values, known.targets, rows, self.labels, offset)
            if mean is not None:
                usable[rows] = True
                centres.append(mean)
                of_main.append(bool(main[rows].all()))
        if centres:
            chosen = np.array(of_main) if any(of_main) else np.ones(len(centres), dtype=bool)
            offset[usable] -= np.stack(centres)[chosen].mean(axis=0)
        return offset, usable


def _voice(
    kind: str,
    values: Floats,
    targets: NDArray[np.int64],
    rows: Integers,
    labels: Sequence[str],
    offset: Floats,
) -> Floats | None:
    """Write a voice's mean to its rows of ``offset`` and return it; ``None`` if unknown."""
    mean: Floats
    if kind == "mixed":
        classes = np.unique(targets[rows])
        if len(classes) < 2:
            return None
        # Every emotion weighs the same.
        means = [values[rows[targets[rows] == one]].mean(axis=0) for one in classes]
        offset[rows] = mean = np.mean(means, axis=0)
        return mean
    neutral = rows[targets[rows] == list(labels).index("neutral")]
    if len(neutral) < 2:
        return None
    total = values[neutral].sum(axis=0)
    offset[rows] = mean = total / len(neutral)
    # A neutral utterance is compared with the others, as it will be in use.
    offset[neutral] = (total - values[neutral]) / (len(neutral) - 1)
    return mean


def learn_voices(
    voices: Voices, general: LinearHead, held_out: HeldOut, risk: float
) -> dict[str, VoiceHead]:
    """Train the heads for enrolled speakers, calibrated on held-out speakers.

    Args:
        voices: the training material.
        general: the head for anybody, whose scores are added.
        held_out: its scores on held-out speakers.
        risk: wanted share of errors among the answers above the threshold.

    Returns:
        Per kind of speech a head; none with fewer than four held-out speakers.
    """
    found: dict[str, VoiceHead] = {}
    targets = voices.known.targets
    everybody = np.arange(len(voices.speakers))
    for kind in SHARES:
        if kind == "neutral" and "neutral" not in voices.labels:
            continue
        chosen = _enrolment_of(kind, voices)
        rows: Integers = np.concatenate(held_out.parts)
        people = [one for one in np.unique(voices.speakers[rows]) if len(chosen(rows, one)) >= 2]
        if len(people) < LEAST_SPEAKERS:
            continue
        scores = np.full(held_out.scores.shape, np.nan)
        for part, train in zip(held_out.parts, held_out.train, strict=True):
            features = voices.material.features[part]
            scores[part] = held_out.scores[part] + voices.head(kind, train).scores(features)
        rows = rows[np.isin(voices.speakers[rows], people)]
        scores = centred(scores)
        parts = [scores[chosen(rows, one)] for one in people]
        known = spread_of_means(parts, SHARES[kind])
        for one, heard in zip(people, parts, strict=True):
            scores[rows[voices.speakers[rows] == one]] += shift(
                known, heard.mean(axis=0), len(heard)
            )
        temperature = fit_temperature(scores[rows], targets[rows])
        answers = softmax(scores[rows], temperature)
        abstention = choose_abstention(
            answers.max(axis=1), answers.argmax(axis=1) == targets[rows], risk
        )
        statistics = spread_of_means([part / temperature for part in parts], SHARES[kind])
        statistics |= {"output": OUTPUTS[kind], "threshold": abstention.threshold}
        own = voices.head(kind, everybody)
        found[kind] = VoiceHead(_sum(general, own, np.float32(temperature)), statistics)
    return found


def _enrolment_of(kind: str, voices: Voices) -> Callable[[Integers, Any], Integers]:
    """Return what picks, of some utterances, those a speaker would be enrolled with."""

    def chosen(rows: Integers, speaker: Any) -> Integers:
        mine = rows[voices.speakers[rows] == speaker]
        if kind == "mixed":
            return mine
        return mine[voices.known.targets[mine] == list(voices.labels).index("neutral")]

    return chosen


def _sum(general: LinearHead, own: LinearHead, temperature: np.float32) -> LinearHead:
    """Return one head whose scores are the sum of two heads', divided by a temperature."""
    weights = general.weights + own.weights * (general.scale / own.scale)[:, None]
    moved = (general.centre - own.centre) / own.scale
    bias = (general.bias + own.bias + moved @ own.weights) / temperature
    return LinearHead(general.centre, general.scale, weights / temperature, bias.astype("f4"))
