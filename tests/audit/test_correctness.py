from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import spearmanr

from intona import metrics
from intona.audit.correctness import correctness
from intona.audit.dataset import Dataset
from intona.audit.model import AuditedModel
from intona.audit.predictions import Predictions
from intona.corpora.base import table
from intona.errors import CorpusError

LABELS = ("neutral", "happy", "sad")


def predicted_classes(truth, decisions, speakers) -> Predictions:
    rows = [
        {"file": f"{k:04d}.wav", "emotion": emotion, "speaker": speaker, "corpus": "made"}
        for k, (emotion, speaker) in enumerate(zip(truth, speakers, strict=True))
    ]
    answers = np.eye(len(LABELS))[[LABELS.index(name) for name in decisions]]
    audited = AuditedModel("model", LABELS, False, None, None)
    return Predictions(audited, Dataset.of(table(rows)), answers)


def predicted_numbers(truth, values, speakers, emotions=None, target="arousal") -> Predictions:
    rows = [
        {
            "file": f"{k:04d}.wav",
            "speaker": speakers[k],
            "corpus": "made",
            "emotion": None if emotions is None else emotions[k],
            **({} if truth is None else {target: truth[k]}),
        }
        for k in range(len(values))
    ]
    audited = AuditedModel("model", (target,), True, None, None)
    return Predictions(audited, Dataset.of(table(rows)), np.asarray(values, float)[:, None])


def by_metric(predictions: Predictions) -> dict:
    return {(o.test, o.metric): o for o in correctness(predictions, "made")}


@pytest.fixture
def messy():
    """Four speakers, 25 to 40 utterances each, two thirds right."""
    rng = np.random.default_rng(0)
    speakers = np.repeat(["a", "b", "c", "d"], [25, 30, 35, 40])
    shares = {
        "a": (0.6, 0.2, 0.2),
        "b": (0.3, 0.4, 0.3),
        "c": (0.2, 0.3, 0.5),
        "d": (0.4, 0.3, 0.3),
    }
    truth = np.array([rng.choice(LABELS, p=shares[speaker]) for speaker in speakers])
    wrong = rng.random(len(truth)) < 0.33
    decisions = np.where(wrong, rng.choice(LABELS, len(truth)), truth)
    return truth, decisions, speakers


def test_classification_agrees_with_the_metrics(messy):
    truth, decisions, speakers = messy
    found = by_metric(predicted_classes(truth, decisions, speakers))
    uar = found["classification", "unweighted average recall"]
    assert uar.value == pytest.approx(metrics.unweighted_average_recall(truth, decisions, LABELS))
    assert uar.low < uar.value < uar.high
    assert uar.passed
    recalls = metrics.recall_per_class(truth, decisions, LABELS)
    precisions = metrics.precision_per_class(truth, decisions, LABELS)
    for label in LABELS:
        got = found["classification", f"recall of {label}"]
        assert got.value == pytest.approx(recalls[label])
        assert got.count == np.sum(truth == label)
        got = found["classification", f"precision of {label}"]
        assert got.value == pytest.approx(precisions[label])
    average = found["classification", "unweighted average precision"].value
    assert average == pytest.approx(np.mean(list(precisions.values())))


def test_distribution_and_speakers_agree_with_their_definitions(messy):
    truth, decisions, speakers = messy
    found = by_metric(predicted_classes(truth, decisions, speakers))
    for label in LABELS:
        gap = abs(np.mean(decisions == label) - np.mean(truth == label))
        assert found["distribution", f"difference in share of {label}"].value == pytest.approx(gap)
        enough = [s for s in "abcd" if np.sum((truth == label) & (speakers == s)) >= 8]
        true = [np.mean(truth[speakers == s] == label) for s in enough]
        given = [np.mean(decisions[speakers == s] == label) for s in enough]
        error = found["speaker-average", f"mean absolute error of share of {label}"]
        assert error.value == pytest.approx(np.mean(np.abs(np.subtract(true, given))))
        if len(enough) >= 3:
            rho = found["speaker-ranking", f"Spearman's rho of share of {label}"]
            assert rho.value == pytest.approx(spearmanr(true, given).statistic)


def test_perfect_answers_pass_everything(messy):
    truth, _, speakers = messy
    outcomes = list(correctness(predicted_classes(truth, truth, speakers), "made"))
    assert len(outcomes) > 10
    assert all(outcome.passed for outcome in outcomes)


def test_labels_the_model_does_not_know_are_left_out(messy):
    truth, decisions, speakers = messy
    strange = truth.copy()
    strange[:5] = "bored"
    found = by_metric(predicted_classes(strange, decisions, speakers))
    assert found["classification", "unweighted average recall"].count == len(truth) - 5
    assert not list(correctness(predicted_classes(["bored"] * 3, ["sad"] * 3, ["a"] * 3), "made"))


def test_regression_agrees_with_the_metrics():
    rng = np.random.default_rng(1)
    speakers = np.repeat(["a", "b", "c"], 40)
    base = np.repeat([0.35, 0.5, 0.6], 40)
    truth = np.clip(base + rng.normal(0, 0.15, 120), 0, 1)
    values = np.clip(truth + rng.normal(0, 0.05, 120), 0, 1)
    found = by_metric(predicted_numbers(truth, values, speakers))
    expected = {
        "concordance correlation of arousal": metrics.concordance_correlation(truth, values),
        "Pearson correlation of arousal": metrics.pearson_correlation(truth, values),
        "mean absolute error of arousal": metrics.mean_absolute_error(truth, values),
    }
    for name, value in expected.items():
        assert found["regression", name].value == pytest.approx(value)
        assert found["regression", name].passed
    bins = np.linspace(0, 1, 11)
    p, q = (np.histogram(x, bins)[0] / 120 for x in (truth, values))
    distance = found["distribution", "Jensen-Shannon distance of arousal"]
    assert distance.value == pytest.approx(jensenshannon(p, q, base=2))
    error = found["speaker-average", "mean absolute error of mean arousal"]
    means = [[x[speakers == s].mean() for s in "abc"] for x in (truth, values)]
    assert error.value == pytest.approx(np.abs(np.subtract(*means)).mean())
    assert found["speaker-ranking", "Spearman's rho of mean arousal"].value == pytest.approx(1.0)


def test_consistency_counts_the_expected_range():
    emotions = ["sad", "bored", "angry", "fearful", "neutral", "neutral", "happy"]
    values = [0.45, 0.46, 0.55, 0.54, 0.3, 0.61, 0.9]
    found = by_metric(predicted_numbers(None, values, list("abcdefg"), emotions))
    assert {key[0] for key in found} == {"consistency"}
    for level in ("low", "high", "neutral"):
        assert found["consistency", f"arousal in the {level} range"].value == 0.5


def test_numbers_must_lie_between_zero_and_one():
    with pytest.raises(CorpusError, match="between 0 and 1"):
        list(correctness(predicted_numbers([1.0, 5.0], [0.1, 0.2], ["a", "b"]), "made"))


def test_no_answer_is_wrong_and_of_no_class(messy):
    truth, decisions, speakers = messy
    predictions = predicted_classes(truth, decisions, speakers)
    silent = np.arange(len(truth)) % 7 == 0
    predictions.values[silent] = np.nan
    assert predictions.decisions()[silent].tolist() == [-1] * silent.sum()
    found = by_metric(predictions)
    given = np.where(silent, None, decisions).tolist()
    uar = found["classification", "unweighted average recall"].value
    assert uar == pytest.approx(metrics.unweighted_average_recall(truth, given, LABELS))
    precisions = metrics.precision_per_class(truth, given, LABELS)
    for label in LABELS:
        precision = found["classification", f"precision of {label}"].value
        assert precision == pytest.approx(precisions[label])
        gap = abs(np.mean([one == label for one in given]) - np.mean(truth == label))
        assert found["distribution", f"difference in share of {label}"].value == pytest.approx(gap)


def test_numbers_without_an_answer_are_left_out():
    values = np.array([0.2, 0.5, np.nan, 0.7, 0.4, 0.6])
    truth = [0.25, 0.5, 0.9, 0.65, 0.4, 0.5]
    found = by_metric(predicted_numbers(truth, values, list("aabbcc")))
    there = ~np.isnan(values)
    expected = metrics.concordance_correlation(np.array(truth)[there], values[there])
    outcome = found["regression", "concordance correlation of arousal"]
    assert (outcome.value, outcome.count) == (pytest.approx(expected), 5)


def test_one_speaker_has_no_interval(messy):
    truth, decisions, _ = messy
    found = by_metric(predicted_classes(truth, decisions, ["a"] * len(truth)))
    assert np.isnan(found["classification", "unweighted average recall"].low)
    assert ("speaker-average", "mean absolute error of share of sad") not in found
