from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intona.errors import IntonaError, UsageError
from intona.labels import (
    EMOTIONS,
    canonical,
    label_map,
    merge_columns,
    order,
    parse_merge,
    relabel,
)

# Words as people write them: other cases, synonyms, spaces, labels outside of the vocabulary.
WORDS = st.sampled_from(
    [*EMOTIONS, "Happy", "ANGER", "joy", " sadness ", "fear", "Proud", "proud", "amused"]
)
LABELS = st.lists(WORDS, min_size=1, max_size=6, unique_by=canonical)


def restricted(values, labels, keep=None, merge=None, priors=None):
    """Restrict a model's answer to some labels."""
    becomes = label_map(labels, keep, merge, owner="the model")
    return merge_columns(values, [becomes[label] for label in labels], priors)


@st.composite
def questions(draw):
    """Draw a model's labels, a merge without chains and labels to keep."""
    labels = draw(LABELS)
    old = draw(st.lists(st.sampled_from(labels), max_size=3, unique=True))
    new = [label for label in (*labels, "neutral") if canonical(label) not in map(canonical, old)]
    merge = {one: draw(st.sampled_from(new)) for one in old if new}
    after = sorted({name for name in label_map(labels, None, merge).values() if name})
    return labels, draw(st.lists(st.sampled_from(after), max_size=4)), merge


def rows(count: int, labels: int) -> np.ndarray:
    return np.random.default_rng(labels).dirichlet(np.ones(labels), size=count)


@given(st.text())
def test_folding_a_label_twice_is_folding_it_once(text):
    assert canonical(canonical(text)) == canonical(text)


@given(questions())
def test_restricting_keeps_distributions(question):
    labels, keep, merge = question
    values, left = restricted(rows(5, len(labels)), labels, keep, merge)
    assert values.sum(axis=1) == pytest.approx(np.ones(5))
    assert np.all(values >= 0)
    assert left == order(left)
    assert set(left) == (set(keep) or {*label_map(labels, None, merge).values()})


@given(questions())
def test_restricting_twice_is_restricting_once(question):
    labels, keep, merge = question
    values, left = restricted(rows(3, len(labels)), labels, keep, merge)
    again, same = restricted(values, left, keep)
    assert same == left
    assert again == pytest.approx(values)
    names = relabel(labels, keep, merge)
    if any(names):
        assert relabel(names, keep) == names


@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_labels_and_options_does_not_matter(question, rng: random.Random):
    labels, keep, merge = question
    values, left = restricted(rows(3, len(labels)), labels, keep, merge)
    places = rng.sample(range(len(labels)), len(labels))
    shuffled = [labels[place] for place in places]
    merges = rng.sample(list(merge.items()), len(merge))
    other, same = restricted(
        rows(3, len(labels))[:, places], shuffled, rng.sample(keep, len(keep)), dict(merges)
    )
    assert same == left
    assert other == pytest.approx(values)


@given(questions())
def test_other_cases_and_synonyms_name_the_same_label(question):
    labels, keep, merge = question
    folded = {canonical(old): canonical(new) for old, new in merge.items()}
    loud = restricted(rows(2, len(labels)), labels, [name.upper() for name in keep], merge)
    plain = restricted(rows(2, len(labels)), [canonical(name) for name in labels], keep, folded)
    assert loud[1] == plain[1]
    assert loud[0] == pytest.approx(plain[0])


@given(questions())
def test_a_list_and_the_columns_follow_the_same_rule(question):
    """The certain answer to a label is certain of what the label becomes."""
    labels, keep, merge = question
    values, left = restricted(np.eye(len(labels)), labels, keep, merge)
    for row, name in zip(values, relabel(labels, keep, merge), strict=True):
        expected = [1 / len(left)] * len(left) if name is None else [name == one for one in left]
        assert row == pytest.approx(np.array(expected, float))


@given(LABELS)
def test_nothing_asked_changes_no_number(labels):
    words = order(map(canonical, labels))
    values = rows(4, len(words))
    same, left = restricted(values, words)
    assert left == words
    assert np.array_equal(same, values)


@given(questions())
def test_rows_without_an_answer_stay_so(question):
    labels, keep, merge = question
    assume(keep or merge)
    values, _ = restricted(np.full((2, len(labels)), np.nan), labels, keep, merge)
    assert np.all(np.isnan(values))


def test_merged_columns_add_up():
    values, labels = merge_columns([[0.1, 0.2, 0.3, 0.4]], ["neutral", None, "happy", "neutral"])
    assert labels == ("neutral", "happy")
    assert values == pytest.approx(np.array([[0.625, 0.375]]))


def test_merge_comes_before_restriction() -> None:
    assert relabel(["calm", "neutral", "sad", None], ["neutral"], {"calm": "neutral"}) == [
        "neutral",
        "neutral",
        None,
        None,
    ]


def test_a_new_label_may_stand_for_several():
    merge = {"angry": "negative", "sad": "negative", "happy": "positive"}
    assert relabel(["angry", "sad", "happy"], None, merge) == ["negative", "negative", "positive"]


@pytest.mark.parametrize(
    ("keep", "merge", "sentence"),
    [
        (["proud"], {}, "emotions: proud not in the corpus: there are calm, happy, sad"),
        (None, {"proud": "sad"}, "merge: proud not in the corpus: there are calm, happy, sad"),
        (
            None,
            {"calm": "sad", "sad": "happy"},
            "merge: calm becomes sad, and sad becomes happy: name the last label for both",
        ),
        (None, {"calm": "sad", "Calm": "happy"}, "merge: calm cannot become both sad and happy"),
        (["calm"], {"calm": "sad"}, "emotions: calm is merged into sad: keep that one"),
        (None, {"calm": "neutrl"}, "merge: there is no label neutrl; is neutral meant?"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(keep, merge, sentence) -> None:
    for ask in (
        lambda: relabel(["happy", "sad", "calm"], keep, merge),
        lambda: restricted([0.2, 0.3, 0.5], ["happy", "sad", "calm"], keep, merge),
    ):
        with pytest.raises(IntonaError) as caught:
            ask()
        assert type(caught.value) is UsageError
        assert str(caught.value).replace("the model", "the corpus") == sentence


@pytest.mark.parametrize("text", ["calm", "calm=", "=neutral"])
def test_malformed_merges_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="old=new"):
        parse_merge(text)


def test_a_label_merges_into_one_other():
    assert parse_merge("calm=neutral, calm=neutral") == {"calm": "neutral"}
    with pytest.raises(UsageError, match="both neutral and sad"):
        parse_merge("calm=neutral,calm=sad")


def test_priors_are_taken_out():
    labels, merge = ["calm", "happy", "neutral", "sad"], {"calm": "neutral"}
    values, left = restricted(np.full((1, 4), 0.25), labels, None, merge, [0.25] * 4)
    assert left == ("neutral", "happy", "sad")
    np.testing.assert_allclose(values, 1 / 3)
    plain, _ = restricted(np.full((1, 4), 0.25), labels, None, merge)
    np.testing.assert_allclose(plain, [[0.5, 0.25, 0.25]])
