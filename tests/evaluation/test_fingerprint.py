from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from intona.audio import read, resample
from intona.corpora import synthetic
from intona.evaluation import fingerprint as fingerprints
from intona.evaluation.fingerprint import SAME, Fingerprint, same_recordings, similarity

fingerprint = Fingerprint()


@pytest.fixture(scope="module")
def voice():
    return synthetic.utterance("angry", 1, 0)


def stored(audio, **options):
    """Encode and decode in memory."""
    memory = io.BytesIO()
    soundfile.write(memory, audio.samples, audio.rate, **options)
    memory.seek(0)
    return read(memory)


COPIES = {
    "mp3": lambda a: stored(a, format="MP3"),
    "opus": lambda a: stored(a, format="OGG", subtype="OPUS"),
    "mu-law": lambda a: stored(a, format="WAV", subtype="ULAW"),
    "quieter": lambda a: type(a)(a.samples * np.float32(0.05), a.rate),
    "8 kHz": lambda a: type(a)(resample(a.samples, a.rate, 8000), 8000),
    "44.1 kHz": lambda a: type(a)(resample(a.samples, a.rate, 44100), 44100),
    "padded": lambda a: type(a)(np.pad(a.samples, (a.rate // 2, a.rate)), a.rate),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_the_same_recording(voice, name):
    copy = COPIES[name](voice)
    original = fingerprint(voice.samples, voice.rate)
    assert similarity(original, fingerprint(copy.samples, copy.rate)) > SAME


def test_another_take_is_another_recording():
    takes = [synthetic.utterance("sad", 2, take) for take in range(3)]
    rows = np.stack([fingerprint(take.samples, take.rate) for take in takes])
    assert same_recordings(rows) == []


def test_pairs_are_those_of_a_full_comparison(monkeypatch):
    generator = np.random.default_rng(0)
    voices = [synthetic.utterance(name, k, 0) for name in ("happy", "sad") for k in range(3)]
    rows = np.stack([fingerprint(one.samples, one.rate) for one in voices])
    rows = np.concatenate([rows, rows[[4, 1]] + generator.normal(0, 1e-4, (2, 3200))])
    rows = rows.astype(np.float32)
    expected = {
        (i, j) for i in range(8) for j in range(i + 1, 8) if similarity(rows[i], rows[j]) >= SAME
    }
    assert expected == {(4, 6), (1, 7)}
    for rows_held in (1, 3, 100):
        monkeypatch.setattr(fingerprints, "HELD", 8 * rows_held)
        monkeypatch.setattr(fingerprints, "DIRECTIONS", rows_held)
        assert {(i, j) for i, j, _ in same_recordings(rows)} == expected


def test_no_candidate_is_missed_in_few_directions(monkeypatch):
    """Products of the short rows are never below those of the magnitudes."""
    generator = np.random.default_rng(2)
    magnitudes = np.abs(generator.normal(size=(60, 1600))).astype(np.float32)
    magnitudes /= np.linalg.norm(magnitudes, axis=1, keepdims=True)
    for count in (1, 5, 40):
        monkeypatch.setattr(fingerprints, "DIRECTIONS", count)
        bounds = fingerprints._bounds(magnitudes)
        assert bounds.shape == (60, count + 1)
        assert (bounds @ bounds.T >= magnitudes @ magnitudes.T - 1e-6).all()


def test_long_and_silent_recordings():
    generator = np.random.default_rng(1)
    long = generator.normal(size=8000 * 40).astype(np.float32)
    assert np.linalg.norm(fingerprint(long, 8000)) == pytest.approx(1.0, abs=1e-5)
    assert not fingerprint(np.zeros(8000, np.float32), 8000).any()
    assert fingerprint(long[:10], 8000).shape == (len(fingerprint.names),)


@pytest.mark.corpus
@pytest.mark.slow
def test_ravdess_has_one_duplicate_and_only_one(data):
    files = sorted((data / "ravdess").glob("Actor_*/*"))
    rows = []
    for file in files:
        audio = read(file)
        rows.append(fingerprint(audio.samples, audio.rate))
    pairs = [(files[i].stem, files[j].stem) for i, j, _ in same_recordings(np.stack(rows))]
    assert pairs == [("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")]
