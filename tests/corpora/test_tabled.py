"""Corpora whose labels stand in tables beside the audio."""

from __future__ import annotations

from pathlib import Path

import pytest

from intona import corpora
from intona.errors import UsageError


def iemocap(grow, root):
    grow(
        root,
        [
            f"Session{session}/sentences/wav/{dialogue}/{dialogue}_{turn}.wav"
            for session, dialogue in ((1, "Ses01F_impro01"), (2, "Ses02M_script01_1"))
            for turn in ("F000", "M000", "M001")
        ],
    )
    text = {
        "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt": [
            ("Ses01F_impro01_F000", "neu"),
            ("Ses01F_impro01_M000", "exc"),
            ("Ses01F_impro01_M001", "xxx"),
        ],
        "Session2/dialog/EmoEvaluation/Ses02M_script01_1.txt": [
            ("Ses02M_script01_1_F000", "hap"),
            ("Ses02M_script01_1_M000", "fru"),
            ("Ses02M_script01_1_M001", "ang"),
            ("Ses02M_script01_1_M002", "ang"),
        ],
    }
    for name, lines in text.items():
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_text(
            "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
            + "".join(
                f"[6.2901 - 8.2357]\t{turn}\t{label}\t[2.5000, 3.0000, 1.5000]\n"
                "C-E2:\tNeutral;\t()\n\n"
                for turn, label in lines
            )
        )
    # Copies of the labels per rater, and links of the Macintosh, must not be read.
    (root / "Session1/dialog/EmoEvaluation/Categorical").mkdir()
    (root / "Session1/dialog/EmoEvaluation/Categorical/Ses01F_impro01_e2_cat.txt").write_text("x")
    return root


def test_iemocap(grow, tmp_path):
    corpus = corpora.load(iemocap(grow, tmp_path))
    assert corpus.name == "iemocap"
    assert list(corpus.table["emotion"]) == ["neutral", "excited", "happy", "frustrated", "angry"]
    speakers = ["01F", "01M", "02F", "02M", "02M"]
    assert list(corpus.table["speaker"]) == [f"iemocap-{speaker}" for speaker in speakers]
    assert list(corpus.table["improvised"]) == [True, True, False, False, False]
    assert set(corpus.table["activation"]) == {3.0}
    assert "1 utterances labelled xxx left out" in corpus.problems
    assert any("M002: in Ses02M_script01_1.txt" in problem for problem in corpus.problems)


@pytest.mark.parametrize(
    ("classes", "expected"),
    [(4, ["neutral", "happy", "happy", "angry"]), ("5", ["neutral", "excited", "happy", "angry"])],
)
def test_iemocap_conventions(grow, tmp_path, classes, expected):
    corpus = corpora.load(iemocap(grow, tmp_path), classes=classes)
    assert list(corpus.table["emotion"]) == expected
    assert "1 utterances labelled fru left out" in corpus.problems


def test_iemocap_knows_no_six_classes(grow, tmp_path):
    with pytest.raises(UsageError, match="neither 4 nor 5"):
        corpora.load(iemocap(grow, tmp_path), classes=6)


def test_meld(grow, tmp_path):
    grow(
        tmp_path,
        [
            "train_splits/dia0_utt0.wav",
            "dev_splits_complete/dia0_utt0.wav",
            "output_repeated_splits_test/dia0_utt0.wav",
        ],
    )
    header = (
        "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,"
        "Season,Episode,StartTime,EndTime\n"
    )
    row = '1,"Oh, {0}!",{0},{1},neutral,0,{2},8,21,"00:16:16,059","00:16:21,731"\n'
    (tmp_path / "train_sent_emo.csv").write_text(
        header + row.format("Joey", "joy", 0) + row.format("Joey", "joy", 1)
    )
    (tmp_path / "dev_sent_emo.csv").write_text(header + row.format("Monica", "anger", 0))
    (tmp_path / "test_sent_emo.csv").write_text(header + row.format("Ross", "sadness", 0))
    corpus = corpora.load(tmp_path)
    assert corpus.name == "meld"
    known = corpus.table.set_index("split")[["emotion", "speaker"]].T.to_dict("list")
    assert known == {
        "train": ["happy", "meld-Joey"],
        "dev": ["angry", "meld-Monica"],
        "test": ["sad", "meld-Ross"],
    }
    assert corpus.problems == ("train dia0_utt1: in train_sent_emo.csv, but there is no such file",)


def test_melds_damaged_clips_are_left_out(grow, tmp_path):
    grow(tmp_path, ["train_splits/dia125_utt3.wav", "train_splits/dia0_utt0.wav"])
    (tmp_path / "train_sent_emo.csv").write_text(
        "Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\nA,joy,x,125,3\nA,joy,x,0,0\n"
    )
    corpus = corpora.load(tmp_path)
    assert [Path(file).stem for file in corpus.table.index.unique("file")] == ["dia0_utt0"]
    assert corpus.problems == (
        "train_splits/dia125_utt3.wav: left out, it is damaged in the published archive",
    )


def test_mspimprov(grow, tmp_path):
    grow(
        tmp_path,
        [
            "session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.wav",
            "session1/S01A/P/MSP-IMPROV-S01A-M01-P-FM01.wav",
        ],
    )
    (tmp_path / "Evaluation.txt").write_text(
        "UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:2.800000; V:3.200000; D:2.600000 ; N:NaN; \n"
        "P17; Neutral; Neutral; A:3; V:3; D:3; N:4;\n\n"
        "UTD-IMPROV-S01A-M01-P-FM01.avi; A; A:4.8; V:1.2; D:3; N:3.400000; \n"
        "UTD-IMPROV-S01A-M01-P-FM02.avi; X; A:4.8; V:1.2; D:3; N:3.400000; \n"
    )
    corpus = corpora.load(tmp_path)
    assert corpus.name == "mspimprov"
    assert list(corpus.table["emotion"]) == ["neutral", "angry"]
    assert list(corpus.table["speaker"]) == ["mspimprov-F01", "mspimprov-M01"]
    assert corpus.table["valence"].tolist() == [3.2, 1.2]
    assert corpus.problems == ("1 turns labelled X left out",)


@pytest.mark.parametrize("spelling", ["labels_consensus.csv", "labels_concensus.csv"])
def test_msppodcast(grow, tmp_path, spelling):
    grow(tmp_path, [f"Audios/MSP-PODCAST_0001_000{k}.wav" for k in range(3)])
    (tmp_path / "Labels").mkdir()
    (tmp_path / "Labels" / spelling).write_text(
        "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"
        "MSP-PODCAST_0001_0000.wav,U,4.2,4.0,4.4,127,Male,Train\n"
        "MSP-PODCAST_0001_0001.wav,N,4.2,4.0,4.4,Unknown,Unknown,Test1\n"
        "MSP-PODCAST_0001_0002.wav,X,4.2,4.0,4.4,127,Male,Train\n"
    )
    corpus = corpora.load(tmp_path)
    assert corpus.name == "msppodcast"
    assert list(corpus.table["emotion"]) == ["surprised", "neutral"]
    assert corpus.speakers == ("msppodcast-127",)
    assert corpus.problems == (
        "1 utterances labelled X left out",
        "1 utterances have no known speaker",
    )


def test_emozionalmente(grow, tmp_path):
    grow(tmp_path, ["audio/1.wav", "audio/2.wav"])
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata/samples.csv").write_text(
        "timestamp,file_name,actor,sentence,emotion_expressed\n"
        't,1.wav,anna,"Ciao, come va?",joy\nt,2.wav,bruno,Ora,neutrality\nt,3.wav,x,Ora,fear\n'
    )
    (tmp_path / "metadata/users.csv").write_text(
        "username,gender,age,mother_tongue\nanna,f,31,it\nbruno,m,45.0,it\n"
    )
    corpus = corpora.load(tmp_path)
    assert corpus.name == "emozionalmente"
    assert list(corpus.table["emotion"]) == ["happy", "neutral"]
    assert list(corpus.table["sex"]) == ["female", "male"]
    assert list(corpus.table["age"]) == [31, 45]
    assert corpus.problems == ("3.wav: in samples.csv, but there is no such file",)


@pytest.mark.parametrize("column", ["arousal", "Valence"])
def test_a_table_of_numbers_needs_no_emotions(grow, tmp_path, column):
    grow(tmp_path, ["a.wav", "b.wav"])
    (tmp_path / "own.csv").write_text(f"file,speaker,{column}\na.wav,x,0.25\nb.wav,y,0.75\n")
    table = corpora.load(tmp_path / "own.csv").table
    assert list(table[column]) == [0.25, 0.75]
    assert table["emotion"].isna().all()


def test_a_table_of_neither_is_refused(grow, tmp_path):
    grow(tmp_path, ["a.wav"])
    (tmp_path / "own.csv").write_text("file,speaker,loudness\na.wav,x,0.25\n")
    with pytest.raises(UsageError, match="which column holds the emotion"):
        corpora.load(tmp_path / "own.csv")
