"""Every metric against an independent implementation, or a derivation written out here."""

from __future__ import annotations

import audmetric
import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as reference

from intona import metrics

LABELS = ["angry", "happy", "sad", "calm"]


@pytest.fixture(params=range(3))
def case(request):
    """Random truth (unbalanced), probabilities and decisions."""
    generator = np.random.default_rng(request.param)
    truth = generator.choice(LABELS, 300, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    scores = generator.normal(size=(300, 4))
    scores[np.arange(300), [LABELS.index(name) for name in truth]] += 1.0
    # Coarse values make ties, which the ranking metrics must treat fairly.
    probabilities = np.exp(np.round(scores, 1))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    prediction = [LABELS[k] for k in probabilities.argmax(axis=1)]
    return truth, probabilities, prediction


def test_decisions_agree_with_scikit_learn_and_audmetric(case):
    truth, _, prediction = case
    uar = metrics.unweighted_average_recall(truth, prediction, LABELS)
    assert uar == pytest.approx(reference.balanced_accuracy_score(truth, prediction))
    assert uar == pytest.approx(audmetric.unweighted_average_recall(truth, prediction))
    assert metrics.weighted_average_recall(truth, prediction) == pytest.approx(
        reference.accuracy_score(truth, prediction)
    )
    for name in ("macro", "weighted"):
        assert getattr(metrics, f"{name}_f1")(truth, prediction) == pytest.approx(
            reference.f1_score(truth, prediction, average=name)
        )
    assert metrics.recall_per_class(truth, prediction) == pytest.approx(
        audmetric.recall_per_class(truth, prediction)
    )
    assert metrics.precision_per_class(truth, prediction) == pytest.approx(
        audmetric.precision_per_class(truth, prediction)
    )
    assert metrics.f1_per_class(truth, prediction) == pytest.approx(
        audmetric.fscore_per_class(truth, prediction)
    )
    np.testing.assert_array_equal(
        metrics.confusion_matrix(truth, prediction, LABELS),
        reference.confusion_matrix(truth, prediction, labels=LABELS),
    )


def test_f1_is_over_the_labels_that_are_there(case):
    """An answer that is never right costs recall and precision of others, and is no class."""
    truth, _, prediction = case
    kept = [k for k, label in enumerate(truth) if label != LABELS[0]]
    truth, prediction = [truth[k] for k in kept], [prediction[k] for k in kept]
    assert LABELS[0] in prediction
    assert metrics.macro_f1(truth, prediction, LABELS) == pytest.approx(
        reference.f1_score(truth, prediction, average="macro", labels=LABELS[1:])
    )
    assert metrics.macro_f1(truth, prediction) < 1.0


def test_probabilities_agree_with_scikit_learn(case):
    truth, probabilities, _ = case
    columns = sorted(LABELS)
    sorted_columns = probabilities[:, [LABELS.index(name) for name in columns]]
    assert metrics.log_loss(truth, probabilities, LABELS) == pytest.approx(
        reference.log_loss(truth, sorted_columns, labels=columns)
    )
    assert metrics.brier_score(truth, probabilities, LABELS) == pytest.approx(
        reference.brier_score_loss(truth, sorted_columns, labels=columns, scale_by_half=False)
    )
    assert metrics.area_under_roc(truth, probabilities, LABELS) == pytest.approx(
        reference.roc_auc_score(truth, sorted_columns, multi_class="ovr", labels=columns)
    )


def test_calibration_error_bin_by_bin(case):
    truth, probabilities, prediction = case
    confidence = probabilities.max(axis=1)
    right = np.array(truth) == np.array(prediction)
    order = np.argsort(-confidence, kind="stable")
    expected = sum(
        20 / 300 * abs(confidence[part].mean() - right[part].mean()) for part in np.split(order, 15)
    )
    found = metrics.expected_calibration_error(confidence[order], right[order])
    # Ties of confidence at a bin's edge may fall on either side.
    assert found == pytest.approx(expected, abs=0.02)


def test_calibration_error_without_ties_is_exact():
    generator = np.random.default_rng(1)
    confidence = generator.uniform(size=150)
    right = generator.uniform(size=150) < confidence
    order = np.argsort(confidence)
    expected = sum(
        10 / 150 * abs(confidence[part].mean() - right[part].mean()) for part in np.split(order, 15)
    )
    assert metrics.expected_calibration_error(confidence, right) == pytest.approx(expected)


def test_risk_coverage_counts_from_the_top():
    generator = np.random.default_rng(2)
    confidence = generator.permutation(200) / 200
    right = generator.uniform(size=200) < 0.3 + 0.6 * confidence
    coverage, risk = metrics.risk_coverage(confidence, right)
    ranking = sorted(range(200), key=lambda i: -confidence[i])
    risks = [np.mean([not right[i] for i in ranking[: k + 1]]) for k in range(200)]
    np.testing.assert_allclose(risk, risks)
    np.testing.assert_allclose(coverage, np.arange(1, 201) / 200)
    assert metrics.area_under_risk_coverage(confidence, right) == pytest.approx(np.mean(risks))


def test_equal_confidence_makes_one_step():
    coverage, risk = metrics.risk_coverage([0.5, 0.5, 0.5], [1, 0, 1])
    assert coverage.tolist() == [1.0]
    assert risk.tolist() == pytest.approx([1 / 3])


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_numbers_agree_with_audmetric_and_scipy(offset):
    generator = np.random.default_rng(3)
    truth = generator.normal(size=200) + offset
    prediction = 0.5 * truth + generator.normal(size=200)
    assert metrics.concordance_correlation(truth, prediction) == pytest.approx(
        audmetric.concordance_cc(truth, prediction), rel=1e-6
    )
    assert metrics.pearson_correlation(truth, prediction) == pytest.approx(
        scipy.stats.pearsonr(truth, prediction).statistic, rel=1e-6
    )
    assert metrics.mean_absolute_error(truth, prediction) == pytest.approx(
        np.abs(truth - prediction).mean()
    )


def test_perfect_answers_score_perfectly():
    truth = ["a", "b", "c"]
    sure = np.eye(3)
    assert metrics.unweighted_average_recall(truth, truth) == 1.0
    assert metrics.macro_f1(truth, truth) == 1.0
    assert metrics.brier_score(truth, sure, truth) == 0.0
    assert metrics.area_under_roc(truth, sure, truth) == 1.0
    assert metrics.expected_calibration_error([1.0] * 3, [True] * 3) == 0.0
    assert metrics.concordance_correlation([1, 2, 3], [1, 2, 3]) == pytest.approx(1.0)


def test_a_class_without_utterances_is_left_out_of_the_average():
    labels = ["a", "b", "never"]
    assert metrics.unweighted_average_recall(["a", "b"], ["a", "never"], labels) == 0.5
    assert np.isnan(metrics.recall_per_class(["a", "b"], ["a", "b"], labels)["never"])


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.confusion_matrix(["a"], []),
        lambda: metrics.confusion_matrix([], []),
        lambda: metrics.confusion_matrix(["a"], ["b"], ["a"]),
        lambda: metrics.brier_score(["a"], [[1.0, 0.0, 0.0]], ["a", "b"]),
        lambda: metrics.log_loss(["c"], [[1.0, 0.0]], ["a", "b"]),
        lambda: metrics.expected_calibration_error([], []),
        lambda: metrics.concordance_correlation([1, 2], [1]),
        lambda: metrics.concordance_correlation([1, np.nan], [1, 2]),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError, match=r"\w+"):
        call()
