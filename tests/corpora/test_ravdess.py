from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from intona import corpora
from intona.errors import CorpusError, UsageError

SPEECH = [
    "Actor_01/03-01-01-01-01-01-01.wav",
    "Actor_01/03-01-03-02-02-02-01.wav",
    "Actor_12/03-01-06-01-02-01-12.wav",
]
SONG = ["Actor_01/03-02-03-01-01-01-01.wav", "Actor_12/03-02-05-01-01-01-12.wav"]


def row(corpus, end):
    """The one utterance whose file ends so."""
    table = corpus.table.reset_index()
    found = table[table["file"].str.endswith(end)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_seven_fields_become_columns(grow, tmp_path):
    corpus = corpora.load(grow(tmp_path, SPEECH))
    assert corpus.name == "ravdess"
    assert corpus.problems == ()
    found = row(corpus, "Actor_12/03-01-06-01-02-01-12.wav")
    expected = {
        "emotion": "fearful",
        "speaker": "ravdess-12",
        "corpus": "ravdess",
        "language": "eng",
        "sex": "female",
        "modality": "audio",
        "vocal_channel": "speech",
        "intensity": "normal",
        "statement": "Dogs are sitting by the door",
        "repetition": 1,
        "actor": 12,
    }
    assert {name: found[name] for name in expected} == expected
    assert row(corpus, "03-01-03-02-02-02-01.wav")["intensity"] == "strong"
    assert row(corpus, "03-01-03-02-02-02-01.wav")["sex"] == "male"


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".opus"])
def test_flat_folder_and_other_formats(grow, tmp_path, suffix):
    names = [Path(name).with_suffix(suffix).name for name in SPEECH]
    assert len(corpora.load(grow(tmp_path, names)).table) == 3


def test_malformed_names_are_reported_not_guessed(grow, tmp_path):
    bad = [
        "Actor_01/03-01-09-01-01-01-01.wav",
        "Actor_01/03-01-01-01-01-01-25.wav",
        "Actor_01/03-01-01-01-01-01-01 (1).wav",
    ]
    corpus = corpora.load(grow(tmp_path, [*SPEECH, *bad]))
    assert len(corpus.table) == 3
    assert len(corpus.problems) == 3
    assert all(any(name in problem for problem in corpus.problems) for name in bad)


def test_speech_is_the_default_where_there_is_any(grow, tmp_path):
    grow(tmp_path, SPEECH + SONG)
    corpus = corpora.load(tmp_path)
    assert set(corpus.table["vocal_channel"]) == {"speech"}
    assert any("2 songs left out" in problem for problem in corpus.problems)
    assert len(corpora.load(tmp_path, channel="song").table) == 2
    assert len(corpora.load(tmp_path, channel="all").table) == 5


def test_a_folder_of_song_gives_song_with_the_speakers_of_speech(grow, tmp_path):
    speech = corpora.load(grow(tmp_path / "speech", SPEECH))
    song = corpora.load(grow(tmp_path / "song", SONG))
    assert set(song.table["vocal_channel"]) == {"song"}
    assert song.speakers == speech.speakers == ("ravdess-01", "ravdess-12")
    with pytest.raises(CorpusError, match="holds only song"):
        corpora.load(tmp_path / "song", channel="speech")


def test_channel_is_checked(grow, tmp_path):
    with pytest.raises(UsageError, match="opera"):
        corpora.load(grow(tmp_path, SPEECH), channel="opera")


def test_a_copy_that_holds_everything_twice_is_read_once(grow, tmp_path):
    twice = [f"audio_speech_actors_01-24/{name}" for name in SPEECH]
    corpus = corpora.load(grow(tmp_path, SPEECH + twice))
    assert len(corpus.table) == 3
    assert sum("the same utterance as" in problem for problem in corpus.problems) == 3


def test_video_sound_track_stands_in_for_a_missing_audio_file(grow, tmp_path):
    names = [
        "03-01-01-01-01-01-01.wav",
        "01-01-01-01-01-01-01.wav",  # its video
        "01-01-02-01-01-01-01.wav",  # a video without the audio-only file
        "02-01-02-01-01-01-01.wav",  # silent video
    ]
    corpus = corpora.load(grow(tmp_path, names))
    assert sorted(corpus.table["modality"]) == ["audio", "audio-video"]
    assert sorted(corpus.table["emotion"]) == ["calm", "neutral"]
    assert len(corpus.problems) == 2


def test_the_original_zip(grow, tmp_path):
    tree = grow(tmp_path / "tree", SPEECH)
    packed = tmp_path / "Audio_Speech_Actors_01-24.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in SPEECH:
            archive.write(tree / name, name)
    corpus = corpora.load(packed)
    assert len(corpus.table) == 3
    assert all(Path(file).is_file() for file in corpus.table.index.get_level_values("file"))
    assert corpora.load(packed).table.equals(corpus.table)


@pytest.mark.corpus
def test_real_ravdess(data):
    corpus = corpora.load(data / "ravdess")
    counts = corpus.table["emotion"].value_counts().to_dict()
    others = ("calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    assert counts == {"neutral": 96} | dict.fromkeys(others, 192)
    assert len(corpus.speakers) == 24
    assert corpus.problems == ()
    song = corpora.load(data / "ravdess_song")
    assert len(song.table) == 1012
    assert len(song.speakers) == 23
    assert set(song.speakers) < set(corpus.speakers)
