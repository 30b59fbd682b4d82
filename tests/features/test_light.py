from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from intona.corpora import synthetic
from intona.errors import AudioError
from intona.features.base import FrontEnd
from intona.features.light import FUNCTIONALS, Light, _course, _delta, _functionals
from intona.features.prosody import MEASURES, Prosody


def column(prefix: str, values: np.ndarray) -> np.ndarray:
    names = Light().names
    return np.array([values[i] for i, name in enumerate(names) if name.startswith(prefix)])


def test_columns() -> None:
    front_end = Light()
    assert isinstance(front_end, FrontEnd)
    assert len(set(front_end.names)) == len(front_end.names) == 835
    audio = synthetic.utterance("happy")
    values = front_end(audio.samples, audio.rate)
    assert values.shape == (835,)
    assert values.dtype == np.float32
    # The first group is the front end prosody.
    np.testing.assert_array_equal(values[: len(MEASURES)], Prosody()(audio.samples, audio.rate))


def test_functionals_are_what_they_are_called() -> None:
    random = np.random.default_rng(0)
    table = random.gamma(2.0, size=(200, 3))
    found = dict(zip(FUNCTIONALS, _functionals(table), strict=True))
    np.testing.assert_allclose(found["mean"], table.mean(axis=0))
    np.testing.assert_allclose(found["skewness"], stats.skew(table), rtol=1e-4)
    kurtosis = stats.kurtosis(table, fisher=False)
    np.testing.assert_allclose(found["root_kurtosis"] ** 2, kurtosis, rtol=1e-4)
    np.testing.assert_allclose(found["p75"], np.quantile(table, 0.75, axis=0))
    ramp = np.linspace(-1, 1, 101)[:, None]
    found = dict(zip(FUNCTIONALS, _functionals(3.0 * ramp + 7.0), strict=True))
    np.testing.assert_allclose(found["slope"], 3.0)
    np.testing.assert_allclose(found["curvature"], 0.0, atol=1e-9)


def test_delta_of_a_ramp_is_its_slope() -> None:
    ramp = 0.5 * np.arange(20.0)[:, None]
    np.testing.assert_allclose(_delta(ramp)[2:-2], 0.5)


def test_course_is_the_mean_of_equal_parts() -> None:
    steps = np.repeat(np.arange(4.0), 50)[:, None]
    np.testing.assert_allclose(_course(steps, 4)[:, 0], np.arange(4.0))
    assert _course(np.ones((1, 2)), 8).shape == (8, 2)


def test_level_leaves_what_is_relative() -> None:
    audio = synthetic.utterance("angry")
    loud = Light()(audio.samples, audio.rate)
    soft = Light()(np.float32(0.25) * audio.samples, audio.rate)
    for prefix in ("f0_semitones", "correlation_", "intensity_db_relative", "alpha_ratio_db_mean"):
        np.testing.assert_allclose(
            column(prefix, loud), column(prefix, soft), rtol=0.02, atol=0.05, err_msg=prefix
        )
    level = column("intensity_db_part", loud) - column("intensity_db_part", soft)
    np.testing.assert_allclose(level, 20 * np.log10(4), atol=0.05)


@pytest.mark.parametrize("seconds", [0.01, 0.06, 0.3])
def test_short_and_silent_signals_are_finite(seconds: float) -> None:
    n = int(16_000 * seconds)
    noise = np.random.default_rng(0).standard_normal(n).astype(np.float32)
    assert np.isfinite(Light()(noise, 16_000)).all()
    assert not Light()(np.zeros(n, np.float32), 16_000).any()


def test_bad_input() -> None:
    with pytest.raises(AudioError):
        Light()(np.zeros((10, 2), np.float32), 16_000)
