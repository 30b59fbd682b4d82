"""The picture shows the recording: its extremes, its pitch, its segments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from fakes import FakeRecognizer
from intona.audio import Audio
from intona.corpora import synthetic
from intona.errors import UsageError
from intona.formats import picture as plot
from intona.inference.timeline import timeline
from intona.tables import Prediction, to_table

RATE = 16_000


@pytest.mark.parametrize("seconds", [0.5, 30.0, 200.0])
def test_sketch_keeps_what_matters(seconds: float) -> None:
    time = np.arange(round(seconds * RATE)) / RATE
    samples = (0.1 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    loud = len(samples) // 3
    samples[loud : loud + 5] = [0.9, -0.8, 0.9, -0.8, 0.9]
    parts = [Audio(part, RATE) for part in np.array_split(samples, 7)]
    small = plot.sketch(parts)
    assert small.duration == pytest.approx(seconds)
    columns = len(small.low)
    assert columns <= 2 * plot.COLUMNS
    assert small.power.shape == (plot.BANDS, columns)
    assert small.high.max() == pytest.approx(0.9)
    assert small.low.min() == pytest.approx(-0.8)
    assert np.argmax(small.high) / columns == pytest.approx(1 / 3, abs=0.1)
    band = int(np.median(np.argmax(small.power, axis=0)))
    assert band * 8000 / plot.BANDS == pytest.approx(1000, abs=70)


def test_picture(tmp_path: Path) -> None:
    sound = synthetic.utterance("angry", seconds=4.0)
    table = timeline(FakeRecognizer(), sound)
    picture = imread(plot.plot(table, sound, tmp_path / "t.png"))
    assert picture.shape[1] > 1000
    angry = np.array([0xD5, 0x5E, 0x00]) / 255
    share = np.mean(np.all(np.abs(picture[..., :3] - angry) < 0.02, axis=-1))
    assert 0.1 < share < 0.5


def test_pictures_of_numbers_and_of_nothing(tmp_path: Path) -> None:
    sound = Audio(np.random.default_rng(0).normal(0, 0.05, 3 * RATE).astype(np.float32), RATE)
    silent = timeline(FakeRecognizer(), sound)
    assert plot.plot(silent, sound, tmp_path / "n.svg").read_text().count("<svg") == 1
    # A model of numbers may itself predict arousal: its column is then the label's.
    numbers = to_table(
        [Prediction(None, np.nan, {"arousal": 0.5}, "ok", "a.wav", 0.0, 3.0)], ("arousal",)
    )
    assert plot.plot(numbers, sound, tmp_path / "a.pdf").stat().st_size > 1000


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    sound = synthetic.utterance("angry")
    table = timeline(FakeRecognizer(), sound)
    with pytest.raises(UsageError, match="cannot write"):
        plot.plot(table, sound, tmp_path / "no" / "t.png")
    with pytest.raises(UsageError, match="cannot write"):
        plot.plot(table, sound, tmp_path / "t.xyz")
    assert list(tmp_path.iterdir()) == []
