from __future__ import annotations

import pytest

from intona import corpora

HEADER = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"


def tree(grow, root):
    grow(root, ["samples/WR0_anger_1.opus", "samples/EB0_fear_2.opus", "samples/EB0_fear_9.opus"])
    (root / "data.tsv").write_text(
        HEADER
        + 'WR0_anger_1.wav\tanger\t"Tak", mówi.\ttak mówi\t        WR0\tmale\t23\n'
        + "EB0_fear_2.wav\tfear\tNie.\tnie\tEB0\tfemale\t27\n"
        + "EB0_fear_3.wav\tfear\tNie.\tnie\tEB0\tfemale\t27\n",
        encoding="utf-8",
    )
    return root


def test_table_and_files_meet_by_stem(grow, tmp_path):
    corpus = corpora.load(tree(grow, tmp_path))
    assert corpus.name == "nemo"
    assert list(corpus.table["emotion"]) == ["fearful", "angry"]
    assert list(corpus.table["speaker"]) == ["nemo-EB0", "nemo-WR0"]
    assert list(corpus.table["age"]) == [27, 23]
    assert corpus.table["statement"].iloc[1] == '"Tak", mówi.'
    assert set(corpus.table["language"]) == {"pol"}


def test_missing_and_unlisted_files_are_reported(grow, tmp_path):
    problems = corpora.load(tree(grow, tmp_path)).problems
    assert len(problems) == 2
    assert "EB0_fear_3.wav: in data.tsv, but there is no such file" in problems
    assert any("EB0_fear_9.opus: left out, not in data.tsv" in problem for problem in problems)


@pytest.mark.corpus
def test_real_nemo(data):
    corpus = corpora.load(data / "nemo")
    assert corpus.table["emotion"].value_counts().to_dict() == {
        "neutral": 809,
        "sad": 769,
        "angry": 749,
        "happy": 749,
        "fearful": 736,
        "surprised": 669,
    }
    assert len(corpus.speakers) == 9
    assert corpus.problems == ()
