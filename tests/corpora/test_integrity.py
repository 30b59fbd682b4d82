"""Checks, measures and the picture, on corpora with known faults."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from intona import corpora
from intona.corpora import synthetic
from intona.corpora.integrity import check, doubtful_labels
from intona.corpora.measure import _median_pitch, measure
from intona.corpora.plot import draw, summary
from intona.errors import CorpusError, UsageError


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return synthetic.corpus(folder, emotions=("happy", "sad"), speakers=5, takes=2)


@pytest.fixture
def faulty(whole, tmp_path):
    root = tmp_path / "faulty"
    shutil.copytree(whole, root)
    files = sorted(root.rglob("*.wav"))
    samples, rate = soundfile.read(files[0])
    shutil.copyfile(files[0], files[1])
    soundfile.write(files[2], np.clip(samples * 50, -1, 1), rate)
    soundfile.write(files[3], samples * 1e-4, rate)
    files[4].write_text("no audio")
    soundfile.write(files[5], soundfile.read(files[5])[0], rate // 2)
    files[6].unlink()
    soundfile.write(files[7], np.tile(samples, 30), rate)
    return files


def test_every_fault_is_found_and_nothing_else(faulty, tmp_path):
    (tmp_path / "faulty" / "notes.wav").write_bytes(faulty[8].read_bytes())
    found = check(corpora.load(tmp_path / "faulty"))
    by_kind = {kind: list(group["file"]) for kind, group in found.groupby("kind")}
    assert by_kind.pop("duplicate") == [str(faulty[1])]
    assert by_kind.pop("clipped") == [str(faulty[2])]
    assert by_kind.pop("silent") == [str(faulty[3])]
    assert by_kind.pop("unreadable") == [str(faulty[4])]
    assert by_kind.pop("odd rate") == [str(faulty[5])]
    assert set(by_kind.pop("odd length")) == {str(faulty[7])}
    assert len(by_kind.pop("extra")) == 1
    assert by_kind == {"missing": ["", ""]}
    missing = " ".join(found.loc[found["kind"] == "missing", "detail"])
    assert "19 instead of 1440" in missing
    assert "actor 02: speech sad" in missing


def test_a_table_of_your_own_is_not_measured_by_a_corpus_of_its_name(whole, tmp_path):
    files = [str(file) for file in sorted(whole.rglob("*.wav"))[:4]] + ["gone.wav"]
    frame = pd.DataFrame({"file": files, "emotion": ["joy", "sad", "joy", None, "sad"]})
    frame.to_csv(tmp_path / "nemo.csv", index=False)
    found = check(corpora.load(tmp_path / "nemo.csv"))
    assert list(found["kind"]) == ["missing", "incomplete", "incomplete"]
    assert "gone.wav" in found["detail"].iloc[0]
    frame[:3].assign(speaker="a").to_csv(tmp_path / "nemo.csv", index=False)
    assert check(corpora.load(tmp_path / "nemo.csv")).empty


def test_a_whole_corpus_has_only_its_size_against_it(whole):
    found = check(corpora.load(whole))
    assert list(found["kind"]) == ["missing"]


def test_a_wrong_label_is_suspected(tmp_path):
    folder = synthetic.corpus(tmp_path, emotions=("happy", "sad"), speakers=5, takes=4)
    corpus = corpora.load(folder)
    assert doubtful_labels(corpus.table) == []
    table = corpus.table.copy()
    wrong = table.index[(table["emotion"] == "sad").to_numpy().argmax()]
    table.loc[[wrong], "emotion"] = "happy"
    ((kind, file, detail),) = doubtful_labels(table)
    assert (kind, file) == ("label doubtful", wrong[0])
    assert detail.startswith("labelled happy, sounds sad")
    with pytest.raises(UsageError, match="needs 5 speakers"):
        doubtful_labels(table[table["speaker"] == "ravdess-01"])


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("hertz", [80.0, 200.0, 400.0])
def test_pitch_of_a_known_voice(hertz, rate):
    phase = np.cumsum(np.full(rate, hertz / rate)) % 1.0
    sound = (0.5 * np.exp(-8 * phase)).astype(np.float32)
    assert _median_pitch(sound, rate) == pytest.approx(hertz, rel=0.03)


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    assert np.isnan(_median_pitch(0.1 * noise, 16000))
    assert np.isnan(_median_pitch(np.zeros(16000, np.float32), 16000))
    assert np.isnan(_median_pitch(np.zeros(10, np.float32), 16000))


def test_measures_of_a_known_sound(tmp_path):
    samples = 0.5 * np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    row = measure([str(tmp_path / "a.wav"), str(tmp_path / "gone.wav")]).iloc[0]
    assert row["duration"] == 1.0
    assert row["rate"] == 16000
    assert row["peak"] == pytest.approx(20 * np.log10(0.5), abs=0.01)
    assert row["level"] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)
    assert row["clipped"] == 0
    assert pd.isna(row["error"])


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_picture(whole, tmp_path, suffix):
    frame = draw(corpora.load(whole), tmp_path / f"c{suffix}")
    head = (tmp_path / f"c{suffix}").read_bytes()[:60]
    assert head.startswith(b"\x89PNG") if suffix == ".png" else b"<?xml" in head
    assert len(frame) == 20
    assert summary(frame)["rate"] == "16000 Hz"


def test_the_picture_without_speakers_or_readable_files(grow, tmp_path):
    corpus = corpora.load(grow(tmp_path / "mine", ["sad/1.wav", "happy/2.wav"]))
    draw(corpus, tmp_path / "c.png")
    with pytest.raises(UsageError, match="cannot write"):
        draw(corpus, tmp_path / "c.unknown")
    for path in (tmp_path / "mine").rglob("*.wav"):
        path.write_text("text")
    with pytest.raises(CorpusError, match="none of its 2 files can be read"):
        draw(corpus, tmp_path / "c.png")


def test_a_call_is_told_and_is_no_damage(tmp_path: Path) -> None:
    sides = [synthetic.utterance("sad", speaker=k, seconds=2.0).samples[:24_000] for k in (1, 2)]
    for name, sound in (("call", np.stack(sides, 1)), ("dual", np.stack([sides[0]] * 2, 1))):
        soundfile.write(tmp_path / f"{name}.wav", sound, synthetic.RATE)
    table = tmp_path / "table.csv"
    table.write_text("file,emotion,speaker\ncall.wav,sad,a\ndual.wav,sad,b\n")
    found = check(corpora.load(table))
    assert [Path(file).name for file in found["file"][found["kind"] == "channels"]] == ["call.wav"]
    assert "damaged" not in set(found["kind"])
