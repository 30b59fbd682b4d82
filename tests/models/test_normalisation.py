from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from intona.errors import CorpusError, RecipeError
from intona.models.normalisation import by_speaker, normalise


def test_every_speaker_has_mean_zero_and_deviation_one() -> None:
    rng = np.random.default_rng(0)
    voices = pd.Series(["a"] * 10 + ["b"] * 12)
    features = rng.normal(3.0, 2.0, (22, 4)).astype(np.float32)
    features[:, 3] = np.where(voices == "a", 0.1, 7.3)  # says only who speaks
    found = normalise(features, voices)
    for name in ("a", "b"):
        own = found[(voices == name).to_numpy()]
        np.testing.assert_allclose(own.mean(axis=0), 0.0, atol=1e-5)
        np.testing.assert_allclose(own.std(axis=0), [1.0, 1.0, 1.0, 0.0], atol=1e-5)


def test_it_does_not_matter_who_else_is_there() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(20, 3)).astype(np.float32)
    voices = pd.Series(["a", "b"] * 10)
    own = (voices == "a").to_numpy()
    np.testing.assert_array_equal(
        normalise(features, voices)[own], normalise(features[own], voices[own])
    )


def test_an_unknown_speaker_or_kind_is_refused() -> None:
    with pytest.raises(CorpusError, match="who speaks"):
        normalise(np.zeros((2, 1), np.float32), pd.Series(["a", None]))
    with pytest.raises(RecipeError, match='write normalise = "speaker"'):
        by_speaker({"normalise": "corpus"})
