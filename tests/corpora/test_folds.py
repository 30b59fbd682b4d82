"""Inner folds where there is little: no label too rare, no warning of a library."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from intona.corpora.folds import inner_folds


@pytest.mark.parametrize("speakers", [None, np.arange(8)])
@pytest.mark.parametrize(
    "labels", [list("aabbccdd"), list("aaaaaaab"), list("abcdefgh"), list("aaabbbcc")]
)
def test_rare_labels_are_divided_without_a_word(labels, speakers):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts = inner_folds(labels, speakers, 4)
    assert len(parts) == 4
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(8))
    assert all(not set(train) & set(held) for train, held in parts)


def test_labels_are_balanced_and_speakers_whole():
    labels, speakers = ["a", "b"] * 8, np.repeat(np.arange(8), 2)
    for train, held in inner_folds(labels, speakers, 4):
        assert sorted(np.array(labels)[held]) == ["a", "a", "b", "b"]
        assert not set(speakers[train]) & set(speakers[held])
