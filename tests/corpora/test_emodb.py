from __future__ import annotations

import pytest

from intona import corpora

NAMES = ["wav/03a01Fa.wav", "wav/03a01Nc.wav", "wav/16b10Lb.wav", "wav/08a02Wa.wav"]


def test_names(grow, tmp_path):
    corpus = corpora.load(grow(tmp_path, NAMES))
    assert corpus.name == "emodb"
    assert list(corpus.table["emotion"]) == ["happy", "neutral", "angry", "bored"]
    assert list(corpus.table["speaker"]) == ["emodb-03", "emodb-03", "emodb-08", "emodb-16"]
    assert list(corpus.table["sex"]) == ["male", "male", "female", "female"]
    assert set(corpus.table["language"]) == {"deu"}


def test_malformed_names_are_reported(grow, tmp_path):
    corpus = corpora.load(grow(tmp_path, [*NAMES, "wav/03a01Xa.wav", "wav/99a01Fa.wav"]))
    assert len(corpus.table) == 4
    assert len(corpus.problems) == 2


def test_listeners_judgements(grow, tmp_path):
    grow(tmp_path, NAMES)
    text = "Nr.\tSatz\terkannt\tnatuerlich\r\n1\t03a01Fa.wav\t90,00\xa0\t75,50\xa0\r\n"
    (tmp_path / "erkennung.txt").write_bytes(text.encode("latin-1"))
    table = corpora.load(tmp_path).table
    assert table["recognised"].iloc[0] == 90.0
    assert table["natural"].iloc[0] == 75.5
    assert table["natural"].isna().sum() == 3


@pytest.mark.corpus
def test_real_emodb(data):
    corpus = corpora.load(data / "emodb")
    assert corpus.table["emotion"].value_counts().to_dict() == {
        "angry": 127,
        "bored": 81,
        "neutral": 79,
        "happy": 71,
        "fearful": 69,
        "sad": 62,
        "disgust": 46,
    }
    assert len(corpus.speakers) == 10
    assert corpus.problems == ()
    assert corpus.table["recognised"].between(0, 100).all()
