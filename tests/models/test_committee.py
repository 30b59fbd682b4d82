"""Heads on embeddings, and the divisions they are calibrated on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from intona.models.adaptation import Statistics
from intona.models.blend import CLOSED
from intona.models.committee import EVERY, Committee, HeadOptions, Learners, fit_committee
from intona.models.held_out import cases_of, held_out_answers
from intona.models.material import Material
from intona.models.targets import Known
from intona.models.views import judged_by

LABELS = ("neutral", "happy", "sad", "angry")
CORPORA = {"a": (0, 1, 2, 3), "b": (0, 1, 2), "c": (0, 2, 3)}
WIDTH = 12
OPTIONS = HeadOptions(C=1.0, committee=True)


def learners(names: str = "abc", *, speakers: int = 4, each: int = 4, seed: int = 0) -> Learners:
    """Corpora whose emotions lie alike, and each elsewhere; the second half of ``a`` is sung."""
    rng = np.random.default_rng(seed)
    lie = 3.0 * np.random.default_rng(9).normal(size=(4, WIDTH))
    rows = [
        (name, f"{name}{speaker}", target, take)
        for name in names
        for speaker in range(speakers)
        for target in CORPORA[name]
        for take in range(each)
    ]
    corpora, people, targets = (np.array(column) for column in list(zip(*rows, strict=True))[:3])
    take = np.array([row[3] for row in rows])
    groups = np.where((corpora == "a") & (take >= each // 2), "a-song", corpora).astype(object)
    offset = {name: np.random.default_rng(k).normal(size=WIDTH) for k, name in enumerate("abc")}
    features = lie[targets] + np.stack([offset[name] for name in corpora])
    features = (features + rng.normal(size=features.shape)).astype(np.float32)
    possible = np.stack([np.isin(range(4), CORPORA[name]) for name in corpora])
    weights = np.where(corpora == "a", 1.0, 0.5).astype(np.float32)
    known = Known(targets.astype(np.int64), possible, weights, groups)
    material = Material(features, np.arange(len(rows)), known, np.ones(len(rows), dtype=np.float32))
    return Learners(
        material, LABELS, people.astype(object), corpora.astype(object), weights, [WIDTH]
    )


def fitted(known: Learners, options: HeadOptions = OPTIONS) -> Committee:
    return fit_committee(known, np.arange(len(known.corpora)), options)


@pytest.fixture(scope="module")
def heads() -> Committee:
    return fitted(learners())


def test_all_heads_recognise_what_they_have_met(heads: Committee) -> None:
    unseen = learners(seed=5)
    plain = heads.standard.embedding(unseen.material.features)
    joint, members = heads.scores(plain)
    truth = unseen.material.known.targets
    assert (joint.argmax(axis=1) == truth).mean() > 0.9
    assert list(heads.members) == ["a", "b", "c", EVERY]
    for name, scores in zip(heads.members, members, strict=True):
        own = (unseen.corpora == name) | (name == EVERY)
        assert (scores.argmax(axis=1) == truth)[own].mean() > 0.9


def test_labels_that_a_corpus_lacks_stay_closed(heads: Committee) -> None:
    for name, (weights, bias) in heads.members.items():
        closed = ~np.isin(range(4), CORPORA.get(name, range(4)))
        assert (bias[closed] == CLOSED).all()
        assert (bias[~closed] > CLOSED / 2).all()
        assert not weights[:, closed].any()
    assert (heads.joint[1] > CLOSED / 2).all()
    rows = heads.standard.embedding(learners().material.features)
    assert softmax(heads.scores(rows)[1][1], axis=1)[:, 3].max() == 0.0


def test_what_a_corpus_could_not_have_said_is_no_evidence_against_it() -> None:
    """``b`` has no anger: that none of it is angry must not make anger unlikelier there."""
    known = learners("ab")
    everything = replace(known.material.known, possible=np.ones_like(known.material.known.possible))
    blind = replace(known, material=replace(known.material, known=everything))
    new = learners("b", seed=7)
    offset = np.random.default_rng(1).normal(size=WIDTH)
    angry = 3.0 * np.random.default_rng(9).normal(size=(4, WIDTH))[3] + offset
    features = (angry + np.random.default_rng(3).normal(size=(60, WIDTH))).astype(np.float32)
    assert len(new.corpora)

    def anger(which: Learners) -> float:
        heads = fitted(which, replace(OPTIONS, C=0.01))
        joint, _ = heads.scores(heads.standard.embedding(features))
        return float(softmax(joint, axis=1)[:, 3].mean())

    assert anger(known) > anger(blind)


def test_a_member_hears_its_own_corpus_alone(heads: Committee) -> None:
    known = learners()
    targets = known.material.known.targets.copy()
    own = known.corpora == "b"
    targets[own] = np.random.default_rng(0).permutation(targets[own])
    turned = replace(known.material, known=replace(known.material.known, targets=targets))
    found = fitted(replace(known, material=turned))
    np.testing.assert_array_equal(found.members["a"][0], heads.members["a"][0])
    assert not np.allclose(found.members["b"][0], heads.members["b"][0])
    assert not np.allclose(found.joint[0], heads.joint[0])


def test_one_corpus_has_no_committee() -> None:
    assert fitted(learners("a")).members == {}
    assert fitted(learners("ab"), replace(OPTIONS, committee=False)).members == {}


@pytest.mark.parametrize(
    ("name", "high", "low"), [("arousal", (1, 3), (0, 2)), ("valence", (1,), (2, 3))]
)
def test_dimensions_tell_high_from_low(
    heads: Committee, name: str, high: tuple[int, ...], low: tuple[int, ...]
) -> None:
    unseen = learners(seed=5)
    targets = unseen.material.known.targets
    told = np.isin(targets, (*high, *low))
    found = heads.dimension(name, heads.standard.embedding(unseen.material.features))
    assert ((found >= 0) & (found <= 1)).all()
    assert roc_auc_score(np.isin(targets, high)[told], found[told]) > 0.97


def test_the_emotions_alone_are_the_same_heads(heads: Committee) -> None:
    known = learners()
    alone = fit_committee(known, np.arange(len(known.corpora)), OPTIONS, emotions_only=True)
    assert np.array_equal(alone.joint[0], heads.joint[0])
    assert not alone.dimensions
    assert alone.difference is None
    assert heads.dimensions
    assert np.isnan(alone.dimension("arousal", known.material.features)).all()


def test_where_the_labels_do_not_tell_there_is_no_dimension() -> None:
    known = replace(learners("c"), labels=("neutral", "calm", "tired", "bored"))
    found = fitted(known)
    assert found.dimensions == {}
    assert np.isnan(found.dimension("arousal", np.zeros((3, WIDTH), np.float32))).all()


def test_parts_of_an_embedding_have_a_regression_each_and_are_averaged() -> None:
    known = learners()
    options = HeadOptions(C=1.0)
    both = fitted(replace(known, blocks=[5, 7]), options)
    for block in (slice(0, 5), slice(5, 12)):
        features = known.material.features[:, block]
        width = features.shape[1]
        alone = replace(known, material=replace(known.material, features=features), blocks=[width])
        np.testing.assert_allclose(
            both.joint[0][block], fitted(alone, options).joint[0] / 2, atol=1e-3
        )


def test_sounds_without_a_voice_are_of_no_emotion() -> None:
    known = learners()
    noise = 8.0 * np.random.default_rng(4).normal(size=(80, WIDTH)).astype(np.float32)
    taught = replace(known, material=replace(known.material, nothing=noise[:40]))

    def confidence(which: Learners) -> float:
        heads = fitted(which, replace(OPTIONS, nothing=5.0))
        joint, _ = heads.scores(heads.standard.embedding(noise[40:]))
        return float(softmax(joint, axis=1).max(axis=1).mean())

    assert confidence(taught) < confidence(known) - 0.1
    closed = fitted(taught).members["b"]
    assert closed[1][3] == CLOSED
    assert not closed[0][:, 3].any()


def test_how_neutral_speech_differs_is_the_mean_over_speakers_who_speak(heads: Committee) -> None:
    known = learners()
    plain = heads.standard.embedding(known.material.features)
    spoken = known.material.known.groups != "a-song"
    expected = []
    for name in sorted(set(known.speakers)):
        own = (known.speakers == name) & spoken
        neutral = own & (known.material.known.targets == 0)
        expected.append(plain[own].mean(axis=0) - plain[neutral].mean(axis=0))
    assert heads.difference is not None
    np.testing.assert_allclose(heads.difference, np.mean(expected, axis=0), atol=1e-5)


def test_answering_with_some_labels_is_the_answer_given_that_it_is_one_of_them(
    heads: Committee,
) -> None:
    rows = heads.standard.embedding(learners(seed=5).material.features)
    columns = np.array([0, 2])
    joint, members = heads.answering(columns).scores(rows)
    every, each = heads.scores(rows)
    for found, whole in zip((joint, *members), (every, *each), strict=True):
        chances = softmax(whole, axis=1)[:, columns]
        np.testing.assert_allclose(
            softmax(found, axis=1), chances / chances.sum(axis=1, keepdims=True), atol=1e-9
        )


def test_a_member_that_knows_no_label_that_is_answered_has_no_voice(heads: Committee) -> None:
    assert list(heads.answering(np.array([3])).members) == ["a", "c", EVERY]


def test_the_seed_alone_decides() -> None:
    views = replace(OPTIONS, views={"plain": 1.0, "corpus": 1.0, "speaker": 1.0})
    first, second = (fitted(learners(), views) for _ in range(2))
    np.testing.assert_array_equal(first.joint[0], second.joint[0])
    other = fit_committee(learners(), np.arange(len(learners().corpora)), views, seed=1)
    assert not np.allclose(first.joint[0], other.joint[0])


def shared_speakers() -> Learners:
    """Corpora in which the first speaker is one and the same person."""
    known = learners()
    return replace(
        known, speakers=np.where(np.isin(known.speakers, ["a0", "b0"]), "x", known.speakers)
    )


def test_whole_corpora_are_held_out_with_their_songs() -> None:
    known = shared_speakers()
    cases = [case for case in cases_of(known, 4) if case.corpus]
    assert [case.name for case in cases] == ["without a", "without b", "without c"]
    for case in cases:
        name = case.name.removeprefix("without ")
        assert name not in known.corpora[case.train]
        assert set(known.corpora[case.test]) == {name}
        assert "a-song" not in known.material.known.groups[case.test]
        others = known.corpora != name
        assert len(case.train) == others.sum()


def test_speakers_are_held_out_everywhere_with_their_songs() -> None:
    known = shared_speakers()
    cases = [case for case in cases_of(known, 4) if not case.corpus]
    tested = [name for case in cases for name in set(known.speakers[case.test])]
    for case in cases:
        assert not set(known.speakers[case.test]) & set(known.speakers[case.train])
        assert "a-song" not in known.material.known.groups[case.test]
    assert any("x" in known.speakers[case.test] for case in cases)
    # Of three parts, two of the main corpus and one of each of the others; corpora count alike.
    for name, parts in {"a": 2, "b": 1, "c": 1}.items():
        own = [case for case in cases if set(known.corpora[case.test]) == {name}]
        assert [case.weight for case in own] == [1 / parts] * parts
    assert len(tested) < len(set(known.speakers)) + 2


def test_of_one_corpus_speakers_alone_are_held_out() -> None:
    cases = cases_of(learners("a"), 3)
    assert [case.corpus for case in cases] == [None] * 3
    nameless = replace(learners("a"), speakers=np.full(len(learners("a").corpora), None))
    assert cases_of(nameless, 3) == []


def test_held_out_answers_are_of_heads_that_did_not_hear_them() -> None:
    known = learners(speakers=3, each=2)
    (case, *_) = cases_of(known, 4)
    found = held_out_answers(known, [case], OPTIONS, adapting=True)
    heads = fit_committee(known, case.train, OPTIONS)
    plain = heads.standard.embedding(known.material.features[case.test])
    np.testing.assert_allclose(found[0].joint, heads.scores(plain)[0])
    assert [one.adapted for one in found] == [False] + [True] * 5
    # First by all of the place, then by some of it.
    whole = judged_by(plain, Statistics.of(plain))
    np.testing.assert_allclose(found[1].joint, heads.scores(whole)[0], atol=1e-4)
    assert not np.allclose(found[4].joint, found[1].joint, atol=1e-3)
    assert all(np.array_equal(one.residual, found[0].residual) for one in found)
    alone = held_out_answers(known, [case], OPTIONS, adapting=False)
    assert len(alone) == 1
