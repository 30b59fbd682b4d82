from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from intona import corpora
from intona.audio import read
from intona.errors import RecipeError
from intona.features import front_end
from intona.features.extract import extract
from intona.features.joined import Joined
from intona.models import recipes
from intona.models.augmented import Augmented, augmented
from intona.models.crowd import crowd
from intona.models.task import Task
from intona.models.train import fit

STEPS = ({"name": "white_noise", "snr": {"low": 0.0, "high": 10.0}},)


@pytest.fixture(scope="module")
def table(voices):
    return corpora.load(voices).table


def test_the_same_recording_is_always_changed_alike(table):
    front = front_end("classic")
    plain = extract(table[:4], front, cache=False)
    first = extract(table[:4], Augmented(front, STEPS), cache=False)
    again = extract(table[:4], Augmented(front, STEPS), cache=True)
    cached = extract(table[:4], Augmented(front, STEPS), cache=True)
    other = extract(table[:4], Augmented(front, STEPS, copy=1), cache=True)
    assert np.array_equal(first, again)
    assert np.array_equal(first, cached)
    assert not np.allclose(first, plain)
    assert not np.allclose(first, other)


def test_no_steps_change_nothing(table):
    front = front_end("classic")
    bare = extract(table[:2], Augmented(front, ()), cache=False)
    assert np.array_equal(bare, extract(table[:2], front, cache=False))


def test_babble_is_the_same_whoever_trains(table):
    steps = ({"name": "babble", "snr": 10.0},)
    front = front_end("classic")
    first, second = augmented(front, steps, copies=2, seed=1)
    assert first.voices is second.voices
    assert first.parameters["voices"] is not None
    plain, once, other = (extract(table[:2], one, cache=False) for one in (front, first, second))
    assert not np.allclose(plain, once)
    assert not np.allclose(once, other)
    # No recording of the table babbles: what else is trained on changes no copy.
    (alone,) = augmented(front, steps, copies=1, seed=1)
    assert np.array_equal(extract(table[1:2], alone, cache=False), once[1:])


def test_a_crowd_is_many_talkers_and_always_the_same():
    bank = crowd()
    again = crowd.__wrapped__()
    assert len(bank.signals) == 31
    assert all(np.array_equal(*pair) for pair in zip(bank.signals, again.signals, strict=True))
    assert all(len(one) > bank.rate and np.abs(one).max() > 0.05 for one in bank.signals)
    assert len({one.tobytes() for one in bank.signals}) == 31


def test_copies_are_kept_from_one_fold_to_the_next(table, monkeypatch):
    recipe = recipes.load("classic-svm")
    training = {**recipe.training, "augmentation": [{"name": "babble", "snr": 10.0}]}
    task = Task(replace(recipe, training=training), table)
    fit(task)

    def refused(*_):
        raise AssertionError("a copy was made anew")

    monkeypatch.setattr(Augmented, "__call__", refused)
    fit(replace(task, table=table[:-4]))


def test_a_recipe_trains_on_changed_copies(table):
    recipe = recipes.load("classic-svm")
    training = {
        **recipe.training,
        "augmentation": [{"name": "gain", "db": [-6.0, 6.0]}],
        "augmented_copies": 2,
    }
    plain = fit(Task(recipe, table))
    robust = fit(Task(replace(recipe, training=training), table))
    assert robust.recipe.to_dict()["training"]["augmentation"][0]["name"] == "gain"
    few = table[:6]
    assert not np.allclose(plain.probabilities(few), robust.probabilities(few))


def test_copies_of_a_part_are_those_of_the_whole(table, monkeypatch):
    part = front_end("classic", mel=False)
    whole = Joined([part, front_end("classic", mfcc=False)])
    both = extract(table[:2], Augmented(whole, STEPS))
    audio = read(table.index[0][0], rate=whole.rate)
    assert np.array_equal(both[0], Augmented(whole, STEPS)(audio.samples, audio.rate))
    monkeypatch.setattr(Augmented, "__call__", lambda *_: 1 / 0)
    alone = extract(table[:2], Augmented(part, STEPS))
    assert np.array_equal(alone, both[:, : alone.shape[1]])


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"name": "wobble"}, "no transform named 'wobble'"),
        ({"name": "gain", "loud": 1}, "has no parameter loud"),
    ],
)
def test_mistakes_in_a_recipe(table, step, message):
    recipe = recipes.load("classic-svm")
    training = {**recipe.training, "augmentation": [step]}
    with pytest.raises(RecipeError, match=message):
        fit(Task(replace(recipe, training=training), table[:12]))
