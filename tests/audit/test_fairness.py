from __future__ import annotations

import numpy as np
import pytest

from intona.audit.dataset import Dataset
from intona.audit.fairness import fairness, sentiment
from intona.audit.groups import Grouping, groupings, pitch_groups
from intona.audit.model import AuditedModel
from intona.audit.predictions import Predictions
from intona.corpora.base import table

LABELS = ("neutral", "happy", "sad")


def build(count: int, seed: int = 0, **columns) -> tuple[Dataset, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(len(LABELS), size=count)
    rows = [
        {
            "file": f"{k:05d}.wav",
            "emotion": LABELS[truth[k]],
            "speaker": f"s{k % 10}",
            "corpus": "made",
            **{name: values[k] for name, values in columns.items()},
        }
        for k in range(count)
    ]
    return Dataset.of(table(rows)), truth


def predicted(dataset: Dataset, decisions: np.ndarray) -> Predictions:
    audited = AuditedModel("model", LABELS, False, None, None)
    return Predictions(audited, dataset, np.eye(len(LABELS))[decisions])


@pytest.fixture(scope="module")
def sexes():
    sex = np.array(["female", "male"])[np.arange(400) % 2]
    dataset, truth = build(400, sex=sex)
    (grouping,), _ = groupings(dataset, None)
    return dataset, truth, sex, grouping


def test_equal_treatment_passes(sexes):
    dataset, truth, _, grouping = sexes
    rng = np.random.default_rng(5)
    answers = np.where(rng.random(400) < 0.3, rng.integers(3, size=400), truth)
    outcomes = list(fairness(predicted(dataset, answers), grouping))
    assert {o.case for o in outcomes} == {"female", "male"}
    assert len(outcomes) == 6
    assert all(o.passed for o in outcomes)


def test_bias_is_found_and_measured(sexes):
    dataset, truth, sex, grouping = sexes
    # Of women every sad utterance is called neutral; of men all is right.
    answers = np.where((sex == "female") & (truth == 2), 0, truth)
    found = {(o.case, o.metric): o for o in fairness(predicted(dataset, answers), grouping)}
    women = sex == "female"
    pooled = np.mean(answers[truth == 2] == 2)
    worst = found["female", "difference in recall per class"]
    assert worst.value == pytest.approx(pooled)
    assert not worst.passed
    own = np.mean([1.0, 1.0, 0.0]) - np.mean([1.0, 1.0, pooled])
    gap = found["female", "difference in unweighted average recall"]
    assert gap.value == pytest.approx(abs(own))
    assert gap.count == women.sum()
    # No woman is ever called sad, which counts as a precision of 0, against 1 of all together.
    assert found["female", "difference in precision per class"].value == 1.0
    exact = np.mean(truth[~women & (answers == 0)] == 0) - np.mean(truth[answers == 0] == 0)
    assert found["male", "difference in precision per class"].value == pytest.approx(abs(exact))


def test_a_model_that_hears_only_men_is_unfair(sexes):
    dataset, truth, sex, grouping = sexes
    predictions = predicted(dataset, truth)
    predictions.values[(sex == "female") & (np.arange(400) % 4 == 0)] = np.nan
    found = {(o.case, o.metric): o for o in fairness(predictions, grouping)}
    assert not found["female", "difference in unweighted average recall"].passed
    assert found["female", "difference in unweighted average recall"].count == 200


def test_the_threshold_is_the_largest_of_a_thousand_guesses(sexes):
    dataset, truth, _, grouping = sexes
    outcome = next(
        o for o in fairness(predicted(dataset, truth), grouping, seed=7) if "average" in o.metric
    )
    rng = np.random.default_rng(7)
    largest = 0.0
    for _ in range(1000):
        guess = rng.integers(3, size=400)
        recalls = [
            [np.mean(guess[(truth == k) & mask] == k) for k in range(3)]
            for mask in (grouping.members == 0, grouping.members == 1, grouping.members >= 0)
        ]
        means = np.mean(recalls, axis=1)
        largest = max(largest, *np.abs(means[:2] - means[2]))
    assert outcome.threshold == pytest.approx(largest)


def test_more_people_make_a_stricter_threshold():
    limits = []
    for count in (200, 2000):
        dataset, truth = build(count, sex=np.array(["f", "m"])[np.arange(count) % 2])
        (grouping,), _ = groupings(dataset, None)
        limits.append(next(fairness(predicted(dataset, truth), grouping)).threshold)
    assert limits[1] < 0.5 * limits[0]


def test_language_compares_shares_beyond_the_truth():
    language = np.array(["deu", "eng", "pol"])[np.arange(300) % 3]
    dataset, truth = build(300, language=language)
    (grouping,), _ = groupings(dataset, None)
    assert not grouping.performance
    fair = list(fairness(predicted(dataset, truth), grouping))
    assert [o.value for o in fair] == [0.0, 0.0, 0.0]
    answers = np.where(language == "pol", 1, truth)
    found = {o.case: o for o in fairness(predicted(dataset, answers), grouping)}
    excess = [np.mean(answers == k) - np.mean(truth == k) for k in range(3)]
    polish = language == "pol"
    own = [np.mean(answers[polish] == k) - np.mean(truth[polish] == k) for k in range(3)]
    assert found["pol"].value == pytest.approx(np.abs(np.subtract(own, excess)).max())
    assert not found["pol"].passed


def test_numeric_models_are_compared_in_bins_and_concordance():
    rng = np.random.default_rng(2)
    truth = np.clip(rng.normal(0.5, 0.17, 600), 0, 1)
    sex = np.array(["female", "male"])[np.arange(600) % 2]
    rows = [
        {"file": f"{k:04d}", "speaker": f"s{k % 20}", "corpus": "x", "sex": sex[k], "valence": v}
        for k, v in enumerate(truth)
    ]
    dataset = Dataset.of(table(rows))
    (grouping,), _ = groupings(dataset, None)
    audited = AuditedModel("model", ("valence",), True, None, None)
    biased = np.where(sex == "female", truth, 1 - truth)
    results = {}
    for name, values in (("fair", truth), ("biased", biased)):
        predictions = Predictions(audited, dataset, values[:, None])
        results[name] = {(o.case, o.metric): o for o in fairness(predictions, grouping)}
    assert all(o.passed for o in results["fair"].values())
    assert not results["biased"]["male", "difference in concordance correlation"].passed
    assert not results["biased"]["male", "difference in recall per bin"].passed


def test_pitch_groups_follow_the_speakers_mean():
    dataset, _ = build(300)
    pitches = np.repeat([[120.0, 150.0, 220.0, 120.0, 400.0]], 60, axis=0).ravel()
    groups = pitch_groups(dataset, pitches)
    expected = {0: "low", 1: "medium", 2: "high", 3: "low", 4: None}
    for speaker in range(10):
        assert set(groups[dataset.speakers == speaker]) == {expected[speaker % 5]}
    few = dataset.take(np.arange(200))
    assert set(pitch_groups(few, pitches[:200])) == {None}  # 20 utterances are too few


def test_groups_too_small_are_named():
    sex = np.array(["female"] * 90 + ["male"] * 10)
    dataset, _ = build(100, sex=sex)
    found, missing = groupings(dataset, None)
    assert found == []
    assert missing[0].startswith("fairness/sex: the corpus has 1 groups")


def test_rows_outside_all_groups_do_not_count(sexes):
    dataset, truth, _, _ = sexes
    members = np.where(np.arange(400) < 300, np.arange(400) % 2, -1)
    grouping = Grouping("sex", ("female", "male"), members, True)
    outcomes = list(fairness(predicted(dataset, truth), grouping))
    assert {o.count for o in outcomes} == {150}


def test_sentiment_of_the_words_may_shift_all_languages_but_not_one():
    count = 900
    language = np.array(["deu", "eng", "ita"])[np.arange(count) % 3]
    words = np.array(["negative", "positive"])[np.arange(count) // 3 % 2]
    dataset, _ = build(count, language=language, sentiment=words)
    rng = np.random.default_rng(0)
    random = rng.integers(3, size=count)
    everywhere = np.where(words == "positive", 1, random)
    assert all(o.passed for o in sentiment(predicted(dataset, everywhere)))
    only_german = np.where((words == "positive") & (language == "deu"), 1, random)
    failed = {o.case for o in sentiment(predicted(dataset, only_german)) if not o.passed}
    assert "deu, positive words" in failed
    bare, truth = build(20)
    assert not list(sentiment(predicted(bare, truth)))
