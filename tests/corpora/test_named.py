"""Every corpus known by its file names, on a tree built from its published naming rules."""

from __future__ import annotations

import pytest

from intona import corpora

# corpus: file -> (emotion, speaker, language, one more column, its value)
TREES = {
    "cremad": {
        "AudioWAV/1001_DFA_ANG_XX.wav": ("angry", "cremad-1001", "eng", "sex", "male"),
        "AudioWAV/1091_IEO_HAP_HI.wav": ("happy", "cremad-1091", "eng", "intensity", "high"),
        "AudioWAV/1040_ITH_SAD_X.wav": ("sad", "cremad-1040", "eng", "statement", "ITH"),
        "AudioWAV/1002_WSI_FEA_XX.wav": ("fearful", "cremad-1002", "eng", "sex", "female"),
    },
    "tess": {
        "OAF_angry/OAF_back_angry.wav": ("angry", "tess-OAF", "eng", "age", 64),
        "YAF_pleasant_surprised/YAF_back_ps.wav": ("surprised", "tess-YAF", "eng", "age", 26),
        "OAF_neutral/OA_bite_neutral.wav": ("neutral", "tess-OAF", "eng", "statement", "bite"),
        "OAF_Fear/OAF_dog_fear.wav": ("fearful", "tess-OAF", "eng", "sex", "female"),
    },
    "savee": {
        "AudioData/DC/a01.wav": ("angry", "savee-DC", "eng", "sex", "male"),
        "AudioData/JE/sa05.wav": ("sad", "savee-JE", "eng", "statement", "sa05"),
        "AudioData/KL/su15.wav": ("surprised", "savee-KL", "eng", "sex", "male"),
    },
    "esd": {
        "0001/中立/0001_000001.wav": ("neutral", "esd-0001", "cmn", "statement", 1),
        "0011/Angry/evaluation/0011_000351.wav": ("angry", "esd-0011", "eng", "statement", 1),
        "0020/Surprise/0020_001750.wav": ("surprised", "esd-0020", "eng", "statement", 350),
        "0010/Sad/0010_001051.wav": ("sad", "esd-0010", "cmn", "statement", 1),
    },
    "jlcorpus": {
        "female1_angry_10a_1.wav": ("angry", "jlcorpus-female1", "eng", "sex", "female"),
        "male2_encouraging_3b_2.wav": ("encouraging", "jlcorpus-male2", "eng", "sex", "male"),
    },
    "aesdd": {
        "anger/a01 (1).wav": ("angry", "aesdd-1", "ell", "take", "a"),
        "disgust/d04 (5)b.wav": ("disgust", "aesdd-5", "ell", "take", "b"),
        "sadness/s20 (6).wav": ("sad", "aesdd-6", "ell", "statement", "20"),
    },
    "cafe": {
        "Colère/Fort/01-C-2-1.wav": ("angry", "cafe-01", "fra", "sex", "male"),
        "Neutre/12-N-1-6.wav": ("neutral", "cafe-12", "fra", "sex", "female"),
        "Tristesse/Faible/08-T-1-3.wav": ("sad", "cafe-08", "fra", "intensity", "normal"),
    },
    "emovo": {
        "f1/dis-f1-b1.wav": ("disgust", "emovo-f1", "ita", "sex", "female"),
        "m3/tri-m3-n5.wav": ("sad", "emovo-m3", "ita", "sex", "male"),
        "f2/gio-f2-l4.wav": ("happy", "emovo-f2", "ita", "statement", "l4"),
    },
    "emovdb": {
        "bea_Amused/amused_1-15_0001.wav": ("amused", "emovdb-bea", "eng", "sex", "female"),
        "sam_Disgusted/Disgust_169_196_0188.wav": ("disgust", "emovdb-sam", "eng", "sex", "male"),
        "josh/Sleepy/sleepiness_1-28_0007.wav": ("sleepy", "emovdb-josh", "eng", "sex", "male"),
    },
    "shemo": {
        "female/F01A01.wav": ("angry", "shemo-F01", "fas", "sex", "female"),
        "male/M12W03.wav": ("surprised", "shemo-M12", "fas", "sex", "male"),
    },
    "subesco": {
        "F_02_MONIKA_S_1_ANGRY_1.wav": ("angry", "subesco-F02", "ben", "sex", "female"),
        "M_02_SHUVO_S_10_SURPRISE_5.wav": ("surprised", "subesco-M02", "ben", "repetition", 5),
    },
    "urdu": {
        "Angry/SM1_F10_A10.wav": ("angry", "urdu-SM1", "urd", "sex", "male"),
        "Sad/SF3_F2_S02.wav": ("sad", "urdu-SF3", "urd", "sex", "female"),
    },
    "mesd": {
        "Anger_C_A_abajo.wav": ("angry", "mesd-C", "spa", "words", "A"),
        "Happiness_F_B_a través de.wav": ("happy", "mesd-F", "spa", "sex", "female"),
    },
    "asvpesd": {
        "actor_12/03-01-06-01-02-12-02-01-01-16.wav": (
            "fearful",
            "asvpesd-12",
            "mul",
            "sex",
            "male",
        ),
        "actor_15/03-02-01-02-01-15-02-03.wav": (
            "bored",
            "asvpesd-15",
            "mul",
            "vocal_channel",
            "non-speech",
        ),
    },
    "turevdb": {
        "Sound Source/Angry/1157_kz_japon.wav": (
            "angry",
            "turevdb-1157",
            "tur",
            "statement",
            "japon",
        ),
        "Sound Source/Calm/7895_kz_cay.wav": ("calm", "turevdb-7895", "tur", "statement", "cay"),
    },
    "ased": {
        "Neutral/n1-01-01-02-45.wav": ("neutral", "ased-45", "amh", "sex", "male"),
        "Happy/h3-02-01-01-07.wav": ("happy", "ased-07", "amh", "sex", "female"),
    },
    "baved": {
        "0/0-M-20-0-0-54.wav": ("low", "baved-0", "ara", "age", 20),
        "3/12-F-25-3-2-801.wav": ("high", "baved-12", "ara", "statement", "3"),
    },
}


@pytest.mark.parametrize("name", TREES)
def test_the_corpus_is_recognised_and_read(grow, tmp_path, name):
    tree = TREES[name]
    corpus = corpora.load(grow(tmp_path, tree))
    assert corpus.name == name
    assert corpus.problems == ()
    assert len(corpus.table) == len(tree)
    for file, values in corpus.table.reset_index().set_index("file").iterrows():
        emotion, speaker, language, column, value = tree[str(file)[len(str(tmp_path)) + 1 :]]
        assert (values["emotion"], values["speaker"]) == (emotion, speaker)
        assert (values["corpus"], values["language"]) == (name, language)
        assert values[column] == value


@pytest.mark.parametrize("name", TREES)
def test_a_name_that_does_not_fit_is_reported(grow, tmp_path, name):
    corpus = corpora.load(grow(tmp_path, [*TREES[name], "extra/recording 7.wav"]))
    assert len(corpus.table) == len(TREES[name])
    assert len(corpus.problems) == 1
    assert "recording 7.wav: left out" in corpus.problems[0]


def test_no_two_corpora_claim_the_same_names():
    from intona.corpora.loading import Tree

    for name, files in TREES.items():
        tree = Tree.of(files)
        claims = {other: corpora.loader(other).claims(tree) for other in corpora.names()}
        assert [other for other, claim in claims.items() if claim >= 0.5] == [name]


def test_esd_folder_and_number_must_agree(grow, tmp_path):
    files = ["0011/Angry/0011_000351.wav", "0011/Angry/0011_000352.wav", "0011/Sad/0011_000353.wav"]
    corpus = corpora.load(grow(tmp_path, files))
    assert len(corpus.table) == 2
    assert "0011/Sad/0011_000353.wav" in corpus.problems[0]


def test_of_two_formats_the_lossless_one_is_read(grow, tmp_path):
    corpus = corpora.load(grow(tmp_path, ["A/1001_DFA_ANG_XX.ogg", "B/1001_DFA_ANG_XX.wav"]))
    assert [file[-3:] for file in corpus.table.index.get_level_values("file")] == ["wav"]
    assert "the same utterance as B/1001_DFA_ANG_XX.wav" in corpus.problems[0]
