"""Enrolment: nothing is scored with a profile that heard it, and what is transductive says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from intona.corpora.base import Corpus
from intona.errors import CorpusError, UsageError
from intona.evaluation import Options, evaluate
from intona.evaluation.enrolment import Enrolment
from intona.evaluation.protocols import parse
from intona.evaluation.result import Evaluation
from intona.evaluation.text import summary
from intona.models.task import Surrounding


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Six speakers of two corpora, twenty utterances of each emotion."""
    count = 6 * 60
    speakers = np.repeat(np.arange(6), 60)
    return pd.DataFrame(
        {
            "speaker": [f"s{k}" for k in speakers],
            "corpus": np.where(speakers < 4, "here", "there"),
            "emotion": np.tile(["neutral", "happy", "sad"], count // 3),
        }
    )


def around(rows: pd.DataFrame, text: str, seed: int = 3) -> Sequence[Surrounding]:
    return Enrolment.parse(text).surroundings(rows, "emotion", seed)


@pytest.mark.parametrize("text", ["neutral:4", "neutral:20", "mixed:12", "mixed:45"])
def test_nothing_is_scored_with_a_profile_that_heard_it(rows: pd.DataFrame, text: str) -> None:
    enrolment = Enrolment.parse(text)
    speakers, truth = rows["speaker"].to_numpy(), rows["emotion"].to_numpy()
    seen: list[int] = []
    for one in around(rows, text):
        assert one.speech == enrolment.speech
        assert not set(one.rows) & set(one.reference)
        assert set(speakers[one.reference]) == set(speakers[one.rows])
        assert len(set(speakers[one.rows])) == 1
        alone = enrolment.speech == "neutral" and truth[one.rows[0]] == "neutral"
        assert len(set(one.reference)) == min(enrolment.count, 19 if alone else 60)
        if enrolment.speech == "neutral":
            assert set(truth[one.reference]) == {"neutral"}
        else:
            # A profile misses no emotion more than another for what is scored.
            assert set(pd.Series(truth[one.rows]).value_counts()) == {5}
        seen += one.rows.tolist()
    assert sorted(seen) == list(range(len(rows)))


def test_a_profile_of_a_place_is_of_other_speakers_there(rows: pd.DataFrame) -> None:
    speakers, corpora = rows["speaker"].to_numpy(), rows["corpus"].to_numpy()
    seen: list[int] = []
    for one in around(rows, "place:30"):
        assert one.speech == "place"
        assert len(set(one.reference)) == 30
        assert not set(speakers[one.reference]) & set(speakers[one.rows])
        assert set(corpora[one.reference]) == set(corpora[one.rows])
        seen += one.rows.tolist()
    assert sorted(seen) == list(range(len(rows)))


@pytest.mark.parametrize(("text", "sizes"), [("adapt", {240, 120}), ("adapt:40", {40})])
def test_adapting_judges_a_corpus_against_itself(
    rows: pd.DataFrame, text: str, sizes: set[int]
) -> None:
    corpora = rows["corpus"].to_numpy()
    found = around(rows, text)
    assert {len(set(one.reference)) for one in found} == sizes
    for one in found:
        assert set(corpora[one.reference]) == set(corpora[one.rows])
        assert len(set(corpora[one.rows])) == 1
    assert sorted(np.concatenate([one.rows for one in found])) == list(range(len(rows)))
    # It needs no names.
    assert len(around(rows.assign(speaker=None), text)) == 2


def test_the_seed_alone_decides(rows: pd.DataFrame) -> None:
    for text in ("neutral:4", "mixed:12", "place:30", "adapt:40"):
        first, again, other = (
            [one.reference.tolist() for one in around(rows, text, seed)] for seed in (0, 0, 1)
        )
        assert first == again
        assert first != other


def test_bad_requests(rows: pd.DataFrame) -> None:
    for text in ("neutral", "angry:4", "mixed:0", "mixed:x", "adapt:0", "place"):
        with pytest.raises(UsageError, match="write neutral:4, mixed:16, place:64, adapt"):
            Enrolment.parse(text)
    for text in ("neutral:21", "mixed:46"):
        with pytest.raises(CorpusError, match="too few"):
            around(rows, text)
    with pytest.raises(CorpusError, match="not of s4"):
        around(rows, "place:61")
    with pytest.raises(CorpusError, match="who speaks"):
        around(rows.assign(speaker=None), "mixed:4")


@pytest.mark.parametrize(("text", "stamped"), [("adapt", True), ("mixed:4", False)])
def test_a_recipe_is_tested_plainly_and_adapted(
    two_corpora: Corpus, tiny_recipe: Any, tmp_path: Any, text: str, stamped: bool
) -> None:
    split = parse("speakers:2")
    plain = evaluate(tiny_recipe, two_corpora, split)
    found = evaluate(tiny_recipe, two_corpora, split, Options(enrolments=(Enrolment.parse(text),)))
    labels = list(found.labels)
    assert found.facts.transductive is stamped
    assert summary(found).startswith("TRANSDUCTIVE: ") is stamped
    assert not found.leaky
    assert found.facts.protocol == f"speakers:2+enrol:{text}"
    without = found.facts.enrolment
    assert without is not None
    value = without.without["unweighted_average_recall"]["value"]
    assert value == pytest.approx(plain.headline.value)
    assert f"without profiles UAR is {100 * value:.1f} %" in found.facts.protocol_words
    pd.testing.assert_series_equal(found.predictions["truth"], plain.predictions["truth"])
    pd.testing.assert_series_equal(
        found.predictions["familiarity"], plain.predictions["familiarity"]
    )
    assert not np.allclose(found.predictions[labels], plain.predictions[labels], atol=1e-3)
    np.testing.assert_allclose(found.predictions[labels].sum(axis=1), 1.0)
    again = Evaluation.load(found.save(tmp_path))
    assert again.facts.enrolment == without
    assert again.facts.transductive is stamped


def test_a_recipe_that_cannot_adapt_says_so(corpus: Corpus, svm: Any) -> None:
    with pytest.raises(UsageError, match="recipe classic-svm cannot be adapted"):
        evaluate(svm, corpus, parse("speakers:2"), Options(enrolments=(Enrolment.parse("adapt"),)))
    table = corpus.table.assign(level=1.0)
    numbers = Corpus("numbers", table, "none", "none")
    with pytest.raises(UsageError, match="not of numbers"):
        evaluate(
            svm,
            numbers,
            parse("speakers:2"),
            Options(target="level", enrolments=(Enrolment.parse("adapt"),)),
        )
