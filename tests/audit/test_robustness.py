from __future__ import annotations

import numpy as np
import pytest

from intona.audio.transforms import Bank
from intona.audit.conditions import CONDITIONS, Condition, apply
from intona.audit.dataset import Dataset
from intona.audit.model import AuditedModel
from intona.audit.predictions import Predictions
from intona.audit.robustness import parallel, robustness
from intona.corpora.base import table

LABELS = ("neutral", "happy")
CONDITION = Condition("robustness", "tilt", "up", "gain", unchanged=0.8, loss=0.02)


def build(count: int, **columns) -> Dataset:
    rows = [
        {
            "file": f"{k:04d}.wav",
            "emotion": LABELS[k % 2],
            "speaker": f"s{k % 5}",
            "corpus": "made",
            **{name: values[k] for name, values in columns.items()},
        }
        for k in range(count)
    ]
    return Dataset.of(table(rows))


def test_unchanged_and_change_of_uar():
    dataset = build(40)
    truth = np.arange(40) % 2
    before = Predictions(AuditedModel("m", LABELS, False, None, None), dataset, np.eye(2)[truth])
    after = truth.copy()
    after[:8] = 1 - after[:8]
    unchanged, change = robustness(before, {CONDITION: np.eye(2)[after]}, {})
    assert unchanged.value == pytest.approx(0.8)
    assert not unchanged.passed  # above, not equal
    assert change.value == pytest.approx(-0.2)
    assert change.threshold == -0.02
    assert not change.passed
    assert change.low <= change.value <= change.high


def test_to_find_no_speech_any_more_is_a_change():
    dataset = build(10)
    values = np.eye(2)[np.arange(10) % 2]
    values[0] = np.nan
    changed = values.copy()
    changed[:3] = np.nan
    before = Predictions(AuditedModel("m", LABELS, False, None, None), dataset, values)
    unchanged, change = robustness(before, {CONDITION: changed}, {})
    assert unchanged.value == pytest.approx(0.8)
    assert change.value == pytest.approx(-0.2)


def test_the_reference_replaces_the_recording():
    dataset = build(10)
    audited = AuditedModel("m", LABELS, False, None, None)
    plain = np.eye(2)[np.zeros(10, int)]
    changed = np.eye(2)[np.ones(10, int)]
    outcomes = robustness(
        Predictions(audited, dataset, plain), {CONDITION: changed}, {CONDITION: changed}
    )
    assert next(outcomes).value == 1.0


def test_numbers_may_move_by_a_twentieth():
    rng = np.random.default_rng(0)
    truth = rng.random(50)
    dataset = build(50, arousal=truth)
    before = Predictions(AuditedModel("m", ("arousal",), True, None, None), dataset, truth[:, None])
    moved = truth + np.where(np.arange(50) < 10, 0.06, 0.04)
    unchanged, change = robustness(before, {CONDITION: moved[:, None]}, {})
    assert unchanged.value == pytest.approx(0.8)
    assert change.metric == "change of CCC"
    assert -0.1 < change.value < 0


def test_parallel_recordings():
    performances = [k // 2 for k in range(40)]
    microphones = ["headset" if k % 2 == 0 else "table" for k in range(40)]
    dataset = build(40, performance=performances, microphone=microphones)
    audited = AuditedModel("m", LABELS, False, None, None)
    answers = np.zeros(40, int)
    answers[1:11:2] = 1  # five of the twenty table recordings differ from the headset
    (outcome,) = parallel(Predictions(audited, dataset, np.eye(2)[answers]))
    assert outcome.case == "table against headset"
    assert outcome.value == pytest.approx(0.75)
    assert outcome.count == 20
    assert not list(parallel(Predictions(audited, build(20), np.eye(2)[answers[:20]])))


def test_conditions_have_unique_names():
    names = [condition.name for condition in CONDITIONS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_every_condition_makes_sound(condition):
    rng = np.random.default_rng(0)
    signal = (0.1 * rng.standard_normal(24_000)).astype(np.float32)
    banks = dict.fromkeys(("voices", "noises", "rooms"), Bank((signal[::-1].copy(),), 16_000))
    changed, rate = apply(condition, signal, 16_000, rng, banks)
    assert rate == (condition.rate or 16_000)
    assert changed.dtype == np.float32
    assert np.all(np.isfinite(changed))
    assert changed.any()
    if condition.reference is not None:
        reference, _ = apply(condition, signal, 16_000, rng, banks, reference=True)
        assert reference.shape == signal.shape
        assert not np.array_equal(reference, signal)
