from __future__ import annotations

import logging
import pickle
import sys

import numpy as np
import pytest

from intona.errors import AudioError, MissingExtraError, UsageError
from intona.features import opensmile as module
from intona.features.opensmile import OpenSmile


def test_unknown_set() -> None:
    with pytest.raises(UsageError, match="eGeMAPSv02 or ComParE_2016"):
        OpenSmile("emobase")


def test_it_trims_at_16_khz_only() -> None:
    with pytest.raises(UsageError, match="rate = 16000"):
        OpenSmile("eGeMAPSv02", rate=8000, trim=True)


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opensmile", None)
    module._package.cache_clear()
    with pytest.raises(
        MissingExtraError, match=r"pip install opensmile, or in a clone .*\[opensmile\]"
    ):
        OpenSmile()


def test_equals_the_package_and_warns_of_the_licence(caplog: pytest.LogCaptureFixture) -> None:
    opensmile = pytest.importorskip("opensmile")
    module._package.cache_clear()
    with caplog.at_level(logging.WARNING):
        front_end = OpenSmile("eGeMAPSv02")
        OpenSmile("eGeMAPSv02")
    assert [record.message.count("non-commercial") for record in caplog.records] == [1]
    samples = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.1
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    expected = smile.process_signal(samples, 16_000).to_numpy()[0]
    again = pickle.loads(pickle.dumps(front_end))  # as a worker process gets it
    np.testing.assert_allclose(again(samples, 16_000), expected, rtol=1e-6)
    assert len(front_end.names) == 88
    trimming = pickle.loads(pickle.dumps(OpenSmile("eGeMAPSv02", rate=16_000, trim=True)))
    assert (front_end.rate, trimming.rate) == (None, 16_000)
    silence = np.zeros(16_000, dtype=np.float32)
    np.testing.assert_allclose(
        trimming(np.r_[silence, samples, silence], 16_000),
        front_end(np.r_[silence[:1_600], samples, silence[:1_600]], 16_000),
        rtol=1e-6,
    )
    with pytest.raises(AudioError, match="no samples"):
        front_end(samples[:0], 16_000)
