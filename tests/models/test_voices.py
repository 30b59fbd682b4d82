"""Heads for enrolled speakers, on features whose speakers differ as the test says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from intona.models.adaptation import centred, shift
from intona.models.linear_head import LinearHead
from intona.models.material import Material
from intona.models.targets import Known
from intona.models.voices import HeldOut, VoiceHead, Voices, learn_voices

LABELS = ("neutral", "happy", "sad")
EACH, WIDTH = 24, 20


@dataclass(frozen=True)
class Made:
    """Utterances of speakers whose voices move all of their features."""

    features: np.ndarray
    truth: np.ndarray
    who: np.ndarray

    @classmethod
    def of(cls, speakers: int, seed: int) -> Made:
        random = np.random.default_rng(seed)
        emotions = np.random.default_rng(99).standard_normal((3, WIDTH))
        who = np.repeat(np.arange(speakers), EACH)
        truth = np.tile(np.arange(3), len(who) // 3)
        voices = 1.5 * random.standard_normal((speakers, WIDTH))
        noise = random.standard_normal((len(who), WIDTH))
        return cls((emotions[truth] + voices[who] + noise).astype(np.float32), truth, who)


def learned(made: Made) -> tuple[LinearHead, dict[str, VoiceHead]]:
    rows = np.arange(len(made.truth))
    every = np.ones((len(rows), 3), dtype=bool)
    groups = np.full(len(rows), "corpus", dtype=object)
    known = Known(made.truth, every, np.ones(len(rows), np.float32), groups)

    def head(chosen: np.ndarray) -> LinearHead:
        return LinearHead.fit(made.features, made.truth, every, known.weights, 0.01, chosen)

    parts = [np.flatnonzero(made.who % 3 == k) for k in range(3)]
    trains = [np.flatnonzero(made.who % 3 != k) for k in range(3)]
    scores = np.zeros((len(rows), 3))
    for part, train in zip(parts, trains, strict=True):
        scores[part] = head(train).scores(made.features[part])
    voices = Voices(Material(made.features, rows, known), known, made.who, LABELS, 0.01)
    general = head(rows)
    return general, learn_voices(voices, general, HeldOut(parts, trains, scores), 0.15)


@pytest.mark.parametrize("kind", ["neutral", "mixed"])
def test_an_enrolled_voice_is_understood_better(kind: str) -> None:
    general, found = learned(Made.of(9, seed=0))
    new = Made.of(12, seed=1)
    one = found[kind]
    scores = centred(one.head.scores(new.features))
    right = []
    for speaker in range(12):
        mine = np.flatnonzero(new.who == speaker)
        known, asked = mine[:12], mine[12:]
        if kind == "neutral":
            known = known[new.truth[known] == 0]
        moved = scores[asked] + shift(one.statistics, scores[known].mean(axis=0), len(known))
        right += (moved.argmax(axis=1) == new.truth[asked]).tolist()
    asked = np.flatnonzero(np.arange(len(new.who)) % EACH >= 12)
    before = general.scores(new.features[asked]).argmax(axis=1) == new.truth[asked]
    assert np.mean(right) > before.mean() + 0.05


def test_the_sum_of_both_heads_is_one_head() -> None:
    made = Made.of(9, seed=2)
    general, found = learned(made)
    rows = np.arange(len(made.truth))
    known = Known(
        made.truth,
        np.ones((len(rows), 3), dtype=bool),
        np.ones(len(rows), np.float32),
        np.full(len(rows), "corpus", dtype=object),
    )
    voices = Voices(Material(made.features, rows, known), known, made.who, LABELS, 0.01)
    for kind, one in found.items():
        own = voices.head(kind, rows)
        total = general.scores(made.features) + own.scores(made.features)
        summed = one.head.scores(made.features)
        temperature = (total * summed).sum() / (summed**2).sum()
        np.testing.assert_allclose(summed * temperature, total, rtol=0.0, atol=1e-3)
        assert temperature > 0.0
        assert one.statistics["output"] in ("scores_neutral", "scores_mixed")
        assert 0.0 < one.statistics["threshold"] < 1.0


def test_too_few_speakers_have_no_heads() -> None:
    assert learned(Made.of(3, seed=3))[1] == {}
