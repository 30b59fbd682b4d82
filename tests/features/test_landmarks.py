"""Landmarks: the digest of decoded sound, and what is found again."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from intona.audio import read
from intona.corpora import synthetic
from intona.features.landmarks import COEFFICIENTS, DIGEST, Landmarks, digest


@pytest.mark.parametrize(
    "how",
    [
        {"format": "FLAC"},
        {"format": "AIFF", "subtype": "PCM_16"},
        {"format": "WAV", "subtype": "PCM_24"},
        {"format": "WAV", "subtype": "FLOAT"},
        {"format": "W64", "subtype": "PCM_16"},
    ],
)
def test_the_digest_is_the_same_in_every_container_that_loses_nothing(how):
    clip = synthetic.utterance("sad", 0, 0)
    whole = np.round(clip.samples * 32767) / 32768

    def stored(**options):
        memory = io.BytesIO()
        soundfile.write(memory, whole, clip.rate, **options)
        memory.seek(0)
        found = read(memory)
        return digest(found.samples, found.rate)

    first = stored(format="WAV", subtype="PCM_16")
    np.testing.assert_array_equal(stored(**how), first)
    assert not np.array_equal(digest(clip.samples[1:], clip.rate), first)


def test_the_rate_is_part_of_the_digest():
    samples = synthetic.utterance("sad", 0, 0).samples
    assert not np.array_equal(digest(samples, 16_000), digest(samples, 8_000))


def test_rows_and_what_is_kept():
    clip = synthetic.utterance("happy", 1, 0)
    rows = Landmarks()(clip.samples, clip.rate)
    assert rows.shape[1] == DIGEST + 1 + COEFFICIENTS == len(Landmarks().names)
    assert rows[:, DIGEST].sum() == 1
    assert len(np.unique(rows[:, :DIGEST], axis=0)) == 1
    np.testing.assert_allclose(np.linalg.norm(rows[:, DIGEST + 1 :], axis=1), 1, atol=1e-5)
    four = np.concatenate([synthetic.utterance("happy", 1, take).samples for take in range(8)])
    expected = round(len(four) / clip.rate / 5)
    assert Landmarks()(four, clip.rate)[:, DIGEST].sum() == expected > 1


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(32_000),
        np.sin(np.arange(32_000) * 0.3) / 2,
        np.zeros(1),
        np.random.default_rng(0).normal(0, 0.1, 4_000),
    ],
    ids=["silence", "hum", "one sample", "short"],
)
def test_where_there_is_nothing_to_be_known_by_the_digest_is_left(samples):
    rows = Landmarks()(samples.astype(np.float32), 16_000)
    assert len(rows) == 1
    assert rows[0, DIGEST] == 1
    assert not rows[0, DIGEST + 1 :].any()
