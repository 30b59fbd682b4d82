from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from intona import metrics
from intona.errors import UsageError
from intona.evaluation.compare import (
    _drawing,
    compare,
    comparison_text,
    holm,
    save_comparison,
)


@pytest.fixture(scope="module")
def worse(result):
    """The same evaluation with half of the answers drawn at random, rows in another order."""
    generator = np.random.default_rng(0)
    table = result.predictions.copy()
    spoilt = generator.uniform(size=len(table)) < 0.5
    answers = table["emotion"].to_numpy(dtype=object).copy()
    answers[spoilt] = generator.choice(result.labels, spoilt.sum())
    table["emotion"] = answers
    return replace(result, predictions=table.sample(frac=1.0, random_state=1))


def test_the_difference_is_paired_by_speaker(result, worse):
    found = compare([("worse", worse), ("better", result)])
    assert list(found.runs) == ["better", "worse"]
    (pair,) = found.pairs
    gap = result.headline.value - worse.headline.value
    assert pair.difference.value == pytest.approx(gap)
    assert pair.difference.low <= gap <= pair.difference.high
    assert found.runs["worse"].low == pytest.approx(worse.headline.low, abs=0.06)

    def of_speaker(run, speaker):
        rows = run.predictions[run.predictions["speaker"] == speaker]
        return metrics.unweighted_average_recall(rows["truth"], rows["emotion"])

    each = [of_speaker(result, s) - of_speaker(worse, s) for s in sorted(result.per_speaker)]
    assert pair.p_wilcoxon == pytest.approx(scipy.stats.wilcoxon(each).pvalue)


def test_a_run_against_itself_is_no_difference(result):
    (pair,) = compare([("a", result), ("b", result)]).pairs
    assert pair.difference.value == 0.0
    assert pair.p_bootstrap == 1.0
    assert np.isnan(pair.p_wilcoxon)


def test_only_the_same_folds_are_compared(result, worse):
    other = worse.predictions.assign(fold="x")
    with pytest.raises(UsageError, match="do not have the same folds"):
        compare([("a", result), ("b", replace(worse, predictions=other))])
    with pytest.raises(UsageError, match="same utterances"):
        compare([("a", result), ("b", replace(worse, predictions=other.iloc[1:]))])
    with pytest.raises(UsageError, match="same labels"):
        compare([("a", result), ("b", replace(worse, labels=("happy", "sad")))])


def test_one_run_or_one_name_is_not_enough(result):
    with pytest.raises(UsageError, match="at least two"):
        compare([("a", result)])
    with pytest.raises(UsageError, match="one name"):
        compare([("a", result), ("a", result)])


def test_a_leaky_run_stamps_the_comparison(result, worse):
    leaky = replace(worse, facts=replace(worse.facts, leaky_reasons=("voices are known",)))
    found = compare([("a", result), ("b", leaky)])
    assert comparison_text(found).startswith("LEAKY: b: voices are known.")


def test_it_is_written(result, worse, tmp_path):
    picture = save_comparison(compare([("a", result), ("b", worse)]), tmp_path / "out")
    assert picture.read_bytes().startswith(b"\x89PNG")
    facts = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert facts["pairs"][0]["one"] == "a"


def test_holm_against_its_definition():
    values = [0.01, 0.2, 0.03, 0.04]
    ranked = sorted(range(4), key=lambda k: values[k])
    expected = [0.0] * 4
    for rank, k in enumerate(ranked):
        expected[k] = max(min(1.0, (4 - j) * values[ranked[j]]) for j in range(rank + 1))
    assert holm(values) == pytest.approx(expected)
    assert np.isnan(holm([0.5, float("nan")])[1])


def test_the_picture_has_the_numbers(result, worse):
    found = compare([("worse", worse), ("better", result)])
    words = [text.get_text() for text in _drawing(found).axes[0].texts]
    assert words[0].startswith(f"{100 * result.headline.value:.1f} %")
    gap = 100 * (worse.headline.value - result.headline.value)
    assert words[1].splitlines()[1].startswith(f"{gap:+.1f} to the first, p ")
