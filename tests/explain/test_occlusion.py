"""Explanations of models whose reasons are known."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from intona.audio import Audio, read
from intona.corpora import synthetic
from intona.errors import AudioError, UsageError
from intona.explain.occlusion import Curves, Evidence, check, occlude
from intona.explain.plot import figure
from intona.features.manner import ASPECTS, Remark, reference, remarks
from intona.formats.palette import save
from intona.inference.recognizer import Recognizer, load

RATE = 16_000


class ToneListener:
    """Says "angry" as far as it hears 1 kHz after half a second, and nothing else matters."""

    labels = ("neutral", "angry")
    numeric = False

    def probabilities(self, signals: Sequence[np.ndarray], rate: int) -> np.ndarray:
        rows = []
        for signal in signals:
            part = signal[rate // 2 :]
            wave = np.exp(-2j * np.pi * 1000 * np.arange(len(part)) / rate)
            heard = np.abs(wave @ part) / len(part) / 0.2
            angry = np.clip(0.05 + 0.9 * heard, 0.0, 1.0)
            rows.append([1.0 - angry, angry])
        return np.array(rows)


@pytest.fixture
def clip() -> Audio:
    """Noise throughout; a tone of 1 kHz from 0.6 to 0.9 s."""
    time = np.arange(int(1.2 * RATE)) / RATE
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(time))
    tone = np.where((time > 0.6) & (time < 0.9), np.sin(2 * np.pi * 1000 * time), 0.0)
    return Audio((noise + tone).astype(np.float32), RATE)


def test_evidence_is_where_the_model_listens(clip: Audio) -> None:
    evidence = occlude(ToneListener(), clip, emotion="angry")
    begin, end, low, high = evidence.strongest
    assert 0.55 <= begin < end <= 0.95
    assert low < 1000 < high
    inside = (evidence.times[:-1] > 0.45) & (evidence.times[1:] < 1.05)
    band = np.searchsorted(evidence.hz, 1000) - 1
    elsewhere = evidence.values.copy()
    elsewhere[band, inside] = 0.0
    assert np.abs(elsewhere).max() < 0.2 * evidence.values.max()


def test_evidence_for_and_against_are_opposite(clip: Audio) -> None:
    one = occlude(ToneListener(), clip, emotion="angry")
    other = occlude(ToneListener(), clip, emotion="neutral")
    np.testing.assert_allclose(one.values, -other.values, atol=1e-9)


def test_the_right_map_beats_chance_and_the_reverse_one_does_not(clip: Audio) -> None:
    model = ToneListener()
    evidence = occlude(model, clip, emotion="angry")
    good = check(model, clip, evidence)
    assert good.deletion[0] == pytest.approx(evidence.probability, abs=1e-3)
    assert good.insertion[-1] == pytest.approx(evidence.probability, abs=1e-3)
    assert good.deletion[-1] < 0.1
    assert good.deletion_gain > 0.1
    assert good.insertion_gain > 0.1
    wrong = Evidence("angry", evidence.probability, evidence.times, evidence.hz, -evidence.values)
    bad = check(model, clip, wrong)
    assert bad.deletion_gain < 0 < good.deletion_gain
    assert "better than chance in deletion" in str(good)
    assert "no better" in str(bad)


def test_nothing_is_heard_of_what_is_silenced_at_any_level(clip: Audio) -> None:
    """A model that evens out levels hears soft speech, but not the noise in its place."""

    class Loud(ToneListener):
        def probabilities(self, signals: Sequence[np.ndarray], rate: int) -> np.ndarray:
            return super().probabilities([0.3 * s / np.std(s) for s in signals], rate)

    curves = check(Loud(), clip, occlude(Loud(), clip, emotion="angry"))
    assert curves.deletion[0] > 0.5
    assert curves.deletion[-1] < 0.2
    assert curves.insertion[0] == pytest.approx(curves.deletion[-1])


def test_areas_of_known_curves() -> None:
    share = np.array([0.0, 0.5, 1.0])
    curves = Curves(share, np.array([1, 0, 0.0]), share, np.array([1, 0.5, 0]), share)
    assert curves.deletion_gain == pytest.approx(0.25)
    assert curves.insertion_gain == pytest.approx(0.0)


def test_bad_requests(clip: Audio) -> None:
    with pytest.raises(UsageError, match="does not know 'proud'"):
        occlude(ToneListener(), clip, emotion="proud")
    with pytest.raises(UsageError, match="bands"):
        occlude(ToneListener(), clip, bands=0)
    with pytest.raises(AudioError, match="up to 30 s"):
        occlude(ToneListener(), Audio(np.ones(31 * RATE, np.float32), RATE))
    evidence = occlude(ToneListener(), clip)
    with pytest.raises(UsageError, match="two steps"):
        check(ToneListener(), clip, evidence, steps=1)
    numbers = ToneListener()
    numbers.numeric = True
    with pytest.raises(UsageError, match="predicts a number"):
        occlude(numbers, clip)


def test_the_bundled_model_can_be_explained(tmp_path: Path) -> None:
    audio = synthetic.utterance("angry", seconds=1.0)
    evidence = occlude(load(), audio, bands=3)
    assert evidence.values.shape[0] == 3
    assert np.isfinite(evidence.values).all()
    curves = check(load(), audio, evidence, steps=3, repeats=1)
    page = figure(audio, evidence, remarks(audio), title="clip.wav", whose="me", curves=curves)
    picture = save(page, tmp_path / "why.png")
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert picture.stat().st_size > 20_000
    with pytest.raises(UsageError, match="cannot write"):
        save(figure(audio, evidence, []), tmp_path / "why.nonsense")


def gains(model: Recognizer, clips: Sequence[Path | str], **options: float) -> np.ndarray:
    """Deletion and insertion gain of each clip, shape ``(clips, 2)``."""
    rows = []
    for path in clips:
        audio = read(path, **options)
        curves = check(model, audio, occlude(model, audio, bands=4), steps=6, repeats=3)
        rows.append((curves.deletion_gain, curves.insertion_gain))
    return np.array(rows)


@pytest.mark.slow
def test_the_bundled_models_evidence_beats_chance_on_synthetic_voices() -> None:
    folder = files("intona") / "assets"
    found = gains(load(), [str(folder / f"voice-{k}.flac") for k in (1, 2, 3)], end=1.5)
    assert np.all(found.mean(axis=0) > 0)
    assert found[:, 0].mean() > 0.05


@pytest.mark.slow
@pytest.mark.corpus
def test_the_bundled_models_evidence_beats_chance_on_real_voices(data: Path) -> None:
    clips = sorted((data / "ravdess").rglob("03-01-0[34568]-02-01-02-1[27].*"))[::2]
    if not clips:
        pytest.skip("no RAVDESS in INTONA_DATA")
    found = gains(load(), clips, start=0.8, end=2.4)
    assert found.shape == (5, 2)
    assert np.all(found.mean(axis=0) > 0.1)


def test_manner_of_the_median_voice_is_unremarkable() -> None:
    for aspect in ASPECTS:
        entry = reference()["measures"][aspect.measure]
        assert np.all(np.diff(entry["percentiles"]) >= 0)
        assert entry["within_speaker"] > 0


def test_a_louder_higher_voice_is_called_so() -> None:
    calm = {said.aspect: said for said in remarks(synthetic.utterance("sad"))}
    wild = {said.aspect: said for said in remarks(synthetic.utterance("angry"))}
    assert wild["pitch level"].percentile > calm["pitch level"].percentile
    assert wild["loudness"].value > calm["loudness"].value
    assert wild["loudness"].word == "depends on the microphone"
    assert not wild["loudness"].notable
    hz = 27.5 * 2 ** (wild["pitch level"].value / 12)
    assert f"{hz:.0f} Hz, +" in str(wild["pitch level"])
    assert "semitones from neutral" in str(wild["pitch level"])


def test_a_remark_reads_well() -> None:
    said = Remark("pitch level", 36.0, "semitones re 27.5 Hz", -0.04, 99.6, "very high")
    assert str(said) == (
        "pitch level: very high (220 Hz, +0.0 semitones from neutral, percentile above 99)"
    )
    said = Remark("pauses", 12.0, "% of the time", 12.4, 0.2, "few", digits=0)
    assert str(said) == "pauses: few (12 % of the time, +12 from neutral, percentile below 1)"


def test_what_most_voices_do_is_in_the_middle() -> None:
    """Nine in ten neutral utterances have no pause: the tie counts half."""
    said = {one.aspect: one for one in remarks(synthetic.utterance("neutral"))}["pauses"]
    assert said.value == 0.0
    assert 40 < said.percentile < 50
    assert not said.notable


def test_loudness_against_ones_own_neutral_gets_a_word() -> None:
    audio = synthetic.utterance("angry")
    level = {one.aspect: one for one in remarks(audio)}["loudness"].value
    own = {"intensity_db_mean": {"mean": level - 12.0, "count": 4.0}}
    said = {one.aspect: one for one in remarks(audio, own)}["loudness"]
    assert said.word == "very loud"
    assert said.difference == pytest.approx(12.0)


def test_own_neutral_is_the_middle() -> None:
    """At the speaker's own mean the percentile is 50; one spread above it, 84."""
    audio = synthetic.utterance("neutral")
    first = {said.aspect: said for said in remarks(audio)}["pitch level"]
    spread = reference()["measures"]["f0_semitones_p50"]["within_speaker"]
    own = {"f0_semitones_p50": {"mean": first.value, "count": 1e9}}
    same = {said.aspect: said for said in remarks(audio, own)}["pitch level"]
    assert same.percentile == pytest.approx(50)
    assert same.word == "as in neutral speech"
    own["f0_semitones_p50"]["mean"] = first.value - spread
    higher = {said.aspect: said for said in remarks(audio, own)}["pitch level"]
    assert higher.percentile == pytest.approx(84.13, abs=0.01)
    assert higher.word == "high"
